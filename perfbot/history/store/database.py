"""Engines, transactions and what their errors mean, for SQLite and PostgreSQL.

A write is a function that is given a connection and is run in one transaction; when the database went away in
between, it is run again from the start, so it must be one that may be repeated (every write of the store is
keyed). SQLite writers queue at BEGIN IMMEDIATE, so that none fails half way.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, SQLAlchemyError
from tenacity import Retrying, retry_if_exception, stop_after_delay, wait_random_exponential

from perfbot.errors import StoreError, UsageError

BUSY_SECONDS = 60.0
"""How long a SQLite writer waits for the others."""

RETRY_SECONDS = 30.0
"""How long a PostgreSQL that restarts is waited for."""

RETRIABLE_STATES = ("23505", "40001", "40P01", "57P01", "57P02", "57P03", "08000", "08003", "08006")
"""SQLSTATE: another writer was quicker, serialisation failure, deadlock, shutdown, crash, starting up, connection lost.

The first is worth a few repetitions: every write is keyed, so the second time it finds what the other wrote."""

T = TypeVar("T")


def parse_url(where: str | Path) -> URL:
    """A database URL from a URL (``postgresql://…``, ``sqlite:///…``) or a file's path.

    Raises:
        UsageError: neither a path nor a URL of a supported database; the text is not repeated, since it may
            hold a password.
    """
    text = str(where)
    if "://" not in text:
        return URL.create("sqlite", database=str(Path(text).absolute()))
    try:
        url = make_url(text)
    except (ArgumentError, ValueError) as error:
        raise UsageError("The database URL cannot be read; expected postgresql://user@host/name.") from error
    if url.drivername in ("postgres", "postgresql"):
        return url.set(drivername="postgresql+psycopg")
    if url.drivername in ("sqlite", "postgresql+psycopg"):
        return url
    raise UsageError(
        f"perfbot keeps its history in SQLite or PostgreSQL, not in {url.drivername!r}.",
        hint="Give a file, or a URL that begins with postgresql://.",
    )


class Database:
    """One database, with its transactions.

    Args:
        url: from :func:`parse_url`.
        busy_seconds: how long to wait for a locked SQLite file.
        retry_seconds: how long to try again while PostgreSQL is away.
    """

    def __init__(self, url: URL, *, busy_seconds: float = BUSY_SECONDS, retry_seconds: float = RETRY_SECONDS) -> None:
        self.url = url
        self.retry_seconds = retry_seconds
        self.engine = _engine(url, busy_seconds)

    def __repr__(self) -> str:
        return f"Database({self.shown})"

    @property
    def shown(self) -> str:
        """The URL as it may be shown: without its password, which may stand among its options, too."""
        return self.url.set(query={}).render_as_string(hide_password=True)

    @property
    def is_sqlite(self) -> bool:
        """A file, with one writer at a time."""
        return self.url.get_backend_name() == "sqlite"

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A connection that sees one state of the database.

        Raises:
            StoreError: the database cannot be reached or read.
        """
        with self.explained(), self.engine.connect() as connection:
            yield connection

    def write(self, work: Callable[[Connection], T]) -> T:
        """Runs ``work`` in one transaction, again from the start when the database went away.

        Raises:
            StoreError: it cannot be done: locked, full, away for longer than ``retry_seconds``.
        """
        attempts = Retrying(
            retry=retry_if_exception(_worth_repeating),
            stop=stop_after_delay(self.retry_seconds),
            wait=wait_random_exponential(multiplier=0.05, max=2.0),
            reraise=True,
        )
        with self.explained():
            for attempt in attempts:
                with attempt:
                    return self._once(work)
        raise AssertionError  # tenacity raises what ended it

    def _once(self, work: Callable[[Connection], T]) -> T:
        with self.engine.connect() as connection:
            writer = connection.execution_options(perfbot_write=True)
            with writer.begin():
                return work(writer)

    @contextmanager
    def explained(self) -> Iterator[None]:
        """Turns a database's errors into sentences; the password shows in none of them."""
        try:
            yield
        except SQLAlchemyError as error:
            raise _explain(error, self.url, self.shown) from None

    def close(self) -> None:
        """Closes all connections."""
        self.engine.dispose()


def _engine(url: URL, busy_seconds: float) -> Engine:
    if url.get_backend_name() != "sqlite":
        return create_engine(url, pool_pre_ping=True, hide_parameters=True, connect_args={"connect_timeout": 10})
    if url.database and url.database != ":memory:":
        _make_folder(Path(url.database).parent)
    engine = create_engine(url, hide_parameters=True, connect_args={"timeout": busy_seconds})
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(f"The history's folder {folder} cannot be made: {error.strerror}.") from error


def _prepare_sqlite(connection: sqlite3.Connection, _record: Any) -> None:
    connection.isolation_level = None  # perfbot begins its transactions itself
    for pragma in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON", "cache_size = -65536"):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    writing = connection.get_execution_options().get("perfbot_write", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")


def _worth_repeating(error: BaseException) -> bool:
    if not isinstance(error, DBAPIError):
        return False
    state = getattr(error.orig, "sqlstate", None)
    unreachable = type(error.orig).__module__.startswith("psycopg") and (
        state is None and type(error.orig).__name__ == "OperationalError"
    )
    return error.connection_invalidated or unreachable or state in RETRIABLE_STATES


def _explain(error: SQLAlchemyError, url: URL, shown: str) -> StoreError:
    text = str(error.orig) if isinstance(error, DBAPIError) else str(error)
    text = " ".join(text.split())
    if url.password:
        text = text.replace(str(url.password), "***")
    hint = ""
    if "database is locked" in text:
        hint = "Another process keeps it locked. Try again, or move to PostgreSQL where many write at once."
    elif "full" in text or "No space" in text:
        hint = "Make room, or thin old rounds: perfbot history prune."
    elif "readonly" in text or "unable to open" in text:
        hint = "Check who owns the file and its folder; SQLite needs to write in both."
    return StoreError(f"The history {shown} said: {text}", hint=hint)
