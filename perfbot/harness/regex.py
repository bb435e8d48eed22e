"""Any program that prints its results: a regular expression finds them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from perfbot.config import RegexSuite
from perfbot.harness.base import Effects, SideReady
from perfbot.harness.results import printed, shown
from perfbot.harness.text import by_line
from perfbot.harness.tool import ToolHarness
from perfbot.measure.processes.reported import ReportedSuite
from perfbot.measure.processes.tools import Parsed, Reading, Reported, Unreadable, Written
from perfbot.model import Metric, Side
from perfbot.units import meaning


def parse(written: Sequence[Written], pattern: str, given: Mapping[str, str], default: str) -> Parsed:
    """Every match in every line.

    Args:
        pattern: with the groups ``name`` and ``unit`` where the text has them, and one group for each metric.
        given: units of the metrics that the text does not name.
        default: the benchmark's name where there is no group for it.
    """
    expression = re.compile(pattern)
    return by_line(written, lambda lines: _results(lines, expression, given, default), ended=False)


def _results(
    lines: Iterable[tuple[str, str]], pattern: re.Pattern[str], given: Mapping[str, str], default: str
) -> Iterator[Reported | Unreadable]:
    for where, line in lines:
        for found in pattern.finditer(line):
            groups = {name: text for name, text in found.groupdict().items() if text is not None}
            name = groups.pop("name", default).strip()
            unit = groups.pop("unit", "")
            if name:
                yield Reported(name, where, tuple(_readings(groups, unit, given, where)))
            else:
                yield Unreadable(f"{where}: found {shown(line)}, expected a benchmark's name in the group (?P<name>…)")


def _readings(groups: Mapping[str, str], unit: str, given: Mapping[str, str], where: str) -> Iterator[Reading]:
    for name, text in groups.items():
        means = meaning(given.get(name) or unit or ("s" if name == "time" else "1"))
        yield printed(Metric(name, means.unit, means.better), text.strip(), where, means.scale)


class RegexHarness:
    """The configuration says how to read the output."""

    requires: tuple[str, ...] = ()
    example = """\
[[suite]]
name = "text"
harness = "regex"
command = "./bench"
pattern = '(?P<name>\\w+): (?P<time>[\\d.]+) ms, (?P<nodes>\\d+) nodes'
units = { time = "ms" }
metrics = ["time", "nodes"]
lower = ["nodes"]
exact = ["nodes"]
"""

    def session(self, suite: RegexSuite, sides: Mapping[Side, SideReady], effects: Effects) -> ReportedSuite:
        """A process a turn on each side."""

        def read(written: Sequence[Written]) -> Parsed:
            return parse(written, suite.pattern, suite.units, suite.name)

        return ToolHarness(read, self.example).session(suite, sides, effects)
