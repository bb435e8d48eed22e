"""The history: every run with all of its rounds, in SQLite by default or PostgreSQL by URL.

A :class:`Store` adds runs and gives transactions; what is asked of it are functions over a connection:
:mod:`~perfbot.history.store.queries` (runs, series, reports), :mod:`~perfbot.history.store.standings` (trends),
:mod:`~perfbot.history.store.queue` (jobs shared by replicas), :mod:`~perfbot.history.store.ledger` (alerts, commands,
calibrations, releases), :mod:`~perfbot.history.store.care` (thinning, copying)::

    with open_store(".perfbot/history.db") as store:
        store.add(report, branch="main", kind="branch")
        with store.read() as connection:
            queries.runs(connection, "group/name")
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

from sqlalchemy import Connection

from perfbot.history.records import Kind
from perfbot.history.store.database import BUSY_SECONDS, RETRY_SECONDS, Database, parse_url
from perfbot.history.store.documents import fingerprint as fingerprint_of
from perfbot.history.store.ingest import rows_of, write_rows
from perfbot.history.store.migrate import bring_up_to_date
from perfbot.model import Report

__all__ = ["DEFAULT_PATH", "Store", "open_store"]

DEFAULT_PATH = Path(".perfbot/history.db")

T = TypeVar("T")


class Store:
    """An open history. ``copied_to`` says where an older one was put before it was migrated, if it was."""

    def __init__(self, database: Database, copied_to: str | None) -> None:
        self.database = database
        self.copied_to = copied_to

    def __repr__(self) -> str:
        return f"Store({self.database.shown})"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def add(self, report: Report, *, branch: str, kind: Kind, fingerprint: str = "") -> bool:
        """Keeps a run.

        Args:
            report: the run, with its rounds.
            branch: of a merge request its target; otherwise the branch measured.
            kind: decided by the caller, never by the report: only ``branch`` runs become baselines.
            fingerprint: for a run whose rounds were thinned before it was exported; computed when empty.

        Returns:
            False when the same measurement was there already; nothing changed then.

        Raises:
            StoreError: it could not be kept; nothing of it is in the history.
        """
        name = fingerprint or fingerprint_of(report)
        rows = rows_of(report, branch=branch, kind=kind, fingerprint=name)
        return self.write(lambda connection: write_rows(connection, rows)) is not None

    def read(self) -> AbstractContextManager[Connection]:
        """A connection to ask questions on, which sees one state of the history."""
        return self.database.read()

    def write(self, work: Callable[[Connection], T]) -> T:
        """Runs ``work`` in one transaction; it may be run again when the database went away."""
        return self.database.write(work)

    def close(self) -> None:
        """Lets go of the database."""
        self.database.close()


def open_store(
    where: str | Path = DEFAULT_PATH,
    *,
    busy_seconds: float = BUSY_SECONDS,
    retry_seconds: float = RETRY_SECONDS,
) -> Store:
    """Opens the history at a path or URL; makes it when it is new, migrates it (after a copy) when it is old.

    Raises:
        UsageError: not a path or URL of a supported database.
        StoreError: it cannot be reached, or was written by a newer perfbot.
    """
    database = Database(parse_url(where), busy_seconds=busy_seconds, retry_seconds=retry_seconds)
    try:
        return Store(database, bring_up_to_date(database))
    except BaseException:
        database.close()
        raise
