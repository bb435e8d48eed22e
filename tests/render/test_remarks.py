"""Remarks stand where something is to be mended: at the function that a change goes back to."""

from __future__ import annotations

import json
from dataclasses import replace

from perfbot.explained import Explanation, Part
from perfbot.model import Report, Result
from perfbot.render.code_quality import code_quality
from perfbot.render.remarks import lines, where_it_goes_back_to
from tests.builders import report, result

PART = Part(
    "find", "shop.search", "shop/search.py", 30, 34, 4.1e-6, (3.9e-6, 4.3e-6), (1e-6, 5.1e-6), (1, 1),
    callee="str.casefold", callee_calls=(1, 400), edited=True,
)  # fmt: skip


def slower(name: str, **more: object) -> Result:
    data = {"verdict": "regressed", "gate": "fail", "change": 0.3, "file": "bench/test_x.py", "line": 7, **more}
    return replace(result(name), **data)  # type: ignore[arg-type]


def told(*parts: Part, names: tuple[str, ...] = ("a",), change: float = 4e-6) -> Report:
    explanations = tuple(
        Explanation("core", name, "time", "s", base=1e-5, head=1e-5 + change, parts=parts) for name in names
    )
    return report(*(slower(name) for name in names), explanations=explanations)


def places(found: Report) -> list[tuple[str, int]]:
    return [(one.path, one.line) for one in where_it_goes_back_to(found, found.results)]


def test_the_edited_function_is_pointed_at_with_the_line_that_was_written() -> None:
    (one,) = where_it_goes_back_to(found := told(PART), found.results)
    assert (one.path, one.line, one.severity) == ("shop/search.py", 34, "error")
    assert one.message.startswith("search.find +4.10 µs: str.casefold 1 → 400 calls; +30 %")


def test_what_nobody_edited_leaves_the_remark_at_the_benchmark() -> None:
    assert places(told(replace(PART, edited=False))) == [("bench/test_x.py", 7)]
    assert places(told()) == [("bench/test_x.py", 7)]
    assert places(told(replace(PART, edited=False, file="<re.py>"), PART)) == [("shop/search.py", 34)]


def test_a_function_that_head_no_longer_has_and_one_that_became_cheaper_are_not_pointed_at() -> None:
    assert places(told(replace(PART, own=(1e-6, 0.0), calls=(1, 0)))) == [("bench/test_x.py", 7)]
    assert places(told(replace(PART, change=-1e-6))) == [("bench/test_x.py", 7)]


def test_places_outside_of_the_repository_are_not_pointed_at() -> None:
    for file in ("../x.py", "/etc/passwd", "<re.py>", "a\nb.py", ".git/config"):
        assert places(told(replace(PART, file=file))) == [("bench/test_x.py", 7)]
    assert places(told(replace(PART, hot=2**40))) == [("bench/test_x.py", 7)]


def test_benchmarks_that_one_line_slows_down_are_one_remark() -> None:
    found = told(PART, names=("a", "b", "c"))
    (one,) = where_it_goes_back_to(found, found.results)
    assert one.title == "core/a: slower, and 2 more"
    assert [line.partition(":")[0] for line in one.message.splitlines()] == ["core/a", "core/b", "core/c"]


def test_editors_read_a_line_of_the_function_besides() -> None:
    said = list(lines(told(PART)))
    assert said[0].startswith("bench/test_x.py:7: error: core/a: slower")
    assert said[1].startswith("shop/search.py:34: error: core/a: slower: search.find +4.10 µs")


def test_gitlab_is_told_the_same_as_code_quality() -> None:
    entries = json.loads(code_quality(told(PART, names=("a", "b"))))
    (entry,) = entries
    assert entry["location"] == {"path": "shop/search.py", "lines": {"begin": 34}}
    assert entry["severity"] == "major"
    assert set(entry) == {"description", "check_name", "fingerprint", "severity", "location"}
    assert json.loads(code_quality(report(result()))) == []
