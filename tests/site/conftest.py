"""A history with a step, a drift, a budget, two machines and releases."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import pytest

from perfbot.history import recording
from perfbot.history.records import Release
from perfbot.history.store import Store, ledger, open_store
from perfbot.model import Budget, Limit, Policy, Report
from tests.builders import RUNNER, a_history, commit

POLICY = Policy(limits=(Limit("core/parse", budgets=(Budget("time", 0.0125, "12.5 ms"),)),))
OTHER = dataclasses.replace(RUNNER, cpu="Other <b>CPU</b>")


def merged(parts: list[list[Report]]) -> list[Report]:
    """Histories of several benchmarks as one: run by run, with all results."""
    joined = []
    for reports in zip(*parts, strict=True):
        results = tuple(result for report in reports for result in report.results)
        runner = RUNNER if reports[0].seed < 15 else OTHER
        change = dataclasses.replace(reports[0].change, subject="Check every row <b>", author="Ada")
        joined.append(dataclasses.replace(reports[0], results=results, policy=POLICY, runner=runner, change=change))
    return joined


@pytest.fixture(scope="session")
def history(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The path of the history; to be read, not written."""
    path = tmp_path_factory.mktemp("history") / "history.db"
    reports = merged([
        a_history([0.010] * 12 + [0.0115] * 12, name="parse", noise=0.02),
        a_history([0.002] * 24, name="<script>alert(1)</script>", noise=0.1, seed=2),
        a_history([0.002] * 24, name="a|b`c` @all " + "long" * 60, noise=0.1, seed=3),
    ])  # fmt: skip
    with open_store(path) as store:
        for report in reports:
            store.add(report, branch="main", kind="branch")
        tags = [Release("v1<i>", commit(5), "2026-01-10T12:00:00Z")]
        store.write(lambda c: ledger.keep_releases(c, "group/name", tags))
        store.write(
            lambda c: ledger.raise_alert(c, "group/name", "k", "parse <b>slower</b>", now="2026-01-20T00:00:00Z")
        )
        recording.refresh(store, "group/name", "main")
    return str(path)


@pytest.fixture
def store(history: str) -> Iterator[Store]:
    with open_store(history) as opened:
        yield opened
