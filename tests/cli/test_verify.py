"""``perfbot verify`` as scripts see it: states, exit codes, JSON."""

from __future__ import annotations

import json

import pytest

from perfbot.errors import GATE_FAILED, NOT_MEASURED, PASS, USAGE
from tests.cli.conftest import Shell

pytestmark = pytest.mark.timeout(240)


@pytest.mark.parametrize(
    ("claim", "code"),
    [("slower is at least 30 % slower", PASS), ("slower is at least 10 % faster", GATE_FAILED)],
)
def test_a_claim_is_measured(shell: Shell, claim: str, code: int) -> None:
    done = shell.type("verify", claim, "--format", "json", "--seed", "1", "--budget", "60 s")
    assert done.returncode == code, done.stderr
    said = json.loads(done.stdout)
    assert said["state"] == ("true" if code == PASS else "false")
    (found,) = said["found"]
    assert found["name"] == "programs/slower"
    assert found["interval"][0] > 0.3


def test_what_cannot_be_known_in_time_is_undecided(shell: Shell) -> None:
    done = shell.type("verify", "programs/same is faster", "--budget", "2 s", "--seed", "1")
    assert done.returncode == NOT_MEASURED, done.stderr
    assert done.stdout.startswith("undecided: programs/same is faster\n")


@pytest.mark.parametrize(
    ("claim", "said"),
    [
        ("slwer is faster", "no benchmark is called slwer; did you mean programs/slower?"),
        ("slower is fast", "expected one such as"),
        ("objects of same ≤ 3", "objects of same is not measured, but time"),
    ],
)
def test_what_means_nothing_is_answered(shell: Shell, claim: str, said: str) -> None:
    done = shell.type("verify", claim)
    assert done.returncode == USAGE
    assert said in done.stderr
