"""locust, by its CSV statistics (``--csv PREFIX``)."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Sequence

from perfbot.harness.results import THROUGHPUT, quantity, wrong
from perfbot.harness.tool import ToolHarness
from perfbot.measure.processes.tools import Broken, Reading, Written
from perfbot.model import Metric

MILLISECOND = 1e-3
NEEDED = ("Type", "Name", "Failure Count", "Requests/s")


def parse(written: Sequence[Written]) -> list[Reading | Broken]:
    """Quantiles (latency_p50, …) and throughput under ``GET /path``, from the file ``…_stats.csv``."""
    tables = [one for one in written if one.where.endswith("_stats.csv")]
    if not tables:
        wrong(", ".join(one.where for one in written) or "locust", "no such file", "…_stats.csv (--csv {output})")
    return [reading for one in tables for reading in _readings(one)]


def _readings(written: Written) -> Iterator[Reading | Broken]:
    text = written.data.decode("utf-8", "replace")
    reader = csv.DictReader(io.StringIO(text), strict=True)
    try:
        rows = list(reader)
    except csv.Error as error:
        wrong(f"{written.where}, line {reader.line_num}", str(error), "comma-separated values")
    if text and not text.endswith("\n"):
        wrong(written.where, text[-40:], "a line end after that: it seems to be cut off")
    missing = [name for name in NEEDED if name not in (reader.fieldnames or ())]
    if missing:
        wrong(f"{written.where}, line 1", ",".join(reader.fieldnames or ())[:60], f"the column {missing[0]}")
    for number, row in enumerate(rows, start=2):
        yield from _row(row, f"{written.where}, line {number}")


def _row(row: dict[str, str | None], where: str) -> Iterator[Reading | Broken]:
    if row["Name"] == "Aggregated" and not row["Type"]:
        return
    name = f"{row['Type'] or ''} {row['Name'] or ''}".strip()
    if not name:
        wrong(where, "a row without a name", "a request's name")
    if quantity(row["Failure Count"] or "", where):
        yield Broken(name, f"{row['Failure Count']} requests failed")
        return
    yield Reading(name, THROUGHPUT, quantity(row["Requests/s"] or "", where))
    for column, text in row.items():
        if column and (found := re.fullmatch(r"(\d+(?:\.\d+)?)%", column)) and text not in ("N/A", None):
            yield Reading(name, Metric(f"latency_p{found[1]}", "s"), quantity(text, where) * MILLISECOND)


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
