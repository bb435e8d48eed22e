"""A run on another machine: by a stand-in for ssh that runs what it is told in another home on this one."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from perfbot.errors import MeasureError, UsageError
from perfbot.pipeline.job import Request
from perfbot.pipeline.remote import COMMAND, machine_of, measure_on
from perfbot.render.progress import Silent
from tests.programs import SPIN, three_times_slower
from tests.repositories import Repository, git

pytestmark = pytest.mark.timeout(240)

SSH = """\
#!/bin/sh
echo "$@" >> {log}
while [ "$1" != quiet ]; do case "$1" in -*) shift ;; *) break ;; esac; done
[ "$1" = quiet ] || {{ echo "ssh: Could not resolve hostname $1" >&2; exit 255; }}
shift
export HOME={home} PERFBOT_CACHE={home}/perfbot
cd {home} && exec sh -c "$*"
"""


@pytest.fixture
def request_(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Request:
    repository = three_times_slower(tmp_path / "project")
    home = tmp_path / "there"
    home.mkdir()
    ssh = tmp_path / "ssh"
    ssh.write_text(SSH.format(log=tmp_path / "log", home=home))
    ssh.chmod(0o755)
    monkeypatch.setenv("GIT_SSH_COMMAND", str(ssh))
    monkeypatch.setenv("GIT_SSH_VARIANT", "simple")
    here = Path(__file__).parents[2]
    called = f"env PYTHONPATH={here} {sys.executable} -m perfbot"
    environ = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "GIT_SSH_COMMAND": str(ssh), COMMAND: called}
    return Request(repo=repository.path, environ=environ, cache=tmp_path / "cache")


def test_the_report_comes_back_and_nothing_else_stays_here(request_: Request) -> None:
    report = measure_on("quiet", request_, ["--seed", "1", "--force"], Silent())
    (result,) = report.results
    assert (result.full_name, result.verdict) == ("programs/slower", "regressed")
    assert any(note.startswith("Measured on quiet: ") for note in report.change.notes)
    refs = Repository(request_.repo).git("for-each-ref", "--format=%(refname)").splitlines()
    assert refs == ["refs/heads/main"]


def test_a_clone_with_little_history_sends_what_it_has(request_: Request, tmp_path: Path) -> None:
    whole = Repository(request_.repo)
    git(tmp_path, "clone", "--quiet", "--depth=1", f"file://{whole.path}", "little")
    little = tmp_path / "little"
    report = measure_on("quiet", replace(request_, repo=little), ["--seed", "1", "--force"], Silent())
    assert git(little, "rev-parse", "--is-shallow-repository") == "true"
    assert [one.verdict for one in report.results] == ["regressed"]


def test_a_working_tree_is_sent_as_it_is_and_is_a_try(request_: Request) -> None:
    (request_.repo / "program.sh").write_text(SPIN.format(30_000))
    report = measure_on("quiet", replace(request_, dirty=True), ["--seed", "1", "--force"], Silent())
    (result,) = report.results
    assert result.change is not None
    assert result.change > 1.5
    assert report.change.dirty
    assert report.policy.alpha < 0.0062
    assert any("Try 1 of this session" in note for note in report.change.notes)


@pytest.mark.parametrize(
    "host",
    ["-oProxyCommand=x", "a b", "a;b", "$(id)", "", "a:b", "user@", "@host", "ssh://host", "a/b", "a\nb"],
)
def test_what_is_no_host_is_refused(request_: Request, host: str) -> None:
    with pytest.raises(UsageError, match="expected a host"):
        machine_of(host, request_.repo, request_.environ)


def test_a_machine_that_is_not_there_is_told(request_: Request) -> None:
    with pytest.raises(MeasureError, match="elsewhere: cannot be reached") as told:
        measure_on("elsewhere", request_, [], Silent())
    assert told.value.hint == "Try: ssh elsewhere true"
    assert "Could not resolve" in told.value.output


def test_perfbot_that_is_not_there_is_told(request_: Request) -> None:
    environ = {**request_.environ, COMMAND: "no-such-perfbot"}
    with pytest.raises(MeasureError, match="there came no report") as told:
        measure_on("quiet", replace(request_, environ=environ), [], Silent())
    assert COMMAND in told.value.hint
