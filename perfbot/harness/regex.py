"""Any program that prints its results: a regular expression finds them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from perfbot.config import RegexSuite
from perfbot.harness.base import Effects, SideReady
from perfbot.harness.json_results import base_unit
from perfbot.harness.results import lines, quantity, wrong
from perfbot.harness.tool import ToolHarness
from perfbot.measure.processes.reported import ReportedSuite
from perfbot.measure.processes.tools import Reading, Written
from perfbot.model import Better, Metric, Side


def parse(written: Sequence[Written], pattern: str, given: Mapping[str, str], default: str) -> list[Reading]:
    """Every match in every line.

    Args:
        pattern: with the groups ``name`` and ``unit`` where the text has them, and one group for each metric.
        given: units of the metrics that the text does not name.
        default: the benchmark's name where there is no group for it.
    """
    return list(_readings(written, re.compile(pattern), given, default))


def _readings(
    written: Sequence[Written], pattern: re.Pattern[str], given: Mapping[str, str], default: str
) -> Iterator[Reading]:
    for where, line in lines(written, ended=False):
        for found in pattern.finditer(line):
            groups = {name: text for name, text in found.groupdict().items() if text is not None}
            name = groups.pop("name", default).strip()
            unit = groups.pop("unit", None)
            if not name:
                wrong(where, line, "a benchmark's name in the group (?P<name>…)")
            for metric, text in groups.items():
                base, scale = base_unit(given.get(metric) or unit or ("s" if metric == "time" else "1"))
                better: Better = "higher" if base == "1/s" else "lower"
                yield Reading(name, Metric(metric, base, better), quantity(text.strip(), where) * scale)


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
exact = ["nodes"]
"""

    def session(self, suite: RegexSuite, sides: Mapping[Side, SideReady], effects: Effects) -> ReportedSuite:
        """A process a turn on each side."""

        def read(written: Sequence[Written]) -> list[Reading]:
            return parse(written, suite.pattern, suite.units, suite.name)

        return ToolHarness(read, self.example).session(suite, sides, effects)
