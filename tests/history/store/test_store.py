"""What the history keeps and gives back: the same body on both databases."""

from __future__ import annotations

import dataclasses
import math
from datetime import timedelta

import pytest

from perfbot.errors import StoreError, UsageError
from perfbot.history.records import Command, Release
from perfbot.history.store import Store, care, ledger, queries
from perfbot.model import Acceptance, Report, Runner
from tests.builders import RUNNER, START, a_history, a_report, a_result, commit


def test_a_report_comes_back_whole(store: Store) -> None:
    report = a_report(a_result("a"), a_result("b", change=0.2, verdict="regressed"), a_result("a", metric="cpu"))
    assert store.add(report, branch="main", kind="branch")
    with store.read() as connection:
        (run,) = queries.runs(connection)
        assert queries.report(connection, run.number) == report
    assert (run.project, run.branch, run.head, run.results) == ("group/name", "main", commit(1), 3)
    assert run.started == "2026-01-06T12:00:00Z"
    assert run.machine == "Test CPU 9000, 2 cores, Python 3.12"


def test_adding_twice_changes_nothing(store: Store) -> None:
    assert store.add(a_report(), branch="main", kind="branch")
    with store.read() as connection:
        before = care.counts(connection)
    assert not store.add(a_report(), branch="main", kind="branch")
    assert not store.add(a_report(), branch="other", kind="merge-request")
    with store.read() as connection:
        assert care.counts(connection) == before
        assert before["run"] == before["comparison"] == before["rounds"] == 1


@pytest.mark.parametrize(
    ("report", "kind", "why"),
    [
        (a_report(), "merge-request", "measured a merge request, not the branch"),
        (a_report(), "calibration", "compared the branch with itself"),
        (a_report(complete=False), "branch", "was interrupted"),
        (a_report(verdict="error"), "branch", "failed"),
        (a_report(disturbed=True), "branch", "the runner was disturbed"),
        (dataclasses.replace(a_report(), change=dataclasses.replace(a_report().change, dirty=True)),
         "branch", "measured uncommitted changes"),
    ],
)  # fmt: skip
def test_runs_that_must_not_become_baselines(store: Store, report: Report, kind: str, why: str) -> None:
    store.add(report, branch="main", kind=kind)  # type: ignore[arg-type]
    store.add(a_report(number=2), branch="main", kind="branch")
    with store.read() as connection:
        marked, good = queries.runs(connection, newest_first=False)
        (series,) = queries.series(connection, queries.subjects(connection, "group/name"), "main")
    assert (marked.used, marked.why) == (False, why)
    assert good.used
    assert [point.head for point in series.points] == [commit(2)]


def test_other_branches_and_projects_stay_apart(store: Store) -> None:
    store.add(a_report(number=1), branch="main", kind="branch")
    store.add(a_report(number=2), branch="feature", kind="branch")
    store.add(a_report(number=3, project="other"), branch="main", kind="branch")
    store.add(a_report(number=4), branch="main", kind="branch")
    with store.read() as connection:
        (series,) = queries.series(connection, queries.subjects(connection, "group/name"), "main")
        assert queries.main_branch(connection, "group/name") == "main"
        assert queries.projects(connection) == ("group/name", "other")
        with pytest.raises(UsageError, match="several projects"):
            queries.only_project(connection, None)
        with pytest.raises(UsageError, match="no project 'nowhere'"):
            queries.only_project(connection, "nowhere")
    assert [point.head for point in series.points] == [commit(1), commit(4)]


def test_a_series_holds_changes_with_the_error_of_their_rounds(store: Store) -> None:
    store.add(a_report(a_result(change=0.1, error=0.004)), branch="main", kind="branch")
    with store.read() as connection:
        (series,) = queries.series(connection, queries.subjects(connection, "group/name"), "main")
    (point,) = series.points
    assert point.log_change == pytest.approx(math.log(1.1))
    assert 0.001 < (point.log_error or 0) < 0.01
    assert point.base_value == pytest.approx(0.01 / 1.1)
    assert series.subject.full_name == "core/parse"


def test_a_commit_measured_again_later_stands_beside_its_first_measurement(store: Store) -> None:
    for number in (1, 2, 3):
        store.add(a_report(number=number), branch="main", kind="branch")
    late = a_report(a_result(seed=50), number=1, started=START + timedelta(days=40))
    store.add(late, branch="main", kind="branch")
    with store.read() as connection:
        (series,) = queries.series(connection, queries.subjects(connection, "group/name"), "main")
    assert [point.head for point in series.points] == [commit(n) for n in (1, 1, 2, 3)]


def test_machines_of_another_class_are_told_apart(store: Store) -> None:
    store.add(a_report(number=1), branch="main", kind="branch")
    store.add(a_report(number=2, runner=Runner(cpu="Other", cores=64, python="3.13")), branch="main", kind="branch")
    same = dataclasses.replace(RUNNER, python="3.12.9", load=4.0)
    store.add(a_report(number=3, runner=same), branch="main", kind="branch")
    with store.read() as connection:
        labels = [run.machine for run in queries.runs(connection, newest_first=False)]
    assert labels[0] == labels[2] != labels[1]


