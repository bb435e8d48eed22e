"""``vitest bench`` (tinybench), by its ``--outputJson``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from perfbot.harness.results import THROUGHPUT, Node, documents
from perfbot.harness.tool import ToolHarness
from perfbot.measure.processes.tools import Broken, Reading, Written
from perfbot.model import TIME

MILLISECOND = 1e-3


def parse(written: Sequence[Written]) -> list[Reading | Broken]:
    """Medians and rates, under ``file > group > benchmark``."""
    return [
        reading
        for top in documents(written)
        for file in top["files"].items()
        for group in file["groups"].items()
        for one in group["benchmarks"].items()
        for reading in _readings(f"{group['fullName'].text()} > {one['name'].text()}", one)
    ]


def _readings(name: str, one: Node) -> Iterator[Reading | Broken]:
    if one.get("median") is None:
        yield Broken(name, "it has no results")
        return
    yield Reading(name, TIME, one["median"].number() * MILLISECOND)
    yield Reading(name, THROUGHPUT, one["hz"].number())


VITEST = ToolHarness(
    parse,
    """\
[[suite]]
name = "node"
harness = "vitest"
setup = ["npm ci"]
command = "node_modules/.bin/vitest bench --run --outputJson {output}"
""",
    walls=frozenset({"time", "throughput"}),
    medians=frozenset({"time"}),
)
