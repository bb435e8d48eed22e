"""Keeping runs and what the history then says about them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from perfbot.history import recording
from perfbot.history.records import Release
from perfbot.history.store import Store, open_store, queries, standings, windows
from tests.builders import a_history, a_report, a_result, commit


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with open_store(tmp_path / "history.db") as opened:
        yield opened


def test_trends_follow_each_branch_run(store: Store) -> None:
    for report in a_history([0.010] * 15 + [0.0107] * 5, noise=0.02):
        assert recording.keep(store, report, branch="main", kind="branch")
    with store.read() as connection:
        (trend,) = standings.trends(connection, "group/name", "main")
        assert [step.first for step in trend.steps] == [commit(16)]
        assert trend.points == 20
        assert windows.touched(connection, "group/name", "main") == ()


def test_a_merge_requests_run_changes_no_trend(store: Store) -> None:
    recording.keep(store, a_report(number=1), branch="main", kind="branch")
    recording.keep(
        store, a_report(a_result(change=0.5), number=2, merge_request=4), branch="main", kind="merge-request"
    )
    with store.read() as connection:
        (trend,) = standings.trends(connection, "group/name", "main")
    assert trend.points == 1


def test_a_known_run_is_said_to_be_known(store: Store) -> None:
    assert recording.keep(store, a_report(), branch="main", kind="branch")
    assert not recording.keep(store, a_report(), branch="main", kind="branch")


def test_a_new_tag_moves_where_the_chain_starts(store: Store) -> None:
    reports = a_history([0.010] * 8 + [0.011] * 8, noise=0.02)
    for report in reports[:-1]:
        recording.keep(store, report, branch="main", kind="branch")
    assert recording.trend_line(store, "group/name", "main").startswith(
        "Since 2026-01-06, 1 of 1 became slower, core/parse: +"
    )
    tag = Release("v2", commit(10), "2026-01-15T12:00:00Z")
    recording.keep(store, reports[-1], branch="main", kind="branch", releases=[tag])
    assert recording.trend_line(store, "group/name", "main") == ""
    with store.read() as connection:
        (trend,) = standings.trends(connection, "group/name", "main")
    assert trend.since is not None
    assert trend.since.name == "v2"


def test_the_overview_orders_by_loss_noise_and_last_step(store: Store) -> None:
    for name, levels, noise in (
        ("quiet", [0.01] * 20, 0.01),
        ("worse", [0.01] * 8 + [0.012] * 12, 0.02),
        ("noisy", [0.01] * 20, 0.2),
        ("better", [0.01] * 12 + [0.008] * 8, 0.02),
    ):
        for report in a_history(levels, name=name, noise=noise):
            store.add(report, branch="main", kind="branch")
    assert recording.refresh(store, "group/name", "main") == 4
    with store.read() as connection:

        def first(order: str) -> str:
            trends = standings.trends(connection, "group/name", "main", order=order)  # type: ignore[arg-type]
            return trends[0].subject.benchmark

        assert [first(order) for order in ("loss", "noise", "stepped", "name")] == [
            "worse",
            "noisy",
            "better",
            "better",
        ]
        assert standings.count_trends(connection, "group/name", "main", search="NOIS") == 1
        (found,) = standings.trends(connection, "group/name", "main", search="nois")
        about = next(s for s in queries.subjects(connection, "group/name") if s.benchmark == "noisy")
        assert standings.trend(connection, about, "main") == found
    assert recording.refresh(store, "group/name", "main") == 0
