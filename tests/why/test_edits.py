"""Which functions a diff edits: diffs as git writes them."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from perfbot.why.edits import Edits, edits_of
from perfbot.why.profile import Function

BEFORE = """\
import functools


@functools.lru_cache
def rank(name):
    return sum(map(ord, name))


def find(names, key):
    for name in names:
        if name == key:
            return name
    -- 1
    return None
"""


def diff(folder: Path, after: str, name: str = "src/shop/search.py") -> str:
    """What git says between two texts of a file."""
    for side, text in (("a", BEFORE), ("b", after)):
        path = folder / side / name
        path.parent.mkdir(parents=True)
        path.write_text(text)
    command = ["git", "diff", "--no-index", "--unified=0", "--no-prefix", "a", "b"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False).stdout


def function(name: str, line: int, end: int, place: str = "site", file: str = "shop/search.py") -> Function:
    return Function(name, "shop.search", place, file, line, end)


def of(folder: Path, after: str) -> Edits:
    return edits_of(diff(folder, after), files=["src/shop/search.py", "tests/search.py"])


def test_a_line_within_a_function_is_its_edit_alone(tmp_path: Path) -> None:
    edits = of(tmp_path, BEFORE.replace("name == key", "name.casefold() == key"))
    find, rank = function("find", 9, 14), function("rank", 4, 6)
    assert edits.touch(find, "head")
    assert edits.touch(find, "base")
    assert not edits.touch(rank, "head")
    assert not edits.touch(rank, "base")
    assert edits.lines(find) == {11}
    assert edits.file_of(find) == "src/shop/search.py"


def test_a_decorator_that_is_gone_is_an_edit_although_no_line_of_head_says_so(tmp_path: Path) -> None:
    edits = of(tmp_path, BEFORE.replace("@functools.lru_cache\n", ""))
    assert edits.touch(function("rank", 4, 5), "head")
    assert not edits.touch(function("find", 8, 13), "head")


def test_a_line_that_is_gone_is_an_edit_of_what_was_around_it(tmp_path: Path) -> None:
    edits = of(tmp_path, BEFORE.replace("        if name == key:\n", ""))
    assert edits.touch(function("find", 9, 13), "head")
    assert not edits.touch(function("rank", 4, 6), "head")


def test_lines_that_look_like_headers_are_lines(tmp_path: Path) -> None:
    edits = of(tmp_path, BEFORE.replace("    -- 1\n", "    ++ 1\n"))
    assert set(edits.base) == set(edits.head) == {"src/shop/search.py"}


def test_a_function_of_the_checkout_is_found_from_the_suites_folder() -> None:
    edits = Edits(head={"core/shop.py": ((3, 3),)}, directory="core")
    assert edits.touch(function("f", 1, 5, "own", "shop.py"), "head")
    assert edits.file_of(function("f", 1, 5, "own", "../shop.py")) == "shop.py"
    assert edits.file_of(function("f", 1, 5, "own", "../../shop.py")) == ""
    assert edits.file_of(function("f", 1, 5, "std", "shop.py")) == ""


@pytest.mark.parametrize("text", ["", "nonsense\n", "@@ -1 +1 @@\n-a\n+b\n", "--- a/x\n"])
def test_what_is_no_diff_edits_nothing(text: str) -> None:
    edits = edits_of(text)
    assert not edits.base
    assert not edits.head
