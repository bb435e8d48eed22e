"""Looking after a history: thinning it, copying it whole, and saying how large it is."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, delete, func, insert, select, text

from perfbot.errors import UsageError
from perfbot.history.store import Store
from perfbot.history.store.database import Database, parse_url
from perfbot.history.store.migrate import bring_up_to_date, copy_sqlite
from perfbot.history.store.tables import comparison, metadata, rounds, run, standing, subject

CHUNK = 5_000
"""Rows copied at a time."""


@dataclass(frozen=True, slots=True)
class Pruned:
    """What was dropped."""

    rounds: int
    runs: int


def prune(connection: Connection, *, rounds_before: str = "", runs_before: str = "") -> Pruned:
    """Drops raw rounds, and whole runs of merge requests and calibrations, started before a moment.

    Runs of branches and their comparisons stay for ever: they are the history. A run whose rounds were
    dropped is still known, so importing it again changes nothing.
    """
    dropped_runs = dropped_rounds = 0
    if runs_before:
        old = (run.c.started < runs_before) & (run.c.kind != "branch")
        dropped_runs = connection.execute(delete(run).where(old)).rowcount
        forget_subjects(connection)
    if rounds_before:
        older = select(run.c.id).where(run.c.started < rounds_before)
        dropped_rounds = connection.execute(delete(rounds).where(rounds.c.run_id.in_(older))).rowcount
    return Pruned(dropped_rounds, dropped_runs)


def forget_subjects(connection: Connection) -> int:
    """Drops the names that no run has any more, such as those of a merge request's benchmarks; how many."""
    used = select(comparison.c.subject_id)
    shown = select(standing.c.subject_id)
    rest = subject.c.id.not_in(used) & subject.c.id.not_in(shown)
    return connection.execute(delete(subject).where(rest)).rowcount


def compact(store: Store) -> None:
    """Gives freed room back to the file system; PostgreSQL does so by itself, in its own time."""
    if store.database.is_sqlite:
        with closing(sqlite3.connect(str(store.database.url.database), timeout=60)) as connection:
            connection.execute("VACUUM")


def size(store: Store) -> int:
    """Bytes the history takes."""
    query = (
        "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()"
        if store.database.is_sqlite
        else "SELECT pg_database_size(current_database())"
    )
    with store.read() as connection:
        return int(connection.execute(text(query)).scalar_one())


def counts(connection: Connection) -> dict[str, int]:
    """Rows of each table."""
    return {
        table.name: int(connection.execute(select(func.count()).select_from(table)).scalar_one())
        for table in metadata.sorted_tables
    }


def copy(store: Store, where: str | Path) -> int:
    """Copies the whole history to a new file or an empty database; the source may be in use.

    Returns:
        How many runs the copy holds.

    Raises:
        UsageError: the target is there already and not empty.
    """
    target = parse_url(where)
    if store.database.is_sqlite and target.get_backend_name() == "sqlite":
        path = Path(str(target.database))
        if path.exists():
            raise UsageError(f"{path} is there already.", hint="Name a file that does not exist yet.")
        path.parent.mkdir(parents=True, exist_ok=True)
        copy_sqlite(Path(str(store.database.url.database)), path)
    database = Database(target)
    try:
        bring_up_to_date(database)
        if not (store.database.is_sqlite and database.is_sqlite):
            _copy_tables(store, database)
        with database.read() as connection:
            return counts(connection)["run"]
    finally:
        database.close()


def _copy_tables(store: Store, target: Database) -> None:
    def work(writer: Connection) -> None:
        if counts(writer)["project"]:
            raise UsageError(f"{target.shown} holds a history already.", hint="Name an empty database.")
        with store.read() as reader:
            for table in metadata.sorted_tables:
                rows = reader.execution_options(yield_per=CHUNK).execute(select(table)).mappings()
                for part in rows.partitions():
                    writer.execute(insert(table), [dict(row) for row in part])
        if not target.is_sqlite:
            _continue_numbers(writer)

    target.write(work)


def _continue_numbers(connection: Connection) -> None:
    """PostgreSQL counts on from what was copied, not from 1."""
    for table in metadata.sorted_tables:
        if "id" in table.c:
            connection.execute(
                text(
                    f"SELECT setval(pg_get_serial_sequence('{table.name}', 'id'), "  # noqa: S608  (own names)
                    f'coalesce((SELECT max(id) FROM "{table.name}"), 0) + 1, false)'
                )
            )


def check(store: Store) -> tuple[str, ...]:
    """What is wrong with the file or the rows; empty when all is well.

    Raises:
        StoreError: it cannot be read at all.
    """
    with store.read() as connection:
        found = []
        if store.database.is_sqlite:
            found = [row[0] for row in connection.exec_driver_sql("PRAGMA integrity_check") if row[0] != "ok"]
        half = connection.execute(
            text(
                "SELECT count(*) FROM run WHERE results != "
                "(SELECT count(*) FROM comparison WHERE comparison.run_id = run.id)"
            )
        ).scalar_one()
    if half:
        found.append(f"{half} runs are not whole")
    return tuple(found)
