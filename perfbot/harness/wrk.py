"""wrk, by what it prints (with ``--latency``)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from perfbot.errors import MeasureError
from perfbot.harness.results import NUMBER, THROUGHPUT, printed, seconds_in, share_of, with_errors
from perfbot.harness.text import by_line
from perfbot.harness.tool import ToolHarness
from perfbot.measure.processes.tools import Parsed, Reading, Reported, Unreadable, Written
from perfbot.model import Metric

BEGIN = re.compile(r"Running .* test @ (?P<url>\S+)\s*")
SIZE = re.compile(r"\s+(?P<threads>\d+) threads? and (?P<connections>\d+) connections?\s*")
QUANTILE = re.compile(rf"\s*(?P<which>\d+(?:\.\d+)?)%\s+(?P<value>{NUMBER}|[-+\d.,]+|-?nan|-?inf)(?P<unit>[a-zµμ]+)\s*")
RATE = re.compile(r"Requests/sec:\s+(?P<value>\S+)\s*")
NUMBER_OF = re.compile(rf"\s*(?P<number>{NUMBER}) requests in .*")
TROUBLE = re.compile(r"\s*(Socket errors:.*|Non-2xx or 3xx responses:.*)")


def parse(written: Sequence[Written]) -> Parsed:
    """Quantiles and throughput, under the URL without its host."""
    return by_line(written, _results)


def _results(lines: Iterable[tuple[str, str]]) -> Iterator[Reported | Unreadable]:
    """Each test from the line where it begins to that of its rate, which is its last."""
    one: Reported | None = None
    where, number, failed = "", 0.0, 0.0
    for where, line in lines:
        if found := BEGIN.fullmatch(line):
            if one is not None:
                yield _unended(one)
            one, number, failed = _named(found["url"], where), 0.0, 0.0
        elif one is not None and RATE.fullmatch(line):
            rate = printed(THROUGHPUT, line.partition(":")[2].strip(), where)
            yield _ended(replace(one, where=where), rate, share_of(failed, number))
            one = None
        elif found := NUMBER_OF.fullmatch(line):
            number = float(found["number"].replace(",", ""))
        elif one is not None and (found := TROUBLE.fullmatch(line)):
            failed += sum(map(float, re.findall(r" (\d+)\b", found[1])))
            one = replace(one, trouble=one.trouble or f"{where}: {found[1]}")
        elif one is not None:
            one = _more(one, where, line)
    if one is not None:
        yield _unended(one)


def _named(url: str, where: str) -> Reported:
    path = re.sub(r"^\w+://[^/]*", "", url)
    host = url.removesuffix(path).partition("://")[2]
    return Reported(path or "/", where, traits=(("connections", ""), ("host", f" @ {host}")))


def _more(one: Reported, where: str, line: str) -> Reported:
    """A test with what one of its lines says; of wrk2's two distributions (``--u_latency``), the first."""
    if found := SIZE.fullmatch(line):
        size = ("connections", f" [{found['threads']} threads, {found['connections']} connections]")
        return replace(one, traits=(size, *(trait for trait in one.traits if trait[0] != size[0])))
    if found := QUANTILE.fullmatch(line):
        quantile = _quantile(found, where)
        known = any(reading.metric.name == quantile.metric.name for reading in one.readings)
        return one if known else replace(one, readings=(*one.readings, quantile))
    return one


def _ended(one: Reported, rate: Reading, share: float) -> Reported:
    """A whole test: where none of its requests succeeded, it failed with what wrk said about them."""
    if share >= 1:
        return replace(one, readings=(), failed=True)
    return replace(one, trouble="", failing=share, readings=with_errors((rate, *one.readings), share, one.where))


def _quantile(found: re.Match[str], where: str) -> Reading:
    metric = Metric(f"latency_p{float(found['which']):.12g}", "s")
    try:
        return printed(metric, found["value"], where, seconds_in(found["unit"], where))
    except MeasureError as error:
        return Reading(metric, trouble=error.message)


def _unended(one: Reported) -> Reported:
    return replace(one, readings=(), trouble=one.trouble or f"{one.where}: it has no end, expected Requests/sec: …")


WRK = ToolHarness(
    parse,
    """\
[[suite]]
name = "load"
harness = "wrk"
command = "./with-server wrk -t1 -c4 -d2s --latency http://127.0.0.1:8080/search"
metrics = ["latency_p50", "latency_p99", "throughput"]
""",
)
