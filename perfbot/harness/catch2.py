"""Catch2's BENCHMARK (C++), by its XML reporter."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from xml.parsers import expat

from perfbot.harness.results import printed, shown
from perfbot.harness.text import characters
from perfbot.harness.tool import ToolHarness
from perfbot.measure.processes.tools import Parsed, Reported, Unreadable, Written
from perfbot.model import TIME

NANOSECOND = 1e-9

ROOTS = ("Catch", "Catch2TestRun")
NAMED = ("TestCase", "Section", "BenchmarkResults")
NO_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")
"""Characters that no XML may hold, and that test names do."""


def parse(written: Sequence[Written]) -> Parsed:
    """Means, by test case, sections and benchmark: ``case/section/benchmark``."""
    return [result for one in written for result in _documents(one)]


def _documents(written: Written) -> Iterator[Reported | Unreadable]:
    """The results of each program that wrote into a file."""
    text = NO_XML.sub("\ufffd", characters(written.data))
    begins = [found.start() for found in re.finditer(r"<\?xml", text)]
    if not begins:
        yield Unreadable(f"{written.where}: found {shown(text[:40])}, expected XML (run it with -r xml)")
        return
    for begin, end in zip(begins, [*begins[1:], len(text)], strict=True):
        yield from _Reader(written.where, text.count("\n", 0, begin)).read(text[begin:end])


@dataclass(slots=True)
class _Reader:
    """Of one document, up to where it breaks off.

    Attributes:
        lines: before it in the file.
    """

    where: str
    lines: int
    found: list[Reported | Unreadable] = field(default_factory=list)
    _above: list[tuple[str, str]] = field(default_factory=list)
    _result: Reported | None = None
    _ended: bool = False

    def read(self, text: str) -> list[Reported | Unreadable]:
        """Entities that the document declares itself are refused, so that none can grow without end."""
        parser = expat.ParserCreate("utf-8")
        parser.buffer_text = True
        parser.StartElementHandler = lambda tag, attributes: self._begin(tag, attributes, parser.CurrentLineNumber)
        parser.EndElementHandler = self._end
        parser.StartDoctypeDeclHandler = self._refuse
        try:
            parser.Parse(text.encode(), True)
        except (expat.ExpatError, ValueError) as error:
            if not self._ended:
                self.found.append(Unreadable(f"{self.where}: {error}, expected well-formed XML"))
        return self.found

    def _refuse(self, *_: object) -> None:
        raise ValueError("found a document type, which Catch2 does not write")

    def _begin(self, tag: str, attributes: Mapping[str, str], line: int) -> None:
        self._above.append((tag, attributes.get("name", "").strip()))
        if tag == "BenchmarkResults":
            self._result = self._named(line)
        elif self._result is not None and tag == "failed":
            said = attributes.get("message", "") or "Catch2 says that it failed"
            self._result = replace(self._result, trouble=said, failed=True)
        elif self._result is not None and tag == "mean":
            time = printed(TIME, attributes.get("value", ""), self._result.where, NANOSECOND)
            self._result = replace(self._result, readings=(time,))

    def _named(self, line: int) -> Reported:
        names = [name for tag, name in self._above if tag in NAMED]
        program = next((name for tag, name in self._above if tag in ROOTS and name), "")
        where = f"{self.where}, line {self.lines + line}"
        return Reported("/".join(filter(None, names)), where, above=(f"{program}: ",) if program else ())

    def _end(self, tag: str) -> None:
        self._above.pop()
        self._ended = not self._above
        if tag != "BenchmarkResults" or self._result is None:
            return
        one, self._result = self._result, None
        if not one.name:
            self.found.append(Unreadable(f"{one.where}: found no name, expected a benchmark's"))
        elif not one.readings and not one.trouble:
            self.found.append(replace(one, trouble=f"{one.where}: found no <mean>, expected a result"))
        else:
            self.found.append(one if not one.failed else replace(one, readings=()))


CATCH2 = ToolHarness(
    parse,
    """\
[[suite]]
name = "catch"
harness = "catch2"
setup = ["g++ -O2 -DCATCH_CONFIG_ENABLE_BENCHMARKING bench.cpp -o bench"]
command = "./bench -r xml -o {output} --benchmark-samples 1000 --benchmark-warmup-time 20 --benchmark-no-analysis"
""",
    walls=frozenset({"time"}),
)
