"""Many runs of one branch at once, and names that strangers leave."""

from __future__ import annotations

import threading
from collections.abc import Callable

from perfbot.history import recording
from perfbot.history.store import Store, care, open_store, queries, standings
from tests.builders import a_report, a_result


def test_runs_of_one_branch_are_kept_at_the_same_time(where: str) -> None:
    """28 of 60 failed on PostgreSQL: two brought the same trend up to date, and one found it there."""
    open_store(where).close()
    failed: list[BaseException] = []

    def keep(number: int) -> None:
        try:
            with open_store(where) as own:
                results = [a_result(f"b{n}", seed=number) for n in range(3)]
                recording.keep(own, a_report(*results, number=number), branch="main", kind="branch")
        except BaseException as error:  # noqa: BLE001 - told below
            failed.append(error)

    threads = [threading.Thread(target=keep, args=(number,)) for number in range(1, 13)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    with open_store(where) as store:
        recording.refresh(store, "group/name", "main")
        with store.read() as connection:
            assert [trend.points for trend in standings.trends(connection, "group/name", "main")] == [12] * 3


def test_a_merge_requests_names_go_with_its_run(store: Store) -> None:
    store.add(a_report(number=1), branch="main", kind="branch")
    strangers = [a_result(f"stranger {n}") for n in range(50)]
    store.add(a_report(*strangers, number=2, merge_request=7), branch="main", kind="merge-request")
    with store.read() as connection:
        assert len(queries.subjects(connection, "group/name")) == 51
    store.write(lambda connection: care.prune(connection, runs_before="2027-01-01T00:00:00Z"))
    with store.read() as connection:
        assert [subject.benchmark for subject in queries.subjects(connection, "group/name")] == ["parse"]
        assert [run.kind for run in queries.runs(connection)] == ["branch"]


def test_keeping_one_benchmark_does_not_read_all_names(store: Store, statements: Callable[[], list[str]]) -> None:
    strangers = [a_result(f"stranger {n}", rounds=2) for n in range(400)]
    store.add(a_report(*strangers, number=2, merge_request=7), branch="main", kind="merge-request")
    seen = statements()
    store.add(a_report(number=3), branch="main", kind="branch")
    assert all("benchmark IN" in text for text in seen if text.startswith("SELECT subject."))
