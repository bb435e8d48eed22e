"""Old histories are migrated after a copy, newer ones refused, and the tables are what the code says."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine, inspect, text

from perfbot.errors import StoreError, UsageError
from perfbot.history.store import Store, care, open_store, queries
from perfbot.history.store.database import Database, parse_url
from perfbot.history.store.migrate import REVISION, alembic_config
from perfbot.history.store.tables import metadata
from tests.builders import a_report

BACKENDS = ("sqlite", "postgresql")
SCRIPTS = ScriptDirectory.from_config(alembic_config())
EARLIER = [script.revision for script in SCRIPTS.walk_revisions() if script.revision != REVISION]


def test_the_newest_script_is_the_revision() -> None:
    assert SCRIPTS.get_current_head() == REVISION
    assert EARLIER == ["0003", "0002", "0001"]


def test_the_tables_are_what_the_code_says(store: Store) -> None:
    with store.read() as connection:
        context = MigrationContext.configure(connection)
        assert compare_metadata(context, metadata) == []


def build(where: str, revision: str) -> None:
    """A history as perfbot of ``revision`` would have left it, with a run in it."""
    database = Database(parse_url(where))

    def work(connection: Connection) -> None:
        config = alembic_config()
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
        connection.execute(text("INSERT INTO project (id, name) VALUES (1, 'old')"))
        connection.execute(text("INSERT INTO machine VALUES (1, 'm', 'cpu', 2, '3.12')"))
        connection.execute(
            text(
                "INSERT INTO run (id, project_id, fingerprint, kind, branch, base, head, merge_request, pipeline,"
                " started, seconds, verdict, machine_id, results, used, why) VALUES (1, 1, 'f', 'branch', 'main',"
                " 'b', 'h', 0, 0, '2026-01-01T00:00:00Z', 1.5, 'pass', 1, 0, true, '')"
            )
        )

    database.write(work)
    database.close()


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("revision", EARLIER)
def test_every_earlier_schema_is_migrated_after_a_copy(
    fresh: Callable[[str], str], backend: str, revision: str
) -> None:
    where = fresh(backend)
    build(where, revision)
    with open_store(where) as store:
        with store.read() as connection:
            (run,) = queries.runs(connection)
            assert (run.project, run.head, run.seconds) == ("old", "h", 1.5)
            assert compare_metadata(MigrationContext.configure(connection), metadata) == []
        if backend == "postgresql":  # ids go on; the fixture's row was written with its number
            store.write(lambda c: c.execute(text("SELECT setval('run_id_seq', 5), setval('project_id_seq', 5)")))
            store.write(lambda c: c.execute(text("SELECT setval('machine_id_seq', 5)")))
        assert store.add(a_report(), branch="main", kind="branch")
        assert store.copied_to is not None
        _look_at_the_copy(store, revision)
    with open_store(where) as store:
        assert store.copied_to is None


def _look_at_the_copy(store: Store, revision: str) -> None:
    assert store.copied_to is not None
    if store.database.is_sqlite:
        with create_engine(f"sqlite:///{store.copied_to}").connect() as old:
            assert old.execute(text("SELECT version_num FROM alembic_version")).scalar_one() == revision
            assert old.execute(text("SELECT count(*) FROM run")).scalar_one() == 1
        return
    schema = store.copied_to.removeprefix("schema ")
    with store.read() as connection:
        assert inspect(connection).get_table_names(schema=schema) != []


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_newer_history_is_refused_untouched(fresh: Callable[[str], str], backend: str) -> None:
    where = fresh(backend)
    with open_store(where) as store:
        store.write(lambda c: c.execute(text("UPDATE alembic_version SET version_num = '9999'")))
    with pytest.raises(StoreError, match=r"written by a newer perfbot \(its tables are of revision 9999"):
        open_store(where)


def test_a_failed_migration_leaves_the_old_history(
    fresh: Callable[[str], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    where = fresh("sqlite")
    build(where, "0001")
    Database(parse_url(where)).write(lambda c: c.execute(text("CREATE TABLE standing (x int)")))
    with pytest.raises(StoreError, match="standing"):
        open_store(where)
    with create_engine(f"sqlite:///{where}").connect() as connection:
        assert connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one() == "0001"
        assert not inspect(connection).has_table("job")


@pytest.mark.parametrize(
    ("where", "message"),
    [
        ("mysql://root:hunter2@host/db", "not in 'mysql'"),
        ("postgresql://u:hunter2@host:port/db", "cannot be read"),
    ],
)
def test_a_url_of_another_database_is_refused(where: str, message: str) -> None:
    with pytest.raises(UsageError, match=message) as caught:
        open_store(where)
    assert "hunter2" not in str(caught.value)


def test_thinning_keeps_the_history_and_the_memory_of_runs(store: Store) -> None:
    for number in range(1, 5):
        store.add(a_report(number=number), branch="main", kind="branch")
    store.add(a_report(number=5, merge_request=3), branch="main", kind="merge-request")
    pruned = store.write(
        lambda c: care.prune(c, rounds_before="2026-01-08T00:00:00Z", runs_before="2027-01-01T00:00:00Z")
    )
    assert (pruned.rounds, pruned.runs) == (2, 1)
    assert not store.add(a_report(number=1), branch="main", kind="branch")
    with store.read() as connection:
        first, *_, last = queries.runs(connection, newest_first=False)
        assert queries.report(connection, first.number).results[0].raw == ()
        assert queries.report(connection, last.number).results[0].raw != ()
        assert care.counts(connection)["comparison"] == 4
    care.compact(store)
    assert care.size(store) > 0
    assert care.check(store) == ()


@pytest.mark.parametrize("source", BACKENDS)
@pytest.mark.parametrize("target", BACKENDS)
def test_a_history_is_copied_whole_between_databases(fresh: Callable[[str], str], source: str, target: str) -> None:
    where = fresh(target)
    with open_store(fresh(source)) as store:
        for number in range(1, 4):
            store.add(a_report(number=number), branch="main", kind="branch")
        assert care.copy(store, where) == 3
        with store.read() as connection:
            expected = care.counts(connection)
        with pytest.raises(UsageError, match="already"):
            care.copy(store, where)
    with open_store(where) as copied:
        assert copied.add(a_report(number=9), branch="main", kind="branch")
        assert not copied.add(a_report(number=2), branch="main", kind="branch")
        with copied.read() as connection:
            assert care.counts(connection)["run"] == expected["run"] + 1
            numbers = [run.number for run in queries.runs(connection)]
            assert queries.report(connection, numbers[1]) == a_report(number=3)


def test_migrations_are_inside_the_package() -> None:
    folder = Path(str(SCRIPTS.dir))
    assert (folder / "env.py").is_file()
    assert "perfbot/history/store/migrations" in folder.as_posix()
