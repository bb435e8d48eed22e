"""Irrelevant edits: that they change no behaviour, that suites run, and that shares are counted exactly."""

import ast
from random import Random

import pytest

from evidence import edits
from evidence.edits import exact_interval, record_of, summary
from evidence.edits_made import EDITS, edited, several
from evidence.edits_suite import CHARACTERS, suite
from evidence.perfbot_runs import Run, git
from perfbot.config import load

SOURCE = '''"""A module."""

import math


def area(radius, digits=2):
    """An area."""
    value = math.pi * radius**2
    for step in range(3):
        value += step
    return round(value, digits)


def twice(number):
    other = number
    return other * 2


class Shape:
    def sides(self):
        return 4
'''


def drawn(seed):
    return Random(seed)  # noqa: S311


def values(source):
    known: dict = {}
    exec(compile(source, "source", "exec"), known)  # noqa: S102
    return known["area"](2), known["twice"](4), known["Shape"]().sides()


@pytest.mark.parametrize("kind", EDITS)
def test_an_edit_changes_the_source_and_nothing_that_it_does(kind):
    for seed in range(25):
        found = edited(SOURCE, kind, drawn(seed))
        assert found is not None
        assert found != SOURCE
        assert values(found) == values(SOURCE)


def test_no_place_is_no_edit():
    assert edited("X = 1\n", "reordered functions", drawn(1)) is None
    assert several({"a.py": "not python (\n"}, 5, drawn(1)) == ({}, [])


def test_several_edits_say_what_was_done():
    changed, done = several({"a.py": SOURCE, "b.py": SOURCE}, 4, drawn(2))
    assert set(changed) <= {"a.py", "b.py"}
    assert 1 <= len(done) <= 4
    assert all(one.split(" in ")[0] in EDITS for one in done)


@pytest.mark.parametrize(
    "body",
    ["locals()", "[other for other in (1, 2)] and eval('other')", "(lambda: other)()"],
)
def test_locals_that_something_may_see_keep_their_names(body):
    assert edited(f"def f():\n    other = 1\n    return {body}\n", "renamed local", drawn(1)) is None


def test_a_function_that_runs_something_when_defined_stays_where_it_is():
    source = "def first():\n    return 1\n\n\ndef second(value=first()):\n    return value\n"
    assert edited(source, "reordered functions", drawn(1)) is None


@pytest.mark.parametrize("harness", ["python", "pytest"])
def test_a_suite_has_varied_benchmarks_that_run(harness, tmp_path):
    files = suite(60, 3, harness)
    assert files == suite(60, 3, harness)
    assert files != suite(60, 4, harness)
    names = []
    for path, text in files.items():
        (tmp_path / path).write_text(text)
        if path.startswith("shop_"):
            known: dict = {"__name__": path}
            exec(compile(text, path, "exec"), known)  # noqa: S102
            mine = [name for name in known if name.rpartition("_")[0] in CHARACTERS]
            for name in mine:
                known[name]()
            names += mine
    assert len(names) == 60
    assert {name.rpartition("_")[0] for name in names} == set(CHARACTERS)
    assert load(None, tmp_path).suites[0].name == "shop"


def test_head_has_an_edit_and_base_none(tmp_path):
    options = edits._options(["--size", "20"])
    done = edits.prepare(options, 11, tmp_path / "repo")
    changed = git(tmp_path / "repo", "diff", "--name-only", "HEAD~1", "HEAD").splitlines()
    assert done
    assert changed
    for path in changed:
        if path.endswith(".py"):
            ast.parse((tmp_path / "repo" / path).read_text())


@pytest.mark.parametrize(
    ("count", "of", "low", "high"), [(0, 100, 0.0, 0.0362), (1, 100, 0.000253, 0.0545), (100, 100, 0.9638, 1.0)]
)
def test_the_interval_of_a_share_is_exact(count, of, low, high):
    assert exact_interval(count, of) == pytest.approx((low, high), rel=0.01, abs=1e-9)


def test_runs_are_summed_up():
    def one(seed, *verdicts):
        results = [
            {"benchmark": f"b{n}", "metric": "time", "verdict": v, "change": 0.1, "interval": [0, 1], "gate": "fail"}
            for n, v in enumerate(verdicts)
        ]
        ran = Run(int("regressed" in verdicts), 10.0, {"results": results}, "", 1.0)
        return {"suite": "2 drawn", "seed": seed, "busy": 0, **record_of(ran, ["comment in a.py"])}

    text = summary([one(1, "unchanged", "unchanged"), one(2, "unchanged", "regressed"), one(3)])
    assert "| 2 drawn, 0 busy | 2 | 4 | 1 = 50.0 % [1.3, 98.7] | 1 | 1 | 0 | 1 | 10 |" in text
    assert "- seed 2 of 2 drawn: `b1` regressed +10.0 %, red after comment in a.py" in text
