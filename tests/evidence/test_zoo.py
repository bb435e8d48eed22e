"""The zoo without measuring: that its cases are what they say, and that verdicts are scored rightly."""

import ast
import json
import subprocess

import pytest

from evidence import zoo
from evidence.perfbot_runs import Run, git, repository
from evidence.zoo_programs import PROGRAMS
from evidence.zoo_programs.program import NOTHING, WORK, Case, Program, cases_of, range_of
from evidence.zoo_score import described, outcome_of, scores, tally, worst
from evidence.zoo_truth import measured
from perfbot.config import load

CASES = [case for program in PROGRAMS for case in cases_of(program)]

SLEEPS = Program("waiting/x", "N = $n\n", {"n": 1}, {"n": 2}, 2.0, others={"other*": NOTHING})


def result(verdict, change=0.0, interval=(-0.01, 0.01), name="bench", **more):
    return {"benchmark": name, "metric": "time", "verdict": verdict, "change": change, "interval": interval, **more}


def test_there_are_as_many_equal_pairs_as_changes():
    changed = [case for case in CASES if case.changed]
    assert len(PROGRAMS) >= 60
    assert 0.4 < len(changed) / len(CASES) < 0.6
    assert len({case.name for case in CASES}) == len(CASES)


def test_every_case_can_be_read():
    for case in CASES:
        assert case.base != case.head, case.name
        for path, text in (*case.base.items(), *case.head.items()):
            if path.endswith(".py"):
                ast.parse(text, case.name)


def test_every_harness_of_the_zoo_is_configured(tmp_path):
    for text in {case.head["perfbot.toml"] for case in CASES}:
        (tmp_path / "perfbot.toml").write_text(text)
        assert load(None, tmp_path).suites[0].name == "zoo"


def test_an_equal_pair_differs_by_the_end_of_one_file():
    for case in CASES:
        if case.is_equal_pair:
            edited = case.program.edited
            assert case.head[edited].startswith(case.base[edited])
            assert {**case.head, edited: ""} == {**case.base, edited: ""}
            assert not case.changed


def test_a_truth_by_one_number_is_a_narrow_range():
    assert range_of(1.0) == NOTHING
    assert range_of(1.5) == pytest.approx((1.49, 1.51))
    assert range_of((2.0, 3.0)) == (2.0, 3.0)


@pytest.mark.parametrize(
    ("verdict", "interval", "truth", "outcome"),
    [
        ("regressed", (0.4, 0.6), (1.5, 1.5), "right"),
        ("regressed", (0.1, 0.3), (1.5, 1.5), "interval"),
        ("regressed", (0.1, 0.3), NOTHING, "false alarm"),
        ("improved", (-0.3, -0.1), NOTHING, "false alarm"),
        ("improved", (-0.6, -0.4), (2.0, 4.0), "wrong sign"),
        ("regressed", (0.4, 0.6), (0.5, 0.5), "wrong sign"),
        ("unchanged", (-0.01, 0.01), (1.5, 1.5), "missed"),
        ("unchanged", (-0.01, 0.01), (0.5, 0.5), "missed"),
        ("unchanged", (-0.01, 0.01), NOTHING, "right"),
        ("unchanged", (0.002, 0.01), NOTHING, "interval"),
        ("unchanged", (0.002, 0.01), (1.005, 1.005), "right"),
        ("regressed", (0.002, 0.01), (1.005, 1.005), "right"),
        ("unchanged", None, NOTHING, "interval"),
        ("inconclusive", (-0.5, 0.5), (1.5, 1.5), "undecided"),
        ("incomparable", None, NOTHING, "undecided"),
        ("failed", None, NOTHING, "broken"),
        ("added", None, NOTHING, "broken"),
    ],
)
def test_a_verdict_is_scored(verdict, interval, truth, outcome):
    assert outcome_of(result(verdict, interval=interval), truth, 0.02) == outcome


