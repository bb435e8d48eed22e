"""What other tools' outputs mean, what verdicts are worth, and that nothing is run twice."""

import json
import sys
from pathlib import Path

import pytest

from evidence import duel
from evidence.duel_project import CHANGES, build, counts
from evidence.duel_score import outcome, scores, sized, sizes, table
from evidence.duel_tools import (
    ASV_ROWS,
    CANNOT_TELL,
    FASTER,
    SAME,
    SLOWER,
    TOOLS,
    Answer,
    Kit,
    ToolFailed,
    parse_asv,
    parse_hyperfine,
    parse_perfbot,
    parse_pyperf,
    parse_pytest_benchmark,
)
from evidence.ledger import entries
from perfbot.git.command import Git
from perfbot.process import run

CAPTURED = Path(__file__).parents[1] / "captured" / "duel"


def text(name):
    return (CAPTURED / name).read_text()


# Outputs of the tools


def test_pyperf():
    assert parse_pyperf(text("pyperf.txt")) == {"joining": SLOWER, "methods": SLOWER}
    assert parse_pyperf("copying: Mean +- std dev: [a] 130 us +- 58 us -> [b] 84.9 us +- 21.7 us: 1.53x faster") == {
        "copying": FASTER
    }
    assert parse_pyperf("Benchmark hidden because not significant (2): a, b") == {}


def test_pytest_benchmark():
    output = text("pytest-benchmark-5.txt")
    slower = dict.fromkeys(("chaining", "packing", "sorting", "writing_json"), SLOWER)
    assert parse_pytest_benchmark(output, 5, ["test_work[methods]"]) == {**slower, "methods": FASTER}
    assert parse_pytest_benchmark(output, 2, []) == {}
    assert parse_pytest_benchmark(text("pytest-benchmark-2.txt"), 2, []) == {"sorting": SLOWER}


def test_asv():
    expected = {"matching": SLOWER, "counting": FASTER}
    assert parse_asv(text("asv-continuous.txt")) == expected
    assert parse_asv(text("asv-compare.txt")) == expected


def test_hyperfine():
    exported = json.loads(text("hyperfine.json"))
    assert parse_hyperfine("chaining", exported) == {}
    base, head = exported["results"]
    head["times"] = [time * 3 for time in base["times"]]
    base["times"] = [*base["times"], base["times"][0]]
    assert parse_hyperfine("chaining", exported) == {"chaining": SLOWER}


def test_perfbot():
    said = {
        "regressed": SLOWER,
        "improved": FASTER,
        "unchanged": SAME,
        "inconclusive": CANNOT_TELL,
        "failed": CANNOT_TELL,
    }
    report = {"results": [{"benchmark": verdict, "verdict": verdict} for verdict in said]}
    assert parse_perfbot(report) == said


# Scores


@pytest.mark.parametrize(
    ("verdict", "change", "worth"),
    [
        (SLOWER, 0.05, "right"),
        (FASTER, 0.05, "reversed"),
        (FASTER, -0.1, "right"),
        (SLOWER, -0.1, "reversed"),
        (SAME, 0.05, "missed"),
        ("", 0.05, "missed"),
        (CANNOT_TELL, 0.05, "undecided"),
        (SLOWER, 0.0, "false"),
        (FASTER, 0.0, "false"),
        (SAME, 0.0, "right"),
        ("", 0.0, "right"),
        (CANNOT_TELL, 0.0, "undecided"),
    ],
)
def test_what_a_verdict_is_worth(verdict, change, worth):
    assert outcome(verdict, change) == worth


def entry(tool, kind, verdicts, repeat=0, seconds=10.0, **more):
    rows = next(one.rows for one in TOOLS if one.name == tool)
    return {"tool": tool, "kind": kind, "repeat": repeat, "seconds": seconds, "load": 1.0,
            "verdicts": dict.fromkeys(rows, verdicts), **more}  # fmt: skip


TRUE = {name: SLOWER if change > 0 else FASTER if change else SAME for name, change in CHANGES.items()}
RUNS = [
    entry("perfbot", "changed", TRUE | {"counting": CANNOT_TELL, "sorting": CANNOT_TELL}),
    entry("perfbot", "same", dict.fromkeys(CHANGES, SAME), seconds=20.0),
    entry("pyperf", "changed", {"counting": FASTER, "joining": SLOWER, "packing": SLOWER}, seconds=11.0),
    entry("pyperf", "same", {"counting": FASTER, "joining": SLOWER}, seconds=22.0),
    entry("pyperf", "tuning", {"methods": SLOWER}),
    entry("asv", "same", {}, seconds=21.0),
    {**entry("asv", "changed", {}), "error": "ended with 2"},
]


