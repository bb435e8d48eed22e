"""Keeping a run: into the history, its trends looked at again, and one line about them for the comment.

Trends rest on the runs of one branch alone; a merge request's run is kept beside them and changes none.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from sqlalchemy import Connection

from perfbot.history.records import Kind, Point, Release, Subject, Trend
from perfbot.history.store import Store, ledger, queries, standings, ways, windows
from perfbot.history.told import describe
from perfbot.history.trends import Looked, look, look_on
from perfbot.model import Metric, Policy, Report

AT_ONCE = 200
"""Subjects whose trends are found and kept in one go."""


def now() -> str:
    """This moment in the history's form."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def keep(store: Store, report: Report, *, branch: str, kind: Kind, releases: Iterable[Release] = ()) -> bool:
    """Keeps a run; for a branch's run its trends are brought up to date.

    Args:
        releases: tags known here; those not in the history yet are added.

    Returns:
        False when the run was there already, or decides nothing (:mod:`perfbot.model.aside`).

    Raises:
        StoreError: it could not be kept.
    """
    if report.change.aside:
        return False
    added = store.add(report, branch=branch, kind=kind)
    project = report.change.project
    known = tuple(releases)
    moved = store.write(lambda c: ledger.keep_releases(c, project, known)) if known else 0
    if kind == "branch":
        refresh(store, project, branch, everything=bool(moved))
    return added


def refresh(store: Store, project: str, branch: str, *, everything: bool = False) -> int:
    """Takes the points of pending runs into the trends of what they measured, or finds all trends again; how many.

    A part at a time, each kept by itself: what was found stays found when this is ended half way, and is not looked
    for again.
    """
    with store.read() as connection:
        # Before the windows: a run that another writer takes in meanwhile is in the windows that are read then.
        pending = windows.waiting(connection, project, branch)
        if everything:
            subjects = queries.subjects(connection, project)
        else:
            subjects = windows.touched(connection, project, branch) if pending else ()
        releases = ledger.read_releases(connection, project)
    everything = everything or len(pending) > windows.AT_ONCE
    reading = _Reading(store, branch, pending, releases, now())
    for start in range(0, len(subjects), AT_ONCE):
        found = reading.look(subjects[start : start + AT_ONCE], everything=everything)
        store.write(lambda c, found=found: _keep(c, project, branch, found))  # type: ignore[misc]
    store.write(lambda c: windows.taken_in(c, pending))
    return len(subjects)


@dataclass(frozen=True, slots=True)
class _Found:
    """``anew``: looked at from the beginning."""

    looked: Looked
    anew: bool


class _Reading:
    """Looks at subjects, part by part; what their parts share is read once."""

    def __init__(
        self, store: Store, branch: str, pending: Sequence[int], releases: Sequence[Release], moment: str
    ) -> None:
        self.store, self.branch, self.pending = store, branch, pending
        self.releases, self.moment = releases, moment
        self.runs: dict[int, Point] = {}
        self.policies: dict[int, Policy] = {}

    def look(self, subjects: Sequence[Subject], *, everything: bool) -> list[_Found]:
        with self.store.read() as connection:
            found = [] if everything else list(self._further(connection, subjects))
            done = {one.looked.trend.subject.number for one in found}
            rest = [one for one in subjects if one.number not in done]
            series = queries.series(connection, rest, self.branch) if rest else ()
            found += [_Found(look(one, self.releases, updated=self.moment), anew=True) for one in series]
            return [replace(one, looked=self._judged(connection, one.looked)) for one in found]

    def _further(self, connection: Connection, subjects: Sequence[Subject]) -> Iterator[_Found]:
        """Those whose window is kept and whose fresh points were all measured after it."""
        numbers = [one.number for one in subjects]
        kept = windows.stored(connection, self.branch, numbers)
        packed = {run for data in kept.values() for run in windows.runs_of(data)}
        windows.measured_by(connection, packed, self.runs)
        fresh: dict[int, list[tuple[Point, bool]]] = {number: [] for number in kept}
        for number, point, again in windows.fresh_points(connection, self.branch, list(kept), self.pending):
            fresh[number].append((point, again))
        for one in subjects:
            if one.number not in kept:
                continue
            known = windows.unpack(kept[one.number], self.runs)
            later = [each for each in fresh[one.number] if (each[0].started, each[0].run) > known.last]
            others = len(later) < len(fresh[one.number])  # they are known already, or came late
            if others and windows.count_points(connection, self.branch, one.number) != known.points + len(later):
                continue
            yield _Found(look_on(one, known, later, self.releases, updated=self.moment), anew=False)

    def _judged(self, connection: Connection, looked: Looked) -> Looked:
        """With what the newest run's policy says of it."""
        run, subject = looked.window.last[1], looked.trend.subject
        if run not in self.policies:
            self.policies[run] = queries.policy(connection, run)
        policy, metric = self.policies[run], Metric(subject.metric, subject.unit, subject.better, subject.rule)
        trend = replace(
            looked.trend,
            budget=policy.budget_for(subject.full_name, metric),
            threshold=policy.threshold_for(subject.full_name, metric),
        )
        return replace(looked, trend=trend)


def _keep(connection: Connection, project: str, branch: str, found: Sequence[_Found]) -> None:
    points = {one.looked.trend.subject.number: one.looked.window.points for one in found}
    newest = windows.not_older(connection, project, branch, points)
    kept = {one.looked.trend.subject.number: one for one in found if one.looked.trend.subject.number in newest}
    standings.keep_trends(connection, project, branch, [one.looked.trend for one in kept.values()])
    windows.keep_windows(connection, branch, [(number, one.looked.window) for number, one in kept.items()])
    ways.forget_ways(connection, branch, [number for number, one in kept.items() if one.anew])
    parts = [(number, start, way) for number, one in kept.items() for start, way in one.looked.ways]
    ways.keep_ways(connection, branch, parts)


def read_trends(store: Store, project: str, branch: str) -> tuple[Trend, ...]:
    """What the history says of a branch, the greatest loss first."""
    with store.read() as connection:
        return standings.trends(connection, project, branch, order="loss")


def trend_line(store: Store, project: str, branch: str) -> str:
    """One line about the history for a merge request's comment; empty when nothing moved.

    Example: "Since v2.3, 2 of 40 benchmarks became slower, core/parse most: +6.4 %."
    """
    return describe(read_trends(store, project, branch))