def test_a_case_is_as_good_as_its_worst_benchmark():
    case = cases_of(SLEEPS)[0]
    found = scores(case, [result("regressed", 1.0, (0.9, 1.1)), result("regressed", 0.1, (0.05, 0.2), "other[1]")])
    assert [score.outcome for score in found] == ["right", "false alarm"]
    assert worst(found).benchmark == "other[1]"
    assert tally(score.outcome for score in found)["wrong"] == 1


def test_no_result_is_not_right():
    assert worst(scores(cases_of(SLEEPS)[0], [])).outcome == "broken"


def test_the_truth_of_one_metric_is_found_by_its_name():
    program = Program("a/b", "", truth=2.0, others={"*:memory": (1.0, 2.0)}, head={"n": 1})
    case = Case("a/b", {}, {}, range_of(2.0), {"*:memory": (1.0, 2.0)}, program)
    assert case.truth_of("bench", "memory") == (1.0, 2.0)
    assert case.truth_of("bench", "time") == pytest.approx((1.98, 2.02))


def test_plain_processes_are_compared_by_their_means():
    found = measured([(1.0, 2.0), (3.0, 6.0)])
    assert found.ratio == pytest.approx(2.0)
    assert found.agrees((1.9, 2.1))
    assert not found.agrees((2.2, 3.0))
    assert measured([(1.0, 2.0), (1.0, 2.4), (1.0, 1.6)]).agrees((2.2, 3.0))
    assert measured([(1.0, 2.0)]).agrees((9.0, 10.0))


def test_a_repository_has_both_commits(tmp_path):
    repository(tmp_path / "repo", {"a.py": "1\n", "gone.py": "\n"}, {"a.py": "2\n", "folder/b.py": "\n"})
    assert git(tmp_path / "repo", "show", "HEAD~1:a.py") == "1"
    assert git(tmp_path / "repo", "ls-files").splitlines() == ["a.py", "folder/b.py"]


def test_results_are_kept_and_not_measured_again(tmp_path, monkeypatch, capsys):
    """The command as it is typed, with perfbot's part made up."""
    ran = []

    def run(perfbot, repo, budget, *arguments):
        ran.append((repo / "program.py").read_text())
        report = {"results": [result("unchanged", raw=[1, 2])]}
        return Run(1, 1.5, report, "", 0.1)

    monkeypatch.setattr(zoo, "run", run)
    mine = tmp_path / "mine.py"
    mine.write_text(
        "from evidence.zoo_programs.program import Program\n"
        "PROGRAMS = (Program('waiting/mine', 'N = $n\\n', {'n': 1}, {'n': 2}, truth=2.0),)\n"
    )
    typed = ["--programs", str(mine), "--output", str(tmp_path / "zoo.jsonl")]
    assert zoo.main(typed) == 0
    assert zoo.main(typed) == 0
    assert len(ran) == 2
    records = [json.loads(line) for line in (tmp_path / "zoo.jsonl").read_text().splitlines()]
    assert [(one["case"], one["outcome"]) for one in records] == [
        ("waiting/mine", "missed"),
        ("waiting/mine=", "right"),
    ]
    said = capsys.readouterr().out
    assert "| **all** | 2 | 1 | 1 | 0 | 0 | 1 | 0 | 0 | 0 | 1 |" in said
    assert "missed: `waiting/mine` bench time: unchanged +0.0 % [−1.0 %, +1.0 %]; truth: +98.0 % to ×2.02" in said


def test_a_line_says_what_was_found_and_what_is_true():
    score = {**result("improved", -0.5, (-0.6, -0.4)), "truth": (2.5, 3.0), "reason": ""}
    assert described(score) == "bench time: improved −50.0 % [−60.0 %, −40.0 %]; truth: ×2.50 to ×3.00"


def test_work_is_as_many_items_as_asked_for():
    code = f"{WORK}\nprint(work(10))\n"
    found = subprocess.run(["python3", "-c", code], capture_output=True, text=True, check=True)
    assert int(found.stdout) == 5**10 % 1_000_003
