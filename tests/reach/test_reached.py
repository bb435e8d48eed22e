"""What ran held against what is edited."""

from __future__ import annotations

from dataclasses import replace

from perfbot.reach.edited import MODULE, edits_of
from perfbot.reach.reached import Followed, Reaching, asked_about

OLD = "def a():\n    return 1\n\n\ndef b():\n    return 1\n"
NEW = "def a():\n    x = 2\n    return x\n\n\ndef b():\n    return 3\n"
EDITS = edits_of({"src/shop/core.py": (OLD, NEW), "tests/test_core.py": (OLD, NEW)})
SITE = "/env/lib/python3.11/site-packages/shop/core.py"


def followed(
    *call: tuple[str, int, str], before: tuple[tuple[str, int, str], ...] = (), left: bool = False
) -> Followed:
    return Followed(frozenset(before), frozenset(call), left)


def test_installed_files_are_asked_about_too() -> None:
    assert set(asked_about(EDITS)) >= {"src/shop/core.py", "shop/core.py"}


def test_files_of_projects_below_the_top_are_asked_about_as_they_are_installed() -> None:
    files = {"libs/one/src/shop/core.py": (OLD, NEW), "two/shop.py": (OLD, NEW), "three/x.py": (OLD, NEW)}
    files |= {"src/python/shop/own.py": (OLD, NEW), "src/alone.py": (OLD, NEW), "top.py": (OLD, NEW)}
    edits = replace(edits_of(files), projects=("libs/one", "two"))
    assert set(asked_about(edits)) == {
        *("libs/one/src/shop/core.py", "one/src/shop/core.py", "src/shop/core.py", "shop/core.py"),
        *("two/shop.py", "shop.py", "three/x.py", "src/alone.py", "alone.py", "top.py"),
        *("src/python/shop/own.py", "python/shop/own.py", "shop/own.py"),
    }
    installed = followed((SITE, 1, "a"), ("/env/site-packages/shop.py", 1, "a"))
    assert {one.file for one in Reaching(edits).touched(installed.call)} == {"libs/one/src/shop/core.py", "two/shop.py"}


def test_lines_of_functions_that_no_call_runs_are_told() -> None:
    ran = {"s/one": followed((SITE, 1, "a")), "s/two": followed(("/else/where.py", 1, "b"))}
    reach = Reaching(EDITS).reach(ran, (), ["programs"])
    assert reach is not None
    assert (reach.lines, reach.missed, reach.followed, reach.without) == (3, 1, 2, ("programs",))
    assert [(one.file, one.line, one.function) for one in reach.functions] == [("src/shop/core.py", 6, "b")]


def test_what_only_setting_up_runs_is_not_measured() -> None:
    reach = Reaching(EDITS).reach({"s/one": followed((SITE, 1, "a"), before=((SITE, 6, "b"),))}, (), ())
    assert reach is not None
    assert reach.missed == 1


def test_files_of_benchmarks_are_no_part_of_it() -> None:
    assert Reaching(EDITS).reach({"s/one": followed()}, ("src/shop/core.py",), ()) is None
    assert Reaching(EDITS).reach({}, (), ()) is None


def test_whoever_sets_up_with_it_imports_it_or_has_children_may_be_concerned() -> None:
    reaching, module = Reaching(EDITS), Reaching(edits_of({"shop/core.py": ("A = 1\n", "A = 2\n")}))
    assert reaching.concerns(followed((SITE, 1, "a")))
    assert reaching.concerns(followed(before=((SITE, 6, "b"),)))
    assert reaching.concerns(followed(left=True))
    assert not reaching.concerns(followed(("/x/other.py", 1, "a")))
    assert not reaching.concerns(followed(before=((SITE, 1, MODULE),)))
    assert module.concerns(followed(before=((SITE, 1, MODULE),)))
