"""What is measured of a benchmark."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Better = Literal["lower", "higher", "unknown"]
Rule = Literal["noisy", "exact"]


@dataclass(frozen=True, slots=True)
class Metric:
    """What is measured. ``unit`` is ``s``, ``B``, ``1`` (a count), ``1/s``, or one of the user's own."""

    name: str
    unit: str
    better: Better = "lower"
    rule: Rule = "noisy"


TIME = Metric("time", "s")
MEMORY = Metric("memory", "B")
