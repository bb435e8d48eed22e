"""What a change edits: functions, more than functions, or files of which nobody can tell."""

from __future__ import annotations

import textwrap

import pytest

from perfbot.reach.edited import Edited, edits_of, is_expected

OLD = """\
import os

LIMIT = 3


def one(a):
    return a


class Thing:
    def method(self):
        return 1

    @property
    def size(self):
        return 2


def two():
    def inner():
        return 1
    return inner
"""


def edited(old: str, new: str) -> list[Edited]:
    return list(edits_of({"lib.py": (old, new)}).functions["lib.py"])


@pytest.mark.parametrize(
    ("before", "after", "names"),
    [
        ("    return a\n", "    # says it\n    return a\n", []),
        ("    return a\n", '    """Says it."""\n    return a\n', []),
        ("    return a\n", "    return a + 1\n", ["one"]),
        ("        return 2\n", "        return 3\n", ["Thing.size"]),
        ("        return 1\n    return inner", "        return 5\n    return inner", ["two", "two.inner"]),
        ("    @property\n", "", ["Thing.size"]),
    ],
)
def test_functions_are_edited_by_what_they_do(before: str, after: str, names: list[str]) -> None:
    assert before in OLD
    assert [one.name for one in edited(OLD, OLD.replace(before, after))] == names


def test_lines_belong_to_the_innermost_function_and_comments_do_not_count() -> None:
    new = OLD.replace(
        "        return 1\n    return inner", "        # five\n        x = 5\n        return x\n    return inner"
    )
    lines = {one.name: len(one.lines) for one in edited(OLD, new)}
    assert lines == {"two": 0, "two.inner": 2}


@pytest.mark.parametrize(
    ("before", "after", "more"),
    [
        ("    return a\n", "    return a + 1\n", False),
        ("LIMIT = 3", "LIMIT = 4", True),
        ("def one(a)", "def one(a=4)", True),
        ("class Thing:", "class Thing(dict):", True),
        ("import os\n", "import os\nimport sys\n", True),
        ("def two():", "def three():\n    pass\n\n\ndef two():", True),
        ("LIMIT = 3", "LIMIT = 3  # so many", False),
    ],
)
def test_what_runs_at_import_is_told_from_bodies(before: str, after: str, more: bool) -> None:
    edits = edits_of({"lib.py": (OLD, OLD.replace(before, after, 1))})
    assert ("lib.py" in edits.modules) is more


def test_new_deleted_and_broken_files_are_edited_as_a_whole() -> None:
    edits = edits_of({"new.py": (None, OLD), "gone.py": (OLD, None), "broken.py": (OLD, "def (")})
    assert edits.modules == {"new.py", "gone.py", "broken.py"}
    assert len(edits.functions["new.py"]) == 5


def test_what_may_be_data_or_configuration_is_told_from_words() -> None:
    files = ["pyproject.toml", "data/x.json", "README.md", "docs/a.html", ".github/workflows/ci.yml", "src/fast.c"]
    edits = edits_of(dict.fromkeys(files, (None, None)))
    assert edits.others == ("pyproject.toml", "data/x.json", "src/fast.c")


@pytest.mark.parametrize(
    ("file", "expected"),
    [("shop/search.py", True), ("tests/test_a.py", False), ("shop/test_a.py", False), ("setup.py", False)],
)
def test_nobody_expects_tests_to_be_measured(file: str, expected: bool) -> None:
    assert is_expected(file) is expected


def test_two_functions_of_one_name_are_two() -> None:
    old = textwrap.dedent("""\
        if True:
            def f(): return 1
        def f(): return 2
        """)
    assert [one.first for one in edited(old, old.replace("return 2", "return 3"))] == [3]
