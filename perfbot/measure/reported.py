"""Suites of tools that measure by themselves: a process a turn on each side, and the values that it reports.

A round is one process a side (or one a side for each benchmark, where the tool can run a single one), next to each
other in time: base before head, then head before base, whichever begins at random.
"""

from __future__ import annotations

import shlex
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random
from statistics import median

from perfbot.errors import MeasureError
from perfbot.measure.launching import Command, Launcher, Usage
from perfbot.measure.session import ANYWHERE, Discovery, Failed, Measured, Outcome, Place
from perfbot.measure.trace import Trace, no_trace
from perfbot.model import SIDES, TIME, Benchmark, Comparison, Metric, Problem, Round, Side, Status

FILTER, OUTPUT = "{filter}", "{output}"
"""What a command line may hold: which benchmarks to run, and a file for the results."""

LARGEST_OUTPUT = 64 * 1024 * 1024
"""Bytes; no tool reports more about a suite."""

STALE_SECONDS = 0.05
"""File systems date files by a clock that lags behind by less than this."""

OUTPUT_LINES = 15


@dataclass(frozen=True, slots=True)
class Reading:
    """One value of one benchmark, in the metric's unit."""

    name: str
    metric: Metric
    value: float


@dataclass(frozen=True, slots=True)
class Broken:
    """A benchmark that the tool itself says did not succeed."""

    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class Written:
    """Something that a tool wrote: a file by its path in the checkout, or what it printed."""

    where: str
    data: bytes


Parse = Callable[[Sequence[Written]], Sequence[Reading | Broken]]


@dataclass(frozen=True, slots=True)
class Tool:
    """How to run one tool and to understand it.

    Attributes:
        line: its command line, with ``{filter}`` and ``{output}`` where it can take them.
        parse: what it wrote, as readings; raises MeasureError naming file, place and what was expected.
        pattern: the text for ``{filter}`` that chooses one benchmark by its name.
        everything: the text for ``{filter}`` that chooses all.
        files: globs in the working folder of the files that it writes; none: ``{output}``, or what it prints.
        exit_codes: what counts as success.
        pinned: whether its processes are bound to one core.
    """

    line: str
    parse: Parse
    pattern: Callable[[str], str] = str
    everything: str = ""
    files: tuple[str, ...] = ()
    exit_codes: Collection[int] = (0,)
    pinned: bool = True


@dataclass(frozen=True, slots=True)
class Chosen:
    """Which of a tool's metrics to compare, and what the user knows better about them.

    Attributes:
        names: of the metrics; a benchmark that reports none of them is left out.
        higher, exact: names of those that are better when higher, and of those that repeat exactly.
    """

    names: tuple[str, ...] = ("time",)
    higher: tuple[str, ...] = ()
    exact: tuple[str, ...] = ()

    def of(self, metric: Metric) -> Metric | None:
        """The metric as it is compared, or None where it is not."""
        if metric.name not in self.names:
            return None
        better = "higher" if metric.name in self.higher else metric.better
        return Metric(metric.name, metric.unit, better, "exact" if metric.name in self.exact else metric.rule)


Values = dict[str, dict[Metric, float]]
"""Metrics by benchmark."""


