"""Crashes, crowds, full disks, locks and restarts: nothing lost, nothing twice, nothing half."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import textwrap
import time
import traceback
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import event, make_url, text

from perfbot.errors import StoreError
from perfbot.history.store import Store, care, open_store, queries
from perfbot.history.store.tables import comparison
from perfbot.model import Report
from tests.builders import a_report, a_result

CROWD = 50


def big_report(number: int) -> Report:
    return a_report(*(a_result(f"b{i}", seed=number) for i in range(20)), number=number)


def test_fifty_writers_at_once_lose_nothing(where: str) -> None:
    reports = [a_report(a_result("a", seed=n), a_result(f"own{n}", seed=n), number=n) for n in range(CROWD)]

    def write(report: Report) -> list[bool]:
        with open_store(where) as store:  # a new database for the first of them: all try to make it
            return [store.add(report, branch="main", kind="branch") for _ in range(2)]

    with ThreadPoolExecutor(CROWD) as crowd:
        outcomes = list(crowd.map(write, reports))
    assert outcomes == [[True, False]] * CROWD
    with open_store(where) as store, store.read() as connection:
        counts = care.counts(connection)
        assert (counts["run"], counts["comparison"], counts["subject"]) == (CROWD, 2 * CROWD, CROWD + 1)
        assert care.check(store) == ()


def test_the_same_run_from_fifty_writers_is_kept_once(where: str) -> None:
    def write(_: int) -> bool:
        with open_store(where) as store:
            return store.add(a_report(), branch="main", kind="branch")

    with ThreadPoolExecutor(CROWD) as crowd:
        assert sum(crowd.map(write, range(CROWD))) == 1


WRITER = """
    import sys
    from sqlalchemy import event, make_url, text
    from perfbot.history.store import open_store
    from tests.builders import a_report, a_result

    store = open_store(sys.argv[1])

    @event.listens_for(store.database.engine, "before_cursor_execute")
    def stall(connection, cursor, statement, *rest):
        if statement.startswith("INSERT INTO rounds"):
            print("half", flush=True)
            sys.stdin.read()

    results = [a_result(f"b{i}", seed=7) for i in range(20)]
    store.add(a_report(*results, number=7), branch="main", kind="branch")
"""


def test_a_writer_killed_half_way_leaves_no_half_run(where: str, tmp_path: Path) -> None:
    open_store(where).close()
    script = tmp_path / "writer.py"
    script.write_text(textwrap.dedent(WRITER))
    root = Path(__file__).parents[3]
    with subprocess.Popen(
        [sys.executable, script, where], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        env={**os.environ, "PYTHONPATH": str(root)},
    ) as writer:  # fmt: skip
        assert writer.stdout is not None
        assert writer.stdout.readline() == "half\n"
        writer.send_signal(signal.SIGKILL)
        writer.wait()
    with open_store(where) as store:
        with store.read() as connection:
            assert care.counts(connection)["run"] == 0
            assert care.counts(connection)["comparison"] == 0
        assert care.check(store) == ()
        assert store.add(big_report(7), branch="main", kind="branch")


def test_a_failure_half_way_leaves_no_half_run(store: Store) -> None:
    def fail(connection: object, cursor: object, statement: str, *rest: object) -> None:
        if statement.startswith("INSERT INTO rounds"):
            raise RuntimeError("the power went out")

    event.listen(store.database.engine, "before_cursor_execute", fail)
    with pytest.raises(RuntimeError, match="power"):
        store.add(a_report(), branch="main", kind="branch")
    event.remove(store.database.engine, "before_cursor_execute", fail)
    with store.read() as connection:
        assert care.counts(connection)["run"] == 0
    assert store.add(a_report(), branch="main", kind="branch")


def fill(store: Store) -> None:
    for number in range(2, 200):
        store.add(big_report(number), branch="main", kind="branch")


def test_a_full_disk_is_said_and_costs_one_run(tmp_path: Path) -> None:
    with open_store(tmp_path / "history.db") as store:
        store.add(a_report(number=1), branch="main", kind="branch")

        def limit(connection: sqlite3.Connection, record: object) -> None:
            connection.execute("PRAGMA max_page_count = 60")

        event.listen(store.database.engine, "connect", limit)
        store.database.engine.dispose()
        with pytest.raises(StoreError, match="database or disk is full") as caught:
            fill(store)
        assert "perfbot history prune" in str(caught.value)
        assert care.check(store) == ()
        with store.read() as connection:
            assert queries.runs(connection)[-1].head.startswith("0000001")


def test_a_locked_file_is_waited_for_then_said(tmp_path: Path) -> None:
    path = tmp_path / "history.db"
    open_store(path).close()
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    with open_store(path, busy_seconds=0.2) as store:
        with pytest.raises(StoreError, match="database is locked"):
            store.add(a_report(), branch="main", kind="branch")
        other.execute("COMMIT")
        other.close()
        assert store.add(a_report(), branch="main", kind="branch")


def test_postgresql_that_restarts_is_waited_for(tmp_path_factory: pytest.TempPathFactory, server: str) -> None:
    """Every backend of the server's is ended in the middle of a write, as a restart does."""
    from tests.history.store.conftest import new_database

    url = new_database(server, f"restart{time.monotonic_ns()}")
    with open_store(url, retry_seconds=20) as store:
        ended: list[int] = []

        def end_all(connection: object, cursor: object, statement: str, *rest: object) -> None:
            if statement.startswith("INSERT INTO rounds") and len(ended) < 3:
                with psycopg.connect(server, autocommit=True) as other:
                    rows = other.execute(
                        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s",
                        (store.database.url.database,),
                    ).fetchall()
                ended.append(len(rows))

        event.listen(store.database.engine, "before_cursor_execute", end_all)
        assert store.add(a_report(), branch="main", kind="branch")
        assert len(ended) == 3
        with store.read() as connection:
            assert care.counts(connection)[comparison.name] == 1


def test_postgresql_that_stays_away_is_said_without_its_password() -> None:
    with pytest.raises(StoreError) as caught:
        open_store("postgresql://perf:s3cret@127.0.0.1:1/none", retry_seconds=0.1)
    assert "127.0.0.1:1" in str(caught.value)
    assert "s3cret" not in str(caught.value) + repr(caught.value) + repr(caught.value.__cause__)


def test_no_representation_error_or_traceback_shows_the_password(server: str) -> None:
    secret = "s3cret-of-ours"
    url = make_url(server).set(password=secret).render_as_string(hide_password=False)
    with open_store(url) as store:
        shown = [repr(store), repr(store.database), repr(store.database.engine)]
        try:
            store.write(lambda c: c.execute(text("SELECT nothing FROM nowhere WHERE x = :x"), {"x": secret}))
        except StoreError as error:
            shown += [str(error), repr(error), traceback.format_exc()]
    assert len(shown) == 6
    assert "nowhere" in shown[3]
    assert secret not in "".join(shown)


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match=r"folder .* cannot be made"):
        open_store(tmp_path / "file" / "history.db")


def test_a_file_that_is_no_database_is_said(tmp_path: Path) -> None:
    path = tmp_path / "history.db"
    path.write_text("not a database at all" * 100)
    with pytest.raises(StoreError, match="not a database"):
        open_store(path)
