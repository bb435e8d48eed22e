"""Who answers for a change: programs of which the truth is known."""

from __future__ import annotations

import numpy as np
import pytest

from perfbot.why.blame import ledger_of
from perfbot.why.matching import roll_of
from perfbot.why.profile import Calls, Function, Observation, Profile, Samples
from tests.why.programs import Does, Program, cost, profile

PLAIN: Program = {
    "main": Does(2.0, {"find": 1, "report": 1}),
    "find": Does(3.0, {"fold": 1, "len": 1}),
    "fold": Does(0.5),
    "report": Does(1.0, {"line": 40}),
    "line": Does(0.2, {"fold": 1}),
}


def blamed(base: Program, head: Program, edited: tuple[str, ...] = ()) -> dict[str, float]:
    """Microseconds that each function answers for, where sampling is as good as exact."""
    random = np.random.default_rng(1)
    many = 400_000_000
    one = Observation("b", {"base": profile(base, random, samples=many), "head": profile(head, random, samples=many)})
    roll = roll_of([one])
    names = [function.either.name for function in roll.functions]
    ledger = ledger_of(one, roll, {number for number, name in enumerate(names) if name in edited})
    found = {name: 1e6 * float(value) for name, value in zip(names, ledger.blamed, strict=True)}
    assert sum(found.values()) + 1e6 * ledger.rest == pytest.approx(1e6 * (cost(head) - cost(base)), abs=0.01)
    return {name: value for name, value in found.items() if abs(value) > 0.05}


def test_a_slower_helper_answers_for_all_of_its_calls() -> None:
    head = {**PLAIN, "line": Does(0.3, {"fold": 1})}
    assert blamed(PLAIN, head) == {"line": pytest.approx(4.0, abs=0.05)}


def test_whoever_calls_more_often_answers_for_what_that_costs() -> None:
    head = {**PLAIN, "find": Does(3.0, {"fold": 201, "len": 1})}
    assert blamed(PLAIN, head) == {"find": pytest.approx(100.0, abs=0.05)}


def test_more_calls_are_passed_on_to_where_they_come_from() -> None:
    head = {**PLAIN, "report": Does(1.0, {"line": 80})}
    assert blamed(PLAIN, head) == {"report": pytest.approx(40 * 0.7, abs=0.05)}


def test_a_new_function_is_its_callers_doing() -> None:
    head = {**PLAIN, "find": Does(3.0, {"fold": 1, "check": 2, "len": 1}), "check": Does(1.5, {"fold": 3})}
    assert blamed(PLAIN, head) == {"find": pytest.approx(2 * 3.0, abs=0.05)}


def test_a_call_that_is_gone_is_an_improvement() -> None:
    head = {**PLAIN, "find": Does(3.0, {"len": 1})}
    assert blamed(PLAIN, head) == {"find": pytest.approx(-0.5, abs=0.05)}


def test_a_function_that_lost_its_cache_answers_itself_where_it_is_the_one_that_was_edited() -> None:
    head = {**PLAIN, "main": Does(2.0, {"find": 1, "report": 1, "rank": 10}), "rank": Does(3.0)}
    assert blamed(PLAIN, head) == {"main": pytest.approx(30.0, abs=0.05)}
    assert blamed(PLAIN, head, ("rank",)) == {"rank": pytest.approx(30.0, abs=0.05)}
    assert blamed(PLAIN, head, ("rank", "main")) == {"main": pytest.approx(30.0, abs=0.05)}


def test_what_was_renamed_moved_or_drawn_in_cancels_out() -> None:
    renamed = {name: does for name, does in PLAIN.items() if name != "line"}
    renamed |= {"report": Does(1.0, {"row": 40}), "row": Does(0.2, {"fold": 1}, code="line", file="other.py")}
    assert blamed(PLAIN, renamed) == {}
    inlined = {name: does for name, does in PLAIN.items() if name != "line"}
    inlined |= {"report": Does(1.0 + 40 * 0.2, {"fold": 40})}
    assert blamed(PLAIN, inlined) == {}
    split = {**PLAIN, "find": Does(1.0, {"fold": 1, "scan": 1, "len": 1}), "scan": Does(2.0)}
    assert blamed(PLAIN, split) == {}


