"""Joining what several machines measured of one change: the same benchmarks, the rounds of each kept apart."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from perfbot.errors import ReportError
from perfbot.model import Machine, Problem, Report, Result

MOST = 16
"""Machines of one report, as :mod:`perfbot.report` reads it."""

MOST_ROUNDS = 5_000
"""Of one result, likewise."""

NAMES_TOLD = 3


def join(reports: Sequence[Report]) -> Report:
    """One report of one change out of those of several machines. It is to be judged again.

    What is missing on one of them is a fatal problem, and what failed on one has failed.

    Args:
        reports: of the same benchmarks; joined ones may be among them.

    Raises:
        ReportError: they are not runs of one change, or one of them is there twice.
    """
    if len(reports) < 2:
        raise ReportError("One report has nothing to be joined with.", hint="Name the reports of two machines or more.")
    for report in reports[1:]:
        _check(reports[0], report)
    machines = tuple(machine for report in reports for machine in machines_of(report))
    if len(machines) > MOST:
        raise ReportError(f"{len(machines)} machines are more than the {MOST} that one report may have.")
    if len({(one.started, one.seed, one.runner) for one in machines}) < len(machines):
        raise ReportError("The same run is named twice.", hint="Name the report of each machine once.")
    first = reports[0]
    return replace(
        first,
        results=tuple(_results(reports)),
        problems=(*dict.fromkeys(one for report in reports for one in report.problems), *_missing(reports)),
        machines=machines,
        family=max(one.family for one in reports),
        seconds=max(one.seconds for one in reports),
        control=max((one.control for one in machines if one.control), key=lambda one: one.disturbed, default=None),
        complete=all(one.complete for one in reports),
        started=min(one.started for one in reports),
        skipped=first.skipped if all(one.skipped for one in reports) else "",
        explanations=tuple({(e.suite, e.benchmark): e for one in reversed(reports) for e in one.explanations}.values()),
        differences=tuple(dict.fromkeys(one for report in reports for one in report.differences)),
    )


def machines_of(report: Report) -> tuple[Machine, ...]:
    """The machines of a report: one, where nothing was joined."""
    own = Machine(report.runner, report.control, report.seed, report.started, report.seconds)
    return report.machines or (own,)


def _check(first: Report, other: Report) -> None:
    if first.shard or other.shard:
        raise ReportError(
            "Shards cannot be joined with other machines' reports: each holds other benchmarks.",
            hint="Measure all benchmarks on each machine, or publish the shards without --join.",
        )
    ours, theirs = first.change, other.change
    if (ours.base, ours.head, ours.dirty) != (theirs.base, theirs.head, theirs.dirty):
        raise ReportError("The reports are of different changes: only runs of the same base and head can be joined.")
    if ours.aside != theirs.aside:
        raise ReportError("The reports were not measured alike: one of them had another base or other variables.")


Key = tuple[str, str, str]


def _key(result: Result) -> Key:
    return result.suite, result.benchmark, result.metric


def _results(reports: Sequence[Report]) -> Iterator[Result]:
    """Results in the order of the first report, with the rounds of all machines."""
    found: dict[Key, list[Result]] = {}
    begin = 0
    for report in reports:
        for result in report.results:
            taken = tuple(replace(one, machine=begin + one.machine) for one in result.raw)
            found.setdefault(_key(result), []).append(replace(result, raw=taken))
        begin += len(machines_of(report))
    yield from (_joined(several) for several in found.values())


def _joined(results: Sequence[Result]) -> Result:
    """One benchmark of all machines; where it is broken or gone on one, it is."""
    first = results[0]
    kinds = {(one.unit, one.better, one.rule) for one in results}
    if len(kinds) > 1:
        raise ReportError(
            f"The machines do not agree in what {first.metric} of a benchmark is: another unit or direction."
        )
    for lost in ("failed", "removed"):
        if (broken := next((one for one in results if one.verdict == lost), None)) is not None:
            return replace(broken, raw=(), rounds=0)
    rounds = tuple(taken for one in results for taken in one.raw)
    if len(rounds) > MOST_ROUNDS:
        raise ReportError(
            f"The machines together took {len(rounds):,} rounds of one benchmark, more than {MOST_ROUNDS:,}."
        )
    measured = next((one for one in results if one.raw), first)
    notes = tuple(dict.fromkeys(note for one in results for note in one.notes))
    return replace(measured, raw=rounds, rounds=len(rounds), notes=notes)


def _missing(reports: Sequence[Report]) -> Iterator[Problem]:
    """A machine that says nothing of a benchmark leaves the others' word alone, and that is never enough."""
    every = list(dict.fromkeys(_key(result) for report in reports for result in report.results))
    for number, report in enumerate(reports, 1):
        own = set(map(_key, report.results))
        absent = list(dict.fromkeys(f"{suite}/{name}" for suite, name, _ in (key for key in every if key not in own)))
        if absent:
            told = ", ".join(absent[:NAMES_TOLD]) + (" and others" if len(absent) > NAMES_TOLD else "")
            yield Problem(f"report {number} of {len(reports)}", f"It lacks what others have measured: {told}.")
