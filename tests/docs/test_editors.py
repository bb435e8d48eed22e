"""The problem matchers of the documentation match what perfbot really says."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from perfbot import config
from perfbot.errors import ConfigError
from perfbot.reasons import Said
from perfbot.render.remarks import lines
from tests.render.hostile import TEXTS, saying
from tests.render.samples import ALL, everything, report, result

PAGE = (Path(__file__).parents[2] / "docs" / "how-to" / "editors.md").read_text("utf-8")


def patterns() -> list[dict[str, Any]]:
    (block,) = re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)
    (task,) = json.loads(block)["tasks"]
    return [matcher["pattern"] for matcher in task["problemMatcher"]]


AT_LINES, IN_CONFIGURATION = patterns()


def matched(pattern: dict[str, Any], line: str) -> dict[str, str] | None:
    found = re.match(pattern["regexp"], line)
    return found and {name: found[pattern[name]] for name in ("file", "line", "severity", "message") if name in pattern}


def placed(change: float, verdict: str, **more: object) -> str:
    return next(lines(report(result("parse", change, verdict, file="bench/a b.py", line=7, **more))))


@pytest.mark.parametrize(
    ("line", "severity", "message"),
    [
        (
            placed(0.38, "regressed", gate="fail", reasons=(Said("over the 2 % threshold"),)), "error",
            "core/parse: slower: +38 % [+37, +39]: over the 2 % threshold",
        ),
        (placed(0.38, "regressed", gate="accepted", reasons=(Said("accepted by alice"),)), "warning", None),
        (placed(-0.2, "improved"), "info", "core/parse: faster: −20 % [−21, −19]"),
        (placed(0.01, "inconclusive"), "info", None),
    ],
)  # fmt: skip
def test_a_result_is_found_at_its_line(line: str, severity: str, message: str | None) -> None:
    found = matched(AT_LINES, line)
    assert found is not None
    assert (found["file"], found["line"], found["severity"]) == ("bench/a b.py", "7", severity)
    assert message in (None, found["message"])


@pytest.mark.parametrize("name", ALL)
def test_what_stands_at_no_line_is_told_and_not_matched(name: str) -> None:
    told = list(lines(ALL[name]()))
    unplaced = [line for line in told if line.startswith("perfbot: ")]
    assert unplaced
    assert [line for line in unplaced if matched(AT_LINES, line)] == []


def test_each_row_of_the_table_is_a_line() -> None:
    told = list(lines(everything()))
    for word in ("crash: failed", "validate: slower", "solve: faster", "hash: undecided", "old_thing: removed"):
        assert any(f"core/{word}" in line for line in told), word
    assert not any("unchanged" in line for line in told[:-1])


@pytest.mark.parametrize("name", TEXTS)
def test_hostile_names_make_no_line_of_their_own(name: str) -> None:
    told = list(lines(saying(TEXTS[name])))
    assert all(line.isprintable() for line in told)


@pytest.mark.parametrize(
    ("where", "text"),
    [("perfbot.toml", "[run]\nbudgte = 3\n"), ("a/perfbot.toml", "[[suite"), ("perfbot.toml", "x = 1")],
)
def test_a_mistake_of_the_configuration_is_found_in_its_file(where: str, text: str) -> None:
    with pytest.raises(ConfigError) as caught:
        config.parse(text, where)
    for line in f"perfbot: {caught.value.message}".splitlines():
        found = matched(IN_CONFIGURATION, line)
        assert found is not None
        assert found["file"] == where
