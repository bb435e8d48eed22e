"""Google Benchmark (C++), by its JSON."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import PurePosixPath

from perfbot.harness.json_tree import Node, by_result, documents, inside, whole
from perfbot.harness.results import BYTES_THROUGHPUT, CPU, THROUGHPUT, metric_in, seconds_in
from perfbot.harness.tool import ToolHarness
from perfbot.measure.processes.tools import Parsed, Reading, Reported, Unreadable, Written
from perfbot.model import TIME

KNOWN = frozenset({
    "name", "family_index", "per_family_instance_index", "run_name", "run_type", "repetitions", "repetition_index",
    "threads", "iterations", "real_time", "cpu_time", "time_unit", "label", "aggregate_name", "aggregate_unit",
    "error_occurred", "error_message", "skipped", "skip_message", "cv", "big_o", "rms", "cpu_coefficient",
    "real_coefficient", "bytes_per_second", "items_per_second",
})  # fmt: skip
"""Keys that are no counters of the user's."""

RANKS = {"": 0, "median": 1, "mean": 2}
"""What stands for a benchmark: its runs, or the best aggregate where only those were asked for."""

MANUAL = "/manual_time"
"""In names of benchmarks that time a part of their calls themselves: their CPU time is that of the whole."""

AGGREGATES = frozenset({"mean", "median", "stddev", "cv"})
"""What follows the runs of each benchmark that was repeated."""

COUNTED = (("repetitions", 1), ("repetition_index", 0))
"""Keys that tell the same, and what they say of a benchmark that ran once."""

OLD_AGGREGATES = ("_mean", "_median", "_stddev", "_cv")
"""How their names ended before 1.5, which did not say ``run_type``."""


def parse(written: Sequence[Written]) -> Parsed:
    """Each run of each benchmark; the median, else the mean, of one of which only aggregates were asked for."""
    found: list[Reported | Unreadable] = []
    for top in documents(written):
        found += [top] if isinstance(top, Unreadable) else _document(top)
    return found


def _document(top: Node) -> Parsed:
    entries = list(inside([top], "benchmarks"))
    objects = [one for one in entries if isinstance(one, Node) and isinstance(one.value, dict)]
    names = {str(one.value.get("name")) for one in objects}
    called = {one.where: _called(one, names) for one in objects}
    best: dict[str, int] = {}
    for name, kind in called.values():
        best[name] = min(best.get(name, len(RANKS)), RANKS.get(kind, len(RANKS)))
    above = _program(top)

    def chosen() -> Iterator[Node | Unreadable]:
        for one in entries:
            name, kind = called.get(one.where, ("", "")) if isinstance(one, Node) else ("", "")
            if RANKS.get(kind, -1) == best.get(name, 0):
                yield one

    repeated = _repeated(objects, called)

    def identify(one: Node) -> Reported:
        one["name"].text()
        name, label = called[one.where][0], one.value.get("label")
        found = Reported(whole(name), one.where, above=above)
        if series := _series(one, name in repeated):
            return replace(found, repeats=f"{top.where}, {series}")
        return replace(found, traits=(("label", whole(f" [{label}]") if label else ""),))

    return by_result(chosen(), identify, _read)


def _repeated(objects: Sequence[Node], called: Mapping[str, tuple[str, str]]) -> frozenset[str]:
    """Names that were run several times: aggregates of them follow, or they are counted."""
    names = ((called[one.where], one) for one in objects)
    return frozenset(
        name for (name, kind), one in names if kind in AGGREGATES or any(_above(one, *more) for more in COUNTED)
    )


def _above(one: Node, key: str, least: int) -> bool:
    value = one.value.get(key)
    return isinstance(value, int) and value > least


def _series(one: Node, repeated: bool) -> str:
    """Which results are runs of one benchmark; two families of one name, or instances of one, are two benchmarks."""
    family, instance = (one.value.get(key) for key in ("family_index", "per_family_instance_index"))
    return f"family {family}, instance {instance}" if family is not None else "repeated" if repeated else ""


def _called(one: Node, names: Collection[str]) -> tuple[str, str]:
    """The benchmark's name, and which aggregate of it this is: empty for a run, ``fit`` for what is no value of it."""
    name, run_name = str(one.value.get("name") or ""), str(one.value.get("run_name") or "")
    kind = one.value.get("run_type")
    if kind is not None:
        return run_name or name, str(one.value.get("aggregate_name")) if kind == "aggregate" else ""
    if "rms" in one.value or "big_o" in one.value:
        return name, "fit"
    for end in OLD_AGGREGATES:
        short = name.removesuffix(end)
        if short != name and (short in names or {f"{short}_mean", f"{short}_stddev"} <= set(names)):
            return short, end[1:]
    return run_name or name, ""


def _program(top: Node) -> tuple[str, ...]:
    """What tells benchmarks of one name in several programs apart."""
    context = top.value.get("context") if isinstance(top.value, dict) else None
    path = str(context.get("executable") or "") if isinstance(context, dict) else ""
    *folders, name = PurePosixPath(path.replace("\\", "/")).parts or ("",)
    return (*(f"{folder.strip('/')}/" for folder in folders), f"{name}: ") if name else ()


def _read(one: Node, found: Reported) -> Reported:
    for key, says in (("error_occurred", "error_message"), ("skipped", "skip_message")):
        if (state := one.get(key)) is not None and state.value:
            reason = one.get(says) or one.get("error_message")
            text = str(reason.value) if reason is not None else "it ended with an error"
            failed = key == "error_occurred"
            return replace(found, trouble=text if failed else f"skipped: {text}", failed=failed)
    scale = seconds_in(one["time_unit"].text() if one.get("time_unit") else "ns", one.where)
    time, cpu = one["real_time"].reading(TIME, scale), one["cpu_time"].reading(CPU, scale)
    if MANUAL not in found.name:
        time = replace(time, cpu=cpu.value)
    return replace(found, readings=(time, cpu, *_rates(one), *_counters(one)))


def _rates(one: Node) -> Iterator[Reading]:
    """Items and bytes a second are both ``throughput``; where there are both, bytes keep their name."""
    items, transferred = one.get("items_per_second"), one.get("bytes_per_second")
    if items is not None:
        yield items.reading(THROUGHPUT)
    if transferred is not None:
        name = BYTES_THROUGHPUT.name if items is None else "bytes_per_second"
        yield transferred.reading(replace(BYTES_THROUGHPUT, name=name))


def _counters(one: Node) -> Iterator[Reading]:
    for key, value in one.keys():  # noqa: SIM118 - a node is no mapping
        if key not in KNOWN and key and isinstance(value.value, int | float | str) and not _is_text(value):
            yield value.reading(metric_in(whole(key), "1", "google_benchmark")[0])


def _is_text(value: Node) -> bool:
    """Whether it is a text; numbers that are none are written as texts by some versions."""
    return isinstance(value.value, bool) or (isinstance(value.value, str) and value.value.lower() not in ("nan", "inf"))


GOOGLE_BENCHMARK = ToolHarness(
    parse,
    """\
[[suite]]
name = "cpp"
harness = "google_benchmark"
setup = ["g++ -O2 bench.cpp -lbenchmark -lpthread -o bench"]
command = "./bench --benchmark_filter={filter} --benchmark_min_time=0.05 --benchmark_out={output}"
metrics = ["cpu"]
""",
    walls=frozenset({"time"}),
)
