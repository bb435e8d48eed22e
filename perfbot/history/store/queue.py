"""Work shared by all replicas of one history: each job is named, kept until done, and done by one holder.

A holder claims the job that is due for the length of its lease; a holder that dies loses it when the lease
ends. Finishing is refused to a holder whose lease went to another, so nothing counts as done twice. Moments
are seconds since the epoch, given by the caller.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

from sqlalchemy import Connection, and_, case, delete, func, or_, select, update

from perfbot.history.store.ingest import insert_new
from perfbot.history.store.tables import job

LONGEST_WAIT_SECONDS = 3600.0
MOST_TRIES = 8
"""Of a job; with the waits between them three quarters of an hour."""

TRIES = {"alert": 40}
"""Of kinds that go to others, who may be away for longer: a day and a half."""


@dataclass(frozen=True, slots=True)
class Job:
    """A claimed job. ``tries`` counts this one."""

    number: int
    kind: str
    key: str
    payload: bytes = field(repr=False)
    tries: int
    created: float


def most_tries(kind: str) -> int:
    """How often a job of a kind is tried before it is given up."""
    return TRIES.get(kind, MOST_TRIES)


def enqueue(
    connection: Connection, kind: str, key: str, payload: bytes, *, now: float, due: float | None = None
) -> bool:
    """Adds a job; False when one of this kind and key is known already, done or not."""
    number = insert_new(
        connection, job, kind=kind, key=key, payload=payload, created=now,
        due=now if due is None else due, tries=0, error="",
    )  # fmt: skip
    return number is not None


def claim(connection: Connection, kinds: Collection[str], holder: str, *, now: float, lease: float) -> Job | None:
    """Takes the job that has been due longest; None when nothing is due.

    A job that was tried as often as its kind is tried is given up instead: whoever tried may not have lived to say so.
    One that is due later than any wait lasts was put off by a clock that has been set back, and is due now.
    """
    most = case(TRIES, value=job.c.kind, else_=MOST_TRIES)
    exhausted = and_(job.c.done.is_(None), job.c.due <= now, job.c.tries >= most)
    why = "Tried as often as a job is tried, and never brought to an end."
    connection.execute(update(job).where(exhausted).values(done=now, error=why))
    never = now + LONGEST_WAIT_SECONDS + lease
    due = and_(job.c.kind.in_(kinds), job.c.done.is_(None), or_(job.c.due <= now, job.c.due > never))
    first = select(job.c.id).where(due).order_by(job.c.due, job.c.id).limit(1).with_for_update(skip_locked=True)
    row = connection.execute(
        update(job)
        .where(job.c.id == first.scalar_subquery())
        .values(holder=holder, due=now + lease, tries=job.c.tries + 1)
        .returning(job.c.id, job.c.kind, job.c.key, job.c.payload, job.c.tries, job.c.created)
    ).one_or_none()
    return Job(*row) if row else None


def count_since(connection: Connection, kind: str, series: str, moment: float) -> int:
    """How many jobs whose keys begin alike were added after a moment, done or not."""
    alike = and_(job.c.kind == kind, job.c.key.startswith(series, autoescape=True), job.c.created > moment)
    return int(connection.execute(select(func.count()).where(alike)).scalar_one())


def renew(connection: Connection, number: int, holder: str, *, now: float, lease: float) -> bool:
    """Lengthens a lease; False when it ended and another holder has the job or did it."""
    held = and_(job.c.id == number, job.c.holder == holder, job.c.done.is_(None))
    return connection.execute(update(job).where(held).values(due=now + lease)).rowcount == 1


def finish(connection: Connection, number: int, holder: str, *, now: float) -> bool:
    """Marks a job done and empties it; False when its lease ended and another holder has it or had it."""
    held = and_(job.c.id == number, job.c.holder == holder, job.c.done.is_(None))
    return connection.execute(update(job).where(held).values(done=now, payload=b"", error="")).rowcount == 1


def postpone(connection: Connection, failed: Job, holder: str, *, error: str, now: float) -> bool:
    """Gives a job back after a failure; it is due again after a wait that doubles with every try."""
    wait = min(LONGEST_WAIT_SECONDS, 5.0 * 2 ** min(failed.tries, 16))
    held = and_(job.c.id == failed.number, job.c.holder == holder, job.c.done.is_(None))
    values = {"holder": None, "due": now + wait, "error": _words(error)}
    return connection.execute(update(job).where(held).values(values)).rowcount == 1


def give_up(connection: Connection, number: int, holder: str, *, error: str, now: float) -> bool:
    """Ends a job that cannot succeed; its error stays."""
    held = and_(job.c.id == number, job.c.holder == holder, job.c.done.is_(None))
    return connection.execute(update(job).where(held).values(done=now, payload=b"", error=_words(error))).rowcount == 1


def _words(error: str) -> str:
    """An error as every database takes it: what ended a job may quote anything."""
    return error[:2000].encode("utf-8", "replace").decode().replace("\0", "\ufffd")


def forget(connection: Connection, number: int, holder: str) -> bool:
    """Drops a job as if it had never been added, so that its key may be used again."""
    held = and_(job.c.id == number, job.c.holder == holder, job.c.done.is_(None))
    return connection.execute(delete(job).where(held)).rowcount == 1


def waiting(connection: Connection) -> dict[str, int]:
    """How many jobs of each kind are not done."""
    rows = connection.execute(select(job.c.kind, func.count()).where(job.c.done.is_(None)).group_by(job.c.kind))
    return {row[0]: row[1] for row in rows}


def forget_done(connection: Connection, *, before: float) -> int:
    """Drops jobs done before a moment; their keys may then be used again."""
    return connection.execute(delete(job).where(job.c.done < before)).rowcount
