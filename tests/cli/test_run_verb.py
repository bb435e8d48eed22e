"""``perfbot run`` and ``perfbot judge`` as scripts see them: exit codes, artifacts, messages."""

from __future__ import annotations

import json
import os
import resource
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pyperf
import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parsed_metrics

from perfbot.cli import judge
from perfbot.cli.main import main
from perfbot.errors import GATE_FAILED, INTERRUPTED, NOT_MEASURED, NOT_PUBLISHED, PASS, USAGE
from perfbot.report import read
from tests.cli.conftest import CONFIG, Shell, shell_for
from tests.processes import gone

pytestmark = pytest.mark.timeout(240)

ENDLESS = """\
[run]
budget = "20 min"

[gate]
threshold = "0.1%"
alpha = 0.000001

[[suite]]
name = "programs"
harness = "command"
commands = { same = "sh same.sh", slower = "sh slower.sh", sleeps = 'echo $$ >> "$LOG"; sleep 0.2' }
env = { LOG = "LOGFILE" }
"""

UNPREPARED = """\
[[suite]]
name = "{name}"
harness = "command"
commands = {{ same = "sh same.sh" }}
setup = ["{setup}"]
"""


@pytest.fixture(scope="module")
def output(shell: Shell) -> Path:
    """The folder of one run with everything it can write."""
    folder = shell.folder / "output"
    done = shell.type("run", "--output", str(folder), "--seed", "1")
    assert done.returncode == GATE_FAILED, done.stdout + done.stderr
    (folder / "stdout").write_text(done.stdout)
    return folder


class TestArtifacts:
    """What a run leaves, and what can be done with it."""

    def test_the_report_has_the_right_verdicts(self, output: Path) -> None:
        report = read(output / "perfbot-report.json")
        verdicts = {result.benchmark: result.verdict for result in report.results}
        assert verdicts["slower"] == "regressed"
        assert verdicts["same"] in ("unchanged", "inconclusive")
        assert (report.verdict, report.complete, report.seed) == ("fail", True, 1)

    def test_the_comment_and_the_terminal_name_what_regressed(self, output: Path) -> None:
        assert "`programs/slower`" in (output / "perfbot-comment.md").read_text()
        assert "programs/slower" in (output / "stdout").read_text()

    def test_the_page_is_a_page(self, output: Path) -> None:
        assert (output / "perfbot-report.html").read_text().lstrip().lower().startswith("<!doctype html>")

    def test_pyperf_reads_its_file(self, output: Path) -> None:
        for file in ("perfbot-pyperf.json", "perfbot-pyperf.base.json"):
            suite = pyperf.BenchmarkSuite.load(str(output / file))
            assert {name.rpartition("/")[2] for name in suite.get_benchmark_names()} == {"same", "slower"}

    def test_the_metrics_are_what_the_report_says(self, output: Path) -> None:
        families = {one.name: one.samples for one in parsed_metrics((output / "perfbot-metrics.txt").read_text())}
        changes = {one.labels["benchmark"]: one.value for one in families["perfbot_change_ratio"]}
        report = read(output / "perfbot-report.json")
        assert changes == {one.benchmark: float(f"{one.change:.4g}") for one in report.results}
        assert all(one.value > 0 for one in families["perfbot_head_seconds"])

    def test_metrics_alone_go_where_they_are_asked_for(self, output: Path, shell: Shell) -> None:
        alone = output / "alone" / "metrics.txt"
        done = shell.type("judge", str(output / "perfbot-report.json"), "--metrics", str(alone))
        assert done.returncode == GATE_FAILED
        assert alone.read_text() == (output / "perfbot-metrics.txt").read_text()
        assert [path.name for path in alone.parent.iterdir()] == ["metrics.txt"]

    def test_the_trace_is_json_lines(self, output: Path) -> None:
        events = [json.loads(line) for line in (output / "perfbot-trace.jsonl").read_text().splitlines()]
        assert {event["benchmark"] for event in events if event["event"] == "round"} == {"same", "slower"}

    def test_judging_the_report_again_gives_the_same(self, output: Path, shell: Shell) -> None:
        again = output / "again.json"
        done = shell.type("judge", str(output / "perfbot-report.json"), "--report", str(again))
        assert done.returncode == GATE_FAILED
        first, second = read(output / "perfbot-report.json"), read(again)
        assert [one.verdict for one in second.results] == [one.verdict for one in first.results]

    def test_a_broad_threshold_makes_the_same_rounds_pass(self, output: Path, shell: Shell) -> None:
        done = shell.type("judge", str(output / "perfbot-report.json"), "--threshold", "2000%")
        assert done.returncode == PASS, done.stdout + done.stderr

    def test_json_on_stdout_is_the_report(self, output: Path, shell: Shell) -> None:
        done = shell.type("judge", str(output / "perfbot-report.json"), "--format", "json")
        assert json.loads(done.stdout)["verdict"] == "fail"

    def test_a_full_disk_costs_the_file_and_not_the_verdict(self, output: Path, shell: Shell) -> None:
        def little_room() -> None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (1024, 1024))

        words = ("--report", str(output / "full.json"), "--comment", str(output / "small.md"))
        done = shell.type("judge", str(output / "perfbot-report.json"), *words, before=little_room)
        assert done.returncode == NOT_PUBLISHED
        assert "programs/slower" in done.stdout
        assert "the verdict is fail, but not everything could be written" in done.stderr
        assert "full.json" in done.stderr
        assert not (output / "full.json").exists()


