"""What a function uses that is edited beside it: names of its own module, with the line."""

from __future__ import annotations

from dataclasses import replace

import pytest

from perfbot.why.edits import Edits, edits_of
from perfbot.why.profile import Function
from perfbot.why.uses import used_and_edited

SOURCE = """\
import re
from limits import LIMIT

PATTERN = re.compile("x")
ROWS = [
    1,
    2,
]


@decorated
class Point:
    __slots__ = ("x",)

    def __init__(self, x):
        self.x = x


def scan(text):
    return PATTERN.findall(text)


def other(text):
    def inner():
        return [Point(row) for row in ROWS if row < LIMIT]
    return inner()
"""


@pytest.mark.parametrize(
    ("line", "hunk", "expected"),
    [
        (19, (4, 4), ("PATTERN", 4)),
        (19, (6, 6), ("", 0)),
        (23, (6, 6), ("ROWS", 6)),
        (23, (6, 5), ("ROWS", 6)),  # a row was taken away
        (23, (2, 2), ("LIMIT", 2)),
        (23, (12, 12), ("Point", 12)),
        (23, (13, 12), ("Point", 13)),  # a field was taken away
        (23, (15, 15), ("", 0)),  # a method, which is a function of its own
        (23, (20, 20), ("", 0)),
        (1, (4, 4), ("", 0)),
    ],
)
def test_names_that_are_edited_at_the_top_of_the_module(
    line: int, hunk: tuple[int, int], expected: tuple[str, int]
) -> None:
    assert used_and_edited(SOURCE, line, (hunk,)) == expected


def test_what_cannot_be_read_says_nothing() -> None:
    for text in ("def f(:", "", "\0"):
        assert used_and_edited(text, 1, ((1, 1),)) == ("", 0)


def test_the_file_is_head_s_and_looked_at_only_where_the_change_edits_it() -> None:
    diff = "--- a/lib/shop.py\n+++ b/lib/shop.py\n@@ -4 +4 @@\n-P\n+Q\n"
    edits = replace(edits_of(diff, "lib"), source={"lib/shop.py": SOURCE}.__getitem__)
    scan = Function("scan", "shop", "own", "shop.py", 19, 20)
    assert edits.used(scan) == ("PATTERN", 4)
    assert edits.used(replace(scan, file="elsewhere.py")) == ("", 0)
    assert Edits().used(scan) == ("", 0)
