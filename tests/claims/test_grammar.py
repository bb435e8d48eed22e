"""Claims: what each means, and what is said to those that mean nothing."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfbot.claims.grammar import Claim, parse_claim
from perfbot.errors import UsageError

INF = math.inf


@pytest.mark.parametrize(
    ("text", "match", "metric", "subject", "low", "high"),
    [
        ("core/parse* is at least 10 % faster", "core/parse*", "time", "gain", 0.1, INF),
        ("core/parse* is 10% faster than base.", "core/parse*", "time", "gain", 0.1, INF),
        ("core/parse* are more than 10 % slower", "core/parse*", "time", "gain", -INF, -0.1),
        ("core/parse* is at most 2 % slower", "core/parse*", "time", "gain", -0.02, INF),
        ("x is at most 5 % faster", "x", "time", "gain", -INF, 0.05),
        ("x is faster", "x", "time", "gain", 0.0, INF),
        ("x is slower", "x", "time", "gain", -INF, 0.0),
        ("memory of x is at least 20 % smaller", "x", "memory", "growth", -INF, -0.2),
        ("memory of x is less than 3 % larger", "x", "memory", "growth", -INF, 0.03),
        ("throughput of api/* is at least 10 % faster", "api/*", "throughput", "gain", 0.1, INF),
        ("nothing is slower than 2 %", "*", "time", "gain", -0.02, INF),
        ("Nothing under core/ is slower than 2 %", "core/*", "time", "gain", -0.02, INF),
        ("nothing in core/a* is slower by more than 2 %", "core/a*", "time", "gain", -0.02, INF),
        ("nothing is more than 2 % slower", "*", "time", "gain", -0.02, INF),
        ("x is unchanged", "x", "time", "growth", -0.02, 0.02),
        ("x is unchanged within 3 %", "x", "time", "growth", -0.03, 0.03),
        ("memory of load_config ≤ 5 MiB", "load_config", "memory", "value", -INF, 5 * 2**20),
        ("memory of load_config is at most 5 MiB", "load_config", "memory", "value", -INF, 5 * 2**20),
        ("time of x < 0.5 ms", "x", "time", "value", -INF, 0.0005),
        ("throughput of api >= 5000 ops/s", "api", "throughput", "value", 5000, INF),
    ],
)
def test_what_is_claimed(text: str, match: str, metric: str, subject: str, low: float, high: float) -> None:
    claim = parse_claim(text)
    assert (claim.match, claim.metric, claim.subject) == (match, metric, subject)
    assert (claim.low, claim.high) == (pytest.approx(low), pytest.approx(high))


MALFORMED = [
    "",
    " ",
    "faster",
    "x",
    "x is",
    "x is fast",
    "is faster",
    "x faster",
    "x is 10 faster",
    "x is ten percent faster",
    "x is at least faster",
    "x is at least 10 % quicker",
    "x is 10 % faster 5 %",
    "x is -10 % faster",
    "x is 10 %% faster",
    "x is % faster",
    "x is . % faster",
    "x is 1.2.3 % faster",
    "x is 10 % faster and y is slower",
    "x y is faster",
    "nothing",
    "nothing is",
    "nothing is slower",
    "nothing is slower than",
    "nothing is slower than 2",
    "nothing under is slower than 2 %",
    "nothing under core/ slower than 2 %",
    "everything is faster",
    "all benchmarks are 5 % faster",
    "x is unchanged within",
    "x is unchanged within 3",
    "x is changed",
    "memory x ≤ 5 MiB",
    "memory of ≤ 5 MiB",
    "memory of x",
    "memory of x ≤",
    "memory of x ≤ 5",
    "memory of x ≤ five MiB",
    "memory of x = 5 MiB",
    "memory of x ≠ 5 MiB",
    "memory of x ≤ 5 ms",
    "time of x ≤ 5 MiB",
    "time of x ≤ -1",
    "of x ≤ 5 ms",
    "time of x ≤ 5 ms slower",
    "10 % faster",
    "5 MiB",
    "≤ 5 MiB",
    "x ≤ 5 MiB",
    "x > y",
    "x is at least at most 3 % faster",
    "x is at least 10 % faster than y",
    "x isn't slower",
    "x is not slower",
    "perfbot verify x",
    "x is 10 % faster;",
    "x is\x0010 % faster",
    "x is 10 % faster!",
    "\u202ex is faster?",
    "y" * 501,
]


@pytest.mark.parametrize("text", MALFORMED)
def test_what_is_no_claim_is_answered_with_what_was_expected(text: str) -> None:
    with pytest.raises(UsageError) as refused:
        parse_claim(text)
    assert "expected" in refused.value.message
    assert len(refused.value.message) < 700


def test_there_are_many_of_them() -> None:
    assert len(set(MALFORMED)) >= 60


@given(st.text(max_size=80))
def test_any_text_is_a_claim_or_refused(text: str) -> None:
    try:
        claim = parse_claim(text)
    except UsageError:
        return
    assert isinstance(claim, Claim)
    assert claim.low <= claim.high


@pytest.mark.parametrize("name", ["`core/parse*`", '"core/parse*"', "'core/parse*'"])
def test_a_name_may_stand_in_quotes(name: str) -> None:
    quoted = parse_claim(f"{name} is at least 10 % faster")
    assert (quoted.match, quoted.low) == ("core/parse*", 0.1)
    assert parse_claim(f"memory of {name} ≤ 5 MiB").match == "core/parse*"
    assert parse_claim(f"nothing under {name} is slower than 2 %").match == "core/parse*"


def test_quotes_inside_of_a_name_belong_to_it() -> None:
    assert parse_claim("test_x['a'] is faster").match == "test_x['a']"
