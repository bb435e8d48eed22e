"""``perfbot doctor`` on small repositories: its lines, its exit codes, and its JSON."""

import json
import os
import shutil
import subprocess
import sys

import pytest

from perfbot.cli.doctor import exit_code, sections
from perfbot.cli.main import main
from perfbot.runner.diagnosis import Finding

BENCH = "def test_x(benchmark): ...\ndef test_y(benchmark): ...\n"
SUITE = '[[suite]]\nname = "core"\nharness = "pytest"\npaths = ["bench/"]\n'


@pytest.fixture
def project(tmp_path, monkeypatch, tmp_path_factory):
    """A repository with one commit and two benchmarks; it is the current folder."""
    (tmp_path / "bench").mkdir()
    (tmp_path / "bench" / "test_a.py").write_text(BENCH)
    (tmp_path / "perfbot.toml").write_text(SUITE)
    for command in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "start"]):
        identity = ["-c", "user.name=t", "-c", "user.email=t@example.org"]
        subprocess.run(["git", *identity, *command], cwd=tmp_path, check=True)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PERFBOT_CACHE", str(tmp_path_factory.mktemp("cache")))
    return tmp_path


@pytest.fixture
def doctor(capsys):
    """``doctor()`` gives the exit code and the findings by what they are about."""

    def call(*words):
        code = main(["doctor", "--format", "json", *words])
        found = json.loads(capsys.readouterr().out)
        assert found["exit"] == code
        return code, {finding["what"]: finding for finding in found["findings"]}

    return call


def test_a_good_project_has_nothing_wrong(project, doctor):
    code, found = doctor()
    assert code == 0
    assert found["configuration"]["message"] == "perfbot.toml"
    assert found["suite core"]["message"] == ("2 benchmarks: test_a.py::test_x, test_a.py::test_y; nothing to set up")
    assert found["budget"]["message"] == "10 min for 2 benchmarks, parameters not counted"
    assert found["git"]["state"] == "ok"


def test_the_text_names_states_and_advice(project, capsys):
    (project / "bench" / "test_a.py").write_text("x = 1")
    assert main(["doctor"]) == 2
    out = capsys.readouterr().out
    assert "\n  ok  configuration  perfbot.toml\n" in out
    assert "BAD   suite core     no benchmark was found for pytest in bench/\n" in out
    assert "→ expected tests with the argument `benchmark`" in out


@pytest.mark.parametrize(
    ("config", "what", "message"),
    [
        ("[run]\nbudget = 3\n", "configuration", "perfbot.toml: [run] budget: found 3, a number without a unit"),
        (SUITE.replace("bench/", "benhc/"), "suite core", 'paths: "benhc/" matches nothing in the repository'),
        (SUITE + 'directory = "none"', "suite core", 'directory: "none" is not there'),
        (SUITE + 'only = ["nothing*"]', "suite core", "no benchmark was found for pytest in bench/"),
    ],
)
def test_a_wrong_configuration_ends_with_2(project, doctor, config, what, message):
    (project / "perfbot.toml").write_text(config)
    code, found = doctor()
    assert code == 2
    assert found[what]["state"] == "wrong"
    assert message in found[what]["message"]


def test_an_interpreter_that_is_not_there_ends_with_3(project, doctor, monkeypatch):
    monkeypatch.setenv("PERFBOT_INSTALLER", "pip")
    (project / "perfbot.toml").write_text(SUITE + 'python = "2.1"')
    code, found = doctor()
    assert code == 3
    assert found["suite core"]["message"] == 'python = "2.1" was not found'


def test_a_project_that_does_not_run_on_this_python_is_a_warning(project, doctor):
    (project / "pyproject.toml").write_text('[project]\nname = "x"\nrequires-python = "==3.8.*"\n')
    _, found = doctor()
    assert found["suite core"]["state"] == "warning"
    assert "the project allows Python ==3.8.* alone, and the suite runs on " in found["suite core"]["message"]
    assert found["suite core"]["advice"].startswith('python = "3.8" in its [[suite]]')


@pytest.fixture
def programs(tmp_path_factory, monkeypatch):
    """An empty PATH but for git, uv and what is put there; no Python of uv's own, nothing around it."""
    folder = tmp_path_factory.mktemp("bin")
    for name in ("git", "uv"):
        (folder / name).symlink_to(shutil.which(name))
    for name in [name for name in os.environ if name.startswith("UV_")]:
        monkeypatch.delenv(name)
    monkeypatch.delenv("VIRTUAL_ENV", raising=False)
    monkeypatch.setenv("UV_PYTHON_INSTALL_DIR", str(folder / "none"))
    monkeypatch.setenv("PATH", str(folder))
    return folder


def shim(folder, name):
    """What a version manager leaves on PATH for a version that is not chosen."""
    (folder / name).write_text(f"#!/bin/sh\necho 'pyenv: {name}: command not found' >&2\nexit 127\n")
    (folder / name).chmod(0o755)


