"""hyperfine, by its JSON export."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from perfbot.harness.results import CPU, Node, documents
from perfbot.harness.tool import ToolHarness
from perfbot.measure.processes.tools import Reading, Written
from perfbot.model import TIME


def parse(written: Sequence[Written]) -> list[Reading]:
    """Medians of wall time and the mean CPU time of each command, under its name (``--command-name``) or its text."""
    return [reading for top in documents(written) for one in top["results"].items() for reading in _readings(one)]


def _readings(one: Node) -> Iterator[Reading]:
    name = one["command"].text()
    yield Reading(name, TIME, one["median"].number())
    user, system = one.get("user"), one.get("system")
    if user is not None and system is not None:
        yield Reading(name, CPU, user.number() + system.number())


HYPERFINE = ToolHarness(
    parse,
    """\
[[suite]]
name = "programs"
harness = "hyperfine"
command = "hyperfine -N --warmup 1 --runs 5 --export-json {output} -n sort 'sort data.txt' -n count 'wc data.txt'"
""",
)
