"""Brings a database to this version's tables: made when new, migrated after a copy when old, refused when newer.

Alembic is imported only when there is something to do.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import FileLock
from sqlalchemy import Connection, inspect, text

from perfbot.errors import StoreError
from perfbot.history.store.database import Database

if TYPE_CHECKING:
    from alembic.config import Config

REVISION = "0004"
"""The newest revision; a test compares it with the scripts."""

LOCK_KEY = 7_033_268
"""PostgreSQL advisory lock held while migrating."""


def bring_up_to_date(database: Database) -> str | None:
    """Makes or migrates the tables; 50 processes may do so at once.

    Returns:
        Where the copy of an older database was put, or None when none was needed.

    Raises:
        StoreError: the database is of a newer perfbot, or cannot be migrated (it is then as it was).
    """
    if _revision(database) == REVISION:
        return None
    if database.is_sqlite:
        with FileLock(f"{database.url.database}.migrating", timeout=120):
            return _migrate(database)
    return _migrate(database)


def _revision(database: Database) -> str | None:
    with database.read() as connection:
        return _read_revision(connection)


def _read_revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    found = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return str(found) if found else None


def _migrate(database: Database) -> str | None:
    found = _revision(database)
    if found == REVISION:  # another process was quicker
        return None
    _refuse_newer(database, found)
    copy = _copy_file(database, found) if found and database.is_sqlite else None
    kept = database.write(lambda connection: _upgrade(connection, database.is_sqlite))
    return copy or kept


def _refuse_newer(database: Database, found: str | None) -> None:
    from alembic.script import ScriptDirectory  # noqa: PLC0415

    known = {script.revision for script in ScriptDirectory.from_config(alembic_config()).walk_revisions()}
    if found is not None and found not in known:
        raise StoreError(
            f"The history {database.shown} was written by a newer perfbot (its tables are of revision {found}, "
            f"this one knows up to {REVISION}).",
            hint="Upgrade perfbot, or give another --database.",
        )


def _upgrade(connection: Connection, sqlite: bool) -> str | None:
    from alembic import command  # noqa: PLC0415

    copy = None
    if not sqlite:
        connection.execute(text(f"SELECT pg_advisory_xact_lock({LOCK_KEY})"))
        found = _read_revision(connection)
        if found == REVISION:
            return None
        copy = _copy_schema(connection, found) if found else None
    config = alembic_config()
    config.attributes["connection"] = connection
    command.upgrade(config, REVISION)
    return copy


def _copy_file(database: Database, revision: str) -> str:
    source = Path(str(database.url.database))
    target = source.with_name(f"{source.name}.before-{REVISION}-{revision}")
    copy_sqlite(source, target)
    return str(target)


def copy_sqlite(source: Path, target: Path) -> None:
    """A consistent copy of a SQLite file that others may be writing to.

    Raises:
        StoreError: there is no room, or the target cannot be written.
    """
    try:
        with closing(sqlite3.connect(source)) as old, closing(sqlite3.connect(target)) as new:
            old.backup(new)
    except sqlite3.Error as error:
        target.unlink(missing_ok=True)
        raise StoreError(f"The history {source} could not be copied to {target}: {error}.") from error


def _copy_schema(connection: Connection, revision: str) -> str:
    schema = f"perfbot_before_{REVISION}_{revision}"
    connection.execute(text(f'CREATE SCHEMA "{schema}"'))
    for table in inspect(connection).get_table_names():
        connection.execute(text(f'CREATE TABLE "{schema}"."{table}" AS TABLE "{table}"'))
    return f"schema {schema}"


def alembic_config() -> Config:
    """Alembic's configuration for the scripts inside this package."""
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    return config
