"""What the listings of a suite mean: which benchmarks are compared, new, gone or broken, and on whose side. Pure.

Head's benchmark files run on both sides. What head did to the suite itself shows only beside base's own files, so
base is listed with those, too, where the two differ.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from perfbot.measure.lockstep.pair import Collected
from perfbot.measure.lockstep.reasons import concerns, last_line, merged, tail
from perfbot.model import SIDES, Benchmark, Comparison, Metric, Problem, Side, Status
from perfbot.reasons import BaseCannotRun, Failure, NotAtHead, Said, SkippedByHead, Uncollected

Item = Mapping[str, Any]
"""A benchmark or a problem, as a worker describes it."""

ERROR, SKIPPED = "error", "skipped"


@dataclass(frozen=True, slots=True)
class Listings:
    """What was collected.

    Attributes:
        base, head: with the files that are measured.
        own: base with its own versions of benchmark files; None where they are the same, or could not be listed.
        apart: files, relative to the suite's folder, of which each side runs its own version.
    """

    base: Collected
    head: Collected
    own: Collected | None = None
    apart: frozenset[str] = frozenset()

    @property
    def before(self) -> Mapping[str, Item]:
        """Everything that base has, by name."""
        return {**_by_name(self.own or self.base), **_by_name(self.base)}

    def is_new(self, item: Item) -> bool:
        """Whether base's own suite lacks a benchmark of head's; what base could not read may well have been there."""
        own = self.own or self.base
        return item["name"] not in self.before_own and problem_of(own, item) is None

    @property
    def before_own(self) -> Mapping[str, Item]:
        """What base's own files hold, by name."""
        return _by_name(self.own or self.base)


@dataclass(frozen=True, slots=True)
class Sorted:
    """Benchmarks to compare, what is settled without measuring, and what is to be told."""

    common: tuple[Benchmark, ...]
    settled: tuple[Comparison, ...]
    problems: tuple[Problem, ...]


@dataclass(frozen=True, slots=True)
class Sorting:
    """Makes benchmarks of a suite out of what workers say.

    Attributes:
        display: the name that people read, from the worker's own.
        metric: what a benchmark of that name measures.
    """

    suite: str
    display: Callable[[str], str]
    metric: Callable[[str], Metric]
    _told: set[str] = field(default_factory=set)

    def sort(self, listings: Listings) -> Sorted:
        """Every benchmark of either side in exactly one place."""
        base, head = _by_name(listings.base), _by_name(listings.head)
        common = [self._benchmark(item, listings) for name, item in head.items() if name in base]
        settled = [
            *(self._added(item, listings) for name, item in head.items() if name not in base),
            *(self._gone(item, listings) for name, item in listings.before.items() if name not in head),
        ]
        settled += self._files(listings, [*head.values(), *listings.before.values()])
        problems = merged(
            {side: [p for p in got.problems if p["where"] not in self._told] for side, got in _sides(listings)},
            self.suite,
        )
        return Sorted(tuple(common), tuple(settled), tuple(problems))

    def _benchmark(self, item: Item, listings: Listings) -> Benchmark:
        file = item.get("file", "")
        name = self.display(item["name"])
        apart = file in listings.apart
        return Benchmark(self.suite, name, file, item.get("line", 0), new=listings.is_new(item), rewritten=apart)

    def _added(self, item: Item, listings: Listings) -> Comparison:
        """A benchmark that base cannot run: new, or lost with what base could not read."""
        benchmark = self._benchmark(item, listings)
        broken = problem_of(listings.base, item)
        if benchmark.new or broken is None:
            reasons = (BaseCannotRun(), Said(tail(broken["message"]))) if broken else ()
            return self._settled(benchmark, "added", reasons)
        return self._settled(benchmark, "failed", _uncollected(broken), "base")

    def _gone(self, item: Item, listings: Listings) -> Comparison:
        """A benchmark that only base has: removed, left out, or lost with what head could not read."""
        file, line = item.get("file", ""), item.get("line", 0)
        benchmark = Benchmark(self.suite, self.display(item["name"]), file, line)
        broken = problem_of(listings.head, item)
        if broken is None:
            return self._settled(benchmark, "removed", (NotAtHead(),), "head")
        if broken["kind"] == SKIPPED:
            return self._settled(benchmark, "removed", (SkippedByHead(broken["message"]),), "head")
        return self._settled(benchmark, "failed", _uncollected(broken), "head")

    def _files(self, listings: Listings, known: Collection[Item]) -> Iterator[Comparison]:
        """Places that head cannot read and of which no benchmark is known: each a result of its own."""
        before = listings.own or listings.base
        for problem in listings.head.problems:
            where = problem["where"]
            if problem["kind"] != ERROR or where in self._told or any(_touches(problem, item) for item in known):
                continue
            self._told.add(where)
            both = any(other["where"] == where and other["kind"] == ERROR for other in before.problems)
            benchmark = Benchmark(self.suite, self.display(where), where.partition("::")[0])
            yield self._settled(benchmark, "failed", _uncollected(problem), "both" if both else "head")

    def _settled(
        self, benchmark: Benchmark, status: Status, reasons: tuple[Failure, ...], side: Side | Literal["", "both"] = ""
    ) -> Comparison:
        return Comparison(benchmark, self.metric(benchmark.name), status=status, reasons=reasons, failed_side=side)


def breaks_one_side(found: Mapping[Side, Collected]) -> bool:
    """Whether something cannot be read on one side, and can on the other."""
    base, head = ({p["where"] for p in found[side].problems if p["kind"] == ERROR} for side in SIDES)
    return base != head


def broken_by_head(listings: Listings, edited: Collection[str]) -> frozenset[str]:
    """Edited files that base reads in its own version, and not in head's."""
    own = listings.own
    if own is None:
        return frozenset()
    return frozenset(
        file
        for file in edited
        if any(p["kind"] == ERROR and concerns(p["where"], file) for p in listings.base.problems)
        and not any(p["kind"] == ERROR and concerns(p["where"], file) for p in own.problems)
        and any(item.get("file") == file for item in own.benchmarks)
    )


def problem_of(collected: Collected, item: Item) -> Item | None:
    """What a side could not collect and a benchmark was lost with; None when nothing."""
    return next((p for p in collected.problems if p["kind"] != "note" and _touches(p, item)), None)


def _touches(problem: Item, item: Item) -> bool:
    """Whether a problem's place is the benchmark's file, a folder or module of it, or the benchmark itself."""
    where, file, name = problem["where"], item.get("file", ""), item["name"]
    module = f".{file.removesuffix('.py').replace('/', '.')}."
    named = name == where or name.startswith((f"{where}(", f"{where}[", f"{where}::"))
    return concerns(where, file) or named or (bool(file) and f".{where}." in module)


def _uncollected(problem: Item) -> tuple[Failure, ...]:
    return Uncollected(last_line(problem["message"])), Said(tail(problem["message"]))


def _by_name(collected: Collected) -> dict[str, Item]:
    return {item["name"]: item for item in collected.benchmarks}


def _sides(listings: Listings) -> Iterator[tuple[Side, Collected]]:
    yield "base", listings.base
    yield "head", listings.head
