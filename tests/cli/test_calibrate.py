"""``perfbot calibrate``: real A/A runs, resumed, told, written, kept; and a run that plans with them."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from perfbot.calibration.records import Calibration, load, save
from perfbot.cli import calibrate
from perfbot.cli.main import main
from tests.cli.conftest import CONFIG, Shell, shell_for

NAMES = {"programs/same", "programs/slower"}


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory) -> Shell:
    """A repository with one A/A run behind it."""
    made = shell_for(tmp_path_factory.mktemp("calibrate"), CONFIG)
    first = made.type("calibrate", "--budget", "4s", "--runs", "1", "--output", str(made.folder / "first.md"))
    assert first.returncode == 0, first.stderr
    return made


def state_of(shell: Shell) -> Path:
    return shell.repository.path / ".perfbot/calibration.json"


def kept(shell: Shell) -> Calibration:
    found = load(state_of(shell))
    assert found is not None
    return found


def test_runs_are_kept_and_resumed(shell: Shell) -> None:
    before = kept(shell)
    second = shell.type("calibrate", "--budget", "4s", "--runs", "2", "--html", str(shell.folder / "c.html"))
    assert second.returncode == 0, second.stderr
    after = kept(shell)
    assert len(after.runs) == 2
    assert after.runs[:1] == before.runs
    assert {one.name for one in after.runs[0].observations} == NAMES
    assert all(one.spread is not None for one in after.runs[0].observations)
    assert [start.suite for start in after.runs[0].startups] == ["programs"]
    assert "2 A/A runs of" in second.stdout
    assert "programs/same" in (shell.folder / "c.html").read_text()


def test_other_runs_are_not_mixed_in(shell: Shell, tmp_path: Path) -> None:
    state = tmp_path / "c.json"
    save(replace(kept(shell), setting=replace(kept(shell).setting, budget=99.0)), state)
    refused = shell.type("calibrate", "--budget", "4s", "--runs", "9", "--state", str(state))
    assert refused.returncode == 2
    assert "holds runs of another commit, machine, budget or threshold" in refused.stderr


class TestLaterRuns:
    """They plan with the calibration, say so before measuring, and judge without it."""

    def loud(self, shell: Shell, tmp_path: Path) -> Path:
        """The real calibration with more noise than any budget helps against."""
        whole = kept(shell)
        runs = [
            replace(run, observations=tuple(replace(one, spread=9.0) for one in run.observations)) for run in whole.runs
        ]
        save(replace(whole, runs=tuple(runs)), tmp_path / "loud.json")
        return tmp_path / "loud.json"

    def test_is_said_before_measuring_and_kept_in_the_report(self, shell: Shell, tmp_path: Path) -> None:
        report = tmp_path / "r.json"
        done = shell.type(
            "run", "--budget", "4s", "--calibration", str(self.loud(shell, tmp_path)), "--report", str(report)
        )
        assert done.returncode in (0, 1, 3), done.stderr
        told = "2 of 2 comparisons will probably stay undecided in 4 s"
        assert told in done.stderr
        assert done.stderr.index(told) < done.stderr.index("0 of 2 decided")
        assert "programs/same at 60 %" in done.stderr
        found = json.loads(report.read_text())
        assert any(told in note for note in found["change"]["notes"])
        assert found["startups"][0]["suite"] == "programs"

    def test_damage_is_a_note_and_changes_no_exit_code(self, shell: Shell, tmp_path: Path) -> None:
        (tmp_path / "broken.json").write_text("{")
        words = ("run", "--only", "*/same", "--budget", "20s")
        plain = shell.type(*words)
        broken = shell.type(*words, "--calibration", str(tmp_path / "broken.json"))
        assert broken.returncode == plain.returncode
        assert "broken.json is not a calibration" in broken.stderr
        assert "is not a calibration" not in plain.stderr


class TestWriteAndKeep:
    """Ten runs that were measured before: nothing more is measured."""

    @pytest.fixture
    def ten(self, shell: Shell, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
        """A repository of its own with ten false alarms of one benchmark at 3 %; its folder."""
        made = shell_for(tmp_path, CONFIG)
        whole = kept(shell)
        seen = [
            replace(one, verdict="improved", change=-0.398, threshold=0.02)
            if one.name.endswith("slower")
            else replace(one, verdict="unchanged", threshold=0.02)
            for one in whole.runs[0].observations
        ]
        run = replace(whole.runs[0], observations=tuple(seen))
        save(replace(whole, runs=(run,) * 10), state_of(made))
        monkeypatch.chdir(made.repository.path)
        monkeypatch.delenv("PERFBOT_DATABASE", raising=False)
        (made.repository.path / "perfbot.toml").write_text(CONFIG.replace('"60%"', '"3%"  # ours'))
        return made.repository.path

    def test_written_once(self, ten: Path, capsys: pytest.CaptureFixture[str]) -> None:
        before = (ten / "perfbot.toml").read_text()
        assert main(["calibrate", "--write"]) == 0
        after = (ten / "perfbot.toml").read_text()
        assert after.startswith(before)
        assert 'match = "programs/slower"\nmetric = "time"\nthreshold = "40%"\n' in after
        told = capsys.readouterr().err
        assert "perfbot: perfbot.toml: amended" in told
        assert "programs/slower: 40 % (the policy has 3 %)" in told
        assert main(["calibrate", "--write"]) == 0
        assert (ten / "perfbot.toml").read_text() == after
        assert "nothing to change" in capsys.readouterr().err

    def test_a_persons_entry_is_left_alone_and_that_is_said(
        self, ten: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        mine = (ten / "perfbot.toml").read_text() + '\n[[limit]]\nmatch = "*/slower"\nthreshold = "5%"\n'
        (ten / "perfbot.toml").write_text(mine)
        assert main(["calibrate", "--write"]) == 0
        assert (ten / "perfbot.toml").read_text() == mine
        assert 'left alone: programs/slower: 40 % is suggested, but your [[limit]] match = "*/slower" says 5 %' in (
            capsys.readouterr().err
        )

    def test_pyproject_is_amended_where_it_is_the_configuration(self, ten: Path) -> None:
        (ten / "perfbot.toml").unlink()
        before = '[project]\nname = "x"\n\n[tool.perfbot.gate]\nthreshold = "3%"\n'
        (ten / "pyproject.toml").write_text(before)
        assert main(["calibrate", "--write"]) == 0
        after = (ten / "pyproject.toml").read_text()
        assert after.startswith(before)
        assert "[[tool.perfbot.limit]] # suggested by" in after

    def test_without_a_configuration_it_says_what_to_type(self, ten: Path, capsys: pytest.CaptureFixture[str]) -> None:
        (ten / "perfbot.toml").unlink()
        assert main(["calibrate", "--write"]) == 2
        assert "perfbot init" in capsys.readouterr().err

    def test_few_runs_are_not_written(self, ten: Path, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["calibrate", "--write", "--runs", str(calibrate.FEWEST_RUNS - 1)]) == 2
        assert "4 runs say too little" in capsys.readouterr().err

    def test_a_write_that_fails_leaves_the_file(
        self, ten: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        before = (ten / "perfbot.toml").read_text()

        def full(self: Path, target: Path) -> Path:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(Path, "replace", full)
        assert main(["calibrate", "--write"]) == 4
        assert (ten / "perfbot.toml").read_text() == before
        assert not list(ten.glob(".perfbot.toml*"))

    def test_the_history_has_it_once_and_a_run_asks_for_it(self, ten: Path, capsys: pytest.CaptureFixture[str]) -> None:
        words = ["calibrate", "--database", "history.db"]
        assert main(words) == 0
        assert "the history has it now" in capsys.readouterr().err
        assert main(words) == 0
        assert "the history had it already" in capsys.readouterr().err
        (ten / ".perfbot/calibration.json").unlink()
        assert main(["run", "--budget", "3s", "--database", "history.db", "--force"]) in (0, 1, 3)
        assert "noise calibrated" in capsys.readouterr().err


def test_help_tells_the_rule(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["calibrate", "--help"])
    text = " ".join(capsys.readouterr().out.split())
    assert "the smallest whole percent at which at least 90% of the runs were decided or could have been" in text
