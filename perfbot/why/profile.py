"""What one round of explaining saw of both sides."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from perfbot.model import Side

Place = Literal["own", "site", "std", "c", "bot", ""]
"""Where a function lies: the checkout, installed, the standard library, written in C, perfbot, elsewhere."""


@dataclass(frozen=True, slots=True)
class Function:
    """One function of one side.

    Attributes:
        name: its qualified name.
        file: relative to the folder that ``place`` names.
        line, end: its first and last line, with its decorators.
        print: a fingerprint of its code, without where it stands; empty where there is none.
    """

    name: str
    module: str = ""
    place: str = ""
    file: str = ""
    line: int = 0
    end: int = 0
    print: str = ""

    @property
    def compiled(self) -> bool:
        """Written in C: counted, and its time is its caller's."""
        return self.place == "c"


@dataclass(frozen=True, slots=True)
class Calls:
    """Who called whom in one call of the benchmark, counted.

    Attributes:
        edges: calls by the numbers of caller and callee in ``functions``; a caller of −1 is who calls the benchmark.
        threads: threads that there were.
    """

    functions: tuple[Function, ...] = ()
    edges: Mapping[tuple[int, int], float] = field(default_factory=dict)
    threads: int = 1


@dataclass(frozen=True, slots=True)
class Class:
    """A class of one side, and how many of its objects there are. ``line``, ``end``: its head and fields."""

    name: str
    place: str = ""
    file: str = ""
    line: int = 0
    end: int = 0
    count: int = 0

    @property
    def located(self) -> Function:
        """As if it were a function, of which it can be asked whether it was edited."""
        return Function(self.name, place=self.place, file=self.file, line=self.line, end=self.end)


@dataclass(frozen=True, slots=True)
class Samples:
    """Where the time of a benchmark's calls went, in one process.

    Attributes:
        stacks: samples by the numbers of functions, the outermost first.
        lines: samples by function and line: in it, and in it with what it calls.
        waits: samples by function in which it waited for something, in a call of the system.
        inside: samples by function and the name of what it was calling in C.
        classes: those that had objects when sampling ended.
    """

    functions: tuple[Function, ...] = ()
    stacks: Mapping[tuple[int, ...], int] = field(default_factory=dict)
    lines: Mapping[tuple[int, int], tuple[int, int]] = field(default_factory=dict)
    waits: Mapping[int, int] = field(default_factory=dict)
    inside: Mapping[tuple[int, str], int] = field(default_factory=dict)
    classes: tuple[Class, ...] = ()

    @property
    def count(self) -> int:
        """All of them."""
        return sum(self.stacks.values())


@dataclass(frozen=True, slots=True)
class Profile:
    """One side in one round.

    Attributes:
        seconds: what a call of the benchmark costs, while nothing is sampled.
    """

    seconds: float
    calls: Calls = field(default_factory=Calls)
    samples: Samples = field(default_factory=Samples)


@dataclass(frozen=True, slots=True)
class Observation:
    """One benchmark in one round: a fresh pair of processes."""

    name: str
    sides: Mapping[Side, Profile]
    refused: str = ""
    """Why functions were not timed, or not counted."""
    other_unit: bool = False
    """Costs are not of the metric that is explained: instructions stand for time, as far as they follow it."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What one side runs on."""

    packages: Mapping[str, str] = field(default_factory=dict)
    python: str = ""
    compiler: str = ""
    flags: str = ""
