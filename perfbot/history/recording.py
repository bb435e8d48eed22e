"""Keeping a run: into the history, its trends looked at again, and one line about them for the comment.

Trends rest on the runs of one branch alone; a merge request's run is kept beside them and changes none.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from sqlalchemy import Connection

from perfbot.history.records import Chain, Kind, Release, Trend
from perfbot.history.store import Store, chains, ledger, queries, standings
from perfbot.history.told import describe
from perfbot.history.trends import look
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


def refresh(
    store: Store,
    project: str,
    branch: str,
    *,
    everything: bool = False,
) -> int:
    """Finds the trends of all subjects with new points, or of all; how many.

    A part at a time, each kept by itself: what was found stays found when this is ended half way, and is not looked
    for again.
    """
    with store.read() as connection:
        subjects = queries.subjects(connection, project)
        if not everything:
            stale = set(standings.stale_subjects(connection, project, branch))
            subjects = tuple(one for one in subjects if one.number in stale)
        releases = ledger.read_releases(connection, project)
    policies: dict[int, Policy] = {}
    moment = now()
    for start in range(0, len(subjects), AT_ONCE):
        with store.read() as connection:
            series = list(queries.series(connection, subjects[start : start + AT_ONCE], branch))
            for run in {one.points[-1].run for one in series} - policies.keys():
                policies[run] = queries.policy(connection, run)
        seen = [look(one, releases, updated=moment) for one in series]
        found = [_judged(trend, policies[one.points[-1].run]) for (trend, _), one in zip(seen, series, strict=True)]
        kept = [(trend.subject.number, chain) for trend, chain in seen]
        store.write(lambda c, found=found, kept=kept: _keep(c, project, branch, found, kept))  # type: ignore[misc]
    return len(subjects)


def _keep(
    connection: Connection, project: str, branch: str, trends: Sequence[Trend], kept: Sequence[tuple[int, Chain]]
) -> None:
    standings.keep_trends(connection, project, branch, trends)
    chains.keep_chains(connection, branch, kept)


def _judged(trend: Trend, policy: Policy) -> Trend:
    """With what the newest run's policy says of it."""
    subject = trend.subject
    metric = Metric(subject.metric, subject.unit, subject.better, subject.rule)
    return replace(
        trend,
        budget=policy.budget_for(subject.full_name, metric),
        threshold=policy.threshold_for(subject.full_name, metric),
    )


def read_trends(store: Store, project: str, branch: str) -> tuple[Trend, ...]:
    """What the history says of a branch, the greatest loss first."""
    with store.read() as connection:
        return standings.trends(connection, project, branch, order="loss")


def trend_line(store: Store, project: str, branch: str) -> str:
    """One line about the history for a merge request's comment; empty when nothing moved.

    Example: "Since v2.3, 2 of 40 benchmarks became slower, core/parse most: +6.4 %."
    """
    return describe(read_trends(store, project, branch))
