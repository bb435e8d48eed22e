"""What tools mean by the units they report: one place, so that one unit means one thing, whoever reports it."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Literal

from perfbot.units.scales import BYTE_SPELLINGS, BYTES, DURATION_SPELLINGS, DURATIONS, MULTIPLES

Better = Literal["lower", "higher", "unknown"]


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a tool means by a unit.

    Attributes:
        unit: the base unit that it is a multiple of; itself where it is of no known kind.
        scale: how many of the base unit one of it is.
        better: which direction is better, as far as the unit or the metric's name tells.
    """

    unit: str
    scale: float
    better: Better


_TIMES = {**DURATIONS, **{spelling: DURATIONS[unit] for spelling, unit in DURATION_SPELLINGS.items()},
    "m": 60.0, "msecs": 1e-3, "millisecond": 1e-3, "milliseconds": 1e-3, "usecs": 1e-6, "microsecond": 1e-6,
    "microseconds": 1e-6, "nsecs": 1e-9, "nanosecond": 1e-9, "nanoseconds": 1e-9, "hours": 3_600.0
}  # fmt: skip
_SIZES = {**BYTES, **{spelling: BYTES[unit] for spelling, unit in BYTE_SPELLINGS.items()},
    "KiByte": 1024.0, "Megabytes": 1e6, "Kilobytes": 1e3, "Gigabytes": 1e9, "megabytes": 1e6, "kilobytes": 1e3,
    "gigabytes": 1e9, "Bytes": 1.0
}  # fmt: skip
_DONE = frozenset({
    "op", "ops", "operation", "operations", "iter", "iters", "iteration", "iterations", "call", "calls", "req", "reqs",
    "request", "requests", "query", "queries", "row", "rows", "record", "records", "item", "items", "elem", "elems",
    "element", "elements", "event", "events", "msg", "msgs", "message", "messages", "tx", "txn", "txns", "transaction",
    "transactions", "doc", "docs", "document", "documents", "file", "files", "line", "lines", "word", "words", "token",
    "tokens", "page", "pages", "frame", "frames", "packet", "packets", "job", "jobs", "task", "tasks", "key", "keys",
    "entry", "entries", "lookup", "lookups", "insert", "inserts", "read", "reads", "write", "writes",
    "byte", "bytes", "test", "tests", "run", "runs", "flop", "flops", "",
})  # fmt: skip
"""What one wants to get done: more of it a second is better. Of what is not here (errors/s, GCs/s) nobody knows."""
_RATES = {"rps": 1.0, "qps": 1.0, "tps": 1.0, "iops": 1.0, "IOPS": 1.0, "fps": 1.0, "flops": 1.0, "FLOPS": 1.0}
_COST = frozenset({
    "alloc", "allocs", "allocation", "allocations", "instruction", "instructions", "cycle", "cycles", "branches",
    "branch-misses", "cache-misses", "cache-references", "page-faults", "context-switches", "syscalls", "error",
    "errors", "failure", "failures", "miss", "misses",
})  # fmt: skip
"""Counts of what one wants little of."""

DIRECTIONS: dict[str, dict[str, Better]] = {
    "k6": {
        "http_reqs": "higher", "iterations": "higher", "checks": "higher", "grpc_reqs": "higher",
        "dropped_iterations": "lower", "http_req_failed": "lower",
    },
    "jmh": {"gc.count": "lower"},
    "google_benchmark": {
        "allocs_per_iter": "lower", "max_bytes_used": "lower", "total_allocated_bytes": "lower",
        "net_heap_growth": "lower",
    },
}  # fmt: skip
"""Of what each tool itself reports under a name, whatever the unit says."""

DOUBTFUL_RATES = {"jmh": "gc."}
"""How names begin whose bytes a second nobody knows to like or not: more garbage a second may come of more work."""

_MULTIPLES = {**MULTIPLES, "K": 1e3}

_PER = re.compile(r"(?:(?P<what>.*)[-_ ])?per[-_ ](?P<per>[^\W_]+)", re.IGNORECASE)
"""A rate in words: ``requests-per-second``, ``bytes_per_second``."""

_NO_SUFFIX = frozenset({"min", *(name for name in _TIMES if len(name) == 1)})
"""Units of time that mean something else behind a name: ``fps-min`` is the least of several."""

_SECONDS = frozenset(name for name, scale in _TIMES.items() if scale == 1.0)


def meaning(unit: str, tool: str = "", name: str = "") -> Meaning:
    """What a tool's unit means; every reader asks here, so that one unit means one thing.

    A direction is given where the unit or the name leaves no doubt, and ``unknown`` otherwise: turned round, a ten
    times worse count of errors would be told as an improvement.

    Args:
        tool, name: of the metric, where it may be the tool's own (:data:`DIRECTIONS`).

    >>> meaning("ns/op"), meaning("p50-ns").unit, meaning("rows/second").better
    (Meaning(unit='s', scale=1e-09, better='lower'), 's', 'higher')
    >>> meaning("errors/s")
    Meaning(unit='errors/s', scale=1.0, better='unknown')
    """
    found = _meaning(unit.strip())
    if found.unit == "B/s" and tool in DOUBTFUL_RATES and name.startswith(DOUBTFUL_RATES[tool]):
        return replace(found, better="unknown")
    if unit.startswith("#") and name.partition(":")[0] in _COST:  # JMH's counts of a processor's events: "#/op"
        return Meaning("1", 1.0, "lower")
    return replace(found, better=DIRECTIONS.get(tool, {}).get(name, found.better))


def _meaning(unit: str) -> Meaning:
    what, slash, per = (part.strip() for part in unit.partition("/"))
    if not slash and (words := _PER.fullmatch(unit)):
        what, per = (words["what"] or "").strip(), words["per"]
    if per in _TIMES:
        return _rate(unit, what, _TIMES[per])
    named, _, plain = ("", "", what) if what in _TIMES or what in _SIZES else what.replace("_", "-").rpartition("-")
    if plain in _TIMES and not (named and (plain in _NO_SUFFIX or _is_done(named, plain))):
        return Meaning("s", _TIMES[plain], "lower")
    if plain in _SIZES:
        return Meaning("B", _SIZES[plain], "lower")
    if unit in _RATES:
        return Meaning("1/s", 1.0, "higher")
    if what in _COST or what.lower() in _COST:
        return Meaning("1", 1.0, "lower")
    return Meaning(unit or "1", 1.0, "unknown")


def _is_done(named: str, plain: str) -> bool:
    """Whether ``MB-sec`` or ``ops-sec`` may be so much a second."""
    last = named.rpartition("-")[2]
    return plain in _SECONDS and (last in _SIZES or last.lower() in _DONE)


def _rate(unit: str, what: str, seconds: float) -> Meaning:
    """So much in a time: ``ops/us``, ``MiB/s``, ``Melem/s``, ``1/s``."""
    if what in _SIZES:
        return Meaning("B/s", _SIZES[what] / seconds, "higher")
    if what == "1" or what.lower() in _DONE:
        return Meaning("1/s", 1 / seconds, "higher")
    if what[:1] in _MULTIPLES and what[1:].lower() in _DONE:
        return Meaning("1/s", _MULTIPLES[what[:1]] / seconds, "higher")
    return Meaning(unit, 1.0, "unknown")
