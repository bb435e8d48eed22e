"""Samples of frames: taken at any instruction, and in the right function. Shares of time are far apart here."""

from __future__ import annotations

import importlib
import os
import select
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from perfbot.worker.functions import Around, Functions, fingerprint, line_of
from perfbot.worker.sampling import Layout, Sampler, Unseen


def idle() -> int:
    """Nothing that makes the interpreter look for signals: no call, no loop."""
    x = 3
    return x * x + x * x + x * x + x * x + x * x + x * x + x * x + x * x + x * x + x * x + x * x + x * x + x * x


def busy(calls: int) -> None:
    for _ in range(calls):
        idle()


def asleep(seconds: float) -> None:
    time.sleep(seconds)


def nested(depth: int, calls: int) -> None:
    if depth:
        nested(depth - 1, calls)
    else:
        busy(calls)


@pytest.fixture(scope="module")
def sampler() -> Sampler:
    try:
        return Sampler()
    except Unseen as reason:
        pytest.skip(str(reason))


def shares(sampler: Sampler, calls: int = 300_000, depth: int = 0) -> tuple[Counter[str], int]:
    """How often each function was the innermost; frames of the deepest sample."""
    functions = Functions(Around("."))
    sampler.start(sys._getframe(), 2e-4)
    nested(depth, calls)
    sampler.stop()
    functions.look_around()
    found: Counter[str] = Counter()
    deepest = 0
    for chain, (count, _) in sampler.taken().items():
        code = functions.at(chain[0][0]) if chain else None
        found[code.co_name if code else "?"] += count
        deepest = max(deepest, len(chain))
    return found, deepest


def test_a_function_without_calls_is_met_where_it_runs(sampler: Sampler) -> None:
    found, _ = shares(sampler)
    total = sum(found.values())
    assert total > 50
    assert found["idle"] > 0.4 * total
    assert found["idle"] + found["busy"] > 0.9 * total


def test_stacks_end_at_the_frame_that_was_named(sampler: Sampler) -> None:
    _, deepest = shares(sampler, depth=7)
    assert 9 <= deepest <= 11


def test_lines_are_those_of_the_code(sampler: Sampler) -> None:
    functions = Functions(Around("."))
    sampler.start(sys._getframe(), 2e-4)
    busy(200_000)
    sampler.stop()
    functions.look_around()
    first = idle.__code__.co_firstlineno
    lines: Counter[int] = Counter()
    for chain, (count, _) in sampler.taken().items():
        code = functions.at(chain[0][0]) if chain else None  # it was between two frames
        if code is idle.__code__:
            lines[line_of(code, sampler.layout.lasti(code, chain[0][1])) - first] += count
    assert lines[3] > 0.5 * sum(lines.values())
    assert set(lines) <= {0, 1, 2, 3}


def test_what_comes_after_the_end_is_not_sampled(sampler: Sampler) -> None:
    sampler.start(sys._getframe(), 2e-4)
    sampler.stop()
    sampler.taken()
    busy(50_000)
    assert not sampler.taken()


def test_sleep_goes_on_for_its_time_and_is_where_time_goes(sampler: Sampler) -> None:
    began = time.monotonic()
    sampler.start(sys._getframe(), 1e-3)
    asleep(0.2)
    sampler.stop()
    assert time.monotonic() - began >= 0.2
    met, waited = map(sum, zip(*sampler.taken().values(), strict=True))
    assert met > 20
    assert waited > 0.6 * met


@pytest.mark.parametrize("kind", ["lock", "pipe", "child", "poll"])
def test_all_that_waits_for_something_is_seen_to_wait(sampler: Sampler, kind: str) -> None:
    def wait() -> None:
        if kind == "lock":
            lock = threading.Lock()
            lock.acquire()
            lock.acquire(timeout=0.1)
        elif kind == "child":
            subprocess.run(["sleep", "0.1"], check=True)
        else:
            here, there = os.pipe()
            threading.Timer(0.1, os.write, (there, b"x")).start()
            if kind == "poll":
                select.select([here], [], [])
            os.read(here, 1)
            os.close(here)

    sampler.start(sys._getframe(), 1e-3)
    wait()
    sampler.stop()
    met, waited = map(sum, zip(*sampler.taken().values(), strict=True))
    assert waited > 0.5 * met


def test_what_computes_or_calls_the_system_all_the_time_does_not_wait(sampler: Sampler) -> None:
    for action in (lambda: busy(200_000), lambda: [os.getppid() for _ in range(300_000)]):
        sampler.start(sys._getframe(), 2e-4)
        action()
        sampler.stop()
        met, waited = map(sum, zip(*sampler.taken().values(), strict=True))
        assert met > 20
        assert waited < 0.3 * met


def described(text: str, module: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    (folder / f"{module}.py").write_text(text)
    monkeypatch.syspath_prepend(str(folder))
    found = importlib.import_module(module)
    functions = Functions(Around(str(folder)))
    for one in ("A", "B"):
        functions.number(getattr(found, one).__init__.__code__)
    return functions.described()


DATACLASSES = """\
from dataclasses import dataclass


@dataclass
class A:
    x: int
    y: int = 0

    def area(self):
        return self.x * self.y


@dataclass
class B:
    x: int
"""


def test_methods_that_were_generated_stand_at_their_class(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one, other = described(DATACLASSES, "generated_for_classes", tmp_path, monkeypatch)
    assert (one["name"], one["place"], one["file"]) == ("A.__init__", "own", "generated_for_classes.py")
    assert (one["line"], one["end"]) == (4, 8)  # not the lines of its own methods
    assert (other["name"], other["line"], other["end"]) == ("B.__init__", 13, 15)


def test_other_interpreters_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("platform.machine", lambda: "riscv64")
    with pytest.raises(Unseen, match="x86-64"):
        Layout()


def test_a_fingerprint_is_of_what_a_function_does() -> None:
    texts = ("def f(x):\n    return x + 1\n", "\n\n# moved\ndef f(x):\n    'Said.'\n    return x + 1\n")
    one, other = (compile(text, f"{place}.py", "exec").co_consts[0] for place, text in enumerate(texts))
    third = compile("def f(x):\n    return x + 2\n", "0.py", "exec").co_consts[0]
    assert fingerprint(one) != fingerprint(third)
    assert fingerprint(one) == fingerprint(other)
