"""What was found out about why a benchmark changed: records of the report.

Costs are seconds of one call of the benchmark, or whatever the metric's unit is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Differs = Literal["package", "python", "compiler", "flags"]


@dataclass(frozen=True, slots=True)
class Part:
    """What one function contributes to a benchmark's change: by what it does itself, and by how often it calls others.

    Attributes:
        function: its qualified name; ``module`` where it is defined.
        file: where, in the repository or (beginning with ``<``) in a package or the standard library.
        line: its first line at head (at base, where head has it no more).
        hot: of its lines at head, the one that takes the most; 0 where unknown.
        change, interval: of one call of the benchmark, at the explanation's confidence, all functions together.
        own: what it took itself on base and head, with the compiled functions that it calls.
        calls: how often it was called on base and head.
        each: its own cost of each call changed by so much, times the calls that both sides make.
        callee: the function that it calls more or less often, which matters most; ``callee_calls`` on base and head.
        edited: the change edits its source.
        was: what it was called on base, where that is another name or file.
        package: the package that it belongs to, with both versions, where they differ.
        waits: of ``own``, what it waited for something (sleep, lock, socket, child), on base and head.
        inside: the call that the source names so, to something written in C, in which most of the change lies;
            ``inside_own``: what it takes on base and head.
        objects: where it is not edited itself, and that call works on what it is given: of the classes that the change
            edits the one with the most objects, ``objects_count`` of them, at ``objects_place`` (file and line).
        uses: where it is not edited itself: what it uses of its file that is (a constant, a class), at ``uses_line``.
    """

    function: str
    module: str = ""
    file: str = ""
    line: int = 0
    hot: int = 0
    change: float = 0.0
    interval: tuple[float, float] = (0.0, 0.0)
    own: tuple[float, float] = (0.0, 0.0)
    calls: tuple[float, float] = (0.0, 0.0)
    each: float = 0.0
    callee: str = ""
    callee_calls: tuple[float, float] = (0.0, 0.0)
    edited: bool = False
    was: str = ""
    package: str = ""
    waits: tuple[float, float] = (0.0, 0.0)
    uses: str = ""
    uses_line: int = 0
    inside: str = ""
    inside_own: tuple[float, float] = (0.0, 0.0)
    objects: str = ""
    objects_count: int = 0
    objects_place: str = ""

    @property
    def short(self) -> str:
        """With the last part of its module: "search.find_customer"."""
        module = self.module.rpartition(".")[2]
        return f"{module}.{self.function}" if module and module != "__main__" else self.function


@dataclass(frozen=True, slots=True)
class Frame:
    """One box of the flame graph: a function called by that of another box.

    Attributes:
        parent: position of the box that it stands on; −1 for the first.
        name: of the function; ``place`` is its file and line.
        base, head: what a call of the benchmark spends in it and in what it calls.
        part: position of the function among the parts; −1 where nothing is proven of it.
    """

    parent: int
    name: str
    place: str
    base: float
    head: float
    part: int = -1


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a benchmark became slower or faster.

    Attributes:
        base, head: cost of a call on both sides; the parts and the rest add up to their difference.
        explained, interval: the sum of the parts.
        parts: what surely changed, what matters most first.
        confidence: that all intervals hold together.
        functions: how many were looked at, which the intervals allow for.
        reason: why there is no explanation; empty where there is one.
        notes: sentences for the reader.
        flame: boxes, each behind the one that it stands on.
    """

    suite: str
    benchmark: str
    metric: str
    unit: str
    base: float = 0.0
    head: float = 0.0
    explained: float = 0.0
    interval: tuple[float, float] = (0.0, 0.0)
    parts: tuple[Part, ...] = ()
    confidence: float = 0.99
    functions: int = 0
    rounds: int = 0
    samples: int = 0
    seconds: float = 0.0
    reason: str = ""
    notes: tuple[str, ...] = ()
    flame: tuple[Frame, ...] = ()

    @property
    def change(self) -> float:
        """What there is to explain."""
        return self.head - self.base


@dataclass(frozen=True, slots=True)
class Difference:
    """Something other than the source that differs between both sides' environments."""

    suite: str
    kind: Differs
    name: str
    base: str
    head: str
