"""Joining several machines' reports: what is refused, what fails closed, and what survives writing and reading."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

import perfbot
from perfbot import report as reports
from perfbot.cli.main import main
from perfbot.errors import ReportError
from perfbot.history.store.documents import pack_rounds, unpack_rounds
from perfbot.judge.machines import together
from perfbot.judge.verdict import rejudge
from perfbot.machines import join
from perfbot.model import Change, Control, Machine, Policy, Problem, Report, Result, Runner, Shard
from perfbot.reasons import Said, words
from perfbot.render.comment import comment
from perfbot.render.view import machine
from tests.builders import BASE, OTHER, report, result, write

EPYC, XEON = Runner(cpu="AMD EPYC 7763", cores=2), Runner(cpu="Intel Xeon 8370C", cores=4)


def on(runner: Runner, *results: Result, seed: int = 1, **more: object) -> Report:
    return report(*results, runner=runner, seed=seed, **more)


def both(here: float, there: float) -> Report:
    return rejudge(join([on(EPYC, result(change=here)), on(XEON, result(change=there))]))


def test_what_both_show_counts_and_each_is_told() -> None:
    found = both(0.05, 0.06)
    (only,) = found.results
    assert (found.verdict, only.verdict, only.gate) == ("fail", "regressed", "fail")
    assert only.change == pytest.approx(0.055, abs=0.001)
    assert only.interval is not None
    assert only.interval[0] < 0.05
    assert only.interval[1] > 0.06
    assert words.text(only.reasons) == "+5.0 % on AMD EPYC 7763, +6.0 % on Intel Xeon 8370C"
    text = comment(found)
    assert "AMD EPYC 7763, 2 cores and Intel Xeon 8370C, 4 cores" in text
    assert "Machine 2: Intel Xeon 8370C, 4 cores" in text


@pytest.mark.parametrize("there", [0.0, -0.05])
def test_one_machines_word_fails_nothing(there: float) -> None:
    (only,) = both(0.05, there).results
    assert (only.verdict, only.gate) == ("inconclusive", "pass")
    assert "one machine's word alone does not count" in words.text(only.reasons)
    assert only.interval is not None
    assert only.interval[0] <= 0 <= only.interval[1]
    assert only.detectable is not None
    assert only.detectable >= 0.05


def test_a_small_change_on_one_machine_does_not_borrow_the_others_size() -> None:
    """+10 % here and +1.9 % there are +6 % on the mean, and yet only one machine says that it matters."""
    words = [
        result(verdict="regressed", change=change, gate=gate, interval=(change / 2, 2 * change))
        for change, gate in ((0.1, "fail"), (0.019, "pass"))
    ]
    found = together(words, [Machine(EPYC), Machine(XEON)], Policy())
    assert (found.verdict, found.gate) == ("regressed", "pass")


def test_the_report_is_whole_and_says_the_same_again() -> None:
    found = both(0.05, 0.06)
    again = reports.loads(reports.dumps(found), "joined")
    assert again == found
    assert rejudge(again) == found
    (only,) = found.results
    assert [one.machine for one in unpack_rounds(pack_rounds(only.raw))] == [0] * 20 + [1] * 20


def test_three_machines_are_joined_in_any_order() -> None:
    third = on(EPYC, result(change=0.04), seed=3)
    joined = rejudge(join([join([on(EPYC, result(change=0.05)), on(XEON, result(change=0.06))]), third]))
    assert machine(joined) == "2 × AMD EPYC 7763, 2 cores and Intel Xeon 8370C, 4 cores"
    assert joined.results[0].gate == "fail"
    other = rejudge(join([third, on(XEON, result(change=0.06)), on(EPYC, result(change=0.05))]))
    assert other.results[0].change == pytest.approx(joined.results[0].change)


def test_what_failed_on_one_has_failed() -> None:
    broken = result(verdict="failed", raw=(), rounds=0, failed_side="head", reasons=(Said("boom"),))
    found = rejudge(join([on(EPYC, result()), on(XEON, broken)]))
    assert (found.results[0].verdict, found.results[0].gate, found.verdict) == ("failed", "fail", "error")


def test_what_is_gone_on_one_is_gone() -> None:
    gone = result(verdict="removed", raw=(), rounds=0)
    assert rejudge(join([on(EPYC, result()), on(XEON, gone)])).results[0].gate == "fail"


def test_what_one_left_out_is_an_error_and_no_pass() -> None:
    left_out = rejudge(join([on(EPYC, result(change=0.05), result("other")), on(XEON, result("other"))]))
    assert left_out.verdict == "error"
    assert "lacks what others have measured: core/parse" in left_out.problems[0].message
    skipped = on(XEON, skipped="nothing was touched")
    assert rejudge(join([on(EPYC, result(change=0.05)), skipped])).verdict == "error"


def test_what_one_had_no_time_for_is_undecided() -> None:
    found = rejudge(join([on(EPYC, result(change=0.05)), on(XEON, result(raw=(), rounds=0, verdict="inconclusive"))]))
    (only,) = found.results
    assert (only.verdict, only.gate) == ("inconclusive", "pass")
    assert "not measured on Intel Xeon 8370C" in words.text(only.reasons)
    strict = rejudge(found, replace(found.policy, undecided="fail"))
    assert strict.results[0].gate == "fail"


def test_a_disturbed_machine_leaves_it_undecided() -> None:
    control = Control(0.04, (0.02, 0.06), 12, disturbed=True)
    found = rejudge(join([on(EPYC, result(change=0.05)), on(XEON, result(change=0.05), control=control)]))
    assert found.results[0].gate == "pass"
    assert "one machine's word" in words.text(found.results[0].reasons)


def test_a_suite_as_a_whole_fails_on_every_machines_word() -> None:
    def of(here: float, there: float) -> str:
        every = [on(r, *(result(name, change) for name in "abc")) for r, change in ((EPYC, here), (XEON, there))]
        joined = join(every)
        policy = replace(joined.policy, suite_threshold=0.03, threshold=0.5)
        (mean,) = rejudge(joined, policy).geometric_means
        return mean.gate

    assert of(0.05, 0.05) == "fail"
    assert of(0.05, 0.0) == "pass"


@pytest.mark.parametrize(
    ("other", "words"),
    [
        (on(EPYC, result(change=0.05)), "the same run is named twice"),
        (on(XEON, result(), head=OTHER), "different changes"),
        (on(XEON, result(), shard=Shard(1, 2)), "Shards cannot be joined"),
        (on(XEON, result(), change=Change(BASE, "a" * 40, aside="against v2")), "not measured alike"),
        (on(XEON, result(unit="B")), "do not agree in what time"),
    ],
)
def test_what_cannot_be_joined_is_refused(other: Report, words: str) -> None:
    with pytest.raises(ReportError, match=f"(?i){words}"):
        join([on(EPYC, result(change=0.05)), other])


def test_one_report_is_none_to_join() -> None:
    with pytest.raises(ReportError, match="nothing to be joined with"):
        join([on(EPYC, result())])


def test_there_is_a_most_of_machines() -> None:
    with pytest.raises(ReportError, match="more than the 16"):
        join([on(EPYC, result(), seed=seed) for seed in range(17)])


@pytest.mark.parametrize("machine", [1, -1, 2**40])
def test_a_round_of_no_machine_is_refused(machine: int) -> None:
    own = result()
    odd = replace(own, raw=tuple(replace(one, machine=machine) for one in own.raw))
    with pytest.raises(ReportError, match=r"raw\[0\].machine"):
        reports.dumps(report(odd))


def test_problems_of_all_machines_are_told_once() -> None:
    warned = Problem("suite core", "old pip", fatal=False)
    joined = join([on(EPYC, result(), problems=(warned,)), on(XEON, result(), problems=(warned,))])
    assert joined.problems == (warned,)


def test_from_python() -> None:
    assert perfbot.join([on(EPYC, result(change=0.05)), on(XEON, result(change=0.05))]).verdict == "fail"


def test_judge_joins_on_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = write(tmp_path, on(EPYC, result(change=0.05)), on(XEON, result(change=0.0)), names=("one", "two"))
    both_of_them = tmp_path / "both.json"
    assert main(["judge", *map(str, files), "--report", str(both_of_them)]) == 3, "its only benchmark is undecided"
    assert "one machine's word alone does not count" in capsys.readouterr().out
    assert len(reports.read(both_of_them).machines) == 2
    assert main(["judge", str(files[0]), str(files[0])]) != 0
    assert "The same run is named twice" in capsys.readouterr().err


def test_what_one_machine_shows_is_no_true_claim() -> None:
    def state(here: float, there: float) -> str:
        return perfbot.verify("core/parse is at least 3 % slower", both(here, there)).state

    assert state(0.05, 0.06) == "true"
    assert state(0.05, 0.0) == "undecided"
    assert state(0.0, 0.001) == "false"
