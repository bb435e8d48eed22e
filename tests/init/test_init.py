"""``perfbot init``: what it writes and says, and that it never overwrites unasked."""

import re
import tomllib

import pytest

from perfbot import config
from perfbot.cli import init
from perfbot.cli.main import main

BENCH = "def test_x(benchmark): ...\n"


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A small repository with one benchmark; the current folder is below its top."""
    (tmp_path / ".git").mkdir()
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "lib"\n')
    (tmp_path / "bench").mkdir()
    (tmp_path / "bench" / "test_a.py").write_text(BENCH)
    monkeypatch.chdir(tmp_path / "bench")
    return tmp_path


def test_it_writes_at_the_top_what_it_found(project, capsys):
    assert main(["init"]) == 0
    (suite,) = config.load(None, project).suites
    assert (suite.name, suite.paths, suite.setup) == ("bench", ("bench/",), ("pip install .",))
    out = capsys.readouterr().out
    assert "found 1 benchmark for pytest in bench/ → suite 'bench'\nwrote ../perfbot.toml\n" in out
    assert "perfbot doctor" in out
    assert "perfbot run" in out


def test_a_script_is_offered_and_not_taken(project, capsys):
    (project / "bench" / "test_a.py").unlink()
    (project / "bench" / "speed.py").write_text("import timeit")
    assert main(["init"]) == 0
    said = "seen, not configured: a script, bench/speed.py; perfbot.toml holds a suite to uncomment\n"
    assert said in capsys.readouterr().out
    assert config.load(None, project).suites == ()


def test_an_existing_file_is_kept(project, capsys):
    (project / "perfbot.toml").write_text("# mine\n")
    assert main(["init"]) == 2
    assert (project / "perfbot.toml").read_text() == "# mine\n"
    assert "perfbot: ../perfbot.toml exists already\n  → `perfbot init --dry-run`" in capsys.readouterr().err


def test_force_overwrites(project):
    (project / "perfbot.toml").write_text("# mine\n")
    assert main(["init", "--force"]) == 0
    assert config.load(None, project).suites


def test_a_configuration_in_pyproject_counts(project, capsys):
    (project / "pyproject.toml").write_text("[tool.perfbot.run]\n")
    assert main(["init"]) == 2
    assert "configured already, in pyproject.toml [tool.perfbot]" in capsys.readouterr().err
    assert not (project / "perfbot.toml").exists()


def test_a_dry_run_prints_the_file_and_nothing_else(project, capsys):
    assert main(["init", "--dry-run"]) == 0
    assert not (project / "perfbot.toml").exists()
    assert tomllib.loads(capsys.readouterr().out)["suite"][0]["name"] == "bench"


def test_without_benchmarks_it_writes_an_example(project, capsys):
    (project / "bench" / "test_a.py").unlink()
    assert main(["init"]) == 0
    assert "found no benchmarks" in capsys.readouterr().out
    assert config.load(None, project).suites == ()


def test_other_tools_benchmarks_are_named(project, capsys):
    (project / "x_test.go").write_text("func BenchmarkA(b *testing.B) {}\n")
    assert main(["init"]) == 0
    assert "seen, not configured: Go, 1 benchmark (x_test.go …)" in capsys.readouterr().out
    assert '#   Go: 1 in "x_test.go" …' in (project / "perfbot.toml").read_text()


def test_what_no_requirement_names_is_said(project, capsys):
    (project / "bench" / "test_a.py").write_text("import mystery\n" + BENCH)
    assert main(["init"]) == 0
    assert "  ! imports mystery, which no requirement" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("file", "job"), [(".gitlab-ci.yml", init.GITLAB_JOB), (".github/workflows/a.yml", init.GITHUB_WORKFLOW)]
)
def test_the_job_for_the_ci_at_hand_is_shown(project, capsys, file, job):
    (project / file).parent.mkdir(parents=True, exist_ok=True)
    (project / file).touch()
    assert main(["init"]) == 0
    out = capsys.readouterr().out
    assert job in out
    assert (init.GITLAB_JOB in out) + (init.GITHUB_WORKFLOW in out) == 1


def test_shown_jobs_fetch_the_whole_history_and_keep_the_report():
    for job, depth in ((init.GITLAB_JOB, "GIT_DEPTH: 0"), (init.GITHUB_WORKFLOW, "fetch-depth: 0")):
        assert depth in job
        assert re.search(r"perfbot run --output (\S+)", job)[1] in job.rpartition("artifact")[2]


def test_a_place_that_cannot_be_written_is_a_usage_error(project, capsys):
    (project / "perfbot.toml").mkdir()
    assert main(["init", "--force"]) == 2
    assert "perfbot.toml cannot be written: Is a directory" in capsys.readouterr().err
