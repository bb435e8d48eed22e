"""criterion.rs, by the files that it keeps under target/criterion."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePosixPath

from perfbot.harness.results import Node, document, wrong
from perfbot.harness.tool import ToolHarness
from perfbot.measure.processes.tools import Reading, Written
from perfbot.model import TIME

NANOSECOND = 1e-9


def parse(written: Sequence[Written]) -> list[Reading]:
    """The median of each ``new/estimates.json`` under the name in the ``new/benchmark.json`` beside it."""
    files = {PurePosixPath(one.where): document(one) for one in written}
    names = {path.parent: _name(top) for path, top in files.items() if path.name == "benchmark.json"}
    readings = []
    for path, top in files.items():
        if path.name != "estimates.json":
            continue
        if path.parent not in names:
            wrong(str(path), "no benchmark.json beside it", "the name of the benchmark")
        median = top["median"]["point_estimate"].number()
        readings.append(Reading(names[path.parent], TIME, median * NANOSECOND))
    return readings


def _name(top: Node) -> str:
    return (top.get("full_id") or top["title"]).text()


CRITERION = ToolHarness(
    parse,
    """\
[[suite]]
name = "rust"
harness = "criterion"
command = "cargo bench --bench parse -- --noplot --warm-up-time 0.1 --measurement-time 0.3 {filter}"
setup = ["cargo bench --no-run"]
""",
    everything="",
    files=("target/criterion/**/new/benchmark.json", "target/criterion/**/new/estimates.json"),
    walls=frozenset({"time"}),
)
