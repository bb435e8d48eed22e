"""Words that gave way to the field's own come back nowhere that users or contributors read."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

TOP = Path(__file__).parents[2]
READ = [
    *(TOP / "perfbot").rglob("*.py"),
    *(TOP / "perfbot").rglob("*.html"),
    *(TOP / "tests" / "golden").rglob("*.*"),
    *(one for one in (TOP / "docs").rglob("*.md") if not {"adr", "_site"} & set(one.relative_to(TOP).parts)),
    *TOP.glob("*.md"),
]
"""Not decisions, which are what was said then."""

NOW = {
    r"strays by": "standard deviation",
    r"could have seen": "resolution",
    r"[Bb]eside time\b": "other metrics",
    r"laid out alike": "shared address-space layout",
    r"chain of ratios|no change of machine can fake": "chained ratios",
    r"nobody was told": "nothing sent",
    r"is no key\b": "unknown key",
    r"after mending it": "after fixing it",
    r"is no JSON\b": "is not JSON",
    r"measuring was given|left of the budget, since": "time limit",
    r"\bConductor\b|[Ff]oretold": "Scheduler, Forecast",
    r"\bcourses\b|\bCourse\b|\.course\b": "trend",
}


@pytest.mark.parametrize("was", NOW)
def test_is_said_in_the_words_of_the_field(was: str) -> None:
    found = [
        str(file.relative_to(TOP))
        for file in READ
        if file.name != "CHANGELOG.md" and re.search(was, file.read_text("utf-8"))
    ]
    assert not found, f"say: {NOW[was]}"