def test_what_was_renamed_and_made_slower_answers_itself() -> None:
    without = {name: does for name, does in PLAIN.items() if name != "line"}
    renamed = {**without, "report": Does(1.0, {"row": 40}), "row": Does(0.3, {"fold": 1})}
    assert blamed(PLAIN, renamed, ("row", "report")) == {"row": pytest.approx(4.0, abs=0.05)}
    elsewhere = {**without, "report": Does(1.0, {"row": 40}), "row": Does(0.3, {"fold": 1}, line=300)}
    assert blamed(PLAIN, elsewhere) == {"report": pytest.approx(4.0, abs=0.05)}


def test_a_decorator_answers_for_what_it_adds_alone() -> None:
    traced = {**PLAIN, "report": Does(1.0, {"wrapper": 40}), "wrapper": Does(0.1, {"line": 1})}
    for edited in (("wrapper", "line"), ("wrapper",), ("wrapper", "line", "find")):
        assert blamed(PLAIN, traced, edited) == {"wrapper": pytest.approx(4.0, abs=0.05)}
        assert blamed(traced, PLAIN, edited) == {"wrapper": pytest.approx(-4.0, abs=0.05)}
    # the decorator was there before, and is put on a function: that one is edited
    assert blamed(PLAIN, traced, ("line",)) == {"line": pytest.approx(4.0, abs=0.05)}
    assert blamed(traced, PLAIN, ("line",)) == {"line": pytest.approx(-4.0, abs=0.05)}
    assert blamed(PLAIN, traced) == {"report": pytest.approx(4.0, abs=0.05)}


def test_a_decorator_of_the_benchmark_itself_answers_for_what_it_adds() -> None:
    traced = {"main": Does(0.5, {"work": 1}), "work": PLAIN["main"], **{k: v for k, v in PLAIN.items() if k != "main"}}
    base = {**PLAIN, "main": Does(PLAIN["main"].own, PLAIN["main"].calls, code="inner")}
    head = {**traced, "work": Does(PLAIN["main"].own, PLAIN["main"].calls, code="inner")}
    assert sum(blamed(base, head, ("main",)).values()) == pytest.approx(0.5, abs=0.05)
    assert max(map(abs, blamed(base, head, ("main",)).values())) == pytest.approx(0.5, abs=0.05)


def test_a_function_that_was_given_a_decorator_is_told_with_that() -> None:
    traced = {**PLAIN, "report": Does(1.0, {"wrapper": 40}), "wrapper": Does(0.1, {"line": 1})}
    random = np.random.default_rng(1)
    one = Observation("b", {"base": profile(PLAIN, random), "head": profile(traced, random)})
    roll = roll_of([one])
    at = {function.either.name: number for number, function in enumerate(roll.functions)}
    ledger = ledger_of(one, roll, {at["line"]})
    assert ledger.more[at["line"], at["wrapper"]] == pytest.approx(4e-6, abs=0.2e-6)
    assert ledger.edges[at["line"], at["wrapper"]] == (0.0, 40.0)


def test_what_calling_takes_in_a_caller_of_the_same_text_is_the_edited_functions() -> None:
    """An attribute that became a property: the loop that reads it has more work by itself as well."""
    head = {**PLAIN, "find": Does(3.0 + 100 * 0.05, {"fold": 1, "area": 100, "len": 1}), "area": Does(0.2)}
    assert blamed(PLAIN, head, ("area",)) == {"area": pytest.approx(25.0, abs=0.1)}
    assert blamed(PLAIN, head, ("area", "find")) == {"find": pytest.approx(25.0, abs=0.1)}
    more = {**PLAIN, "find": Does(103.0, {"fold": 1, "area": 2, "len": 1}), "area": Does(0.2)}
    assert blamed(PLAIN, more, ("area",))["find"] == pytest.approx(99.0, abs=0.1)  # more than calling ever takes


def test_recursion_adds_up() -> None:
    base = {"main": Does(1.0, {"walk": 1}), "walk": Does(0.5, {"walk": 0.9, "leaf": 0.5}), "leaf": Does(0.2)}
    head = {**base, "leaf": Does(0.4)}
    assert blamed(base, head) == {"leaf": pytest.approx(10 * 0.5 * 0.2, abs=0.05)}
    deeper = {**base, "walk": Does(0.5, {"walk": 0.95, "leaf": 0.5})}
    assert blamed(base, deeper) == {"walk": pytest.approx(10 * 0.6, abs=0.05)}


