"""``vitest bench`` (tinybench), by its ``--outputJson``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import PurePosixPath

from perfbot.harness.json_tree import Node, by_result, documents, inside
from perfbot.harness.results import THROUGHPUT
from perfbot.harness.tool import ToolHarness
from perfbot.measure.processes.tools import Parsed, Reported, Unreadable, Written
from perfbot.model import TIME

MILLISECOND = 1e-3


def parse(written: Sequence[Written]) -> Parsed:
    """Medians and rates, under ``file > group > benchmark``."""
    groups: dict[str, tuple[str, str]] = {}

    def benchmarks() -> Iterator[Node | Unreadable]:
        for file in inside(documents(written), "files"):
            path = _path(file)
            for group in inside([file], "groups"):
                for one in inside([group], "benchmarks"):
                    if isinstance(one, Node) and isinstance(group, Node):
                        groups[one.where] = (str(group.value.get("fullName") or ""), path)
                    yield one

    def identify(one: Node) -> Reported:
        group, path = groups[one.where]
        *folders, file = PurePosixPath(path.replace("\\", "/")).parts or ("",)
        above = (*(f"{folder.strip('/')}/" for folder in folders), f"{file}: ") if file else ()
        return Reported(f"{Node(one.where, group).text()} > {one['name'].text()}", one.where, above=above)

    return by_result(benchmarks(), identify, _read)


def _path(file: Node | Unreadable) -> str:
    return str(file.value.get("filepath") or "") if isinstance(file, Node) and isinstance(file.value, dict) else ""


def _read(one: Node, found: Reported) -> Reported:
    if one.get("median") is None:
        return replace(found, trouble="it has no results", failed=True)
    rate = one.get("hz")
    readings = (one["median"].reading(TIME, MILLISECOND), *([rate.reading(THROUGHPUT)] if rate is not None else ()))
    return replace(found, readings=readings)


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
