"""After the verdicts: what changed is looked into for real, changes no verdict, and costs no run anything."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from perfbot.config import Config
from perfbot.errors import Interrupted
from perfbot.model import Report, Result
from perfbot.pipeline import explain
from perfbot.pipeline.explain import differences_of
from perfbot.pipeline.job import Explained, asks_why
from perfbot.pipeline.story import run
from perfbot.render.progress import Silent
from perfbot.why.profile import Surroundings
from tests.pipeline.conftest import make_repo, request_for
from tests.repositories import Repository

pytestmark = pytest.mark.timeout(300)

SHOP = """\
def total(n=300):
    return sum(range(n))


def slower():
    return total()


def same():
    return total()
"""

CONFIG = """\
[run]
budget = "60s"

[gate]
threshold = "40%"
confirm = "no"

[why]
share = "8%"                  # of the budget, for one benchmark

[[suite]]
name = "core"
harness = "python"
functions = { slower = "shop:slower", same = "shop:same" }
"""


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Repository:
    head = SHOP.replace("return total()", "return total(900)", 1)
    folder = tmp_path_factory.mktemp("why") / "project"
    return make_repo(folder, {"shop.py": SHOP, "perfbot.toml": CONFIG}, {"shop.py": head})


def verdicts(report: Report) -> dict[str, str]:
    return {one.benchmark: one.verdict for one in report.results}


def test_what_regressed_is_explained_by_the_function_that_was_edited(repository: Repository, tmp_path: Path) -> None:
    report = run(request_for(repository, tmp_path / "cache", why=True), Silent())
    assert verdicts(report) == {"slower": "regressed", "same": "unchanged"}
    (why,) = report.explanations
    assert (why.benchmark, why.reason, report.complete) == ("slower", "", True)
    (part,) = why.parts
    assert (part.function, part.edited, part.file) == ("slower", True, "shop.py") or part.function == "total"


def asked(found: Explained, monkeypatch: pytest.MonkeyPatch, act: Callable[..., None]) -> None:
    """Let something that regressed be looked into, as far as it is."""
    slower = Result("core", "slower", "time", "s", "lower", "regressed", change=0.5, gate="fail")
    suite = SimpleNamespace(name="core")
    monkeypatch.setattr(explain, "_explainable", lambda _: {"core": suite})
    monkeypatch.setattr(explain, "_explain", act)
    job = SimpleNamespace(config=Config(), budget=600.0)
    explain.explained(job, [], [slower], found, Silent())  # type: ignore[arg-type]


def test_an_interruption_of_it_costs_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> None:
        raise Interrupted("stopped")

    found = Explained()
    asked(found, monkeypatch, interrupted)
    assert [(one.message, one.fatal) for one in found.problems] == [
        ("was interrupted; verdicts do not depend on it", False)
    ]


@pytest.mark.parametrize(
    ("request_", "looked"),
    [
        ({}, True),
        ({"why": False}, False),
        ({"same": True}, False),
        ({"dirty": True}, False),
        ({"same": True, "why": True}, True),
        ({"claim": 1}, False),
    ],
)
def test_it_is_done_where_somebody_wants_it(request_: dict[str, object], looked: bool) -> None:
    wanted = SimpleNamespace(**{"why": None, "same": False, "claim": None, "dirty": False, **request_})
    assert asks_why(Config(), wanted) is looked  # type: ignore[arg-type]


def test_it_takes_no_more_than_its_share(monkeypatch: pytest.MonkeyPatch) -> None:
    seconds: list[float] = []
    asked(Explained(), monkeypatch, lambda *given: seconds.append(given[2]))
    assert len(seconds) == 1
    assert 0 < seconds[0] <= 0.25 * 600


def test_what_differs_between_environments() -> None:
    base = Surroundings({"attrs": "23.1", "idna": "3", "gone": "1"}, "CPython 3.11.7", "GCC 12", "-O2")
    head = Surroundings({"attrs": "23.2", "idna": "3", "new": "2"}, "CPython 3.12.1", "GCC 12", "-O2")
    found = [(one.kind, one.name, one.base, one.head) for one in differences_of("core", {"base": base, "head": head})]
    assert found == [
        ("package", "attrs", "23.1", "23.2"),
        ("package", "gone", "1", ""),
        ("package", "new", "", "2"),
        ("python", "python", "CPython 3.11.7", "CPython 3.12.1"),
    ]
    assert differences_of("core", {}) == []
