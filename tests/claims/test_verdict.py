"""Claims against results whose interval is known: true, false, undecided."""

from __future__ import annotations

import pytest

from perfbot.claims.grammar import parse_claim
from perfbot.claims.verdict import verify
from perfbot.model import Result, Round


def result(low: float, high: float, *, name: str = "parse", **fields: object) -> Result:
    kept = {
        "suite": "core",
        "benchmark": name,
        "metric": "time",
        "unit": "s",
        "better": "lower",
        "verdict": "unchanged",
    }
    raw = tuple(Round(index, (1.0,), (2.0 + index / 100,)) for index in range(6))
    return Result(
        **{**kept, "change": (low + high) / 2, "interval": (low, high), "confidence": 0.99, "raw": raw, **fields}
    )


@pytest.mark.parametrize(
    ("claim", "low", "high", "state"),
    [
        ("core/parse is at least 10 % faster", -0.2, -0.11, "true"),
        ("core/parse is at least 10 % faster", -0.2, -0.05, "undecided"),
        ("core/parse is at least 10 % faster", -0.09, 0.01, "false"),
        ("parse is slower", 0.01, 0.02, "true"),
        ("parse is slower", -0.02, -0.01, "false"),
        ("nothing is slower than 2 %", -0.01, 0.015, "true"),
        ("nothing is slower than 2 %", 0.03, 0.05, "false"),
        ("nothing is slower than 2 %", 0.01, 0.05, "undecided"),
        ("core/* is unchanged within 3 %", -0.02, 0.02, "true"),
        ("core/* is at most 5 % faster", -0.02, 0.02, "true"),
        ("core/* is 10 % larger", 0.11, 0.2, "true"),
    ],
)
def test_the_interval_decides(claim: str, low: float, high: float, state: str) -> None:
    assert verify(parse_claim(claim), [result(low, high)]).state == state


def test_faster_is_more_where_more_is_better() -> None:
    more = result(0.12, 0.2, metric="throughput", unit="1/s", better="higher")
    assert verify(parse_claim("throughput of core/parse is at least 10 % faster"), [more]).state == "true"
    assert verify(parse_claim("throughput of core/parse is slower"), [more]).state == "false"


def test_all_have_to_bear_it_out_and_one_refutes_it() -> None:
    claim = parse_claim("core/* is faster")
    fast, open_, slow = result(-0.2, -0.1), result(-0.1, 0.1, name="b"), result(0.1, 0.2, name="c")
    assert verify(claim, [fast]).state == "true"
    assert verify(claim, [fast, open_]).state == "undecided"
    assert verify(claim, [fast, open_, slow]).state == "false"


def test_what_was_not_measured_is_undecided_with_its_reason() -> None:
    gone = result(0, 0, interval=None, change=None, reason="not measured", raw=())
    (found,) = verify(parse_claim("parse is faster"), [gone]).found
    assert (found.state, found.why) == ("undecided", "not measured")
    assert verify(parse_claim("other is faster"), [gone]).state == "undecided"
    assert verify(parse_claim("parse is faster"), []).state == "undecided"


def test_a_direction_that_nobody_knows_is_neither_faster_nor_slower() -> None:
    odd = result(0.1, 0.2, metric="rows", better="unknown")
    assert verify(parse_claim("rows of parse is faster"), [odd]).state == "undecided"
    assert verify(parse_claim("rows of parse is larger"), [odd]).state == "true"


@pytest.mark.parametrize(("claim", "state"), [("time of parse ≤ 3 s", "true"), ("time of parse ≤ 1 s", "false")])
def test_values_are_heads_own(claim: str, state: str) -> None:
    assert verify(parse_claim(claim), [result(0, 0)]).state == state
