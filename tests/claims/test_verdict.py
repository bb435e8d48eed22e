"""Claims against rounds whose truth is known by construction: true, false, undecided."""

from __future__ import annotations

import math
from collections.abc import Sequence
from random import Random

import pytest

from perfbot.claims.grammar import parse_claim
from perfbot.claims.verdict import Verified, verify
from perfbot.errors import UsageError
from perfbot.model import Change, Policy, Report, Result, Round
from perfbot.reasons import NotConfirmed, Said

CONFIRMED = Policy(confirm="here")
NOISE = 0.003
"""By which rounds scatter."""


def rounds(
    change: float, *, noise: float = 0.003, count: int = 24, fresh: int = 12, level: float = 1.0
) -> tuple[Round, ...]:
    random = Random(round(1e6 * change) + count)  # noqa: S311
    return tuple(
        Round(
            index,
            (level,) * 8,
            (level * (1 + change) * math.exp(random.gauss(0, noise)),) * 8,
            confirming=index >= count,
        )
        for index in range(count + fresh)
    )


def result(change: float, *, name: str = "test_all.py::test_parse", **fields: object) -> Result:
    kept = {
        "suite": "core",
        "benchmark": name,
        "metric": "time",
        "unit": "s",
        "better": "lower",
        "verdict": "unchanged",
        "raw": rounds(change),
    }
    return Result(**{**kept, **fields})  # type: ignore[arg-type]


def held(claim: str, results: Sequence[Result], policy: Policy = CONFIRMED, family: int = 1) -> Verified:
    report = Report(Change("a" * 40, "b" * 40), "pass", tuple(results), policy=policy, family=family)
    return verify(parse_claim(claim), report)


@pytest.mark.parametrize(
    ("claim", "change", "state"),
    [
        ("core/test_parse is at least 10 % faster", -0.15, "true"),
        ("core/test_parse is at least 10 % faster", -0.1, "undecided"),
        ("core/test_parse is at least 10 % faster", -0.05, "false"),
        ("core/test_parse is at least 10 % faster", 0.0, "false"),
        ("core/test_parse is at least 100 % faster", -0.9, "false"),
        ("test_parse is slower", 0.015, "true"),
        ("test_parse is slower", 0.0, "undecided"),
        ("test_parse is slower", -0.015, "false"),
        ("nothing is slower than 2 %", 0.01, "true"),
        ("nothing is slower than 2 %", 0.0, "true"),
        ("nothing is slower than 2 %", 0.04, "false"),
        ("nothing is slower than 2 %", 0.02, "undecided"),
        ("core/* is unchanged within 3 %", 0.015, "true"),
        ("core/* is unchanged within 3 %", 0.05, "false"),
        ("core/* is unchanged within 3 %", -0.05, "false"),
        ("core/* is at most 5 % faster", 0.0, "true"),
        ("core/* is 10 % larger", 0.15, "true"),
    ],
)
def test_the_end_of_what_is_claimed_decides(claim: str, change: float, state: str) -> None:
    assert held(claim, [result(change)]).state == state


@pytest.mark.parametrize("change", [-0.15, -0.05, 0.0, 0.04])
def test_the_interval_shown_agrees_with_what_is_said(change: float) -> None:
    claim = parse_claim("test_parse is at least 10 % faster")
    (found,) = held(claim.text, [result(change)]).found
    assert found.low is not None
    assert found.high is not None
    assert (claim.low <= found.low) is (found.state == "true")
    assert (found.high < claim.low) is (found.state == "false")
    assert found.interval is not None
    assert found.interval[0] <= change <= found.interval[1]


class TestConfirming:
    """What says that something changed counts once it was measured again, and nothing else needs that."""

    @pytest.mark.parametrize(
        ("claim", "change", "state"),
        [
            ("test_parse is faster", -0.1, "undecided"),
            ("test_parse is at least 5 % faster", -0.1, "undecided"),
            ("test_parse is slower", -0.1, "undecided"),
            ("test_parse is at least 20 % faster", -0.1, "false"),
            ("nothing is slower than 2 %", -0.1, "true"),
            ("nothing is slower than 2 %", 0.1, "undecided"),
            ("test_parse is unchanged within 2 %", 0.0, "true"),
            ("test_parse is unchanged within 2 %", 0.1, "undecided"),
        ],
    )
    def test_without_fresh_rounds(self, claim: str, change: float, state: str) -> None:
        (found,) = held(claim, [result(change, raw=rounds(change, fresh=0))]).found
        assert found.state == state
        assert any(isinstance(one, NotConfirmed) for one in found.reasons) is (state == "undecided")

    def test_fresh_rounds_that_say_otherwise_refute_it(self) -> None:
        raw = (*rounds(-0.1, fresh=0), *(one for one in rounds(0.0) if one.confirming))
        (found,) = held("test_parse is faster", [result(0, raw=raw)]).found
        assert found.state == "undecided"
        (why,) = found.reasons
        assert isinstance(why, NotConfirmed)
        assert why.fresh > 0

    def test_where_nothing_is_confirmed_the_first_decision_counts(self) -> None:
        alone = [result(-0.1, raw=rounds(-0.1, fresh=0))]
        assert held("test_parse is faster", alone, Policy(confirm="no")).state == "true"


