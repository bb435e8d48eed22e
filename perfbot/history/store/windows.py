"""What the next look at each series goes on from, and which runs it has to take in.

A run that is kept is pending until its points are in the trends of all that it measured; only those are looked at then,
and only their windows are read.
"""

from __future__ import annotations

import json
import math
import sys
import zlib
from array import array
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy import Connection, Select, delete, func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import aliased

from perfbot.errors import StoreError
from perfbot.history.records import Point, Step, Subject
from perfbot.history.store.tables import comparison, machine, pending, project, run, subject, window
from perfbot.history.trends.chain import Closed, Mark
from perfbot.history.trends.levels import Measured
from perfbot.history.trends.window import Window

FORMAT = b"\x01"
AT_ONCE = 500
"""Runs named in one query."""

REBUILD = "Run: perfbot history refresh"


def pack(kept: Window) -> bytes:
    """A window as bytes; of its points the numbers of their runs."""
    runs = [point.run for point in kept.open.points]
    steps: array[Any] = array("i", [now - before for before, now in zip((0, *runs), runs, strict=False)])
    columns: list[array[Any]] = [array("d", each) for each in (kept.open.values, kept.open.changes, kept.open.errors)]
    if sys.byteorder == "big":
        for part in (steps, *columns):
            part.byteswap()
    head = json.dumps([kept.points, kept.last, asdict(kept.closed)]).encode()
    numbers = b"".join(part.tobytes() for part in (steps, *columns))
    return FORMAT + zlib.compress(len(head).to_bytes(4, "little") + head + numbers, 1)


def runs_of(data: bytes) -> tuple[int, ...]:
    """The runs whose points a packed window holds."""
    return _parts(data)[1]


def unpack(data: bytes, runs: Mapping[int, Point]) -> Window:
    """What :func:`pack` packed.

    Args:
        runs: what each run says of itself, without numbers.

    Raises:
        StoreError: the bytes are damaged or of a newer format, or a run is gone.
    """
    head, numbers, columns = _parts(data)
    try:
        points, (started, last), closed = json.loads(head)
        open_ = Measured(tuple(runs[number] for number in numbers), *columns)
        return Window(points, (started, last), _closed(closed), open_)
    except (ValueError, TypeError, KeyError) as error:
        raise StoreError(f"A kept window is damaged: {error}", hint=REBUILD) from error


def _parts(data: bytes) -> tuple[bytes, tuple[int, ...], list[tuple[float, ...]]]:
    try:
        body = zlib.decompress(data[1:])
    except zlib.error as error:
        raise StoreError(f"A kept window is damaged: {error}", hint=REBUILD) from error
    size = int.from_bytes(body[:4], "little")
    count, odd = divmod(len(body) - 4 - size, 28)
    if data[:1] != FORMAT or count < 0 or odd:
        raise StoreError("A kept window is damaged or of an unknown format.", hint=REBUILD)
    edges = [4 + size, 4 + size + 4 * count, *(4 + size + (4 + 8 * column) * count for column in (1, 2, 3))]
    read: list[array[Any]] = [array(kind) for kind in "iddd"]
    for part, start, end in zip(read, edges, edges[1:], strict=False):
        part.frombytes(body[start:end])
        if sys.byteorder == "big":
            part.byteswap()
    runs, number = [], 0
    for step in read[0]:
        number += int(step)
        runs.append(number)
    return body[4 : 4 + size], tuple(runs), [tuple(column) for column in read[1:]]


def _closed(values: dict[str, Any]) -> Closed:
    start = values.pop("start")
    steps = tuple(Step(**(step | {"interval": tuple(step["interval"])})) for step in values.pop("steps"))
    parts = tuple((total, count) for total, count in values.pop("parts"))
    return Closed(**values, start=Mark(**start) if start else None, steps=steps, parts=parts)


def waiting(connection: Connection, project_name: str, branch: str) -> tuple[int, ...]:
    """The pending runs of a branch."""
    query = select(pending.c.run_id).join_from(pending, run).join(project)
    return tuple(connection.scalars(query.where(project.c.name == project_name, run.c.branch == branch)))


def taken_in(connection: Connection, runs: Sequence[int]) -> None:
    """These runs are pending no more."""
    for start in range(0, len(runs), AT_ONCE):
        connection.execute(delete(pending).where(pending.c.run_id.in_(runs[start : start + AT_ONCE])))


def touched(connection: Connection, project_name: str, branch: str) -> tuple[Subject, ...]:
    """What the pending runs of a branch measured, by number."""
    columns = (subject.c.suite, subject.c.benchmark, subject.c.metric, subject.c.unit, subject.c.better, subject.c.rule)
    among = (
        select(comparison.c.subject_id)
        .join(pending, pending.c.run_id == comparison.c.run_id)
        .join(run, run.c.id == pending.c.run_id)
        .join(project, project.c.id == run.c.project_id)
        .where(project.c.name == project_name, run.c.branch == branch)
    )
    query = select(*columns, subject.c.id).where(subject.c.id.in_(among)).order_by(subject.c.id)
    return tuple(Subject(*row) for row in connection.execute(query))