def test_a_change_of_calls_that_is_paid_back_elsewhere_is_told_at_both_places() -> None:
    head = {**PLAIN, "find": Does(3.0, {"fold": 11, "len": 1}), "line": Does(0.1, {"fold": 1})}
    assert blamed(PLAIN, head) == {"find": pytest.approx(5.0, abs=0.05), "line": pytest.approx(-4.0, abs=0.05)}


def side(own: dict[str, float], edges: dict[tuple[str, str], float]) -> Profile:
    """Of functions' microseconds in all of their calls, and calls of each pair; "" calls the benchmark."""
    names = sorted({*own, *(name for pair in edges for name in pair)} - {""})
    functions = tuple(Function(name, "v", "own", "v.py", 10 * place) for place, name in enumerate(names))
    at = {"": -1, **{name: number for number, name in enumerate(names)}}
    calls = Calls(functions, {(at[a], at[b]): often for (a, b), often in edges.items()})
    return Profile(
        sum(own.values()) / 1e6, calls, Samples(functions, {(at[n],): round(1e6 * t) for n, t in own.items()})
    )


def test_calls_that_went_away_took_with_them_what_went_with_them() -> None:
    """Of 61 calls of `errors` one alone calls `items`: the one that is left when `descend` no longer calls it."""
    base = side(
        {"valid": 2, "errors": 122, "items": 5, "properties": 40, "descend": 30, "kind": 12},
        {("", "valid"): 1, ("valid", "errors"): 1, ("errors", "items"): 1, ("items", "descend"): 20,
         ("descend", "errors"): 60, ("errors", "properties"): 20, ("properties", "descend"): 40,
         ("errors", "kind"): 60},
    )  # fmt: skip
    head = side(
        {"valid": 2, "errors": 2, "items": 5, "properties": 40, "descend": 130, "kind": 12},
        {("", "valid"): 1, ("valid", "errors"): 1, ("errors", "items"): 1, ("items", "descend"): 20,
         ("descend", "properties"): 20, ("properties", "descend"): 40, ("descend", "kind"): 60},
    )  # fmt: skip
    one = Observation("b", {"base": base, "head": head})
    roll = roll_of([one])
    ledger = ledger_of(one, roll, [n for n, f in enumerate(roll.functions) if f.either.name == "descend"])
    found = {f.either.name: 1e6 * float(v) for f, v in zip(roll.functions, ledger.blamed, strict=True)}
    assert sum(found.values()) + 1e6 * ledger.rest == pytest.approx(-20, abs=0.01)
    assert found["descend"] == pytest.approx(-20, abs=2)
    assert all(abs(value) < 2 for name, value in found.items() if name != "descend")


def test_circles_of_functions_that_call_each_other_add_up() -> None:
    base = {"main": Does(1.0, {"even": 1}), "even": Does(0.5, {"odd": 0.9}), "odd": Does(0.4, {"even": 0.9})}
    deeper = {**base, "odd": Does(0.4, {"even": 0.95})}
    assert max(blamed(base, deeper), key=blamed(base, deeper).__getitem__) == "odd"
    assert blamed(base, base) == {}


DISPATCHED: Program = {
    "main": Does(2.0, {"copy": 1}),
    "copy": Does(1.0, {"hook": 30}),
    "hook": Does(0.1),
    "rebuild": Does(2.0, {"part": 2}),
    "part": Does(0.5),
}


def test_what_a_function_of_the_same_text_calls_in_place_of_a_hook_that_is_gone_is_the_hooks_doing() -> None:
    head = {**DISPATCHED, "copy": Does(1.0, {"rebuild": 30})}
    assert blamed(DISPATCHED, head, ("hook",)) == {"hook": pytest.approx(30 * (3.0 - 0.1), abs=0.05)}
    assert blamed(DISPATCHED, head) == {"copy": pytest.approx(30 * (3.0 - 0.1), abs=0.05)}, "nothing says which"
    back = blamed(head, DISPATCHED, ("hook",))
    assert back == {"hook": pytest.approx(-30 * (3.0 - 0.1), abs=0.05)}, "and of one that came, the other way round"


def test_what_is_called_more_together_with_an_edited_function_is_none_of_its_doing() -> None:
    base = {**DISPATCHED, "copy": Does(1.0, {"hook": 30, "rebuild": 10})}
    head = {**DISPATCHED, "copy": Does(1.0, {"hook": 60, "rebuild": 20})}
    assert blamed(base, head, ("hook",)) == {
        "hook": pytest.approx(30 * 0.1, abs=0.05),
        "copy": pytest.approx(10 * 3.0, abs=0.05),
    }
