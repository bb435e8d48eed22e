"""A report becomes rows: all of them in one transaction, and only once however often it is given."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from statistics import NormalDist
from typing import Any

from sqlalchemy import Connection, Table, insert, select
from sqlalchemy.dialects import postgresql, sqlite

from perfbot.errors import StoreError
from perfbot.history.records import Kind
from perfbot.history.store import tables
from perfbot.history.store.documents import pack_report, pack_rounds
from perfbot.model import Acceptance, Report, Result, Runner, machine_class

LONGEST = {"suite": 300, "benchmark": 1000, "metric": 200, "unit": 100, "label": 1000}
"""Bytes of a name that are indexed: PostgreSQL takes 2,700 for all together. The report keeps it whole."""

LONGEST_SUBJECT = 200
"""Characters of a commit's first line and author; the report keeps them whole."""

SUBJECT_COLUMNS = ("suite", "benchmark", "metric", "unit", "better", "rule")


@dataclass(frozen=True, slots=True)
class Rows:
    """A report as rows, made before the transaction so that other writers wait for the writing alone.

    ``comparisons`` holds each subject's key, its row, and its packed rounds (None where there are none).
    """

    project: str
    machine: dict[str, Any]
    run: dict[str, Any]
    document: bytes
    comparisons: tuple[tuple[tuple[str, ...], dict[str, Any], bytes | None], ...]
    acceptances: tuple[dict[str, Any], ...]


def rows_of(report: Report, *, branch: str, kind: Kind, fingerprint: str) -> Rows:
    """What a report becomes.

    Raises:
        StoreError: the report names one benchmark and metric twice, or holds a number that is not finite.
    """
    comparisons = tuple((subject_key(r), _comparison(r), pack_rounds(r.raw) if r.raw else None) for r in report.results)
    keys = [key for key, _, _ in comparisons]
    if len(set(keys)) < len(keys):
        twin = next(key for key in keys if keys.count(key) > 1)
        raise StoreError(f"The report names {twin[0]}/{twin[1]} with metric {twin[2]!r} twice.")
    return Rows(
        clean(report.change.project),
        _machine(report.runner),
        {"fingerprint": fingerprint, **_run(report, branch, kind)},
        pack_report(report),
        comparisons,
        tuple(_acceptance(one) for one in report.acceptances),
    )


def write_rows(connection: Connection, rows: Rows) -> int | None:
    """Writes one run; its number, or None when the same measurement was there already."""
    project_id = key_of(connection, tables.project, name=rows.project)
    machine_id = key_of(connection, tables.machine, match=("label",), **rows.machine)
    number = insert_new(connection, tables.run, project_id=project_id, machine_id=machine_id, **rows.run)
    if number is None:
        return None
    numbers = _subjects(connection, project_id, [key for key, _, _ in rows.comparisons])
    joined = sorted((numbers[key], row, packed) for key, row, packed in rows.comparisons)
    parts: tuple[tuple[Table, list[dict[str, Any]]], ...] = (
        (tables.document, [{"data": rows.document}]),
        (tables.comparison, [{"subject_id": subject_id, **row} for subject_id, row, _ in joined]),
        (tables.rounds, [{"subject_id": subject_id, "data": data} for subject_id, _, data in joined if data]),
        (tables.acceptance, list(rows.acceptances)),
    )
    for table, values in parts:
        if values:
            connection.execute(insert(table), [{"run_id": number, **row} for row in values])
    if rows.run["kind"] == "branch" and rows.run["used"]:
        connection.execute(insert(tables.pending), {"run_id": number})
    return number


def _run(report: Report, branch: str, kind: Kind) -> dict[str, Any]:
    why = why_unused(report, kind)
    change = report.change
    return {
        "kind": kind,
        "branch": _shortened(branch, LONGEST["label"]),
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
        "subject": clean(change.subject)[:LONGEST_SUBJECT],
        "author": clean(change.author)[:LONGEST_SUBJECT],
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


def _machine(runner: Runner) -> dict[str, Any]:
    python = ".".join(runner.python.split(".")[:2])
    label = _shortened(machine_class(runner.cpu, runner.cores, runner.python), LONGEST["label"])
    return {"label": label, "cpu": clean(runner.cpu), "cores": runner.cores, "python": clean(python)}


def _comparison(result: Result) -> dict[str, Any]:
    log_change, log_error = link_of(result)
    return {
        "verdict": result.verdict,
        "base": result.base,
        "head": result.head,
        "log_change": log_change,
        "log_error": log_error,
    }


def _acceptance(given: Acceptance) -> dict[str, Any]:
    return {
        "match": clean(given.match),
        "reason": clean(given.reason),
        "who": clean(given.who),
        "moment": moment(given.when),
        "change": given.change,
    }


def subject_key(result: Result) -> tuple[str, ...]:
    """How a result's subject is written in its table, in the order of ``SUBJECT_COLUMNS``."""
    names = (
        _shortened(result.suite, LONGEST["suite"]),
        _shortened(result.benchmark, LONGEST["benchmark"]),
        _shortened(result.metric, LONGEST["metric"]),
        _shortened(result.unit, LONGEST["unit"]),
    )
    return (*names, result.better, result.rule)


def _subjects(connection: Connection, project_id: int, keys: Sequence[tuple[str, ...]]) -> dict[tuple[str, ...], int]:
    known = known_subjects(connection, project_id, keys)
    missing = sorted(key for key in keys if key not in known)
    if missing:  # in one order for all writers, so that two cannot wait for each other
        rows = [{"project_id": project_id, **dict(zip(SUBJECT_COLUMNS, key, strict=True))} for key in missing]
        connection.execute(_insert_or_ignore(connection, tables.subject), rows)
        known |= known_subjects(connection, project_id, missing)
    return known


AT_ONCE = 300
"""Names asked for in one query."""


def known_subjects(
    connection: Connection, project_id: int, keys: Sequence[tuple[str, ...]]
) -> dict[tuple[str, ...], int]:
    """The numbers of those subjects of a project that have one of these keys.

    Asked by name: a project may have many more, of merge requests that are long forgotten.
    """
    columns = [tables.subject.c[name] for name in SUBJECT_COLUMNS]
    names = sorted({key[1] for key in keys})
    found: dict[tuple[str, ...], int] = {}
    for start in range(0, len(names), AT_ONCE):
        of = (tables.subject.c.project_id == project_id) & tables.subject.c.suite.in_({key[0] for key in keys})
        part = select(tables.subject.c.id, *columns).where(
            of, tables.subject.c.benchmark.in_(names[start : start + AT_ONCE])
        )
        found |= {tuple(row[1:]): row[0] for row in connection.execute(part)}
    return found


def link_of(result: Result) -> tuple[float | None, float | None]:
    """log(head/base) and its standard error over the rounds, as the verdict has them; None where there is none.

    The error is not the interval's, which allows for all comparisons and all looks of one run and would make a chain of
    runs look less certain than it is.
    """
    if result.change is None or result.change <= -1 or not math.isfinite(result.change):
        return None, None
    return math.log1p(result.change), _error_of(result) if result.error is None else result.error


def _error_of(result: Result) -> float | None:
    if result.rule == "exact":
        return 0.0
    if result.interval is None or result.confidence is None or not 0 < result.confidence < 1:
        return None
    low, high = result.interval
    if low <= -1 or not math.isfinite(high):
        return None
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
