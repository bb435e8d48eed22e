"""How to run one kind of suite: one file a tool, found by the explicit name in the configuration."""

from perfbot.harness.base import Harness, SideReady
from perfbot.harness.registry import HARNESSES, harness_for

__all__ = ["HARNESSES", "Harness", "SideReady", "harness_for"]