Typed = Callable[..., tuple[int, str]]


@pytest.fixture
def typed(shell: Shell, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Typed:
    """Runs ``perfbot WORDS…`` in this process; its exit code and what it said on stderr."""
    monkeypatch.chdir(shell.repository.path)
    for name in [name for name in os.environ if name.startswith(("CI", "GITHUB_", "GITLAB_"))]:
        monkeypatch.delenv(name)
    for name, value in shell.variables.items():
        monkeypatch.setenv(name, value)

    def run(*words: str) -> tuple[int, str]:
        try:
            code = main(words)
        except SystemExit as error:  # argparse's own
            code = int(error.code or 0)
        return code, capsys.readouterr().err

    return run


class TestRefuses:
    """What is typed or configured wrong is said in a paragraph."""

    @pytest.mark.parametrize(
        ("words", "text"),
        [
            (["--suite", "nonsense"], '--suite: found "nonsense", expected one of programs'),
            (["--budget", "soon"], "--budget: "),
            (["--threshold", "much"], "--threshold: "),
            (["--shard", "3/2"], '--shard: found "3/2", expected I/N'),
            (["--seed", "x"], "--seed"),
            (["--config", "missing.toml"], "missing.toml: no such file"),
            (["--report", "."], "--report: . is a folder"),
            (["--report", "perfbot.toml/report.json"], "--report: cannot write to perfbot.toml"),
            (["--only", "nothing*"], "none of the 2 benchmarks that are known is meant"),
            (["--no-such-option"], "--no-such-option"),
        ],
    )
    def test_usage(self, typed: Typed, words: list[str], text: str) -> None:
        code, err = typed("run", *words)
        assert code == USAGE, err
        assert text in err
        assert "Traceback" not in err

    def test_an_unreachable_base(self, typed: Typed) -> None:
        code, err = typed("run", "--base", "0123456789abcdef0123456789abcdef01234567")
        assert code == NOT_MEASURED
        assert "0123456" in err
        assert "Traceback" not in err

    def test_a_demo_of_no_duration(self, typed: Typed) -> None:
        assert typed("demo", "--budget", "soon")[0] == USAGE

    def test_a_report_that_is_none(self, typed: Typed) -> None:
        code, err = typed("judge", "perfbot.toml")
        assert code == NOT_MEASURED
        assert "perfbot.toml" in err


class TestSetUp:
    def test_that_fails_is_no_verdict(self, tmp_path: Path) -> None:
        config = UNPREPARED.format(name="programs", setup="echo the reason; exit 9")
        shell = shell_for(tmp_path, config)
        done = shell.type("run", "--report", str(tmp_path / "report.json"))
        assert done.returncode == NOT_MEASURED, done.stderr
        report = read(tmp_path / "report.json")
        assert (report.verdict, report.results) == ("error", ())
        (problem,) = report.problems
        assert "set-up failed on" in problem.message
        assert "the reason" in problem.output

    def test_that_fails_for_one_suite_costs_no_other(self, tmp_path: Path) -> None:
        bad, good = UNPREPARED.format(name="bad", setup="exit 9"), UNPREPARED.format(name="good", setup="touch made")
        shell = shell_for(tmp_path, f'[run]\nbudget = "4 s"\n{bad}{good}')
        done = shell.type("run", "--report", str(tmp_path / "report.json"))
        assert done.returncode == NOT_MEASURED
        assert [result.full_name for result in read(tmp_path / "report.json").results] == ["good/same"]


def test_what_touches_nothing_measured_passes_unmeasured(tmp_path: Path) -> None:
    shell = shell_for(tmp_path, CONFIG.replace('"60 s"', '"60 s"\nwhen_changed = ["docs/**"]'))
    done = shell.type("run", "--report", str(tmp_path / "report.json"))
    assert done.returncode == PASS, done.stderr
    report = read(tmp_path / "report.json")
    assert report.results == ()
    assert "when_changed" in report.skipped


class TestInterrupted:
    """A signal ends a run in order."""

    @pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
    def test_while_it_measures(self, tmp_path: Path, number: signal.Signals) -> None:
        log = tmp_path / "log"
        shell = shell_for(tmp_path, ENDLESS.replace("LOGFILE", str(log)))
        trace = tmp_path / "trace.jsonl"
        words = ("--report", str(tmp_path / "report.json"), "--trace", str(trace))
        process = shell.start("run", *words)
        while not (log.exists() and trace.exists() and trace.read_text().count('"round"') >= 3):
            assert process.poll() is None, process.communicate()
            time.sleep(0.05)
        process.send_signal(number)
        _, err = process.communicate(timeout=60)
        assert process.returncode == (INTERRUPTED if number == signal.SIGINT else NOT_MEASURED), err
        report = read(tmp_path / "report.json")
        assert (report.complete, report.verdict) == (False, "error")
        assert any(number.name in problem.message for problem in report.problems)
        assert report.results
        assert not [result for result in report.results if result.verdict == "failed"]
        assert all(gone(int(pid)) for pid in log.read_text().split())
        assert len(shell.repository.git("worktree", "list").splitlines()) == 1
        assert list((tmp_path / "tmp").iterdir()) == []

    @pytest.mark.parametrize("words", [("run", "--report", "report.json"), ("ci",), ("calibrate",)], ids=lambda w: w[0])
    @pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
    def test_while_it_sets_up(self, tmp_path: Path, number: signal.Signals, words: tuple[str, ...]) -> None:
        setup = f"echo $$ >> {tmp_path}/pids; sleep 600"
        shell = shell_for(tmp_path, UNPREPARED.format(name="programs", setup=setup))
        process = shell.start(*words)
        while not (tmp_path / "pids").exists():
            assert process.poll() is None, process.communicate()
            time.sleep(0.05)
        process.send_signal(number)
        _, err = process.communicate(timeout=60)
        assert process.returncode == (INTERRUPTED if number == signal.SIGINT else NOT_MEASURED), err
        assert all(gone(int(pid)) for pid in (tmp_path / "pids").read_text().split())
        assert len(shell.repository.git("worktree", "list").splitlines()) == 1


def test_an_unexpected_error_is_no_failed_gate(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def mistaken(args: object) -> int:
        raise ZeroDivisionError("nobody thought of this")

    monkeypatch.setattr(judge, "execute", mistaken)
    assert main(["judge", "report.json"]) == NOT_MEASURED
    err = capsys.readouterr().err
    assert "nobody thought of this" in err
    assert "a mistake in perfbot" in err
