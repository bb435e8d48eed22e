"""Outputs of tools, and what their parsers read out of them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from perfbot.harness import regex
from perfbot.harness.registry import HARNESSES
from perfbot.harness.tool import ToolHarness
from perfbot.measure.processes.naming import named, naming
from perfbot.measure.processes.tools import Parse, Parsed, Reported, Unreadable, Written

CAPTURED = Path(__file__).parent / "captured"

PATTERN = r"(?P<name>\S[^:]*): (?P<time>\S+) ms, (?P<nodes>\S+) nodes"


def parse_regex(written: Sequence[Written]) -> Parsed:
    """The regex parser as a suite would configure it."""
    return regex.parse(written, PATTERN, {"time": "ms"}, "s")


PARSERS: dict[str, Parse] = {
    **{name: harness.parse for name, harness in HARNESSES.items() if isinstance(harness, ToolHarness)},
    "regex": parse_regex,
}


def captured(tool: str, name: str) -> list[Written]:
    """A captured output: a file, or all files of a folder."""
    path = CAPTURED / tool / name
    files = sorted(inner for inner in path.rglob("*") if inner.is_file()) if path.is_dir() else [path]
    return [Written(str(file.relative_to(CAPTURED / tool)), file.read_bytes()) for file in files]


def results(tool: str, written: Sequence[Written]) -> dict[str, Reported]:
    """The results by name, each name once."""
    found = [one for one in PARSERS[tool](written) if isinstance(one, Reported)]
    return named(found, naming(found))


def unreadable(tool: str, written: Sequence[Written]) -> list[str]:
    """Why the rest cannot be read."""
    return [one.reason for one in PARSERS[tool](written) if isinstance(one, Unreadable)]


def sound(found: dict[str, Reported]) -> dict[str, dict[str, tuple[float, str, str]]]:
    """Value, unit and direction by benchmark and metric, of those that can be compared."""
    return {
        name: {r.metric.name: (r.value, r.metric.unit, r.metric.better) for r in one.readings if not r.trouble}
        for name, one in found.items()
        if any(not r.trouble for r in one.readings)
    }


def troubles(tool: str, written: Sequence[Written]) -> list[str]:
    """All reasons why something cannot be compared."""
    found = results(tool, written).values()
    of_values = [reading.trouble for one in found for reading in one.readings if reading.trouble]
    return [one.trouble for one in found if one.trouble] + of_values + unreadable(tool, written)