def test_an_interpreter_that_uv_has_to_fetch_is_a_warning(project, doctor, programs, monkeypatch):
    (project / "perfbot.toml").write_text(SUITE + 'python = "3.9"')
    code, found = doctor()
    assert code == 0
    assert found["suite core"]["state"] == "warning"
    assert found["suite core"]["message"] == 'python = "3.9" is not on this machine: set-up has uv fetch it'
    monkeypatch.setenv("UV_PYTHON_DOWNLOADS", "never")
    code, found = doctor()
    assert (code, found["suite core"]["state"]) == (3, "wrong")


@pytest.mark.parametrize("installer", ["uv", "pip"])
def test_a_shim_is_no_interpreter(project, doctor, programs, monkeypatch, installer):
    monkeypatch.setenv("PERFBOT_INSTALLER", installer)
    shim(programs, "python3.9")
    (project / "perfbot.toml").write_text(SUITE + 'python = "3.9"')
    code, found = doctor()
    assert code == 3
    assert found["suite core"]["message"].startswith('python = "3.9" was not found: ')


@pytest.mark.parametrize("installer", ["uv", "pip"])
def test_an_interpreter_that_is_there_is_well(project, doctor, programs, monkeypatch, installer):
    monkeypatch.setenv("PERFBOT_INSTALLER", installer)
    own = f"{sys.version_info.major}.{sys.version_info.minor}"
    (programs / f"python{own}").symlink_to(os.path.realpath(sys.executable))
    for python in (own, os.path.realpath(sys.executable)):
        (project / "perfbot.toml").write_text(SUITE + f'python = "{python}"')
        code, found = doctor()
        assert (code, found["suite core"]["state"]) == (0, "ok"), python


def test_what_the_project_asks_for_is_looked_for_on_the_machine(project, doctor, programs):
    (project / "pyproject.toml").write_text('[project]\nname = "x"\nrequires-python = "==3.9.*"\n')
    own = f"{sys.version_info.major}.{sys.version_info.minor}"
    (programs / f"python{own}").symlink_to(os.path.realpath(sys.executable))
    for chosen in ("", f'python = "{own}"\n'):
        (project / "perfbot.toml").write_text(SUITE + chosen)
        _, found = doctor()
        assert found["suite core"]["state"] == "warning"
        assert "the project allows Python ==3.9.* alone" in found["suite core"]["message"]
        assert found["suite core"]["advice"] == (
            'python = "3.9" in its [[suite]], which is not on this machine: install it'
        )


def test_a_file_that_is_no_python_is_a_warning(project, doctor):
    (project / "bench" / "test_b.py").write_text("def (")
    code, found = doctor()
    assert code == 0
    assert found["suite core"]["state"] == "warning"


def test_without_configuration_the_suites_found_are_shown(project, doctor):
    (project / "perfbot.toml").unlink()
    code, found = doctor()
    assert code == 0
    assert found["configuration"]["advice"] == "perfbot init"
    assert found["suite bench"]["state"] == "ok"


def test_with_nothing_to_measure_it_ends_with_2(project, doctor):
    (project / "perfbot.toml").unlink()
    (project / "bench" / "test_a.py").unlink()
    code, found = doctor()
    assert code == 2
    assert found["suites"]["state"] == "wrong"


def test_another_file_is_read_where_asked_for(project, doctor):
    (project / "other.toml").write_text(SUITE.replace("core", "other"))
    _, found = doctor("--config", "other.toml")
    assert "suite other" in found


def test_outside_a_repository_it_ends_with_3(tmp_path, monkeypatch, doctor):
    (tmp_path / "perfbot.toml").write_text(SUITE)
    (tmp_path / "bench").mkdir()
    (tmp_path / "bench" / "test_a.py").write_text(BENCH)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    code, found = doctor()
    assert code == 3
    assert found["repository"]["state"] == "wrong"


def test_a_cut_history_says_how_to_get_the_rest(project, doctor, tmp_path_factory, monkeypatch):
    identity = ["-c", "user.name=t", "-c", "user.email=t@example.org"]
    subprocess.run(["git", *identity, "commit", "-q", "--allow-empty", "-m", "again"], cwd=project, check=True)
    little = tmp_path_factory.mktemp("clones") / "little"
    subprocess.run(["git", "clone", "-q", "--depth=1", f"file://{project}", str(little)], check=True)
    monkeypatch.chdir(little)
    code, found = doctor()
    assert code == 0
    assert found["repository"]["advice"].startswith("git fetch --unshallow origin; in CI: GIT_DEPTH: 0")


def test_the_worst_finding_decides_the_exit_code():
    assert exit_code([Finding("a", "ok", ""), Finding("b", "warning", "")]) == 0
    assert exit_code([Finding("a", "wrong", "")]) == 3
    assert exit_code([Finding("a", "wrong", ""), Finding("b", "wrong", "", exit_code=2)]) == 2


def test_sections_of_pyperfs_report_are_read():
    report = (
        "System state\n============\n\nCPU: 2\n\nAdvices\n=======\n\nA: do\nB: this\n\nWarnings\n========\n\nC: no\n"
    )
    assert sections(report, ("Advices", "Warnings")) == ["A: do", "B: this", "C: no"]
    assert sections("", ("Advices",)) == []
