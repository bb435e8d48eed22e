"""Why a benchmark changed, as it is told: lines, tables, the page's flame graph, and hostile names in them."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest

from perfbot.explained import Difference, Explanation, Frame, Part
from perfbot.render import reasons
from perfbot.render.comment import comment
from perfbot.render.flame import ROW, flame_of
from perfbot.render.links import Links
from perfbot.render.page import page
from perfbot.render.terminal import console, terminal
from perfbot.report import dumps, loads
from tests.render.explanations import FIND, FLAME, LINE, WHY, explained
from tests.render.hostile import TEXTS
from tests.render.reading import Reader


def test_the_line_says_who_by_how_much_why_and_where() -> None:
    alone = replace(WHY, parts=(FIND,))
    assert reasons.line_of(alone) == (
        "`search.find_customer` +4.10 µs: `str.casefold` 1 → 400 calls, edited here, `shop/search.py:31`"
    )
    assert reasons.line_of(WHY).endswith(", then `report.line` +900 ns")


@pytest.mark.parametrize(
    ("part", "words"),
    [
        (FIND, "`str.casefold` 1 → 400 calls"),
        (LINE, "each of 40 calls 50.0 ns → 72.5 ns"),
        (replace(FIND, callee="", calls=(0.0, 400.0)), "called 0 → 400 times"),
        (replace(FIND, callee=""), "itself 1.20 µs → 5.30 µs"),
        (replace(FIND, callee_calls=(0.25, 1.5)), "`str.casefold` 0.25 → 1.5 calls"),
    ],
)
def test_what_a_function_does_otherwise(part: Part, words: str) -> None:
    assert reasons.because(part, "s") == words


def test_how_much_is_explained() -> None:
    assert reasons.share_of(WHY) == "explains +5.00 of +5.00 µs (+4.60 to +5.40 µs)"
    some = replace(WHY, explained=3e-6, interval=(2.8e-6, 3.2e-6))
    assert reasons.share_of(some) == "explains +3.00 of +5.00 µs (+2.80 to +3.20 µs), +2.00 µs unexplained"
    none = replace(WHY, parts=())
    assert reasons.share_of(none) == "+5.00 µs unexplained: none of 31 functions surely changed"
    refused = Explanation("core", "parse", "time", "s", reason="only 3 of at least 4 rounds were there in time")
    assert reasons.share_of(refused) == "not explained: only 3 of at least 4 rounds were there in time"


def test_the_comment_has_the_line_under_the_row_and_the_table_in_a_fold() -> None:
    text = comment(explained(), links=Links(source="https://git.example/blob/abc/"))
    row = next(line for line in text.splitlines() if line.startswith("| 🔴"))
    assert "<sub>`search.find_customer` +4.10 µs: `str.casefold` 1 → 400 calls, edited here, `shop/search.py:31`" in row
    assert "<summary>Why: the functions behind it (2)</summary>" in text
    assert "[`shop/search.py:31`](<https://git.example/blob/abc/shop/search.py#L31>)" in text
    assert "shop 1.0 → 1.1 `shop/report.py:40`" in text.replace("`1.0` → `1.1`", "1.0 → 1.1")


def test_what_else_differs_has_a_fold_of_its_own() -> None:
    differences = (
        Difference("core", "package", "attrs", "23.1.0", "23.2.0"),
        Difference("core", "python", "python", "", "3"),
    )
    text = comment(explained(differences=differences))
    assert "<summary>What else differs between both sides (2)</summary>" in text
    assert "| `attrs` | `23.1.0` | `23.2.0` |" in text
    assert "What else differs" not in comment(explained())


def test_the_terminal_has_the_line_too() -> None:
    written = io.StringIO()
    terminal(explained(), console(written))
    assert "`search.find_customer` +4.10 µs: `str.casefold` 1 → 400 calls" in written.getvalue()


def test_a_report_with_explanations_can_be_read_again() -> None:
    told = explained(differences=(Difference("core", "package", "attrs", "1", "2"),))
    assert loads(dumps(told), "r.json") == told


def test_the_page_has_the_functions_and_a_flame_graph() -> None:
    reader = Reader(page(explained()))
    shown = " ".join(reader.texts)
    assert "explains +5.00 of +5.00 µs" in shown
    assert "search.find_customer" in shown
    assert "proven dearer" in shown


def test_boxes_lie_on_what_they_stand_on() -> None:
    first, find, other, line = flame_of(WHY).boxes
    assert (first.x, first.y, first.width) == (0, 0, pytest.approx(1000))
    assert other.x == pytest.approx(find.x + find.width)
    assert (line.x, line.y) == (pytest.approx(other.x), 2 * ROW)
    assert [box.tone for box in (first, find, other, line)] == ["calm", "dearer", "calm", "dearer"]


def test_parents_that_cannot_be_are_no_boxes_to_stand_on() -> None:
    strange = replace(
        WHY, flame=(Frame(5, "a", "", 1.0, 1.0, 9), Frame(1, "b", "", 1.0, 1.0), Frame(-7, "c", "", -1.0, 0.0))
    )
    assert [box.parent for box in flame_of(strange).boxes] == [-1, -1, -1]
    Reader(page(explained(strange)))


@pytest.mark.parametrize("text", TEXTS)
def test_hostile_names_stay_names(text: str) -> None:
    part = replace(FIND, function=text, module=text, file=text, callee=text, was=text, package=text)
    frames = tuple(replace(frame, name=text, place=text) for frame in FLAME)
    told = explained(replace(WHY, parts=(part,), flame=frames, notes=(text,), reason=text))
    told = replace(told, differences=(Difference(text, "package", text, text, text),))
    Reader(page(told))
    for line in comment(told).splitlines():
        assert not line.startswith("/")
    assert "<script" not in comment(told).replace("`<script", "")
