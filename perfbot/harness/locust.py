"""locust, by its CSV statistics (``--csv PREFIX``)."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from perfbot.errors import MeasureError
from perfbot.harness.results import THROUGHPUT, printed, quantity, share_of, shown, with_errors
from perfbot.harness.text import CUT, characters
from perfbot.harness.tool import ToolHarness
from perfbot.measure.processes.tools import Parsed, Reading, Reported, Unreadable, Written
from perfbot.model import Metric

MILLISECOND = 1e-3
NEEDED = ("Type", "Name", "Failure Count", "Requests/s")
TOTALS = ("Aggregated", "Total")


def parse(written: Sequence[Written]) -> Parsed:
    """Quantiles (latency_p50, …) and throughput under ``GET /path``, from the file ``…_stats.csv``."""
    tables = [one for one in written if one.where.endswith("_stats.csv")]
    if not tables:
        places = ", ".join(one.where for one in written) or "locust"
        return [Unreadable(f"{places}: found no such file, expected …_stats.csv (--csv {{output}})")]
    return [result for one in tables for result in _results(one)]


def _results(written: Written) -> Iterator[Reported | Unreadable]:
    text = characters(written.data)
    reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    missing = [name for name in NEEDED if name not in (_header(reader) or ())]
    if missing:
        if text.strip():
            first = shown(text.splitlines()[0])
            yield Unreadable(f"{written.where}, line 1: found {first}, expected the column {missing[0]}")
        return
    before: Reported | None = None
    try:
        for row in reader:
            if before is not None:
                yield before
            before = _row(row, f"{written.where}, line {reader.line_num}")
    except csv.Error as error:
        before = None if before is None else before
        yield Unreadable(f"{written.where}, line {reader.line_num}: {error}, expected comma-separated values")
    if before is not None:
        cut = not text.endswith("\n")
        yield replace(before, readings=(), trouble=f"{before.where}: {CUT}") if cut else before


def _header(reader: csv.DictReader[str]) -> Sequence[str] | None:
    try:
        return reader.fieldnames
    except csv.Error:
        return None


def _row(row: dict[str, str | None], where: str) -> Reported | None:
    name = f"{row['Type'] or ''} {row['Name'] or ''}".strip()
    if row["Name"] in TOTALS and row["Type"] in ("", "None", None):
        return None
    found = Reported(name or where, where)
    try:
        failures = quantity(row["Failure Count"] or "", where)
    except MeasureError as error:
        return replace(found, trouble=error.message)
    if not name.strip():
        return replace(found, trouble=f"{where}: a row without a name")
    if row.get("Request Count") == "0":
        return replace(found, trouble="nothing was requested")
    share = share_of(failures, _number(row.get("Request Count")))
    if share >= 1:
        return replace(found, trouble=f"{row['Failure Count']} requests failed", failed=True)
    return replace(found, readings=with_errors(tuple(_readings(row, where)), share, where), failing=share)


def _number(text: str | None) -> float:
    try:
        return float(text or "")
    except ValueError:
        return 0.0


def _readings(row: dict[str, str | None], where: str) -> Iterator[Reading]:
    yield printed(THROUGHPUT, row["Requests/s"] or "", where)
    for column, text in row.items():
        if column and (found := re.fullmatch(r"(\d+(?:\.\d+)?)%", column)):
            yield printed(Metric(f"latency_p{found[1]}", "s"), text or "", where, MILLISECOND)


LOCUST = ToolHarness(
    parse,
    """\
[[suite]]
name = "load"
harness = "locust"
setup = ["pip install . locust"]
command = "./with-server locust -f load.py --headless -u 4 -r 4 -t 3s --csv {output}"
metrics = ["latency_p50", "latency_p95", "throughput"]
""",
)
