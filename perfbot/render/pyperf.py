"""A report's rounds as pyperf's JSON, for its tools: ``pyperf compare_to``, ``hist``, ``stats``, ``check``.

pyperf's format holds one side a file, so a report becomes two: head, and base. A round becomes a run of its own (its
processes were fresh), its values in the order they were taken. Values are those of one call; pyperf knows seconds,
bytes and plain numbers, and no values of zero or less: other units are shown as plain numbers, and benchmarks with
such values are left out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from perfbot.model import Report, Result, Round, Side
from perfbot.render.escape import clean
from perfbot.report import write_text

if TYPE_CHECKING:
    import pyperf

_UNITS = {"s": "second", "B": "byte"}
_OTHER_UNIT = "integer"


def pyperf_json(report: Report, side: Side) -> str:
    """One side's rounds as pyperf reads them; empty when there is nothing that pyperf could hold."""
    import io  # noqa: PLC0415 - beside the import that is dear

    import pyperf  # noqa: PLC0415 - only where it is asked for

    several = Counter((one.suite, one.benchmark) for one in report.results)
    metadata = _metadata(report, side)
    kept: dict[str, pyperf.Benchmark] = {}
    for one in report.results:
        if one.raw and all(value > 0 for measured in one.raw for value in (*measured.base, *measured.head)):
            found = _benchmark(one, side, metadata, named=several[one.suite, one.benchmark] > 1)
            kept.setdefault(found.get_name(), found)
    if not kept:
        return ""
    text = io.StringIO()
    pyperf.BenchmarkSuite(list(kept.values())).dump(text)
    return text.getvalue()


def write_suites(report: Report, path: Path) -> tuple[Path, ...]:
    """Write head to ``path`` and base beside it: ``run.json`` and ``run.base.json``.

    Returns:
        The files written; none when the report holds nothing that pyperf could.

    Raises:
        StoreError: a file could not be written.
    """
    head, base = pyperf_json(report, "head"), pyperf_json(report, "base")
    if not head:
        return ()
    base_path = path.with_name(f"{path.stem}.base{path.suffix}")
    write_text(head, path)
    write_text(base, base_path)
    return path, base_path


def _benchmark(result: Result, side: Side, metadata: dict[str, Any], *, named: bool) -> pyperf.Benchmark:
    import pyperf  # noqa: PLC0415 - loaded already

    name = clean(f"{result.full_name} {result.metric}" if named else result.full_name)
    own = {**metadata, "name": name.strip() or "unnamed", "unit": _UNITS.get(result.unit, _OTHER_UNIT)}
    return pyperf.Benchmark(
        [
            pyperf.Run(_values(one, side), metadata={**own, "loops": one.loops}, collect_metadata=False)
            for one in result.raw
        ]
    )


def _values(measured: Round, side: Side) -> Sequence[float]:
    return measured.base if side == "base" else measured.head


def _metadata(report: Report, side: Side) -> dict[str, Any]:
    """What was measured where; pyperf takes no empty values."""
    runner = report.runner
    found = {
        "perf_version": _version(),
        "commit_id": report.change.base if side == "base" else report.change.head,
        "cpu_model_name": runner.cpu,
        "cpu_count": runner.cores,
        "platform": runner.system,
        "python_version": runner.python,
        "date": report.started,
    }
    shown = {key: clean(value).strip() if isinstance(value, str) else value for key, value in found.items()}
    return {key: value for key, value in shown.items() if value}


def _version() -> str:
    import pyperf  # noqa: PLC0415 - loaded already

    return str(pyperf.__version__)
