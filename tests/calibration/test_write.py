"""Suggestions in a person's configuration: what is written, brought up to date, taken out, and left alone."""

from __future__ import annotations

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfbot.config import parse
from perfbot.discover.amend import Amended, Suggestion, amend, pattern_for
from perfbot.errors import ConfigError
from perfbot.model import TIME, Metric

PLAIN = """\
# ours
[run]
budget = "1m"   # short

[[limit]]       # before the suite
match = "s/mine"
threshold = "4%"

[[suite]]
name = "s"
harness = "pytest"
paths = ["benchmarks/"]
"""


def amended(text: str, values: dict[str, float | None], file: str = "perfbot.toml", metric: Metric = TIME) -> Amended:
    return amend(text, [Suggestion(name, metric, name, value) for name, value in values.items()], file=file)


def threshold(text: str, name: str, metric: Metric = TIME) -> float:
    return parse(text, "it").policy.threshold_for(name, metric)


def test_a_larger_suggestion_is_added_at_the_end_and_nothing_else_changes() -> None:
    found = amended(PLAIN, {"s/a": 0.05, "s/b": 0.02, "s/c": None})
    assert found.text.startswith(PLAIN)
    assert threshold(found.text, "s/a") == 0.05
    assert threshold(found.text, "s/b") == 0.02
    assert found.text.count("[[limit]]") == 2
    assert found.written == ("s/a: 5 % (the policy has 2 %)",)
    assert found.left == ()


def test_twice_is_once() -> None:
    values = {"s/a": 0.05, "s/b": 0.125}
    once = amended(PLAIN, values).text
    assert amended(once, values).text == once


def test_own_entries_are_brought_up_to_date_where_they_stand() -> None:
    once = amended(PLAIN, {"s/a": 0.05, "s/b": 0.03}).text + "\n# a last word\n"
    again = amended(once, {"s/a": 0.09, "s/b": 0.03}).text
    assert again == once.replace("5%", "9%")
    assert threshold(again, "s/a") == 0.09


def test_own_entries_that_are_needed_no_more_go_without_a_trace() -> None:
    once = amended(PLAIN, {"s/a": 0.05, "s/b": 0.03}).text
    assert amended(once, {"s/a": 0.02, "s/b": None}).text == PLAIN


def test_own_entries_of_what_was_not_calibrated_stay() -> None:
    once = amended(PLAIN, {"s/a": 0.05}).text
    assert threshold(amended(once, {"s/b": 0.03}).text, "s/a") == 0.05


class TestAPersonsEntries:
    def test_are_left_alone(self) -> None:
        found = amended(PLAIN, {"s/mine": 0.08})
        assert found.text == PLAIN
        assert found.left == ('s/mine: 8 % is suggested, but your [[limit]] match = "s/mine" says 4 %',)

    def test_so_are_patterns_and_the_last_one_is_named(self) -> None:
        text = PLAIN + '\n[[limit]]\nmatch = "s/m*"\nthreshold = "3%"\n'
        found = amended(text, {"s/mine": 0.08, "s/more": 0.08, "s/other": 0.08})
        assert [line.partition(":")[0] for line in found.left] == ["s/mine", "s/more"]
        assert all('"s/m*" says 3 %' in line for line in found.left)
        assert [line.partition(":")[0] for line in found.written] == ["s/other"]

    def test_one_that_is_large_enough_needs_no_word(self) -> None:
        assert amended(PLAIN, {"s/mine": 0.03}) == Amended(PLAIN)

    def test_one_without_a_threshold_does_not_stand_in_the_way(self) -> None:
        text = PLAIN + '\n[[limit]]\nmatch = "s/a"\ngate = false\n'
        assert threshold(amended(text, {"s/a": 0.05}).text, "s/a") == 0.05

    def test_an_own_entry_that_was_edited_is_theirs(self) -> None:
        once = amended(PLAIN, {"s/a": 0.05}).text
        edited = once.replace('threshold = "5%"', 'threshold = "6%"')
        found = amended(edited, {"s/a": 0.09})
        assert found.text == edited
        assert "says 6 %" in found.left[0]

    def test_written_later_it_replaces_ours(self) -> None:
        once = amended(PLAIN, {"s/a": 0.05}).text
        theirs = '\n[[limit]]\nmatch = "s/a"\nthreshold = "3%"\n'
        found = amended(once + theirs, {"s/a": 0.09})
        assert found.text == PLAIN + theirs
        assert threshold(found.text, "s/a") == 0.03


def test_other_metrics_keep_their_threshold() -> None:
    found = amended(PLAIN, {"s/a": 0.05}).text
    assert threshold(found, "s/a", Metric("allocated", "B", rule="exact")) == 0.005
    assert threshold(found, "s/a", Metric("latency_p95", "s")) == 0.02


def test_pyproject() -> None:
    text = '[project]\nname = "x" # a name\n\n[tool.perfbot.gate]\nthreshold = "3%"\n\n[tool.other]\nkey = 1'
    found = amended(text, {"s/a": 0.05}, file="pyproject.toml")
    assert found.text.startswith(text)
    (limit,) = tomllib.loads(found.text)["tool"]["perfbot"]["limit"]
    assert limit == {"match": "s/a", "metric": "time", "threshold": "5%"}
    assert amended(found.text, {"s/a": 0.05}, file="pyproject.toml").text == found.text
    assert amended(found.text, {"s/a": 0.03}, file="pyproject.toml").text == text + "\n"


def test_line_ends_of_another_system_stay() -> None:
    text = PLAIN.replace("\n", "\r\n")
    once = amended(text, {"s/a": 0.05}).text
    assert once.startswith(text)
    converted = once.replace("\r\n", "\n").replace("\n", "\r\n")
    assert amended(converted, {"s/a": 0.02}).text == text


def test_limits_written_as_an_array_are_not_touched() -> None:
    text = 'limit = [{ match = "s/a", threshold = "3%" }]\n'
    with pytest.raises(ConfigError, match="cannot be added") as refused:
        amended(text, {"s/b": 0.05})
    assert "[[limit]] tables" in refused.value.hint


def test_a_pattern_means_one_benchmark() -> None:
    assert pattern_for("s/a", ["s/a", "s/b"]) == "s/a"
    assert pattern_for("s/x[a]", ["s/x[a]"]) == "s/x[a]"
    assert pattern_for("s/x[ab]", ["s/x[ab]", "s/xa"]) == "s/x[[]ab]"
    assert pattern_for("s/*", ["s/*", "s/a"]) == "s/[*]"
    assert pattern_for("s/x[", ["s/x["]) == "s/x[[]"


names = st.text(st.characters(blacklist_categories=("Cs",)), min_size=1, max_size=12).map(lambda text: f"s/{text}")


@given(st.dictionaries(names, st.integers(3, 50).map(lambda percent: percent / 100), min_size=1, max_size=5))
def test_any_name_can_be_written_read_and_written_again(values: dict[str, float]) -> None:
    wanted = [Suggestion(name, TIME, pattern_for(name, values), value) for name, value in values.items()]
    once = amend(PLAIN, wanted, file="perfbot.toml").text
    for name, value in values.items():
        assert threshold(once, name) == (0.04 if name == "s/mine" else value)
    assert amend(once, wanted, file="perfbot.toml").text == once
    gone = [Suggestion(one.name, TIME, one.match, None) for one in wanted]
    assert amend(once, gone, file="perfbot.toml").text == PLAIN
