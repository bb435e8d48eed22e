"""Questions to the history: runs, reports, subjects, series. Each takes a connection from ``Store.read``."""

from __future__ import annotations

import dataclasses
import fnmatch
from collections.abc import Collection, Iterator
from itertools import groupby
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, case, func, select

from perfbot.errors import UsageError
from perfbot.history.records import Kind, Point, Run, Series, Subject
from perfbot.history.store.documents import unpack_policy, unpack_report, unpack_rounds
from perfbot.history.store.ingest import known_subjects, subject_key
from perfbot.history.store.tables import comparison, document, machine, project, rounds, run, subject
from perfbot.model import Policy, Report

MAIN_NAMES = ("main", "master", "trunk")


def projects(connection: Connection) -> tuple[str, ...]:
    """All projects that have runs or were named, by name."""
    return tuple(connection.scalars(select(project.c.name).order_by(project.c.name)))


def only_project(connection: Connection, name: str | None) -> str:
    """The project asked for, or the only one there is.

    Raises:
        UsageError: it is not in the history, or there are several and none was named.
    """
    known = projects(connection)
    if name is not None and name in known:
        return name
    if name is None and len(known) == 1:
        return known[0]
    if not known:
        raise UsageError("The history is empty.", hint="Keep runs with: perfbot run --database FILE")
    listed = ", ".join(repr(one) for one in known[:10])
    found = f"The history has no project {name!r}" if name is not None else "The history has several projects"
    raise UsageError(f"{found}; it has {listed}.", hint="Name one with --project.")


def main_branch(connection: Connection, project_name: str) -> str:
    """The branch that is shown where nobody says which: one that is called as main branches are, else the one measured
    most often; empty when none was. Who may speak for the main branch is never decided by it."""
    usual = case((run.c.branch.in_(MAIN_NAMES), 0), else_=1)
    found = connection.execute(
        select(run.c.branch)
        .join(project)
        .where(project.c.name == project_name, run.c.kind == "branch", run.c.branch != "")
        .group_by(run.c.branch)
        .order_by(usual, func.count().desc(), run.c.branch)
        .limit(1)
    )
    return found.scalar_one_or_none() or ""


def runs(
    connection: Connection,
    project_name: str | None = None,
    *,
    kind: Kind | None = None,
    branch: str | None = None,
    since: str = "",
    limit: int = 1_000_000,
    newest_first: bool = True,
) -> tuple[Run, ...]:
    """Kept runs, in the order they were started."""
    query = _run_query()
    if project_name is not None:
        query = query.where(project.c.name == project_name)
    if kind is not None:
        query = query.where(run.c.kind == kind)
    if branch is not None:
        query = query.where(run.c.branch == branch)
    if since:
        query = query.where(run.c.started >= since)
    order = (run.c.started.desc(), run.c.id.desc()) if newest_first else (run.c.started, run.c.id)
    return tuple(Run(*row) for row in connection.execute(query.order_by(*order).limit(limit)))


def count_runs(connection: Connection) -> tuple[tuple[str, int], ...]:
    """How many runs each project has, by name."""
    rows = connection.execute(
        select(project.c.name, func.count()).join_from(project, run).group_by(project.c.name).order_by(project.c.name)
    )
    return tuple((row[0], row[1]) for row in rows)


def find_run(connection: Connection, number: int) -> Run | None:
    """One run by its number."""
    row = connection.execute(_run_query().where(run.c.id == number)).one_or_none()
    return Run(*row) if row else None


def run_between(connection: Connection, project_name: str, base: str, head: str) -> int:
    """The newest run that compared just these two commits; 0 where none did."""
    these = (project.c.name == project_name) & (run.c.base == base) & (run.c.head == head)
    return int(connection.scalar(select(func.max(run.c.id)).join(project).where(these)) or 0)


def run_number(connection: Connection, project_name: str, fingerprint: str) -> int | None:
    """The number of the run with this fingerprint; None when it is not kept."""
    query = select(run.c.id).join(project).where(project.c.name == project_name, run.c.fingerprint == fingerprint)
    return connection.scalar(query)


def _run_query() -> Select[Any]:
    columns = (
        run.c.id, project.c.name, run.c.kind, run.c.branch, run.c.base, run.c.head, run.c.started,
        run.c.seconds, run.c.verdict, machine.c.label, run.c.merge_request, run.c.results, run.c.used, run.c.why,
        run.c.subject, run.c.author,
    )  # fmt: skip
    return select(*columns).join_from(run, project).join(machine)


