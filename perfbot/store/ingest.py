"""A report becomes rows: all of them in one transaction, and only once however often it is given."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

import numpy as np
from sqlalchemy import Connection, Table, insert, select
from sqlalchemy.dialects import postgresql, sqlite

from perfbot.errors import StoreError
from perfbot.model import Report, Result, Round, Runner
from perfbot.series import Kind
from perfbot.store import tables
from perfbot.store.documents import pack_report, pack_rounds

LONGEST = {"suite": 300, "benchmark": 1000, "metric": 200, "unit": 100}
"""Bytes of a name that are indexed: PostgreSQL takes 2,700 for all together. The report keeps it whole."""

SUBJECT_COLUMNS = ("suite", "benchmark", "metric", "unit", "better", "rule")


def add_report(connection: Connection, report: Report, *, branch: str, kind: Kind, fingerprint: str) -> int | None:
    """Writes one run.

    Returns:
        Its number, or None when the same measurement was there already.

    Raises:
        StoreError: the report names one benchmark and metric twice.
    """
    _refuse_twins(report)
    project_id = key_of(connection, tables.project, name=clean(report.change.project))
    machine_id = _machine(connection, report.runner)
    row = _run_row(report, branch, kind)
    number = insert_new(
        connection, tables.run, fingerprint=fingerprint, project_id=project_id, machine_id=machine_id, **row
    )
    if number is None:
        return None
    connection.execute(insert(tables.document).values(run_id=number, data=pack_report(report)))
    _add_results(connection, project_id, number, report.results)
    _add_acceptances(connection, number, report)
    return number


def _refuse_twins(report: Report) -> None:
    seen = set()
    for result in report.results:
        key = subject_key(result)
        if key in seen:
            raise StoreError(f"The report names {result.name!r} with metric {result.metric!r} twice.")
        seen.add(key)


def _run_row(report: Report, branch: str, kind: Kind) -> dict[str, Any]:
    why = why_unused(report, kind)
    change = report.change
    return {
        "kind": kind,
        "branch": clean(branch),
        "base": clean(change.base),
        "head": clean(change.head),
        "merge_request": change.merge_request,
        "pipeline": change.pipeline,
        "started": moment(report.started),
        "seconds": report.seconds,
        "verdict": report.verdict,
        "results": len(report.results),
        "used": not why,
        "why": why,
    }


def why_unused(report: Report, kind: Kind) -> str:
    """Why a run does not count for baselines and trends; empty when it does."""
    reasons = (
        (kind == "merge-request", "measured a merge request, not the branch"),
        (kind == "calibration", "compared the branch with itself"),
        (report.change.dirty, "measured uncommitted changes"),
        (not report.complete, "was interrupted"),
        (report.verdict == "error", "failed"),
        (report.control is not None and report.control.disturbed, "the runner was disturbed"),
    )
    return next((why for applies, why in reasons if applies), "")


def machine_label(runner: Runner) -> str:
    """The class of a machine: what must be equal before two values may be compared."""
    python = ".".join(runner.python.split(".")[:2])
    cpu = runner.cpu or "unknown processor"
    return f"{cpu}, {runner.cores} cores" + (f", Python {python}" if python else "")


def _machine(connection: Connection, runner: Runner) -> int:
    python = ".".join(runner.python.split(".")[:2])
    return key_of(
        connection, tables.machine, match=("label",),
        label=clean(machine_label(runner)), cpu=clean(runner.cpu), cores=runner.cores, python=clean(python),
    )  # fmt: skip


def _add_results(connection: Connection, project_id: int, number: int, results: Sequence[Result]) -> None:
    numbers = _subjects(connection, project_id, results)
    comparisons, rounds = [], []
    for subject_id, result in sorted(((numbers[subject_key(r)], r) for r in results), key=lambda pair: pair[0]):
        log_change, log_error = evidence(result)
        comparisons.append(
            {"subject_id": subject_id, "run_id": number, "verdict": result.verdict, "base": result.base,
             "head": result.head, "log_change": log_change, "log_error": log_error}
        )  # fmt: skip
        if result.raw:
            rounds.append({"run_id": number, "subject_id": subject_id, "data": pack_rounds(result.raw)})
    if comparisons:
        connection.execute(insert(tables.comparison), comparisons)
    if rounds:
        connection.execute(insert(tables.rounds), rounds)


def _add_acceptances(connection: Connection, number: int, report: Report) -> None:
    rows = [
        {"run_id": number, "match": clean(a.match), "reason": clean(a.reason), "who": clean(a.who),
         "moment": moment(a.when), "change": a.change}
        for a in report.acceptances
    ]  # fmt: skip
    if rows:
        connection.execute(insert(tables.acceptance), rows)


def subject_key(result: Result) -> tuple[str, ...]:
    """How a result's subject is written in its table, in the order of ``SUBJECT_COLUMNS``."""
    names = (
        _shortened(result.suite, LONGEST["suite"]),
        _shortened(result.benchmark, LONGEST["benchmark"]),
        _shortened(result.metric, LONGEST["metric"]),
        _shortened(result.unit, LONGEST["unit"]),
    )
    return (*names, result.better, result.rule)