def stored(connection: Connection, branch: str, numbers: Collection[int]) -> dict[int, bytes]:
    """The packed windows of these subjects, where there are some."""
    query = select(window.c.subject_id, window.c.data).where(window.c.branch == branch)
    return {row.subject_id: row.data for row in connection.execute(query.where(window.c.subject_id.in_(numbers)))}


def measured_by(connection: Connection, numbers: Iterable[int], known: dict[int, Point]) -> None:
    """Adds what these runs say of themselves to what is known of others."""
    missing = set(numbers) - known.keys()
    if missing:
        columns = (run.c.id, run.c.base, run.c.head, run.c.started, machine.c.label)
        among = run.c.id.between(min(missing), max(missing)) & run.c.used & (run.c.kind == "branch")
        for row in connection.execute(select(*columns).join(machine).where(among)):
            known.setdefault(row[0], Point(*row, None, None))


def fresh_points(
    connection: Connection, branch: str, numbers: Collection[int], runs: Collection[int]
) -> Iterator[tuple[int, Point, bool]]:
    """The points of subjects in pending runs, in order: number of the subject, the point, whether it had the commit."""
    columns = (
        run.c.id, run.c.base, run.c.head, run.c.started, machine.c.label, comparison.c.base, comparison.c.head,
        comparison.c.log_change, comparison.c.log_error, comparison.c.verdict,
    )  # fmt: skip
    query = (
        select(comparison.c.subject_id, *columns)
        .join_from(comparison, run)
        .join(machine)
        .where(comparison.c.run_id.in_(runs), comparison.c.subject_id.in_(numbers))
        .order_by(comparison.c.subject_id, run.c.started, run.c.id)
    )
    before = _before(connection, branch, runs)
    for number, *values in connection.execute(query):
        point = Point(*values)
        again = bool(before[point.run]) and _has(connection, number, before[point.run])
        yield number, point, again


def _before(connection: Connection, branch: str, runs: Collection[int]) -> dict[int, list[int]]:
    """Of each run, the earlier ones of its branch that measured the same commit: nearly always none."""
    earlier = aliased(run)
    query = (
        select(run.c.id, earlier.c.id)
        .join(
            earlier,
            (earlier.c.project_id == run.c.project_id) & (earlier.c.kind == "branch") & (earlier.c.branch == branch)
            & earlier.c.used & (earlier.c.head == run.c.head) & _earlier(earlier),
        )
        .where(run.c.id.in_(runs))
    )  # fmt: skip
    found: dict[int, list[int]] = {number: [] for number in runs}
    for number, other in connection.execute(query):
        found[number].append(other)
    return found


def _earlier(other: Any) -> Any:
    return (other.c.started < run.c.started) | ((other.c.started == run.c.started) & (other.c.id < run.c.id))


def _has(connection: Connection, number: int, runs: Collection[int]) -> bool:
    query = select(func.count()).where(comparison.c.subject_id == number, comparison.c.run_id.in_(runs))
    return bool(connection.scalar(query.where(comparison.c.head > 0, comparison.c.head < math.inf)))


def count_points(connection: Connection, branch: str, number: int) -> int:
    """How many points a subject has on a branch."""
    query: Select[Any] = select(func.count()).select_from(comparison).join(run)
    counts = (run.c.kind == "branch") & (run.c.branch == branch) & run.c.used
    return int(connection.scalar(query.where(counts, comparison.c.subject_id == number)) or 0)


def not_older(connection: Connection, project_name: str, branch: str, points: Mapping[int, int]) -> frozenset[int]:
    """The subjects of which no other writer kept a look with more points meanwhile; holds others off till the end."""
    connection.execute(select(project.c.id).where(project.c.name == project_name).with_for_update())
    query = select(window.c.subject_id, window.c.points).where(
        window.c.branch == branch, window.c.subject_id.in_(points)
    )
    return frozenset(points) - {number for number, known in connection.execute(query) if known > points[number]}


def keep_windows(connection: Connection, branch: str, kept: Iterable[tuple[int, Window]]) -> None:
    """Replaces the windows of these subjects, by number."""
    rows = [
        {"subject_id": number, "branch": branch, "points": one.points, "data": pack(one)}
        for number, one in sorted(kept, key=lambda each: each[0])
    ]
    if rows:
        dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
        new = dialect.insert(window)
        replaced = {"points": new.excluded.points, "data": new.excluded.data}
        connection.execute(new.on_conflict_do_update(index_elements=list(window.primary_key), set_=replaced), rows)
