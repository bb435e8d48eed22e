"""Load generators: hey, ab, ghz, oha, vegeta, autocannon, bombardier, by what they print or their JSON."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from perfbot.harness.json_tree import Node, by_result, documents
from perfbot.harness.results import NUMBER, THROUGHPUT, printed, reading, seconds_in, share_of, with_errors, wrong
from perfbot.harness.text import by_line, characters
from perfbot.harness.tool import ToolHarness
from perfbot.measure.processes.tools import Parsed, Reading, Reported, Unreadable, Written
from perfbot.model import TIME, Metric

NANOSECOND, MICROSECOND, MILLISECOND = 1e-9, 1e-6, 1e-3

UNNAMED = "requests"
"""Name of a test whose tool does not say what it asked for."""

GOOD = re.compile(r"[123]\d\d|OK")
"""Codes of answers that are no errors; gRPC's have names."""


def parse(written: Sequence[Written]) -> Parsed:
    """Quantiles (latency_p50, …), throughput and error_rate of each test, under its path where the tool tells it."""
    found: list[Reported | Unreadable] = []
    for one in written:
        if characters(one.data).lstrip()[:1] in ("{", "["):
            found += by_result(documents([one]), _identify, _read)
        else:
            whole_lines = one.data[: one.data.rfind(b"\n") + 1]  # of one that is cut off, a number may be
            found += by_line([replace(one, data=whole_lines)], _printed)
    return found


# JSON -----------------------------------------------------------------------------------------------------------


def _identify(top: Node) -> Reported:
    spec = top.value.get("spec") if isinstance(top.value, dict) else None
    url = (spec if isinstance(spec, dict) else top.value if isinstance(top.value, dict) else {}).get("url")
    return _called(url if isinstance(url, str) else "", top.where)


def _called(url: str, where: str) -> Reported:
    path = re.sub(r"^\w+://[^/?]*", "", url.strip())
    return Reported(path or ("/" if url else UNNAMED), where)


def _read(top: Node, found: Reported) -> Reported:
    known = top.value.keys() if isinstance(top.value, dict) else ()
    read = next((one for keys, one in JSONS if keys <= set(known)), None)
    if read is None:
        wrong(top.where, top.value, f"what one of these writes: {EXPECTED}")
    return _ended(found, *read(top))


EXPECTED = "oha --output-format json, vegeta report -type json, autocannon --json, bombardier -l -p result -o json"

Counts = tuple[float, float, tuple[Reading, ...]]
"""Calls that failed, all of them, and what is read of the rest."""


def _oha(top: Node) -> Counts:
    codes = _codes(top.get("statusCodeDistribution"))
    errors = _codes(top.get("errorDistribution"))
    lost = sum(number for text, number in errors.items() if "deadline" not in text)  # those end each timed test
    bad = lost + _bad(codes)
    return bad, lost + sum(codes.values()), (
        top["summary"]["requestsPerSec"].reading(THROUGHPUT),
        *_quantiles(top["latencyPercentiles"], r"p(\d+(?:\.\d+)?)", 1.0),
    )  # fmt: skip


def _vegeta(top: Node) -> Counts:
    codes = _codes(top.get("status_codes"))
    return _bad(codes), sum(codes.values()), (
        top["throughput"].reading(THROUGHPUT),
        *_quantiles(top["latencies"], r"(\d+)th", NANOSECOND),
    )  # fmt: skip


def _autocannon(top: Node) -> Counts:
    counts = {key: one.value for key, one in top.keys() if one.is_number}  # noqa: SIM118 - a node is no mapping
    good = sum(counts.get(f"{kind}xx", 0) for kind in (1, 2, 3))
    bad = sum(counts.get(key, 0) for key in ("4xx", "5xx", "errors"))  # time-outs are among the errors
    return bad, good + bad, (
        top["requests"]["average"].reading(THROUGHPUT),
        *_quantiles(top["latency"], r"p(\d+(?:_\d+)?)", MILLISECOND),
    )  # fmt: skip


def _bombardier(top: Node) -> Counts:
    result = top["result"]
    counts = {key: one.value for key, one in result.keys() if one.is_number}  # noqa: SIM118 - a node is no mapping
    good = sum(counts.get(f"req{kind}xx", 0) for kind in (1, 2, 3))
    bad = sum(counts.get(key, 0) for key in ("req4xx", "req5xx", "others"))
    latency = result["latency"].get("percentiles")
    taken = result["timeTakenSeconds"].reading(TIME)
    rate = taken if taken.trouble or not taken.value else reading(THROUGHPUT, (good + bad) / taken.value, top.where)
    return bad, good + bad, (
        replace(rate, metric=THROUGHPUT),  # rps there is a mean over moments, up to twice as much
        *(_quantiles(latency, r"(\d+(?:\.\d+)?)", MICROSECOND) if latency is not None else ()),
    )  # fmt: skip


JSONS: tuple[tuple[frozenset[str], Callable[[Node], Counts]], ...] = (
    (frozenset({"summary", "latencyPercentiles"}), _oha),
    (frozenset({"latencies", "throughput", "status_codes"}), _vegeta),
    (frozenset({"latency", "requests", "connections"}), _autocannon),
    (frozenset({"spec", "result"}), _bombardier),
)
"""How each tool's document is known, and what reads it."""


