"""A matrix begins with one table: which job blocks, and by which benchmarks."""

from __future__ import annotations

import pytest

from perfbot.render.jobs import JobVerdict, jobs_table
from tests.render.hostile import TEXTS
from tests.render.markdown import complaints

MATRIX = (
    JobVerdict("py311", "blocks", {"core/parse": 0.38, "core/io": 0.03}),
    JobVerdict("py312", "passes"),
    JobVerdict("py313", "blocks", {"core/parse": 0.35}),
)


def test_it_tells_which_jobs_block_by_what() -> None:
    assert jobs_table(MATRIX).replace("\N{NO-BREAK SPACE}", " ").splitlines() == [
        "### 🔴 perfbot: 2 of 3 jobs block merging",
        "",
        "| Benchmark | py311 | py312 | py313 |",
        "| :-- | :-- | :-- | :-- |",
        "| **all** | 🔴 blocks | ⚪ passes | 🔴 blocks |",
        "| `core/parse` | 🔴 +38 % | · | 🔴 +35 % |",
        "| `core/io` | 🔴 +3.0 % | · | · |",
    ]


def test_one_job_needs_no_table() -> None:
    assert jobs_table(MATRIX[:1]) == ""


def test_what_is_to_come_is_said() -> None:
    shown = jobs_table((JobVerdict("a", "passes"), JobVerdict("b", "measuring", {"core/parse": 1.0})))
    assert shown.splitlines()[0] == "### ⏳ perfbot: 1 of 2 jobs to come, none blocks merging so far"
    assert "core/parse" not in shown


@pytest.mark.parametrize("name", TEXTS)
def test_hostile_names_stay_text(name: str) -> None:
    text = TEXTS[name]
    assert complaints(jobs_table((JobVerdict(text, "blocks", {text: 0.5}), JobVerdict("b", "passes"))) + "\n") == []


def test_many_are_counted() -> None:
    many = JobVerdict("a", "blocks", {f"core/b{i}": 0.1 for i in range(30)})
    assert "… and 10 benchmarks more, below." in jobs_table((many, JobVerdict("b", "passes")))
