"""Claims in a description, in whatever markdown: found, judged, shown, and nothing else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from perfbot.claims.described import MOST_CLAIMS, judged_claims
from perfbot.model import Change, Policy, Report
from perfbot.render.claims import lines
from perfbot.render.comment import comment
from tests.builders import result

FASTER = '[[claim]]\nthat = "core/parse is at least 10 % faster"\n'


def report(change: float = -0.2) -> Report:
    results = (result("parse", change, count=30), result("dump", 0.0))
    return Report(Change("b" * 40, "a" * 40), "pass", results, policy=Policy(confirm="no"), family=2)


@pytest.mark.parametrize(
    "description",
    [
        FASTER,
        f"Makes parsing faster.\n\n```toml\n{FASTER}```\n\nMore.",
        f"- a list\n\n  {FASTER.replace(chr(10), chr(10) + '  ')}",
        FASTER.replace("\n", "\r\n"),
        FASTER.rstrip("\n"),
    ],
)
def test_it_is_found_and_judged(description: str) -> None:
    (claim,) = judged_claims(description, report())
    assert claim.state == "true"
    assert lines([claim])[0].startswith("✅ true: `core/parse is at least 10 % faster` (`core/parse` −20")


@pytest.mark.parametrize(("change", "state"), [(-0.05, "false"), (-0.1, "undecided")])
def test_what_is_not_so_is_said(change: float, state: str) -> None:
    (claim,) = judged_claims(FASTER, report(change))
    assert claim.state == state


@pytest.mark.parametrize(
    ("block", "why"),
    [
        ("[[claim]]\nthat = 5 %\n", 'expected that = "…"'),
        ('[[claim]]\nthis = "core/parse is faster"\n', 'expected that = "…"'),
        ('[[claim]]\nthat = "everything is great"\n', "expected one such as"),
        ('[[claim]]\nthat = "nosuch is faster"\n', "no benchmark is called nosuch"),
        (f'[[claim]]\nthat = "{"x" * 600}"\n', "expected one such as"),
    ],
)
def test_what_means_nothing_is_answered(block: str, why: str) -> None:
    (claim,) = judged_claims(block, report())
    assert claim.state in ("unreadable", "undecided")
    assert why in claim.why


def test_there_is_a_most_of_them() -> None:
    assert len(judged_claims(FASTER * 500, report())) == MOST_CLAIMS


def test_what_its_author_wrote_is_escaped() -> None:
    hostile = '[[claim]]\nthat = "@all <script>x</script> | [a](http://evil) <!-- perfbot:reply --> is faster"\n'
    text = comment(report(), claims=judged_claims(hostile, report()))
    html = MarkdownIt("gfm-like").render(text)
    for forbidden in ("<script", "<!-- perfbot:reply", 'href="http://evil'):
        assert forbidden not in html
    assert "❔ not understood" in text


def test_without_claims_the_comment_says_nothing_of_them() -> None:
    assert "Claimed" not in comment(report())


@given(st.text(alphabet='[]claim that="\n%\\x', max_size=300))
def test_any_description_is_read(description: str) -> None:
    lines(judged_claims(description + FASTER, report()))


@pytest.mark.parametrize("value", [
    "[" * 50_000, "{a=" * 3_000, "9" * 5_000, "0x" + "f" * 5_000, "1e999", "nan", "[1]", "true",
])  # fmt: skip
def test_a_claim_that_is_no_text_costs_itself_alone(value: str) -> None:
    """A description with one of these ended the publication: the check said that perfbot had failed."""
    one, other = judged_claims(f"[[claim]]\nthat = {value}\n\n{FASTER}", report())
    assert (one.state, one.text) == ("unreadable", "")
    assert other.state != "unreadable"
