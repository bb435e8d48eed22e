"""Outputs that were damaged: right values, or a reason that names the file."""

from __future__ import annotations

import json
import math
from collections.abc import Callable

from hypothesis import example, given, settings
from hypothesis import strategies as st

from perfbot.measure.processes.tools import Reported, Written
from tests.tool_outputs import CAPTURED, PARSERS, captured, results, unreadable

EVERY_CAPTURED = [
    (tool, str(path.relative_to(CAPTURED / tool)))
    for tool in PARSERS
    for path in sorted((CAPTURED / tool).rglob("*"))
    if path.is_file()
]


def survives(tool: str, written: list[Written]) -> None:
    """Right values or reasons, under names that are unique; never an exception."""
    for name, one in results(tool, written).items():
        assert name.strip()
        assert one.readings or one.trouble
        for reading in one.readings:
            assert reading.trouble or math.isfinite(reading.value)
            assert reading.metric.unit
    assert all(written[0].where in reason for reason in unreadable(tool, written))


@given(
    st.sampled_from(EVERY_CAPTURED),
    st.integers(0, 20_000),
    st.integers(0, 20_000),
    st.binary(max_size=40),
    st.sampled_from(["cut", "drop", "insert", "swap lines", "repeat"]),
)
@settings(max_examples=300, deadline=None)
def test_damaged_outputs(which: tuple[str, str], first: int, second: int, noise: bytes, how: str) -> None:
    tool, name = which
    (one,) = captured(tool, name)
    damage: dict[str, Callable[[bytes], bytes]] = {
        "cut": lambda data: data[: first % (len(data) + 1)],
        "drop": lambda data: (
            data[: min(a := first % (len(data) + 1), b := second % (len(data) + 1))] + data[max(a, b) :]
        ),
        "insert": lambda data: data[: (at := first % (len(data) + 1))] + noise + data[at:],
        "swap lines": lambda data: swapped(data.split(b"\n"), first, second),
        "repeat": lambda data: data + noise + data,
    }
    survives(tool, [Written(one.where, damage[how](one.data))])


@given(st.sampled_from([one for one in EVERY_CAPTURED if one[0] != "regex"]), st.integers(0, 20_000))
@settings(max_examples=200, deadline=None)
def test_what_is_cut_off_never_gives_another_number(which: tuple[str, str], at: int) -> None:
    tool, name = which
    (one,) = captured(tool, name)
    whole = [it for it in PARSERS[tool]([one]) if isinstance(it, Reported)]
    cut = PARSERS[tool]([Written(one.where, one.data[: at % (len(one.data) + 1)])])
    values = {(it.where, reading) for it in whole for reading in it.readings}
    assert all((it.where, reading) in values for it in cut if isinstance(it, Reported) for reading in it.readings)


def swapped(lines: list[bytes], first: int, second: int) -> bytes:
    """Two lines in each other's place."""
    a, b = first % len(lines), second % len(lines)
    lines[a], lines[b] = lines[b], lines[a]
    return b"\n".join(lines)


@given(st.sampled_from(sorted(PARSERS)), st.binary(max_size=300) | st.text(max_size=300).map(str.encode))
@settings(max_examples=200, deadline=None)
def test_rubbish(tool: str, data: bytes) -> None:
    survives(tool, [Written("f_stats.csv", data)])


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
KEYS = {"vitest": "files", "k6": "metrics", "hyperfine": "results", "benchmarkdotnet": "Benchmarks"}


@example("k6", {"\r": None})
@given(st.sampled_from(["json", "jmh", "vitest", "k6", "hyperfine", "google_benchmark", "benchmarkdotnet"]), VALUES)
@settings(max_examples=200, deadline=None)
def test_other_json(tool: str, value: object) -> None:
    for document in (value, {KEYS.get(tool, "benchmarks"): value}, {KEYS.get(tool, "benchmarks"): [value]}, [value]):
        survives(tool, [Written("f", json.dumps(document).encode())])


MUTABLE = [one for one in EVERY_CAPTURED if one[1].endswith(".json")]


@given(st.sampled_from(MUTABLE), st.integers(0, 10_000), VALUES)
@settings(max_examples=300, deadline=None)
def test_any_value_of_a_document_may_be_anything(which: tuple[str, str], at: int, other: object) -> None:
    """Whatever stands where something else was expected costs what it is about alone."""
    tool, name = which
    (one,) = captured(tool, name)
    try:
        document = json.loads(one.data)
    except ValueError:
        return
    places = list(_places(document))
    if not places:
        return
    holder, key = places[at % len(places)]
    holder[key] = other  # type: ignore[index]
    survives(tool, [Written(one.where, json.dumps(document).encode())])


def _places(value: object) -> list[tuple[object, object]]:
    """Every member of every array and object inside."""
    if not isinstance(value, dict | list):
        return []
    pairs = list(value.items()) if isinstance(value, dict) else list(enumerate(value))
    return [(value, key) for key, _ in pairs] + [place for _, inner in pairs for place in _places(inner)]