def test_failed_and_added_benchmarks_have_no_values(store: Store) -> None:
    failed = dataclasses.replace(
        a_result(), verdict="failed", base=None, head=None, change=None, interval=None, raw=(), rounds=0
    )
    store.add(a_report(failed), branch="main", kind="branch")
    with store.read() as connection:
        (series,) = queries.series(connection, queries.subjects(connection, "group/name"), "main")
    assert (series.points[0].head_value, series.points[0].log_change) == (None, None)
    assert series.points[0].verdict == "failed"


def test_one_benchmark_named_twice_is_refused(store: Store) -> None:
    with pytest.raises(StoreError, match="names core/parse with metric 'time' twice"):
        store.add(a_report(a_result(), a_result()), branch="main", kind="branch")
    with store.read() as connection:
        assert care.counts(connection)["run"] == 0


@pytest.mark.parametrize("name", ["nul\0in", "😀" * 3000, "a'; DROP TABLE run; --", "%_*[x]"])
def test_hostile_names_are_kept(store: Store, name: str) -> None:
    report = a_report(a_result(name), a_result(name + "x"), a_result(name + "y"))
    store.add(report, branch="main", kind="branch")
    with store.read() as connection:
        (run,) = queries.runs(connection)
        assert queries.report(connection, run.number) == report
        assert len(queries.subjects(connection, "group/name")) == 3


def test_a_lone_surrogate_is_replaced(store: Store) -> None:
    store.add(a_report(a_result("bad\ud800")), branch="main", kind="branch")
    with store.read() as connection:
        (run,) = queries.runs(connection)
        (result,) = queries.report(connection, run.number).results
    assert result.benchmark == "bad?"
    assert len(result.raw) == result.rounds


def test_acceptances_are_kept(store: Store) -> None:
    accepted = Acceptance("core/*", "worth it", "ada", "2026-01-06T13:00:00+01:00", commit(1), 0.07)
    store.add(a_report(acceptances=[accepted]), branch="main", kind="merge-request")
    with store.read() as connection:
        (found,) = ledger.acceptances(connection, "group/name")
    assert found == dataclasses.replace(accepted, when="2026-01-06T12:00:00Z")


def test_a_commands_delivery_is_kept_once(store: Store) -> None:
    given = Command("d-1", 7, "ada", "/rebench", "done", "2026-01-06T12:00:00Z")
    assert store.write(lambda c: ledger.note_command(c, "group/name", given))
    assert not store.write(lambda c: ledger.note_command(c, "group/name", given))
    with store.read() as connection:
        assert ledger.commands(connection, "group/name") == (given,)


def test_the_newest_calibration_of_a_machine_is_found(store: Store) -> None:
    for day, text in (("01", "old"), ("03", "new"), ("02", "between")):
        store.write(
            lambda c, day=day, text=text: ledger.keep_calibration(c, "p", "m", f"2026-01-{day}T00:00:00Z", text)
        )
    with store.read() as connection:
        assert ledger.latest_calibration(connection, "p", "m") == "new"
        assert ledger.latest_calibration(connection, "p", "other") is None


def test_releases_are_added_once_and_follow_their_tag(store: Store) -> None:
    first = Release("v1", commit(1), "2026-01-06T12:00:00Z")
    moved = dataclasses.replace(first, commit=commit(2))
    assert [store.write(lambda c, r=r: ledger.keep_releases(c, "p", [r])) for r in (first, first, moved)] == [1, 0, 1]
    with store.read() as connection:
        assert ledger.read_releases(connection, "p") == (moved,)


def test_alerts_are_raised_once_and_armed_again_by_recovery(store: Store) -> None:
    def change(recover: bool) -> bool:
        if recover:
            return store.write(lambda c: ledger.recover_alerts(c, "p", ["k"], now="2026-01-02T00:00:00Z")) == 1
        return store.write(lambda c: ledger.raise_alert(c, "p", "k", "worse", now="2026-01-01T00:00:00Z"))

    assert [change(r) for r in (False, False, True, True, False, False)] == [True, False, True, False, True, False]


def test_a_subject_pattern_is_a_glob(store: Store) -> None:
    store.add(a_report(a_result("parse_a"), a_result("parse_b"), a_result("solve")), branch="main", kind="branch")
    with store.read() as connection:
        found = queries.subjects(connection, "group/name", "core/parse*")
    assert [one.benchmark for one in found] == ["parse_a", "parse_b"]


def test_many_runs_in_order(store: Store) -> None:
    for report in a_history([0.01] * 12):
        store.add(report, branch="main", kind="branch")
    with store.read() as connection:
        newest = queries.runs(connection, "group/name", limit=3)
        since = queries.runs(connection, "group/name", since="2026-01-15T00:00:00Z")
    assert [run.head for run in newest] == [commit(n) for n in (12, 11, 10)]
    assert len(since) == 3
