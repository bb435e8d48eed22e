"""Stand-ins for the plugins that suites import names from, where those are not installed.

A typed suite says ``from pytest_codspeed import BenchmarkFixture``; a careful one ``pytest.importorskip`` or, in an
``except ImportError``, a fixture of its own that measures nothing.
"""

from __future__ import annotations

import importlib.util
import sys
from types import ModuleType

from .pytest_fixture import BenchmarkFixture

MODULES = {"pytest_benchmark": ("fixture", "plugin"), "pytest_codspeed": ("plugin",)}
"""Where the fixture's class is found: in the package, and in these modules of it."""

VERSION = "99.0"
"""New enough for whoever asks."""


def stand_in() -> None:
    """Make the modules importable that are not there; the real ones, where they are, stay what they are."""
    for name, inner in MODULES.items():
        if importlib.util.find_spec(name) is None:
            package = _module(name)
            package.__path__ = []
            for part in inner:
                setattr(package, part, _module(name + "." + part))


def _module(name: str) -> ModuleType:
    module = ModuleType(name, "perfbot's stand-in: see " + __name__)
    module.__version__ = VERSION  # type: ignore[attr-defined]
    module.BenchmarkFixture = BenchmarkFixture  # type: ignore[attr-defined]
    sys.modules[name] = module
    return module