def test_the_scores():
    found = {one.rule: one for one in scores(RUNS)}
    ours, theirs = found["perfbot run"], found["pyperf compare_to"]
    assert (ours.changed, ours.right, ours.reversed, ours.missed, ours.undecided) == (6, 5, 0, 0, 1)
    assert (ours.unchanged, ours.unchanged_false, ours.unchanged_undecided) == (4, 0, 1)
    assert (ours.same, ours.same_false, ours.same_runs, ours.same_runs_false) == (10, 0, 1, 0)
    assert (theirs.changed, theirs.right, theirs.reversed, theirs.missed, theirs.undecided) == (6, 1, 1, 4, 0)
    assert (theirs.unchanged_false, theirs.same_false, theirs.same_runs_false) == (1, 2, 1)
    assert (theirs.seconds, theirs.share) == (16.5, 1.1)
    assert [found[row].failed for row in ASV_ROWS] == [1, 1]
    assert found[ASV_ROWS[0]].changed == 0


def test_the_table_names_who_is_not_in_it():
    shown = table(scores(RUNS), {"hyperfine": "not installed"})
    assert "| perfbot run | 5 of 6 | 0 | 0 | 1 | 4 of 4 (1 undecided) | 0 | 0 of 10 | 0 of 1 | 15.0 | 1.00 |" in shown
    assert f"{ASV_ROWS[0]}: 1 runs ended without verdicts and are not counted" in shown
    assert shown.endswith("hyperfine: not run: not installed")
    assert "| hyperfine" not in shown


def test_sizes_are_counted_or_said_not_to_be():
    assert "| counting | +2.5% | +2.49% |" in sizes({"counting": 0.0249})
    assert "| joining | +5.0% | not counted: valgrind is not installed |" in sizes({})


@pytest.mark.parametrize(
    ("history", "amount"),
    [
        ([(2, 8.0), (6, 16.0)], 13),  # 4 s and 2 s each
        ([(5, 10.0)], 15),
        ([(2, 9.0), (6, 9.0)], 13),
        ([(2, 100.0), (6, 140.0)], 2),
    ],
)
def test_how_much_to_measure_in_thirty_seconds(history, amount):
    assert sized(history, 30.0, least=2) == amount


# The repository, and the course of a duel


def test_the_repository_has_what_every_tool_needs(tmp_path):
    build(tmp_path)
    assert counts("changed") == {**counts("main"), "counting": 205, "writing_json": 210, "matching": 205,
                                 "joining": 210, "methods": 220, "hashing": 180}  # fmt: skip
    assert counts("same") == counts("main")
    git = Git(tmp_path / "repo", {})
    for branch in ("changed", "same"):
        assert git.text("diff", "--name-only", "main", branch).split() == ["work.py"]
    for branch in ("main", "changed", "same"):
        for name in CHANGES:
            finished = run(
                [sys.executable, "command.py", name, "1"],
                cwd=tmp_path / branch,
                env=Kit(tmp_path, {}, "").env,
                timeout=60,
            )
            assert finished.ok, finished.output


@pytest.fixture
def fakes(monkeypatch, tmp_path):
    """Tools that answer at once, one of them failing on ``same``; nothing is installed or counted."""
    asked = []

    def fake(name):
        def runs(kit, head, amount):
            asked.append((name, head, amount))
            if name == "asv" and head == "same" and amount > 6:
                raise ToolFailed("asv ended with 2")
            return Answer({row: {} for row in next(one.rows for one in TOOLS if one.name == name)}, "said")

        return runs

    tools = tuple(type(tool)(tool.name, tool.rows, fake(tool.name), tool.amount, tool.least) for tool in TOOLS)
    monkeypatch.setattr(duel, "TOOLS", tools)
    monkeypatch.setattr(duel, "sized", lambda history, wanted, least: 10)

    def prepare(self):
        self.absent["hyperfine"] = "not installed"
        if not self.kept:
            self._keep({"kind": "setup", "calls": {}, "counted": {}, "versions": {"pyperf": "2"}})

    monkeypatch.setattr(duel.Duel, "prepare", prepare)
    return asked


def test_a_duel_goes_on_where_it_was_ended(fakes, tmp_path, capsys):
    file = tmp_path / "duel.jsonl"
    arguments = ["--output", str(file), "--folder", str(tmp_path / "folder"), "--repeats", "1"]
    assert duel.main(arguments) == 0
    whole = list(entries(file))
    scored = [one for one in whole if one["kind"] in ("changed", "same")]
    assert [one["tool"] for one in scored].count("perfbot") == 2
    assert scored[0]["tool"] == "perfbot"
    assert len(scored) == 8
    assert all(one["output"] == "said" for one in scored if "error" not in one)
    assert "asv continuous, factor 1.1: 1 runs ended without verdicts" in capsys.readouterr().out

    file.write_text("\n".join(json.dumps(one) for one in whole[:-1]) + '\n{"kind": "sam')
    fakes.clear()
    assert duel.main(arguments) == 0
    assert [(name, head) for name, head, _ in fakes] == [(whole[-1]["tool"], "same")]

    fakes.clear()
    assert duel.main(["--output", str(file), "--summary", "--json"]) == 0
    figures = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert fakes == []
    assert figures["absent"] == {"hyperfine": "no runs"}
    assert {one["rule"] for one in figures["scores"]} == {row for tool in TOOLS[:4] for row in tool.rows}
