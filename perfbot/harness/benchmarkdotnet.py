"""BenchmarkDotNet, by its JSON export (``--exporters fulljson``, ``json`` or ``briefjson``)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from perfbot.harness.json_tree import Node, by_result, documents, inside, whole
from perfbot.harness.results import ALLOCATED
from perfbot.harness.tool import ToolHarness
from perfbot.measure.processes.tools import Parsed, Reported, Written
from perfbot.model import TIME

NANOSECOND = 1e-9

EXPORTS = ("-report-full.json", "-report-full-compressed.json", "-report-brief.json")
EXPORT = re.compile(r"-report[-\w]*\.json$")

JOB = re.compile(r"(?:[^:']*'.*?'|[^:]*): (?P<job>(?P<id>[^(\[]*?)\s*(?:\((?P<settings>.*?)\))?)(?: \[.*\])?")
"""In ``Type.Method: Job-ABCDEF(Runtime=.NET 8.0) [N=10]``; a title of the method's own stands in quotes."""

MADE_UP = re.compile(r"Job-[A-Z]{6}")
"""A job's name where it was given none: letters that say nothing, and need not be the same on both sides."""


def parse(written: Sequence[Written]) -> Parsed:
    """Medians under the full name, and allocated bytes where the memory diagnoser ran."""
    reports: dict[str, Written] = {}
    for one in sorted(written, key=_preferred):
        reports.setdefault(_report(one), one)
    chosen = [one for one in written if one in reports.values()]
    return by_result(inside(documents(chosen), "Benchmarks"), _identify, _read)


def _report(one: Written) -> str:
    """The report that a file is an export of; a project may ask for one, and the command line for another."""
    return EXPORT.sub("", one.where)


def _preferred(one: Written) -> int:
    """The fullest first; ``json`` alone writes the compressed one."""
    return next((rank for rank, end in enumerate(EXPORTS) if one.where.endswith(end)), len(EXPORTS))


def _identify(one: Node) -> Reported:
    parts = [one.get(key) for key in ("Namespace", "Type", "Method")]
    short = ".".join(str(part.value) for part in parts if part is not None)
    name = one["FullName"].text() if one.get("FullName") is not None or not short else whole(short)
    display, given = one.get("DisplayInfo"), one.get("Parameters")
    parameters = ("parameters", f" [{whole(str(given.value))}]" if given is not None and given.value else "")
    found = JOB.fullmatch(whole(str(display.value))) if display is not None else None
    if found is None:
        return Reported(name, one.where, traits=(parameters,))
    made_up = MADE_UP.fullmatch(found["id"])
    job = (found["settings"] or found["id"]) if made_up else found["id"]
    traits = (parameters, ("job", f" [{job}]"), ("settings", f" [{found['settings'] or '-'}]"))
    return Reported(name, one.where, traits=traits)


def _read(one: Node, found: Reported) -> Reported:
    statistics, memory = one.get("Statistics"), one.get("Memory")
    if statistics is None:
        return replace(found, trouble="it has no results", failed=True)
    time = statistics["Median"].reading(TIME, NANOSECOND)
    allocated = memory.get("BytesAllocatedPerOperation") if memory is not None else None
    return replace(found, readings=(time, *([allocated.reading(ALLOCATED)] if allocated is not None else ())))


BENCHMARKDOTNET = ToolHarness(
    parse,
    """\
[[suite]]
name = "dotnet"
harness = "benchmarkdotnet"
setup = ["dotnet build -c Release"]
command = "dotnet run -c Release --no-build -- --filter '*' --job short --exporters fulljson --memory"
metrics = ["time", "allocated"]
""",
    files=("BenchmarkDotNet.Artifacts/results/*-report*.json",),
)
