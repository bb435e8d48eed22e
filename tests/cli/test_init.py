"""``perfbot init``: what it writes and says, and that it never overwrites unasked."""

import tomllib
from pathlib import Path

import pytest

from perfbot import config
from perfbot.cli import init_ci
from perfbot.cli.main import main

ROOT = Path(__file__).parents[2]
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


@pytest.fixture
def gitlab(project):
    (project / ".gitlab-ci.yml").write_text("stages: [test]\n")
    return project


@pytest.fixture
def github(project):
    (project / ".github/workflows").mkdir(parents=True)
    (project / ".github/workflows/tests.yaml").touch()
    return project


def test_the_component_is_written_for_gitlab_and_its_include_shown(gitlab, capsys):
    assert main(["init"]) == 0
    assert (gitlab / ".gitlab/perfbot.yml").read_text() == (ROOT / "templates/perfbot.yml").read_text()
    out = capsys.readouterr().out
    assert "wrote .gitlab/perfbot.yml\n" in out
    assert init_ci.GITLAB_INCLUDE in out
    assert "PERFBOT_TOKEN" in out
    assert (gitlab / ".gitlab-ci.yml").read_text() == "stages: [test]\n"
    assert not (gitlab / ".github").exists()


def test_both_workflows_are_written_for_github(github, capsys):
    assert main(["init"]) == 0
    out = capsys.readouterr().out
    for name in ("perfbot.yml", "perfbot-publish.yml"):
        written = (github / ".github/workflows" / name).read_text()
        assert written == (ROOT / "docs/examples/github" / name).read_text()
        assert f"wrote .github/workflows/{name}\n" in out
    assert not (github / ".gitlab").exists()


def test_existing_ci_files_are_kept_even_by_force(github, capsys):
    own = github / ".github/workflows/perfbot.yml"
    own.write_text("# mine\n")
    assert main(["init", "--force"]) == 0
    assert own.read_text() == "# mine\n"
    assert "kept .github/workflows/perfbot.yml: it exists already" in capsys.readouterr().out
    assert (github / ".github/workflows/perfbot-publish.yml").is_file()


@pytest.mark.parametrize("option", ["--no-ci", "--dry-run"])
def test_no_ci_file_is_written_unasked(github, option):
    assert main(["init", option]) == 0
    assert [f.name for f in (github / ".github/workflows").iterdir()] == ["tests.yaml"]


def test_without_ci_none_is_made(project, capsys):
    assert main(["init"]) == 0
    assert "docs/tutorial.md" in capsys.readouterr().out
    assert not (project / ".github").exists()
    assert not (project / ".gitlab").exists()


def test_a_ci_file_that_cannot_be_written(gitlab, capsys):
    (gitlab / ".gitlab").write_text("a file")
    assert main(["init"]) == 2
    assert ".gitlab/perfbot.yml cannot be written" in capsys.readouterr().err


def test_a_place_that_cannot_be_written_is_a_usage_error(project, capsys):
    (project / "perfbot.toml").mkdir()
    assert main(["init", "--force"]) == 2
    assert "perfbot.toml cannot be written: Is a directory" in capsys.readouterr().err