def test_faster_is_more_where_more_is_better() -> None:
    more = result(0.16, metric="throughput", unit="1/s", better="higher")
    assert held("throughput of core/test_parse is at least 10 % faster", [more]).state == "true"
    assert held("throughput of core/test_parse is slower", [more]).state == "false"


def test_all_have_to_bear_it_out_and_one_refutes_it() -> None:
    fast, open_, slow = result(-0.15), result(0.0, name="b"), result(0.15, name="c")
    assert held("core/* is faster", [fast]).state == "true"
    assert held("core/* is faster", [fast, open_]).state == "undecided"
    assert held("core/* is faster", [fast, open_, slow]).state == "false"


def test_more_benchmarks_of_the_run_make_it_harder() -> None:
    near = [result(-0.103)]
    assert held("test_parse is at least 10 % faster", near, family=1).state == "true"
    assert held("test_parse is at least 10 % faster", near, family=1_000_000).state == "undecided"


def test_what_was_not_measured_is_undecided_with_its_reason() -> None:
    gone = result(0, reasons=(Said("not measured"),), raw=())
    (found,) = held("test_parse is faster", [gone]).found
    assert (found.state, found.reasons) == ("undecided", (Said("not measured"),))
    other = held("test_prse is faster", [gone])
    assert (other.state, other.why) == (
        "undecided",
        "no benchmark is called test_prse; did you mean core/test_all.py::test_parse?",
    )
    assert held("memory of test_parse ≤ 5 MiB", [gone]).why == "memory of test_parse was not measured"
    assert held("test_parse is faster", []).state == "undecided"


def test_a_direction_that_nobody_knows_is_neither_faster_nor_slower() -> None:
    odd = result(0.1, metric="rows", unit="1", better="unknown")
    assert held("rows of test_parse is faster", [odd]).state == "undecided"
    assert held("rows of test_parse is larger", [odd]).state == "true"


@pytest.mark.parametrize(
    ("claim", "state"),
    [
        ("time of test_parse ≤ 1.7 s", "true"),
        ("time of test_parse ≤ 1.5 s", "undecided"),
        ("time of test_parse ≤ 1.3 s", "false"),
        ("time of test_parse ≥ 1.3 s", "true"),
    ],
)
def test_values_are_heads_own(claim: str, state: str) -> None:
    (found,) = held(claim, [result(0.5)]).found
    assert found.state == state
    assert found.low is not None
    assert found.high is not None
    assert found.low < 1.5 < found.high


@pytest.mark.parametrize(
    ("claim", "state"), [("memory of test_parse ≤ 3 B", "true"), ("memory of test_parse ≤ 1 B", "false")]
)
def test_exact_values_are_their_range(claim: str, state: str) -> None:
    raw = tuple(Round(index, (1.0,), (2.0 + index / 100,)) for index in range(9))
    assert held(claim, [result(0, raw=raw, metric="memory", unit="B", rule="exact")]).state == state


NAMES = ("test_a.py::test_x", "test_a.py::test_p[1]", "test_a.py::test_p[2]", "test_b.py::test_x", "test_b.py::test_y")


@pytest.mark.parametrize(
    ("match", "meant"),
    [
        ("core/test_y", {"test_b.py::test_y"}),
        ("test_y", {"test_b.py::test_y"}),
        ("core/test_p", {"test_a.py::test_p[1]", "test_a.py::test_p[2]"}),
        ("test_p[1]", {"test_a.py::test_p[1]"}),
        ("core/test_a.py::test_x", {"test_a.py::test_x"}),
        ("*test_x", {"test_a.py::test_x", "test_b.py::test_x"}),
        ("core/test_a*", {"test_a.py::test_x", "test_a.py::test_p[1]", "test_a.py::test_p[2]"}),
        ("api/test_y", set()),
    ],
)
def test_what_a_claim_is_about(match: str, meant: set[str]) -> None:
    found = held(f"{match} is faster", [result(0, name=name) for name in NAMES]).found
    assert {one.name.removeprefix("core/") for one in found} == meant


def test_a_name_of_two_functions_is_asked_back() -> None:
    with pytest.raises(UsageError, match=r"may be any of 2 benchmarks: core/test_a.py::test_x, core/test_b.py::test_x"):
        held("core/test_x is faster", [result(0, name=name) for name in NAMES])
