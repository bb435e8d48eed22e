"""Environments: isolated, complete or made anew, told about, and without the person's secrets."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from perfbot.errors import NOT_MEASURED, SetupError
from perfbot.sides.environment import Environment, recipe
from tests.sides.environment.conftest import Sides


@pytest.mark.parametrize("editable", [False, True])
def test_each_side_sees_its_own_code_only(sides: Sides, editable: bool) -> None:
    sides.environ["PYTHONPATH"] = str(sides.repository.path)
    line = "pip install --editable ." if editable else "pip install ."
    with ThreadPoolExecutor(2) as pool:
        made = list(pool.map(lambda checkout: sides.prepare(checkout, line), (sides.base, sides.head)))
    for checkout, environment in zip((sides.base, sides.head), made, strict=True):
        for folder in (checkout.path, environment.home):
            assert sides.evaluate(environment, folder, "flat.VALUE") == checkout.side
        paths = sides.evaluate(environment, checkout.path, "os.pathsep.join(sys.path)")
        other = sides.head if checkout is sides.base else sides.base
        assert str(sides.repository.path) not in paths
        assert str(other.slot.folder) not in paths


def test_without_uv_it_is_venv_and_pip(sides: Sides) -> None:
    sides.environ["PERFBOT_INSTALLER"] = "pip"
    environment = sides.prepare(sides.base, "pip install .", requires=["helper"])
    assert sides.evaluate(environment, environment.home, "flat.VALUE") == "base"
    assert [line for line in sides.told if "$" in line] == ["base: $ pip install .", "base: $ pip install helper"]
    assert environment.bin is not None
    assert (environment.bin / "pip").exists()


def test_with_uv_pips_installs_go_through_it_and_are_told(sides: Sides) -> None:
    sides.prepare(sides.head, "python -m pip install  helper", "pip install helper && echo done", "echo plain")
    commands = [line for line in sides.told if "$" in line]
    assert commands == [
        "head: $ uv pip install  helper",
        "head: $ uv pip install helper && echo done",
        "head: $ echo plain",
    ]
    assert "head: done" in sides.told


def test_what_set_up_did_not_bring_is_installed_and_told(sides: Sides) -> None:
    environment = sides.prepare(sides.base, requires=["json", "helper>=1"])
    assert "base: set-up did not bring helper>=1: installing" in sides.told
    assert sides.evaluate(environment, sides.base.path, "__import__('helper').__name__") == "helper"


def test_a_second_time_it_is_reused(sides: Sides) -> None:
    first = sides.prepare(sides.base, "echo once")
    second = sides.prepare(sides.base, "echo once")
    assert (first.reused, second.reused) == (False, True)
    assert sides.told.count("base: once") == 1
    assert {**vars_of(first)} == {**vars_of(second)}


def vars_of(environment: Environment) -> dict[str, object]:
    return {"python": environment.python, "home": environment.home, **environment.variables}


def test_another_set_up_is_made_anew(sides: Sides) -> None:
    sides.prepare(sides.base, "echo one > ignored; touch flat/built.o", needs_python=False)
    again = sides.prepare(sides.base, "echo two; ls", needs_python=False)
    assert not again.reused
    assert "base: ignored" not in sides.told
    assert not (sides.base.path / "flat" / "built.o").exists()


def test_an_environment_whose_interpreter_is_gone_is_made_anew(sides: Sides) -> None:
    first = sides.prepare(sides.base)
    assert first.python is not None
    first.python.unlink()
    again = sides.prepare(sides.base)
    assert not again.reused
    assert first.python.exists()


def test_a_marker_does_not_outlive_what_it_marked(sides: Sides) -> None:
    fails = sides.base.slot.folder / "fails"
    line = f"test ! -e {fails}"
    first = sides.prepare(sides.base, line)
    assert first.python is not None
    first.python.unlink()
    fails.touch()
    with pytest.raises(SetupError):
        sides.prepare(sides.base, line)
    assert first.python.exists(), "made, but not complete"
    fails.unlink()
    assert not sides.prepare(sides.base, line).reused


@pytest.mark.parametrize(
    ("line", "ending"),
    [("echo why; exit 3", "`echo why; exit 3` ended with 3"), ("kill -9 $$", "`kill -9 $$` was killed by SIGKILL")],
)
def test_a_command_that_fails(sides: Sides, line: str, ending: str) -> None:
    with pytest.raises(SetupError) as caught:
        sides.prepare(sides.base, "true", line, needs_python=False)
    assert caught.value.message == f"set-up failed on base: {ending}"
    assert caught.value.exit_code == NOT_MEASURED
    assert caught.value.output.strip() == ("why" if "why" in line else "")


def test_a_python_that_is_too_old_is_refused(sides: Sides, tmp_path: Path) -> None:
    old = tmp_path / "python3.7"
    old.write_text("#!/bin/sh\nmkdir -p $3 && echo 'version = 3.7.16' > $3/pyvenv.cfg\n")
    old.chmod(0o755)
    sides.environ["PERFBOT_INSTALLER"] = "pip"
    with pytest.raises(SetupError, match=r"set-up failed on base: Python 3\.7 is older than 3\.8") as caught:
        sides.prepare(sides.base, "true", python=str(old))
    assert 'python = "3.8"' in caught.value.hint


def test_a_python_that_cannot_be_had_comes_with_what_to_do(sides: Sides, tmp_path: Path) -> None:
    (tmp_path / "no-python").write_text("#!/bin/sh\necho cannot; exit 2\n")
    (tmp_path / "no-python").chmod(0o755)
    sides.environ["PERFBOT_INSTALLER"] = "pip"
    with pytest.raises(SetupError, match=r"-m venv` ended with 2") as caught:
        sides.prepare(sides.base, python=str(tmp_path / "no-python"))
    assert "give the path of one" in caught.value.hint


def test_a_well_known_failure_comes_with_what_to_do(sides: Sides) -> None:
    with pytest.raises(SetupError) as caught:
        sides.prepare(sides.base, "echo \"No module named 'pkg_resources'\"; exit 1", needs_python=False)
    assert "pip install 'setuptools<81'" in caught.value.hint


def test_what_failed_is_tried_again_from_the_start(sides: Sides) -> None:
    once = sides.base.slot.folder / "once"
    with pytest.raises(SetupError):
        sides.prepare(sides.base, f"touch left ~/left; test -e {once}", needs_python=False)
    once.touch()
    sides.prepare(sides.base, f"test ! -e left && test ! -e ~/left; touch left; test -e {once}", needs_python=False)


def test_a_command_that_takes_too_long(sides: Sides) -> None:
    with pytest.raises(SetupError, match="`sleep 60 & wait` ran out of time after"):
        sides.prepare(sides.head, "sleep 60 & wait", needs_python=False, timeout=0.3)


def test_an_install_that_fails_shows_its_output(sides: Sides) -> None:
    with pytest.raises(SetupError, match=r"set-up failed on base: `pip install nonesuch` ended with 1") as caught:
        sides.prepare(sides.base, "pip install nonesuch")
    assert "nonesuch" in caught.value.output


def test_a_python_that_is_not_there(sides: Sides) -> None:
    sides.environ["PERFBOT_INSTALLER"] = "pip"
    with pytest.raises(SetupError, match=r"there is no python3\.99 on PATH") as caught:
        sides.prepare(sides.base, python="3.99")
    assert "pip install uv" in caught.value.hint
    del sides.environ["PERFBOT_INSTALLER"]
    with pytest.raises(SetupError, match=r"uv venv .*--python 3\.99` ended with") as caught:
        sides.prepare(sides.base, python="3.99")
    assert "3.99" in caught.value.output


def test_without_python_there_is_no_environment(sides: Sides) -> None:
    environment = sides.prepare(sides.base, "echo built > built.txt", needs_python=False)
    assert (environment.python, environment.bin) == (None, None)
    assert "VIRTUAL_ENV" not in environment.variables
    assert (sides.base.path / "built.txt").read_text() == "built\n"


def test_overlaid_files_survive_the_cleaning(sides: Sides) -> None:
    taken = replace(sides.base, files=sides.base.files | {"bench_new.py"})
    (sides.base.path / "bench_new.py").write_text("new")
    (sides.base.path / "rubbish").write_text("left by a set-up that was killed")
    sides.prepare(taken, "test -e bench_new.py && test ! -e rubbish", needs_python=False)


SECRETS = {
    "GITLAB_TOKEN": "t0ps3cret",
    "CI_JOB_TOKEN": "t0ps3cret",
    "GITHUB_TOKEN": "t0ps3cret",
    "PERFBOT_TOKEN": "t0ps3cret",
    "SSH_AUTH_SOCK": "/t0ps3cret",
    "UV_PUBLISH_TOKEN": "t0ps3cret",
    "UV_INDEX_PRIVATE_PASSWORD": "t0ps3cret",
    "PIP_INDEX_URL": "https://user:t0ps3cret@index.example/simple",
    "HTTPS_PROXY": "http://t0ps3cret@proxy.example:3128",
    "NETRC": "/t0ps3cret",
}


def test_set_up_sees_no_secret_and_a_home_of_its_own(sides: Sides) -> None:
    sides.environ.update(SECRETS)
    home = Path(sides.environ["HOME"])
    (home / ".netrc").write_text("machine index.example login user password t0ps3cret\n")
    environment = sides.prepare(sides.base, "env; cat ~/.netrc || true; echo home=$HOME", needs_python=False)
    assert "t0ps3cret" not in "\n".join(sides.told)
    assert f"base: home={environment.home}" in sides.told
    assert "base: PERFBOT=1" in sides.told
    assert "base: withheld from set-up, because they hold credentials: HTTPS_PROXY, PIP_INDEX_URL" in sides.told


def test_what_was_withheld_explains_a_failure(sides: Sides) -> None:
    sides.environ["PIP_INDEX_URL"] = SECRETS["PIP_INDEX_URL"]
    with pytest.raises(SetupError) as caught:
        sides.prepare(sides.base, "false", needs_python=False)
    assert caught.value.hint == "These hold credentials and were withheld from set-up: PIP_INDEX_URL"


def test_the_configurations_variables_are_there_in_set_up_and_later(sides: Sides) -> None:
    environment = sides.prepare(sides.base, "echo got=$SIZE", needs_python=False, variables={"SIZE": "7"})
    assert "base: got=7" in sides.told
    assert environment.variables["SIZE"] == "7"


def test_git_trusts_the_work_tree_in_the_new_home(sides: Sides) -> None:
    sides.prepare(sides.base, "git config --get-all safe.directory; git rev-parse HEAD", needs_python=False)
    assert f"base: {sides.base.commit}" in sides.told
    assert "base: *" in sides.told


def test_a_uv_configuration_comes_along_unless_it_holds_credentials(sides: Sides) -> None:
    settings = Path(sides.environ["HOME"]) / ".config" / "uv" / "uv.toml"
    settings.parent.mkdir(parents=True)
    settings.write_text("offline = true\n")
    sides.prepare(sides.base, "cat ~/.config/uv/uv.toml", needs_python=False)
    assert "base: offline = true" in sides.told
    settings.write_text('index-url = "https://me:t0ps3cret@index.example/simple"\n')
    sides.prepare(sides.head, "cat ~/.config/uv/uv.toml || true", needs_python=False)
    assert "t0ps3cret" not in "\n".join(sides.told)


def test_recipes_differ_where_environments_would() -> None:
    plain = recipe(["pip install ."], python=None, needs_python=True)
    others = [
        recipe(["pip install . "], python=None, needs_python=True),
        recipe(["pip install ."], python="3.12", needs_python=True),
        recipe(["pip install ."], python=None, needs_python=False),
        recipe(["pip install ."], python=None, needs_python=True, requires=["pytest"]),
        recipe(["pip install ."], python=None, needs_python=True, variables={"A": "1"}),
    ]
    assert len({plain, *others}) == 6
    assert recipe(["make"], python="3.11", needs_python=False) == recipe(["make"], python=None, needs_python=False)
