"""Explanations of made-up programs' rounds: what is blamed, how sure it is, and what is not told."""

from __future__ import annotations

from dataclasses import replace

import pytest

from perfbot.explained import Explanation
from perfbot.model import Result
from perfbot.why.edits import Edits
from perfbot.why.explain import explain
from perfbot.why.flame import collapsed, speedscope
from tests.why.programs import Does, Program, cost, observations

BASE: Program = {
    "main": Does(2.0, {"find": 1, "report": 1}, line=1),
    "find": Does(3.0, {"fold": 1, "len": 1}, line=10),
    "fold": Does(0.5, line=20),
    "report": Does(1.0, {"line": 40}, line=30),
    "line": Does(0.2, {"fold": 1}, line=40),
}
SLOWER: Program = {**BASE, "line": Does(0.3, {"fold": 1}, line=40)}
OFTENER: Program = {**BASE, "find": Does(7.0, {"fold": 1, "len": 1, "str.casefold": 400}, line=10)}


def result(base: Program, head: Program, verdict: str = "regressed") -> Result:
    before, after = cost(base), cost(head)
    return Result("s", "b", "time", "s", "lower", verdict, base=before, head=after, change=after / before - 1)  # type: ignore[arg-type]


def explained(base: Program, head: Program, *, edits: Edits | None = None, **more: float) -> Explanation:
    rounds = observations(base, head, **more)  # type: ignore[arg-type]
    return explain(result(base, head), rounds, edits or Edits(), {}, 10.0)


def test_the_guilty_function_is_named_with_what_it_costs() -> None:
    found = explained(BASE, SLOWER)
    assert [part.function for part in found.parts] == ["line"]
    low, high = found.parts[0].interval
    assert low < 4e-6 < high
    assert found.change == pytest.approx(4e-6)
    assert found.explained == pytest.approx(4e-6, rel=0.1)


def test_compiled_functions_that_it_calls_more_often_are_told() -> None:
    (part,) = explained(BASE, OFTENER).parts
    assert part.function == "find"
    assert (part.callee, part.callee_calls) == ("str.casefold", (0.0, 400.0))


def test_how_fast_the_machine_is_in_a_round_is_no_noise() -> None:
    rounds = observations(BASE, SLOWER)
    rounds = [
        replace(one, sides={s: replace(p, seconds=p.seconds * (1 + 0.2 * (i % 3))) for s, p in one.sides.items()})
        for i, one in enumerate(rounds)
    ]
    swaying = explain(result(BASE, SLOWER), rounds, Edits(), {}, 10.0)
    steady = explained(BASE, SLOWER)
    assert swaying.parts[0].interval == pytest.approx(steady.parts[0].interval, rel=0.05)


def test_neighbours_that_slow_some_functions_down_widen_the_interval() -> None:
    heavy = {name: Does(1.6 * does.own, does.calls, line=does.line) for name, does in BASE.items()}
    slower = {**heavy, "line": Does(heavy["line"].own + 0.1, {"fold": 1}, line=40)}
    rounds = [*observations(BASE, SLOWER, rounds=5), *observations(heavy, slower, rounds=5, seed=2)]
    (part,) = explain(result(BASE, SLOWER), rounds, Edits(), {}, 10.0).parts
    low, high = part.interval
    assert low < 4e-6 < high


def test_edited_functions_are_marked_with_the_line_that_was_written() -> None:
    edits = Edits(head={"shop.py": ((41, 41),)}, base={"shop.py": ((41, 41),)})
    rounds = observations(BASE, SLOWER)
    ends = {"line": 45, "report": 39}

    def longer(functions):  # type: ignore[no-untyped-def]
        return tuple(replace(one, end=ends.get(one.name, one.line)) for one in functions)

    rounds = [
        replace(one, sides={
            side: replace(p, calls=replace(p.calls, functions=longer(p.calls.functions)),
                          samples=replace(p.samples, functions=longer(p.samples.functions)))
            for side, p in one.sides.items()
        })
        for one in rounds
    ]  # fmt: skip
    (part,) = explain(result(BASE, SLOWER), rounds, edits, {}, 10.0).parts
    assert (part.edited, part.file, part.line) == (True, "shop.py", 40)


def test_too_few_rounds_explain_nothing_and_say_so() -> None:
    found = explained(BASE, SLOWER, rounds=3)
    assert not found.parts
    assert "only 3" in found.reason


def test_rounds_that_saw_another_change_say_so() -> None:
    told = replace(result(BASE, SLOWER), head=2 * cost(SLOWER))
    found = explain(told, observations(BASE, SLOWER), Edits(), {}, 10.0)
    assert "another change" in found.notes[0]


def test_nothing_is_blamed_where_nothing_changed() -> None:
    blamed = sum(bool(explained(BASE, BASE, seed=seed, samples=800).parts) for seed in range(150))
    assert blamed <= 5  # one in a hundred is allowed: six or more of 150 would be a chance of 1 in 500


def test_intervals_hold_what_is_true() -> None:
    held = 0
    for seed in range(100):
        found = explained(BASE, SLOWER, seed=seed, samples=1500)
        held += bool(found.parts) and found.parts[0].interval[0] <= 4e-6 <= found.parts[0].interval[1]
    assert held >= 96


def test_the_flame_graph_adds_up_and_can_be_exported() -> None:
    found = explained(BASE, SLOWER)
    first, *rest = found.flame
    assert first.parent == -1
    assert first.head == pytest.approx(cost(SLOWER), rel=0.03)
    assert all(0 <= frame.parent < place for place, frame in enumerate(rest, 1))
    assert {frame.name for frame in rest if frame.part >= 0} == {"shop.line"}
    total = sum(int(line.rpartition(" ")[2]) for line in collapsed(found, "head").splitlines())
    assert total == pytest.approx(1e9 * first.head, rel=0.01)
    assert '"$schema": "https://www.speedscope.app/file-format-schema.json"' in speedscope(found)
