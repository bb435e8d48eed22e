"""hyperfine, by its JSON export."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from perfbot.harness.json_tree import Node, by_result, documents, inside, whole
from perfbot.harness.results import CPU
from perfbot.harness.tool import ToolHarness
from perfbot.measure.processes.tools import Parsed, Reading, Reported, Written
from perfbot.model import TIME


def parse(written: Sequence[Written]) -> Parsed:
    """Medians of wall time and the mean CPU time of each command, under its name (``--command-name``) or its text."""
    return by_result(inside(documents(written), "results"), _identify, _read)


def _identify(one: Node) -> Reported:
    given = one.get("parameters")
    pairs = ", ".join(f"{key}={value.value}" for key, value in given.keys()) if given is not None else ""  # noqa: SIM118
    return Reported(one["command"].text(), one.where, traits=(("parameters", whole(f" ({pairs})") if pairs else ""),))


def _read(one: Node, found: Reported) -> Reported:
    found = replace(found, failing=_failing(one))
    time = one["median"].reading(TIME)
    user, system = one.get("user"), one.get("system")
    if user is None or system is None:
        return replace(found, readings=(time,))
    parts = [user.reading(CPU), system.reading(CPU)]
    cpu = next((part for part in parts if part.trouble), Reading(CPU, sum(part.value for part in parts)))
    return replace(found, readings=(time, cpu))


def _failing(one: Node) -> float:
    """Share of the runs that did not succeed, with ``--ignore-failure``; a signal has no exit code."""
    codes = one.value.get("exit_codes")
    return sum(code != 0 for code in codes) / len(codes) if isinstance(codes, list) and codes else 0.0


HYPERFINE = ToolHarness(
    parse,
    """\
[[suite]]
name = "programs"
harness = "hyperfine"
command = "hyperfine -N --warmup 1 --runs 5 --export-json {output} -n sort 'sort data.txt' -n count 'wc data.txt'"
""",
)
