"""Changes that lie in something written in C that a function calls, whose text is the same."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

import pytest

from perfbot.explained import Part
from perfbot.model import Result, Side
from perfbot.render.reasons import because, whose
from perfbot.why.edits import Edits
from perfbot.why.explain import explain
from perfbot.why.profile import Class, Function, Samples
from tests.why.programs import Does, Program, cost, observations

BASE: Program = {
    "main": Does(2.0, {"save": 1}, line=1),
    "save": Does(30.0, {"_pickle.dumps": 1, "Row.__init__": 2}, line=10),
    "Row.__init__": Does(0.5, line=20),
}
HEAD: Program = {**BASE, "save": Does(60.0, {"_pickle.dumps": 1, "Row.__init__": 2}, line=10)}
ROW, FEW = Class("Row", "own", "shop.py", 20, 24, 1200), Class("Few", "own", "shop.py", 30, 34, 2)
DUMPED = {"base": {"pickle.dumps": 0.8, "Row": 0.1}, "head": {"pickle.dumps": 0.9, "Row": 0.05}}
BY_ROW = {"base": {"pickle.dumps": 0.8, "Row": 0.1}, "head": {"pickle.dumps": 0.4, "Row": 0.55}}


def with_inside(samples: Samples, shares: Mapping[str, float]) -> Samples:
    """As if so much of what ``save`` takes itself went to each call."""
    number = next(place for place, one in enumerate(samples.functions) if one.name == "save")
    own = sum(times for path, times in samples.stacks.items() if path[-1] == number)
    inside = {(number, name): round(own * share) for name, share in shares.items()}
    return replace(samples, functions=with_ends(samples.functions), inside=inside, classes=(FEW, ROW))


def with_ends(functions: Iterable[Function]) -> tuple[Function, ...]:
    """Each five lines long."""
    return tuple(replace(one, end=one.line + 4) for one in functions)


def explained(shares: Mapping[str, Mapping[str, float]], edits: Edits | None = None) -> Part:
    """What is said of ``save``."""
    seen = []
    for one in observations(BASE, HEAD):
        sides: dict[Side, object] = {
            side: replace(
                profile,
                calls=replace(profile.calls, functions=with_ends(profile.calls.functions)),
                samples=with_inside(profile.samples, shares[side]),
            )
            for side, profile in one.sides.items()
        }
        seen.append(replace(one, sides=sides))
    before, after = cost(BASE), cost(HEAD)
    result = Result("s", "b", "time", "s", "lower", "regressed", base=before, head=after, change=after / before - 1)
    (part,) = explain(result, seen, edits or Edits(), {}, 10.0).parts
    assert part.function == "save"
    return part


def edited(first: int, last: int) -> Edits:
    """A change of some lines of the file."""
    return Edits(head={"shop.py": ((first, last),)}, files=frozenset({"shop.py"}))


def test_the_call_is_named_in_which_the_change_lies() -> None:
    part = explained(DUMPED)
    assert part.inside == "pickle.dumps"
    assert part.inside_own == (pytest.approx(24e-6, rel=0.05), pytest.approx(54e-6, rel=0.05))
    assert because(part, "s").startswith("in `pickle.dumps` 2")
    assert whose(part) == "not edited"


def test_what_calling_a_python_function_takes_is_no_call_of_c() -> None:
    assert explained(BY_ROW).inside == "", "Row's constructor is written in Python, and seen where it runs"


def test_the_class_that_it_works_on_is_told_where_the_change_edits_it() -> None:
    part = explained(DUMPED, edited(21, 21))
    assert (part.objects, part.objects_count, part.objects_place) == ("Row", 1200, "shop.py:20")
    assert whose(part) == "not edited, but `Row` is (`shop.py:20`), of which there are 1,200 objects"
    assert explained(DUMPED, edited(21, 31)).objects == "Row", "of several the one with the most objects"
    assert explained(DUMPED, edited(50, 50)).objects == ""


def test_a_function_that_is_edited_itself_needs_no_class() -> None:
    part = explained(DUMPED, edited(10, 24))
    assert (part.edited, part.inside, part.objects) == (True, "pickle.dumps", "")
