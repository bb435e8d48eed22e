"""The small programs that explanations are tried on: all of them run, and do on both sides what they are said to do."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from evidence.why_zoo.__main__ import GROUPS, chosen, outcome, write

RUN = "import importlib, sys\nfor name in sys.argv[1:]:\n    print(name, importlib.import_module(name).work())\n"


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, str]]:
    """What each program returns, by side."""
    folder = tmp_path_factory.mktemp("programs")
    modules = [one.partition(":")[0] for one in write(folder, chosen(["*"])).values()]
    found = {}
    for side in ("base", "head"):
        path = os.pathsep.join(str(folder / side / one) for one in ("", "site-packages"))
        env = {**os.environ, "PYTHONPATH": path, "PYTHONHASHSEED": "1"}
        done = subprocess.run(
            [sys.executable, "-c", RUN, *modules], env=env, capture_output=True, text=True, check=True
        )
        found[side] = dict(line.split(maxsplit=1) for line in done.stdout.splitlines())
    return found


def test_all_programs_run_on_both_sides(said: dict[str, dict[str, str]]) -> None:
    assert len(said["base"]) == len(said["head"]) == sum(map(len, GROUPS.values())) >= 50


def test_those_that_were_written_otherwise_do_the_same(said: dict[str, dict[str, str]]) -> None:
    names = list(chosen(["*"]))
    alike = [f"case{number}" for number, name in enumerate(names) if name.startswith("alike/")]
    assert len(alike) >= 16
    assert all(said["base"][one] == said["head"][one] for one in alike)


def test_those_that_became_slower_differ_and_name_who_did_it() -> None:
    for group in ("slower", "waits"):
        for case in GROUPS[group]:
            assert case.guilty
            assert case.base != case.head or any(before != after for before, after in case.files.values())


def record(guilty: list[str], *parts: str, truth: float = 5.0) -> dict[str, object]:
    told = [{"function": name, "interval": (4.0, 6.0)} for name in parts]
    return {"guilty": guilty, "parts": told, "truth": truth, "error": 0.1, "reason": ""}


def test_outcomes_are_told_apart() -> None:
    assert outcome(record([])) == "right"
    assert outcome(record([], "f")) == "somebody blamed"
    assert outcome({**record([]), "reason": "only 3 rounds"}) == "not explained"
    assert outcome(record(["f"], "f", "g")) == "right"
    assert outcome(record(["f"], "g", "f")) == "somebody else first"
    assert outcome(record(["f"])) == "nobody named"
    assert outcome(record(["f"], "f", truth=9.0)) == "interval"
    assert outcome(record(["f"], truth=0.1)) == "nothing to see"
