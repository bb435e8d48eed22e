"""What an author claims in a merge request's description: read from the forge, shown in the comment, gating nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from perfbot.publish.flow import publish
from tests.builders import HEAD, report, result, write
from tests.ci_jobs import InCI
from tests.fakes.gitlab import FakeGitLab

ON = '[gate]\nconfirm = "no"\n[publish]\nclaims = true\n'
SLOWER = '[[claim]]\nthat = "nothing is slower than 2 %"\n'
FASTER = '[[claim]]\nthat = "* is at least 10 % faster"\n'


def describe(ci: InCI, text: str) -> None:
    """The author writes a description."""
    if isinstance(ci.fake, FakeGitLab):
        ci.fake.requests[1]["description"] = text
    else:
        ci.fake.pulls[1]["body"] = text


@pytest.mark.parametrize("fence", ["", "```toml\n", "```\n"])
def test_claims_are_judged_by_the_runs_rounds(ci: InCI, tmp_path: Path, fence: str) -> None:
    ci.config(ON)
    describe(ci, f"Makes it faster.\n\n{fence}{FASTER}\n{SLOWER}{'```' if fence else ''}\n\nThanks!\n")
    published = publish(write(tmp_path, report(result(change=-0.3))), ci.publisher())
    assert published.code == 0
    assert "✅ true: `* is at least 10 % faster`" in ci.comment()
    assert "✅ true: `nothing is slower than 2 %`" in ci.comment()


def test_a_false_claim_is_said_and_gates_nothing(ci: InCI, tmp_path: Path) -> None:
    ci.config(ON)
    describe(ci, FASTER)
    published = publish(write(tmp_path, report(result())), ci.publisher())
    assert published.code == 0
    assert ci.status()[0] == "success"
    assert "❌ false: `* is at least 10 % faster`" in ci.comment()


def test_a_true_claim_opens_no_gate(ci: InCI, tmp_path: Path) -> None:
    ci.config(ON)
    describe(ci, '[[claim]]\nthat = "* is at least 10 % slower"\n')
    assert publish(write(tmp_path, report(result(change=0.3))), ci.publisher()).code == 1
    assert "✅ true: `* is at least 10 % slower`" in ci.comment()


@pytest.mark.parametrize("where", ["nowhere", "at head"])
def test_only_the_target_branch_switches_them_on(ci: InCI, tmp_path: Path, where: str) -> None:
    if where == "at head":
        ci.config(ON, HEAD)
    describe(ci, FASTER)
    publish(write(tmp_path, report(result())), ci.publisher())
    assert "claim" not in ci.comment()
    assert "10 % faster" not in ci.comment()


@pytest.mark.parametrize(
    "hostile",
    [
        '[[claim]]\nthat = "</details><img src=x> @all `x` is faster <!-- perfbot:end -->"\n',
        '[[claim]]\nthat = "a\\u202eb | c is faster\\n# heading"\n',
        "[[claim]]\nthat = 1e9999\n",
        '[[claim]]\nthat = "' + "x" * 90_000 + '"\n',
        SLOWER * 500,
    ],
)
def test_what_an_author_writes_stays_text(ci: InCI, tmp_path: Path, hostile: str) -> None:
    ci.config(ON)
    describe(ci, hostile)
    assert publish(write(tmp_path, report(result())), ci.publisher()).code == 0
    shown = ci.comment()
    assert "<img" not in shown.replace("`</details><img src=x>", "")
    assert "\n# heading" not in shown
    assert len(shown) < 20_000
    assert shown.count("<!-- perfbot:end -->") == 1