def _subjects(connection: Connection, project_id: int, results: Iterable[Result]) -> dict[tuple[str, ...], int]:
    wanted = sorted({subject_key(result) for result in results})
    known = known_subjects(connection, project_id)
    missing = [key for key in wanted if key not in known]
    if missing:  # in one order for all writers, so that two cannot wait for each other
        rows = [{"project_id": project_id, **dict(zip(SUBJECT_COLUMNS, key, strict=True))} for key in missing]
        connection.execute(_insert_or_ignore(connection, tables.subject), rows)
        known = known_subjects(connection, project_id)
    return known


def known_subjects(connection: Connection, project_id: int) -> dict[tuple[str, ...], int]:
    """The numbers of a project's subjects by their keys."""
    columns = [tables.subject.c[name] for name in SUBJECT_COLUMNS]
    rows = connection.execute(select(tables.subject.c.id, *columns).where(tables.subject.c.project_id == project_id))
    return {tuple(row[1:]): row[0] for row in rows}


def evidence(result: Result) -> tuple[float | None, float | None]:
    """log(head/base) and its standard error over the rounds; None where there is none.

    The error is that of the rounds' medians. It is not the interval's, which allows for all comparisons and
    all looks of one run and would make a chain of runs look less certain than it is.
    """
    if result.change is None or result.change <= -1 or not math.isfinite(result.change):
        return None, None
    logs = _round_logs(result.raw)
    error = float(np.std(logs, ddof=1) / math.sqrt(len(logs))) if len(logs) > 1 else _error_of(result)
    return math.log1p(result.change), error


def _round_logs(rounds: Sequence[Round]) -> list[float]:
    found = []
    for r in rounds:
        base, head = np.asarray(r.base), np.asarray(r.head)
        if base.min() > 0 and head.min() > 0:
            found.append(float(np.median(np.log(head / base))))
    return found


def _error_of(result: Result) -> float | None:
    if result.rule == "exact":
        return 0.0
    if result.interval is None or result.confidence is None or not 0 < result.confidence < 1:
        return None
    low, high = result.interval
    if low <= -1 or not math.isfinite(high):
        return None
    from statistics import NormalDist  # noqa: PLC0415  (only where a report came without rounds)

    reach = NormalDist().inv_cdf(0.5 + result.confidence / 2)
    return (math.log1p(high) - math.log1p(low)) / (2 * reach)


def clean(text: str) -> str:
    """Text that both databases take: no NUL, no lone surrogates."""
    return text.encode("utf-8", "replace").decode().replace("\0", "�")


def _shortened(text: str, limit: int) -> str:
    whole = clean(text).encode()
    if len(whole) <= limit:
        return whole.decode()
    digest = hashlib.sha256(whole).hexdigest()[:16]
    return whole[: limit - 20].decode("utf-8", "ignore") + "…" + digest


def moment(text: str) -> str:
    """ISO 8601 in UTC to the second; now where the report does not say.

    Raises:
        StoreError: not a moment.
    """
    if not text:
        return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise StoreError(f"{text!r} is not a moment; expected ISO 8601 such as 2026-11-23T19:47:14Z.") from error
    aware = found if found.tzinfo else found.replace(tzinfo=UTC)
    return aware.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _insert_or_ignore(connection: Connection, table: Table) -> Any:
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    return dialect.insert(table).on_conflict_do_nothing()


def insert_new(connection: Connection, table: Table, **values: Any) -> int | None:
    """Inserts a row unless one with its key is there; its number, or None when it was there."""
    found = connection.execute(_insert_or_ignore(connection, table).values(**values).returning(table.c.id))
    return found.scalar_one_or_none()


def key_of(connection: Connection, table: Table, *, match: Sequence[str] = (), **values: Any) -> int:
    """The number of the row with these values (in the columns of ``match``, or all), made where missing."""
    names = match or tuple(values)
    where = select(table.c.id).where(*(table.c[name] == values[name] for name in names))
    found = connection.scalar(where)
    if found is None:
        found = insert_new(connection, table, **values)
    if found is None:  # another writer was quicker
        found = connection.execute(where).scalar_one()
    return int(found)
