"""What benchmarks before have left is collected outside of the timing, and the next full collection is drawn."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import perfbot.worker

HEAP = Path(perfbot.worker.__file__).parent / "heap.py"

LOADED = f"""
import gc, importlib.util, sys
spec = importlib.util.spec_from_file_location("heap", {str(HEAP)!r})
heap = importlib.util.module_from_spec(spec)
spec.loader.exec_module(heap)
gc.disable()
alive = [[] for _ in range(200_000)]

def full_ones():
    return gc.get_stats()[2]["collections"]

def until_full():
    "Survivors of young collections until a full one comes."
    gc.enable()
    before, kept = full_ones(), []
    while full_ones() == before:
        kept.append([])
    return len(kept)
"""


def told(script: str) -> list[int]:
    """What a process of its own prints: the collector of this one has other things in it."""
    done = subprocess.run(
        [sys.executable, "-c", LOADED + script], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    return [int(word) for word in done.stdout.split()]


def test_garbage_of_the_one_before_is_none_of_the_next_ones() -> None:
    cycles, collected = told("""
heap.begin(1)
for _ in range(50_000):
    cycle = []
    cycle.append(cycle)
before = full_ones()
heap.begin(2)
print(gc.collect(), full_ones() - before - 1)
""")
    assert cycles < 100
    assert collected == 1


def test_nothing_is_collected_again_where_little_has_come() -> None:
    (collected,) = told(
        "heap.begin(1); before = full_ones()\nfor seed in range(5): heap.begin(seed)\nprint(full_ones() - before)"
    )
    assert collected == 0


@pytest.mark.skipif(sys.version_info >= (3, 14), reason="collects in increments")
def test_the_next_full_collection_is_drawn() -> None:
    """From at once to a quarter of what is alive, or to as many young collections as it takes."""
    ahead = [told(f"heap.begin({seed})\nprint(until_full())")[0] for seed in range(1, 61, 5)]
    assert max(ahead) > 3 * min(ahead)
    assert max(ahead) < 130_000
    assert told("heap.begin(7)\nprint(until_full())") == told("heap.begin(7)\nprint(until_full())"), (
        "and both sides alike"
    )


@pytest.mark.skipif(sys.version_info >= (3, 14), reason="collects in increments")
class TestOfManyBenchmarks:
    def test_few_cost_a_full_collection(self) -> None:
        """Each a third of a second where a suite holds a million objects."""
        (collected,) = told(
            "heap.begin(1); gc.enable(); before = full_ones()\n"
            "for seed in range(40): heap.begin(seed * 7919)\nprint(full_ones() - before)"
        )
        assert 1 <= collected <= 4, "a benchmark comes nearer by a sixteenth on the mean"

    def test_each_is_as_far_off_as_drawn(self) -> None:
        """What those before have added is not added again."""
        ahead = [
            told(f"gc.enable()\nfor seed in range({one}, {one + 9}): heap.begin(seed * 7919)\nprint(until_full())")[0]
            for one in range(0, 70, 10)
        ]
        assert max(ahead) > 3 * min(ahead)
        assert sum(count > 20_000 for count in ahead) > 2