def _quantiles(node: Node, pattern: str, scale: float) -> Iterator[Reading]:
    for key, value in node.keys():  # noqa: SIM118 - a node is no mapping
        if (found := re.fullmatch(pattern, key)) and value.value is not None:
            yield value.reading(_latency(found[1].replace("_", ".")), scale)


def _latency(which: str) -> Metric:
    return Metric(f"latency_p{float(which):.12g}", "s")


def _codes(node: Node | None) -> Mapping[str, float]:
    """How often each code or error came."""
    return {key: one.value for key, one in node.keys() if one.is_number} if node is not None else {}  # noqa: SIM118


def _bad(codes: Mapping[str, float]) -> float:
    return sum(number for code, number in codes.items() if not GOOD.fullmatch(code))


# Text -----------------------------------------------------------------------------------------------------------

BEGIN = re.compile(r"Summary:\s*|Server Software:.*")
"""Of a test of hey, and of ab."""

LINES: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("path", re.compile(r"Document Path:\s+(?P<value>\S+)\s*")),
    ("rate", re.compile(r"\s*(?:Requests/sec:|Requests per second:)\s+(?P<value>\S+).*")),
    ("all", re.compile(rf"Complete requests:\s+(?P<value>{NUMBER})\s*")),
    ("failed", re.compile(rf"Failed requests:\s+(?P<value>{NUMBER})\s*")),
    ("length", re.compile(rf"\s*\(.*\bLength: (?P<value>{NUMBER}).*\)\s*")),
    ("failed", re.compile(rf"Non-2xx responses:\s+(?P<value>{NUMBER})\s*")),
    ("quantile", re.compile(r"\s*(?P<which>\d+(?:\.\d+)?)%+ in (?P<value>\S+) (?P<unit>[nmuµ]?s)(?:ecs?)?\s*")),
    ("quantile", re.compile(r"\s*(?P<which>\d+)%\s+(?P<value>\S+)\s*")),
    ("code", re.compile(rf"\s*\[(?P<which>\w+)\]\s+(?P<value>{NUMBER}) responses\s*")),
    ("", re.compile(r"\s*\[\d+\]\s+.*\bdeadline\b.*")),
    ("error", re.compile(rf"\s*\[(?P<value>{NUMBER})\]\s+\S.*")),
)
"""What a line tells. oha asks until its time is up, and counts what it was still waiting for as errors."""


def _printed(lines: Iterable[tuple[str, str]]) -> Iterator[Reported | Unreadable]:
    test: _Test | None = None
    for where, line in lines:
        if BEGIN.fullmatch(line):
            if test is not None:
                yield test.ended()
            test = _Test(where)
        elif test is not None:
            test.take(where, line)
    if test is not None:
        yield test.ended()


class _Test:
    """One test, as far as it was printed."""

    def __init__(self, where: str) -> None:
        self._found = Reported(UNNAMED, where)
        self._rate: Reading | None = None
        self._quantiles: list[Reading] = []
        self._counts: dict[str, float] = {}

    def take(self, where: str, line: str) -> None:
        """What one line says; the same number may be told of in several places, and adds up."""
        what, match = next(((what, m) for what, one in LINES if (m := one.fullmatch(line))), ("", None))
        if match is None or not what:
            return
        if what == "path":
            self._found = replace(self._found, name=_called(match["value"], where).name)
        elif what == "rate":
            self._rate = printed(THROUGHPUT, match["value"], where)
        elif what == "quantile":
            scale = seconds_in(match.groupdict().get("unit") or "ms", where)
            self._quantiles.append(printed(_latency(match["which"]), match["value"], where, scale))
        else:
            code = match.groupdict().get("which")
            kind = what if code is None else "good" if GOOD.fullmatch(code) else "bad" if code.isdigit() else "named"
            self._counts[kind] = self._counts.get(kind, 0) + float(match["value"].replace(",", ""))

    def ended(self) -> Reported:
        """All of it. An answer of another length than the first is no error, though ab counts it as one."""
        counts = self._counts
        if self._rate is None or not counts:
            what = "its requests a second" if self._rate is None else "how many requests succeeded"
            return replace(self._found, trouble=f"{self._found.where}: it has no end, expected {what}")
        errors = counts.get("named", counts.get("error", 0))  # ghz lists under errors what has a named code, too
        bad = counts.get("failed", 0) - counts.get("length", 0) + counts.get("bad", 0) + errors
        answered = counts.get("all", counts.get("good", 0) + counts.get("bad", 0) + errors)
        return _ended(self._found, max(0, bad), answered, (self._rate, *self._quantiles))


def _ended(found: Reported, bad: float, number: float, readings: tuple[Reading, ...]) -> Reported:
    """A test with the share of its calls that failed."""
    share = share_of(bad, number)
    if share >= 1:
        return replace(found, trouble=f"{found.where}: none of its requests succeeded", failed=True)
    return replace(found, failing=share, readings=with_errors(readings, share, found.where))


LOAD = ToolHarness(
    parse,
    """\
[[suite]]
name = "load"
harness = "load"
command = "./with-server oha --no-tui --output-format json -z 3s -c 4 http://127.0.0.1:8080/search"
metrics = ["latency_p50", "latency_p99", "throughput"]
""",
)
