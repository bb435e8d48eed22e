"""Nothing that a worker says is believed unchecked."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfbot.measure.lockstep.messages import has_values, is_probe, read

DONE = {"event": "done", "name": "b", "error": "", "skipped": "", "held": True, "value": 1.5, "freed": []}
ANSWER = {
    "event": "answer",
    "name": "b",
    "walls": [1, 2],
    "cpus": [1, 2],
    "costs": [0, 2],
    "began": [5],
    "discarded": 3,
    "aside": 0,
    "kept": False,
}
PROBE = {"event": "answer", "name": "b", "first": 5, "loops": 1, "wall": 7, "cpu": 7, "cost": 0, "ports": []}
READY = {"event": "ready", "name": "b", "once": False, "inner": 1}
LISTED = {
    "event": "listed",
    "benchmarks": [{"name": "b", "file": "f", "line": 1, "metric": None, "timeout": 0.0}],
    "problems": [{"where": "w", "message": "m", "kind": "error"}],
}

anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@pytest.mark.parametrize("message", [DONE, ANSWER, PROBE, READY, LISTED, {"event": "running"}, {"event": "end"}])
def test_reads(message: dict[str, Any]) -> None:
    assert read(json.dumps(message).encode()) == message


@pytest.mark.parametrize(
    "line",
    [
        *(b"", b"rubbish", b"\xff\xfe", b"[]", b"3", b"null", b'"ready"', b"{}", b'{"event": null}', b'{"event": []}'),
        *(b'{"event": "unheard"}', b'{"event": "ready"}', b"[" * 100_000, b'{"event": "done", "name": "b"}'),
        json.dumps({**READY, "once": 1}).encode(),
        json.dumps({**READY, "inner": 0}).encode(),
        json.dumps({**DONE, "value": float("inf")}).encode(),
        json.dumps({**DONE, "value": 10**400}).encode(),
        json.dumps({**DONE, "error": None}).encode(),
        *(json.dumps({**DONE, "freed": freed}).encode() for freed in (None, [1], [1, 2, -3])),
        json.dumps({**LISTED, "benchmarks": ["b"]}).encode(),
        json.dumps({**LISTED, "problems": {}}).encode(),
        b'{"event": "done", "name": "b", "error": "", "skipped": "", "value": 1' + b"0" * 5000 + b"}",
    ],
)
def test_refuses(line: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        read(line)


@given(st.sampled_from([DONE, READY, LISTED]), st.data())
def test_a_damaged_message_is_refused_or_harmless(message: dict[str, Any], data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(sorted(message)))
    damaged = {**message, name: data.draw(anything)}
    try:
        found = read(json.dumps(damaged).encode())
    except ValueError:
        return
    assert isinstance(found["event"], str)
    if "value" in found and found["value"] is not None:
        assert float(found["value"]) == found["value"]


@pytest.mark.parametrize("name", ["first", "loops", "wall", "cpu", "cost"])
@pytest.mark.parametrize("value", [None, -1, 1.5, "1", 1 << 70])
def test_a_probe_needs_whole_numbers(name: str, value: object) -> None:
    assert is_probe(PROBE)
    assert not is_probe({**PROBE, name: value})


@pytest.mark.parametrize(
    "damage",
    [
        *({"walls": [1]}, {"walls": [1, 2, 3]}, {"cpus": [1, -2]}, {"walls": [1, "2"]}, {"cpus": None}),
        *(
            {"began": "no"},
            {"walls": [1, float("nan")]},
            {"discarded": None},
            {"aside": -1},
            {"aside": None},
            {"cpus": [[1], [2]]},
        ),
        *({"costs": [1]}, {"costs": None}, {"costs": [1, -1]}),
    ],
)
def test_values_have_to_be_as_many_as_were_asked_for(damage: dict[str, Any]) -> None:
    assert has_values(ANSWER, 2)
    assert not has_values({**ANSWER, **damage}, 2)
