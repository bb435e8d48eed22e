"""The Python API: what it names is there, light to import, and says the same as the command line."""

from __future__ import annotations

import math
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import perfbot
from perfbot import api
from perfbot.errors import ChangeError, UsageError
from perfbot.history import recording
from perfbot.history.store import open_store
from perfbot.judge.verdict import rejudge
from perfbot.reasons import NotGating, TooFewRounds
from tests.builders import a_history
from tests.programs import three_times_slower
from tests.render.samples import typical
from tests.repositories import Repository


def test_every_name_is_there() -> None:
    for name in perfbot.__all__:
        assert getattr(perfbot, name) is not None
    assert set(api.__all__) <= {*perfbot.__all__, "measure"}


def test_other_names_are_not() -> None:
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        perfbot.nothing  # noqa: B018


def test_importing_it_loads_nothing_heavy() -> None:
    heavy = {"numpy", "scipy", "sqlalchemy", "pydantic"}
    code = f"import perfbot, sys; perfbot.rejudge; print(sorted({heavy} & {{*sys.modules}}))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_a_report_is_read_judged_again_and_written(tmp_path: Path) -> None:
    file = tmp_path / "report.json"
    perfbot.write_report(typical(), file)
    assert perfbot.read_report(file) == typical()
    assert perfbot.rejudge(file) == rejudge(typical())
    assert perfbot.rejudge(file, threshold="50%").policy.threshold == 0.5
    assert perfbot.rejudge(file, threshold=0.5).results == perfbot.rejudge(file, threshold="50%").results
    with pytest.raises(UsageError, match="alpha: found 2"):
        perfbot.rejudge(file, alpha=2)
    with pytest.raises(UsageError, match="give one of them"):
        perfbot.rejudge(file, policy=typical().policy, config=file)


def test_reasons_and_notes_have_words() -> None:
    assert perfbot.in_words([TooFewRounds(2, 6), NotGating()]) == "only 2 of at least 6 rounds; does not gate"
    assert perfbot.in_words(()) == ""


def test_a_history_is_asked_and_never_made(tmp_path: Path) -> None:
    database = tmp_path / "history.db"
    with pytest.raises(UsageError, match="There is no history"):
        perfbot.trends(database)
    assert not database.exists()
    with open_store(database) as store:
        for report in a_history([1.0, 1.0, 1.0]):
            recording.keep(store, report, branch="main", kind="branch")
    assert len(perfbot.runs(database, branch="main")) == 3
    series, trend = perfbot.trends(database)[0]
    assert trend.subject == series.subject
    with pytest.raises(UsageError, match="No benchmark matches"):
        perfbot.trends(database, "no/such")


def test_a_comparison_of_nothing_says_so(tmp_path: Path) -> None:
    repository = Repository(tmp_path / "repo")
    commit = repository.commit({"a.txt": "a"})
    with pytest.raises(ChangeError, match="same commit"):
        perfbot.compare(f"{commit}..{commit}", repo=repository.path, environ={})


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"budget": "soon"}, 'budget: found "soon", expected a duration'),
        ({"budget": -3}, "budget: found -3, expected a finite number above zero"),
        ({"budget": math.inf}, "budget: found inf"),
        ({"threshold": "much"}, "threshold: found"),
        ({"threshold": 0}, "threshold: found 0, expected a finite number above zero"),
        ({"threshold": math.nan}, "threshold: found nan"),
    ],
)
def test_what_an_argument_cannot_be_is_said_before_anything_is_done(arguments: dict[str, Any], said: str) -> None:
    with pytest.raises(UsageError, match=re.escape(said)):
        perfbot.compare(repo="/nowhere", environ={}, **arguments)
    if "threshold" in arguments:
        with pytest.raises(UsageError, match=re.escape(said)):
            perfbot.rejudge(typical(), **arguments)


def test_one_glob_is_as_good_as_a_list_of_one(tmp_path: Path) -> None:
    repository = three_times_slower(tmp_path / "project")
    environ = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "PERFBOT_CACHE": str(tmp_path / "cache")}
    for only in ("nothing-like-it", ["nothing-like-it"]):
        with pytest.raises(UsageError, match="--only nothing-like-it: none of"):
            perfbot.compare("HEAD^..HEAD", repo=repository.path, environ=environ, only=only)


def test_a_folder_that_is_not_there_is_said() -> None:
    with pytest.raises(ChangeError, match=r"^/nowhere is no folder\.\nName a clone"):
        perfbot.compare(repo="/nowhere", environ={"HOME": "/nowhere"})
