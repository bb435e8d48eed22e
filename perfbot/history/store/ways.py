"""The levels of every subject, commit by commit, kept as bytes beside its trend.

Comparing two commits of a branch, or drawing several benchmarks in one chart, reads one row a subject, however many
runs there are.
"""

from __future__ import annotations

import sys
import zlib
from array import array
from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import accumulate, chain, groupby
from typing import Any

from sqlalchemy import Connection, delete, select
from sqlalchemy.dialects import postgresql, sqlite

from perfbot.errors import StoreError
from perfbot.history.records import Stop, Way
from perfbot.history.store.tables import project, run, standing, way

FORMAT = b"\x01"


def pack(kept: Way) -> bytes:
    """Numbers of runs as differences, levels and variances as float32: a few bytes a commit."""
    steps = array("i", [now - before for before, now in zip((0, *kept.runs), kept.runs, strict=False)])
    parts = (steps, array("f", kept.logs), array("f", kept.variances), array("i", kept.breaks))
    if sys.byteorder == "big":
        for part in parts:
            part.byteswap()
    head = len(kept.runs).to_bytes(4, "little")
    return FORMAT + zlib.compress(head + b"".join(part.tobytes() for part in parts), 6)


def unpack(data: bytes) -> Way:
    """What :func:`pack` packed.

    Raises:
        StoreError: the bytes are damaged or of a newer format.
    """
    try:
        body = zlib.decompress(data[1:])
    except zlib.error as error:
        raise StoreError(f"Kept levels are damaged: {error}", hint="Run: perfbot history refresh") from error
    if data[:1] != FORMAT or len(body) < 4:
        raise StoreError("Kept levels are of an unknown format.", hint="Run: perfbot history refresh")
    size = 4 * int.from_bytes(body[:4], "little")
    edges = (4, 4 + size, 4 + 2 * size, 4 + 3 * size, len(body))
    if edges[3] > edges[4] or len(body) % 4:
        raise StoreError("Kept levels are damaged.", hint="Run: perfbot history refresh")
    parts = [_numbers(kind, body[edges[at] : edges[at + 1]]) for at, kind in enumerate("iffi")]
    runs, number = [], 0
    for step in parts[0]:
        number += step
        runs.append(number)
    return Way(tuple(runs), tuple(parts[1]), tuple(parts[2]), tuple(parts[3]))


def _numbers(kind: str, data: bytes) -> array[Any]:
    found = array(kind)
    found.frombytes(data)
    if sys.byteorder == "big":
        found.byteswap()
    return found


def keep_ways(connection: Connection, branch: str, ways: Iterable[tuple[int, int, Way]]) -> None:
    """Replaces parts of what was kept about these subjects: their number, how many commits come before, the part."""
    rows = [
        {"subject_id": number, "branch": branch, "start": start, "data": pack(one)}
        for number, start, one in sorted(ways, key=lambda each: each[:2])
    ]
    if rows:
        dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
        new = dialect.insert(way)
        key = list(way.primary_key)
        connection.execute(new.on_conflict_do_update(index_elements=key, set_={"data": new.excluded.data}), rows)


def forget_ways(connection: Connection, branch: str, numbers: Collection[int]) -> None:
    """Drops the levels of these subjects, before those from the beginning are kept."""
    connection.execute(delete(way).where(way.c.branch == branch, way.c.subject_id.in_(numbers)))


def ways(
    connection: Connection, project_name: str, branch: str, numbers: Collection[int] | None = None
) -> Iterator[tuple[int, Way]]:
    """The levels of a project's subjects, or of those with these numbers."""
    query = (
        select(way.c.subject_id, way.c.data)
        .join(standing, (standing.c.subject_id == way.c.subject_id) & (standing.c.branch == way.c.branch))
        .join(project, project.c.id == standing.c.project_id)
        .where(project.c.name == project_name, way.c.branch == branch)
        .order_by(way.c.subject_id, way.c.start)
    )
    if numbers is not None:
        query = query.where(way.c.subject_id.in_(numbers))
    for number, rows in groupby(connection.execute(query), key=lambda row: row.subject_id):
        yield number, _whole([unpack(row.data) for row in rows])


def _whole(parts: Sequence[Way]) -> Way:
    if len(parts) == 1:
        return parts[0]
    starts = accumulate((len(part.runs) for part in parts), initial=0)
    return Way(
        tuple(chain.from_iterable(part.runs for part in parts)),
        tuple(chain.from_iterable(part.logs for part in parts)),
        tuple(chain.from_iterable(part.variances for part in parts)),
        tuple(start + at for start, part in zip(starts, parts, strict=False) for at in part.breaks),
    )


def stops(connection: Connection, project_name: str, branch: str) -> tuple[Stop, ...]:
    """The commits that runs of a branch measured and that count, in the order in which series hold them."""
    columns = (run.c.head, run.c.started, run.c.id, run.c.subject, run.c.author)
    rows = connection.execute(
        select(*columns)
        .join(project)
        .where(project.c.name == project_name, run.c.kind == "branch", run.c.branch == branch, run.c.used)
        .order_by(run.c.started, run.c.id)
    )
    found: dict[str, Stop] = {}
    for head, started, number, subject, author in rows:
        before = found.get(head)
        if before is None:
            found[head] = Stop(head, started, (number,), subject, author)
        else:
            known = (before.subject or subject, before.author or author)
            found[head] = Stop(head, before.started, (*before.runs, number), *known)
    return tuple(found.values())
