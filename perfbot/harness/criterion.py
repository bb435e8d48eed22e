"""criterion.rs, by the files that it keeps under target/criterion."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import PurePosixPath

from perfbot.errors import MeasureError
from perfbot.harness.json_tree import Node, by_result, documents
from perfbot.harness.results import wrong
from perfbot.harness.tool import ToolHarness
from perfbot.measure.processes.tools import Parsed, Reported, Unreadable, Written
from perfbot.model import TIME

NANOSECOND = 1e-9


def parse(written: Sequence[Written]) -> Parsed:
    """The median of each ``new/estimates.json`` under the name in the ``new/benchmark.json`` beside it."""
    names: dict[PurePosixPath, str | MeasureError] = {}
    estimates: list[Node | Unreadable] = []
    for one in written:
        path = PurePosixPath(one.where)
        if path.name == "benchmark.json":
            names[path.parent] = _name(one)
        elif path.name == "estimates.json":
            estimates += documents([one])

    def identify(top: Node) -> Reported:
        name = names.get(PurePosixPath(top.where).parent)
        if name is None:
            wrong(top.where, "no benchmark.json beside it", "the name of the benchmark")
        if isinstance(name, MeasureError):
            raise name
        return Reported(name, top.where)

    return [*by_result(estimates, identify, _read), *_unmeasured(names, written)]


def _unmeasured(names: dict[PurePosixPath, str | MeasureError], written: Sequence[Written]) -> Iterator[Reported]:
    """Benchmarks that were begun; criterion writes the estimates last."""
    there = {PurePosixPath(one.where).parent for one in written if PurePosixPath(one.where).name == "estimates.json"}
    for folder, name in names.items():
        if folder not in there and isinstance(name, str):
            yield Reported(name, str(folder), trouble=f"{folder}: no estimates.json beside benchmark.json")


def _name(written: Written) -> str | MeasureError:
    (top, *_) = documents([written])
    try:
        if isinstance(top, Unreadable):
            return MeasureError(top.reason)
        return (top.get("full_id") or top["title"]).text()
    except MeasureError as error:
        return error


def _read(top: Node, found: Reported) -> Reported:
    return replace(found, readings=(top["median"]["point_estimate"].reading(TIME, NANOSECOND),))


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
