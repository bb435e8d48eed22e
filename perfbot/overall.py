"""What a run says of its suites and of the change as a whole; parts of a :class:`perfbot.model.Report`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Unreached:
    """An edited function that no benchmark's call runs; ``lines`` of it the change wrote."""

    file: str
    line: int
    function: str
    lines: int


@dataclass(frozen=True, slots=True)
class Reach:
    """What the calls of benchmarks run of the functions that the change edits.

    Attributes:
        lines: that the change wrote in functions, but for tests, documentation and benchmarks; ``missed`` are in
            functions that no call runs.
        functions: these, the longest first.
        followed: benchmarks of which a call was traced.
        without: suites of which none can be.
        left_out: benchmarks that were not measured, for they run nothing of the change.
    """

    lines: int = 0
    missed: int = 0
    functions: tuple[Unreached, ...] = ()
    followed: int = 0
    without: tuple[str, ...] = ()
    left_out: int = 0


@dataclass(frozen=True, slots=True)
class GeometricMean:
    """The geometric mean of the changes of a suite's times, or of those of one file.

    Attributes:
        file: whose benchmarks; empty: the whole suite's.
        benchmarks: in it, ``of`` so many; the others have too few rounds, or no ratio.
        interval: of ``change``, from rounds that the benchmarks share, at ``confidence``.
        rounds: of each benchmark that count.
    """

    suite: str
    file: str
    benchmarks: int
    of: int
    change: float
    interval: tuple[float, float]
    confidence: float
    rounds: int
    gate: Literal["pass", "fail"] = "pass"


@dataclass(frozen=True, slots=True)
class Culprit:
    """Where among the commits of the change a benchmark's cost steps.

    Attributes:
        after, at: ids of the last commit before the step that was measured, and of the first one after it;
            ``commits`` of them may be the one.
        subject: of the commit, where it is one; ``author`` of it.
        interval: of ``change``.
        rounds: with both commits in them.
    """

    suite: str
    benchmark: str
    after: str
    at: str
    commits: int
    change: float
    interval: tuple[float, float]
    rounds: int
    subject: str = ""
    author: str = ""
