"""criterion.rs, by the files that it keeps under target/criterion."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePosixPath

from perfbot.errors import MeasureError
from perfbot.harness.json_tree import Node, by_result, documents
from perfbot.harness.results import wrong
from perfbot.harness.tool import ToolHarness
from perfbot.measure.processes.tools import Parsed, Reported, Unreadable, Written
from perfbot.model import TIME

NANOSECOND = 1e-9

AGAIN = re.compile(r"_(\d+)$")
"""How criterion ends the folder of a further benchmark of one name: ``_2``, ``_3``, … in the order of their runs."""


@dataclass(frozen=True, slots=True)
class _Called:
    """A benchmark's name, and `` [2]`` where it is the second of that name."""

    name: str
    number: str


_Name = _Called | MeasureError


def parse(written: Sequence[Written]) -> Parsed:
    """The median of each ``new/estimates.json`` under the name in the ``new/benchmark.json`` beside it."""
    names: dict[PurePosixPath, _Name] = {}
    estimates: list[Node | Unreadable] = []
    for one in written:
        path = PurePosixPath(one.where)
        if path.name == "benchmark.json":
            names[path.parent] = _called(one)
        elif path.name == "estimates.json":
            estimates += documents([one])

    def identify(top: Node) -> Reported:
        called = names.get(PurePosixPath(top.where).parent)
        if called is None:
            wrong(top.where, "no benchmark.json beside it", "the name of the benchmark")
        if isinstance(called, MeasureError):
            raise called
        return Reported(called.name, top.where, traits=(("folder", called.number),))

    return [*by_result(estimates, identify, _read), *_unmeasured(names, written)]


def _unmeasured(names: Mapping[PurePosixPath, _Name], written: Sequence[Written]) -> Iterator[Reported]:
    """Benchmarks that were begun; criterion writes the estimates last."""
    there = {PurePosixPath(one.where).parent for one in written if PurePosixPath(one.where).name == "estimates.json"}
    for folder, called in names.items():
        if folder not in there and isinstance(called, _Called):
            trouble = f"{folder}: no estimates.json beside benchmark.json"
            yield Reported(called.name, str(folder), trouble=trouble, traits=(("folder", called.number),))


def _called(written: Written) -> _Name:
    (top, *_) = documents([written])
    try:
        if isinstance(top, Unreadable):
            return MeasureError(top.reason)
        name, folder = (top.get("full_id") or top["title"]).text(), top.get("directory_name")
        number = AGAIN.search(folder.text()) if folder is not None else None
        return _Called(name, f" [{number[1]}]" if number and not name.endswith(number[0]) else "")
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
command = "cargo bench --bench parse -- --noplot --nresamples 2000 --warm-up-time 0.1 --measurement-time 0.3 {filter}"
setup = ["cargo bench --no-run"]
""",
    everything="",
    files=("target/criterion/**/new/benchmark.json", "target/criterion/**/new/estimates.json"),
    walls=frozenset({"time"}),
)
