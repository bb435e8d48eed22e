"""What both sides of a tool report, laid side by side: what can be compared, and why the rest cannot. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from perfbot.errors import MeasureError
from perfbot.measure.processes.tool_runs import Ran
from perfbot.measure.processes.tools import Chosen, Reading, Reported
from perfbot.model import SIDES, Benchmark, Comparison, Metric, Problem, Side, Status
from perfbot.reasons import CallsFailed, CommandFailed, Failure, NotInHeadsFiles, Said, UnitsDiffer, Unreadable

FailedSide = Literal["base", "head", "both"]

OTHER: Mapping[Side, Side] = {"base": "head", "head": "base"}

FAILING_AT_LEAST, FAILING_MORE = 0.01, 0.5
"""Sides may differ by so large a share of calls that fail, or by so much of the smaller of both shares."""

SHOWN = 5
"""So many of a kind are named one by one."""


@dataclass(frozen=True, slots=True)
class Paired:
    """A suite's benchmarks.

    Attributes:
        metrics: of those that both sides report, by name.
        selectors: what the tool calls them.
        settled: what needs no measuring: new, gone, failed, not comparable.
    """

    metrics: Mapping[str, tuple[Metric, ...]]
    selectors: Mapping[str, str]
    settled: tuple[Comparison, ...]
    problems: tuple[Problem, ...]


def pair(suite: str, chosen: Chosen, line: str, ran: Mapping[Side, Ran], own: Ran | None = None) -> Paired:
    """Lay side by side what one process of each side reported.

    Args:
        line: the tool's command line, for messages.
        own: the same of base with its own versions of benchmark files that it took from head.

    Raises:
        MeasureError: nothing on either side reports what is asked for.
    """
    work = _Pairing(suite, chosen, line, ran, own.found if own is not None else {})
    for name in dict.fromkeys((*ran["head"].found, *ran["base"].found)):
        work.benchmark(name)
    for name in work.own:
        if not any(name in ran[side].found for side in SIDES):
            work.taken_out(name)
    if not work.metrics and not work.settled:
        raise work.nothing()
    called = {name: one.selector or one.name for side in SIDES for name, one in ran[side].found.items()}
    return Paired(work.metrics, called, tuple(work.settled), tuple(work.problems()))


def unlike(metric: Metric, readings: Mapping[Side, Reading | None]) -> tuple[FailedSide, Failure] | None:
    """Why two values of a metric cannot be compared, and on which side that is; None where they can.

    What head alone makes unreadable, or reports in another unit, is gone as if it had been removed.
    """
    bad: dict[Side, str] = {side: one.trouble for side, one in readings.items() if one is not None and one.trouble}
    if bad:
        side: Side = "head" if "head" in bad else "base"
        return "both" if len(bad) == len(SIDES) else side, Unreadable(side, bad[side])
    units = {side: one.metric.unit for side, one in readings.items() if one is not None}
    if len(set(units.values())) > 1:
        return "head", UnitsDiffer(metric.name, units["base"], units["head"])
    return None


def failing(found: Mapping[Side, Reported]) -> tuple[Side, CallsFailed] | None:
    """The side on which so many more calls ended in errors that times say nothing, and how many; None without one.

    Errors are often faster than answers.
    """
    shares = {side: found[side].failing for side in SIDES if side in found}
    if len(shares) < len(SIDES):
        return None
    fewer = min(shares.values())
    side: Side = "head" if shares["head"] > shares["base"] else "base"
    if shares[side] - fewer <= max(FAILING_AT_LEAST, fewer * FAILING_MORE):
        return None
    return side, CallsFailed(shares[side], fewer, OTHER[side])


@dataclass(slots=True)
class _Pairing:
    """The laying side by side, under way."""

    suite: str
    chosen: Chosen
    line: str
    ran: Mapping[Side, Ran]
    own: Mapping[str, Reported]
    metrics: dict[str, tuple[Metric, ...]] = field(default_factory=dict)
    settled: list[Comparison] = field(default_factory=list)
    silent: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Benchmarks that report nothing of what is asked for, and what they do."""

    def benchmark(self, name: str) -> None:
        """Take in one benchmark of either side."""
        there = {side: self.ran[side].found[name] for side in SIDES if name in self.ran[side].found}
        asked = self._asked(name, there)
        troubled: dict[Side, Reported] = {side: one for side, one in there.items() if one.trouble}
        if troubled:
            self._troubled(name, there, troubled, asked)
        elif odd := failing(there):
            for metric in asked:
                self._settle(name, metric, "failed" if odd[0] == "head" else "incomparable", odd[1], odd[0])
        elif not asked:
            self.silent[name] = tuple(r.metric.name for one in there.values() for r in one.readings)
        else:
            common = tuple(metric for metric in asked if self._is_common(name, metric, there))
            if common:
                self.metrics[name] = common

    def taken_out(self, name: str) -> None:
        """Take in one benchmark that base has in its own versions of the files, and head's versions have not."""
        one = self.own[name]
        for reading in one.readings:
            metric = self.chosen.of(name, reading.metric)
            if metric is not None and not reading.trouble and not one.trouble:
                self._settle(name, metric, "removed", NotInHeadsFiles())

    def _asked(self, name: str, there: Mapping[Side, Reported]) -> list[Metric]:
        """The chosen metrics that either side has, head's first."""
        metrics: dict[str, Metric] = {}
        for side in ("head", "base"):
            for reading in there[side].readings if side in there else ():
                if (metric := self.chosen.of(name, reading.metric)) is not None:
                    metrics.setdefault(metric.name, metric)
        return list(metrics.values())

    def _troubled(
        self, name: str, there: Mapping[Side, Reported], troubled: Mapping[Side, Reported], asked: list[Metric]
    ) -> None:
        """What failed on a side outranks what merely cannot be read, and head's outranks base's."""
        failed: dict[Side, Reported] = {side: one for side, one in troubled.items() if one.failed}
        worse = failed or troubled
        side: Side = "head" if "head" in worse else "base"
        by_head = name in self.own and not self.own[name].trouble
        where: FailedSide = "both" if len(worse) == len(SIDES) and not by_head else side
        lost = where == "head" and (by_head or "base" in there.keys() - troubled.keys())
        told = worse[side].trouble
        reason = Said(told) if failed or where == "both" else Unreadable(side, told)
        for metric in asked or [Metric(self.chosen.names[0], "")]:
            self._settle(name, metric, "failed" if failed else "removed" if lost else "incomparable", reason, where)

    def _is_common(self, name: str, metric: Metric, there: Mapping[Side, Reported]) -> bool:
        """Whether a metric can be compared; says what it is otherwise."""
        readings: dict[Side, Reading | None] = {side: self.ran[side].reading(name, metric.name) for side in SIDES}
        missing = [side for side in SIDES if readings[side] is None]
        if odd := unlike(metric, readings):
            self._settle(name, metric, "removed" if odd[0] == "head" else "incomparable", odd[1], odd[0])
        elif missing:
            self._one_sided(name, metric, missing[0], known=missing[0] in there)
        return not odd and not missing

    def _one_sided(self, name: str, metric: Metric, side: Side, *, known: bool) -> None:
        """New or gone, unless the tool failed on the side where it is missing, or could not be read there."""
        other = self.ran[side]
        if other.trouble:
            self._settle(name, metric, "failed", CommandFailed(self.line, other.trouble), side)
        elif other.odd and not known:
            self._settle(name, metric, "failed", Said(other.odd[0]), side)
        else:
            self._settle(name, metric, "added" if side == "base" else "removed")

    def _settle(
        self, name: str, metric: Metric, status: Status, reason: Failure | None = None, side: FailedSide | None = None
    ) -> None:
        reasons = () if reason is None else (reason,)
        one = Comparison(Benchmark(self.suite, name), metric, status=status, reasons=reasons)
        self.settled.append(replace(one, failed_side=side) if side and status == "failed" else one)

    def nothing(self) -> MeasureError:
        """Nobody reports what is asked for."""
        known = sorted({metric for metrics in self.silent.values() for metric in metrics})
        return MeasureError(
            f"suite {self.suite}: no benchmark reports {' or '.join(self.chosen.names)}; there are {', '.join(known)}",
            hint=f'Write metrics = ["{known[0]}"] in its [[suite]].' if known else "",
        )

    def problems(self) -> Iterator[Problem]:
        """What went wrong with the tool, and warnings about what was left out."""
        for side in SIDES:
            if trouble := self.ran[side].trouble:
                yield Problem(f"suite {self.suite}, {side}", f"`{self.line}` {trouble}", self.ran[side].printed)
        if self.ran["base"].odd == self.ran["head"].odd:
            yield from self._odd(f"suite {self.suite}", self.ran["head"].odd)
        else:
            for side in SIDES:
                yield from self._odd(f"suite {self.suite}, {side}", self.ran[side].odd)
        if self.silent and {"time", "cpu"} & set(self.chosen.names):
            some = [f"{name} ({', '.join(dict.fromkeys(found))})" for name, found in self.silent.items() if found]
            told = f"left out, for they report none of {', '.join(self.chosen.names)}: {_some(some)}"
            if some:
                more = "metrics in its [[suite]] says what to compare"
                yield Problem(f"suite {self.suite}", f"{told}; {more}", fatal=False)

    @staticmethod
    def _odd(where: str, reasons: tuple[str, ...]) -> Iterator[Problem]:
        for reason in reasons[:SHOWN]:
            yield Problem(where, f"left out, for it cannot be read: {reason}", fatal=False)
        if len(reasons) > SHOWN:
            yield Problem(where, f"{len(reasons) - SHOWN} more of what it wrote cannot be read", fatal=False)


def _some(names: list[str]) -> str:
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return f"{', '.join(names[:SHOWN])}{more}"