def report(connection: Connection, number: int) -> Report:
    """A kept report as it was, with the rounds that were not thinned.

    Raises:
        UsageError: there is no such run.
    """
    row = connection.execute(
        select(document.c.data, run.c.project_id).join_from(run, document).where(run.c.id == number)
    ).one_or_none()
    if row is None:
        raise UsageError(f"The history has no run {number}.", hint="See them with: perfbot history runs")
    bare = unpack_report(row.data)
    kept = dict(connection.execute(select(rounds.c.subject_id, rounds.c.data).where(rounds.c.run_id == number)).all())
    numbers = known_subjects(connection, row.project_id, [subject_key(result) for result in bare.results])
    results = tuple(
        dataclasses.replace(result, raw=unpack_rounds(kept[numbers[subject_key(result)]]))
        if numbers[subject_key(result)] in kept
        else result
        for result in bare.results
    )
    return dataclasses.replace(bare, results=results)


def bare_report(connection: Connection, number: int) -> Report | None:
    """A kept report without its rounds; None when there is no such run."""
    data = connection.scalar(select(document.c.data).where(document.c.run_id == number))
    return unpack_report(data) if data else None


def policy(connection: Connection, number: int) -> Policy:
    """What a kept run was judged by; the defaults when there is no such run."""
    data = connection.scalar(select(document.c.data).where(document.c.run_id == number))
    return unpack_policy(data) if data else Policy()


def export_key(connection: Connection, number: int) -> str:
    """The fingerprint under which a run is known, for its line in an export."""
    return str(connection.execute(select(run.c.fingerprint).where(run.c.id == number)).scalar_one())


def subjects(connection: Connection, project_name: str, pattern: str = "*") -> tuple[Subject, ...]:
    """The subjects whose ``suite/benchmark`` matches a glob, by name and metric."""
    found = _subjects(connection, project_name)
    return tuple(one for one in found if pattern == "*" or fnmatch.fnmatchcase(one.full_name, pattern))


def _subjects(connection: Connection, project_name: str, *where: ColumnElement[bool]) -> Iterator[Subject]:
    columns = (
        subject.c.suite, subject.c.benchmark, subject.c.metric, subject.c.unit,
        subject.c.better, subject.c.rule, subject.c.id,
    )  # fmt: skip
    rows = connection.execute(
        select(*columns)
        .join_from(subject, project)
        .where(project.c.name == project_name, *where)
        .order_by(subject.c.suite, subject.c.benchmark, subject.c.metric, subject.c.id)
    )
    return (Subject(*row) for row in rows)


def find_subject(connection: Connection, project_name: str, number: int) -> Subject | None:
    """A project's subject by its number; None when it has none such."""
    return next((one for one in _subjects(connection, project_name, subject.c.id == number)), None)


def series(
    connection: Connection,
    wanted: Collection[Subject],
    branch: str,
    *,
    since: str = "",
) -> Iterator[Series]:
    """The series of ``wanted`` subjects on a branch, from runs that count; subjects without points are left out.

    A commit measured again later stands beside its first measurement, whatever the clock said.
    """
    by_number = {one.number: one for one in wanted}
    columns = (
        comparison.c.subject_id, run.c.id, run.c.base, run.c.head, run.c.started, machine.c.label,
        comparison.c.base, comparison.c.head, comparison.c.log_change, comparison.c.log_error,
        comparison.c.verdict,
    )  # fmt: skip
    query = (
        select(*columns)
        .join_from(comparison, run)
        .join(machine)
        .where(run.c.kind == "branch", run.c.branch == branch, run.c.used)
        .order_by(comparison.c.subject_id, run.c.started, run.c.id)
    )
    if since:
        query = query.where(run.c.started >= since)
    if len(by_number) <= FEW:
        query = query.where(comparison.c.subject_id.in_(by_number))
    else:
        query = query.where(comparison.c.subject_id.between(min(by_number), max(by_number)))
    rows = connection.execution_options(yield_per=10_000).execute(query)
    for number, group in groupby(rows, key=lambda row: row[0]):
        if number in by_number:
            yield Series(by_number[number], _in_order(tuple(Point(*row[1:]) for row in group)))


FEW = 200
"""Subjects asked for one by one; above, their whole range is read."""


def _in_order(points: tuple[Point, ...]) -> tuple[Point, ...]:
    first: dict[str, str] = {}
    for point in points:
        first.setdefault(point.head, point.started)
    return tuple(sorted(points, key=lambda point: (first[point.head], point.started)))