@dataclass(frozen=True, slots=True)
class Ran:
    """What one process reported, and what went wrong: in whole, and for single benchmarks."""

    values: Values
    usage: Usage
    trouble: str = ""
    printed: str = ""
    broken: Mapping[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class ReportedSuite:
    """One tool's benchmarks, both sides ready.

    Attributes:
        cwd, env: working folder and whole environment of each side.
        timeout: seconds for one process.
        scratch: folder for what the tool writes.
        groups: whether one process may measure many benchmarks; otherwise each gets its own.
    """

    name: str
    tool: Tool
    cwd: Mapping[Side, Path]
    env: Mapping[Side, Mapping[str, str]]
    timeout: float
    random: Random
    scratch: Path
    chosen: Chosen = field(default_factory=Chosen)
    trace: Trace = no_trace
    startup_seconds: float = 0.0
    _order: int = 0
    _metrics: dict[str, tuple[Metric, ...]] = field(default_factory=dict)
    _seconds: dict[str, float] = field(default_factory=dict)
    _excused: set[int] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._order = self.random.getrandbits(64)

    @property
    def alone(self) -> bool:
        """Whether it needs the machine for itself: it is not bound to a core."""
        return not self.tool.pinned

    @property
    def _single(self) -> bool:
        return FILTER in self.tool.line

    def control_round(self, index: int, until: float, place: Place = ANYWHERE) -> tuple[Round, ...]:
        """None: a process of the tool would cost as much as a round."""
        return ()

    def predicted_seconds(self, name: str) -> float:
        """Wall time of its share of the last round."""
        return self._seconds.get(name, 0.0)

    def discover(self) -> Discovery:
        """Run everything once on each side and see what is reported.

        Raises:
            MeasureError: a side reports nothing, or something that cannot be understood.
        """
        launcher = Launcher()
        try:
            ran = {side: self._run(launcher, side, self.tool.everything, Place()) for side in SIDES}
        finally:
            launcher.close()
        for side in SIDES:
            if not ran[side].values and not ran[side].broken:
                reason = ran[side].trouble or "reports no benchmarks"
                raise MeasureError(f"suite {self.name}, {side}: `{self.tool.line}` {reason}", output=ran[side].printed)
        problems = [
            Problem(f"suite {self.name}, {side}", f"`{self.tool.line}` {ran[side].trouble}", ran[side].printed)
            for side in SIDES
            if ran[side].trouble
        ]
        self._excused = {ran[side].usage.code for side in SIDES}
        return self._discovery(ran, problems)

    def _discovery(self, ran: Mapping[Side, Ran], problems: list[Problem]) -> Discovery:
        found = {side: ran[side].values for side in SIDES}
        chosen = {side: self._compared(found[side]) for side in SIDES}
        if not any(chosen.values()):
            known = sorted({metric.name for values in found.values() for one in values.values() for metric in one})
            raise MeasureError(
                f"suite {self.name}: no benchmark reports {' or '.join(self.chosen.names)}; "
                f"there are {', '.join(known)}",
                hint=f'Write metrics = ["{known[0]}"] in its [[suite]].',
            )
        base, head = chosen["base"], chosen["head"]
        self._metrics = {name: tuple(m for m in head[name] if m in base[name]) for name in head if name in base}
        common = tuple(Benchmark(self.name, name) for name, metrics in self._metrics.items() if metrics)
        settled = (
            *self._unpaired(head, base, "added", ran["base"], "base"),
            *self._unpaired(base, head, "removed", ran["head"], "head"),
            *self._broken_on_both(ran),
        )
        return Discovery(common, (TIME,), settled, tuple(problems), self._metrics)

    def _compared(self, values: Values) -> dict[str, tuple[Metric, ...]]:
        chosen = {name: tuple(m for m in map(self.chosen.of, one) if m is not None) for name, one in values.items()}
        return {name: metrics for name, metrics in chosen.items() if metrics}

    def _unpaired(
        self,
        these: Mapping[str, tuple[Metric, ...]],
        those: Mapping[str, object],
        status: Status,
        other: Ran,
        side: Side,
    ) -> Iterator[Comparison]:
        """Benchmarks that only one side reports: new or gone, unless they or the tool failed on the other side."""
        for name, metrics in these.items():
            if name in those:
                continue
            reason = other.broken.get(name) or (f"`{self.tool.line}` {other.trouble}" if other.trouble else "")
            for metric in metrics:
                one = Comparison(Benchmark(self.name, name), metric, status=status)
                yield replace(one, status="failed", reason=reason, failed_side=side) if reason else one

    def _broken_on_both(self, ran: Mapping[Side, Ran]) -> Iterator[Comparison]:
        for name, reason in ran["head"].broken.items():
            if name in ran["base"].broken:
                one = Comparison(Benchmark(self.name, name), Metric(self.chosen.names[0], ""), status="failed")
                yield replace(one, reason=reason, failed_side="both")

    def measure_round(
        self, index: int, names: Sequence[str], until: float, place: Place = ANYWHERE
    ) -> Iterator[Outcome]:
        """One process a side, or one a side for each benchmark."""
        launcher = Launcher()
        random = Random(f"{self._order}:{index // 2}")  # noqa: S311 - an order, not a secret
        order: list[Side] = random.sample(SIDES, len(SIDES))
        if index % 2:
            order.reverse()
        try:
            for group in ([name] for name in names) if self._single else [list(names)]:
                if time.monotonic() + sum(map(self.predicted_seconds, group)) > until:
                    return
                yield from self._group(launcher, group, order, index, place)
        finally:
            launcher.close()

    def _group(
        self, launcher: Launcher, names: Sequence[str], order: Sequence[Side], index: int, place: Place
    ) -> Iterator[Outcome]:
        pattern = self.tool.pattern(names[0]) if self._single else self.tool.everything
        began = time.monotonic()
        ran = {side: self._run(launcher, side, pattern, place) for side in order}
        seconds = (time.monotonic() - began) / len(names)
        core = place.core if self.tool.pinned else -1
        self.trace(event="round", suite=self.name, benchmarks=list(names), round=index, order=list(order), core=core,
                   mode="turns", seconds=seconds * len(names))  # fmt: skip
        for name in names:
            self._seconds[name] = seconds
            if failures := {side: reason for side in SIDES if (reason := self._failure(ran[side], name))}:
                side: Side = "head" if "head" in failures else "base"
                yield Failed(name, "both" if len(failures) == len(SIDES) else side, failures[side])
                continue
            for metric in self._metrics[name]:
                base, head = (_value(ran[side].values[name], metric) for side in SIDES)
                yield Measured(name, metric, Round(index, (base,), (head,), seconds=seconds, core=core))

    def _failure(self, ran: Ran, name: str) -> str:
        """Why a process says nothing that can be trusted about a benchmark; empty where it does."""
        if ran.trouble and not (ran.usage.code in self._excused and name in ran.values):
            return f"`{self.tool.line}` {ran.trouble}\n{ran.printed}".rstrip()
        if name in ran.broken:
            return ran.broken[name]
        reported = {metric.name for metric in ran.values.get(name, {})}
        missing = [metric.name for metric in self._metrics[name] if metric.name not in reported]
        return f"the tool did not report {', '.join(missing)} this time\n{ran.printed}".rstrip() if missing else ""

    def _run(self, launcher: Launcher, side: Side, pattern: str, place: Place) -> Ran:
        """Run the tool on one side and read what it wrote."""
        folder = self.scratch / f"{self.name}-{side}-{place.core}"
        folder.mkdir(parents=True, exist_ok=True)
        for old in folder.iterdir():
            old.unlink()
        printed = folder / "printed"
        line = self.tool.line.replace(FILTER, shlex.quote(pattern)).replace(OUTPUT, shlex.quote(str(folder / "out")))
        began = time.time()
        core = place.core if self.tool.pinned else -1
        command = Command(line, self.cwd[side], self.env[side], printed)
        (usage,) = launcher.run([command], timeout=self.timeout, core=core)
        tail = _tail(printed)
        trouble = usage.ending if usage.timed_out or usage.code not in self.tool.exit_codes else ""
        try:
            readings = self.tool.parse(self._written(side, folder, began))
        except MeasureError as error:
            return Ran({}, usage, trouble or f"wrote something else than expected: {error.message}", tail)
        broken = {one.name: one.reason for one in readings if isinstance(one, Broken)}
        values = _values([one for one in readings if isinstance(one, Reading) and one.name not in broken])
        return Ran(values, usage, trouble, tail, broken)

    def _written(self, side: Side, folder: Path, began: float) -> list[Written]:
        """The tool's results: those of its files that are new, or what it printed."""
        if self.tool.files:
            paths = sorted({path for glob in self.tool.files for path in self.cwd[side].glob(glob) if path.is_file()})
            fresh = [path for path in paths if path.stat().st_mtime >= began - STALE_SECONDS]
            if not fresh:
                raise MeasureError(f"{' '.join(self.tool.files)}: no such file was written")
            return [_read(path, str(path.relative_to(self.cwd[side]))) for path in fresh]
        if OUTPUT in self.tool.line:
            paths = sorted(folder.glob("out*"))
            if not paths:
                raise MeasureError("it wrote no results to the file that {output} stands for")
            return [_read(path, path.name) for path in paths]
        printed = folder / "printed"
        return [_read(printed, "what it printed")] if printed.exists() else []


def _read(path: Path, where: str) -> Written:
    if path.stat().st_size > LARGEST_OUTPUT:
        raise MeasureError(f"{where}: found {path.stat().st_size:,} bytes, expected at most {LARGEST_OUTPUT:,}")
    return Written(where, path.read_bytes())


def _values(readings: Sequence[Reading]) -> Values:
    """The median of what was reported more than once by a process."""
    collected: dict[str, dict[Metric, list[float]]] = {}
    for one in readings:
        collected.setdefault(one.name, {}).setdefault(one.metric, []).append(one.value)
    return {name: {metric: median(all_) for metric, all_ in one.items()} for name, one in collected.items()}


def _value(values: Mapping[Metric, float], metric: Metric) -> float:
    return next(value for reported, value in values.items() if reported.name == metric.name)


def _tail(file: Path) -> str:
    """The last lines that a tool printed."""
    if not file.exists():
        return ""
    with file.open("rb") as stream:
        stream.seek(max(0, file.stat().st_size - 16_384))
        return "\n".join(stream.read().decode("utf-8", "replace").strip().splitlines()[-OUTPUT_LINES:])
