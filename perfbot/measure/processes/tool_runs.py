"""Processes of a tool on either side: alone, or both at once on one core, and what they wrote."""

from __future__ import annotations

import math
import os
import shlex
import shutil
import stat
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import BinaryIO

from perfbot.errors import MeasureError
from perfbot.measure.lockstep.launching import LOOK_EVERY, Command, Launcher, Usage
from perfbot.measure.processes.naming import Naming, named
from perfbot.measure.processes.tools import (
    FILTER,
    ITERATIONS,
    OUTPUT,
    Reading,
    Reported,
    Tool,
    Unreadable,
    Written,
)
from perfbot.measure.session import Placement
from perfbot.model import TIME, Side

LARGEST_OUTPUT = 64 * 1024 * 1024
"""Bytes; no tool reports more about a suite."""

PROBE_SECONDS = 0.5
IDLE_SHARE = 0.1
"""A process that leaves its core idle for this share of so much time, or more, waits for something."""

WORK_SECONDS = 0.05
WORK_SHARE = 10
"""CPU time of the iterations of a process, at least, and as a multiple of what it takes besides."""

FASTER = 100
MOST_ITERATIONS = 1_000_000_000
"""Steps in which the number of iterations is found: no benchmark is called a hundred times as often at once."""

CLOCK_STEP = 1e-9
"""Seconds; stands for work too short to be seen."""

UNINTERRUPTED_SECONDS = 1e-3
"""Calls shorter than this end within a slice of the kernel's scheduler more often than not. Converting their median
by the share of the core made it vary three times as much (vitest, at a load of 30)."""

OWN_CPU = (0.6, 1.6)
"""A tool's own CPU time counts where it is between these multiples of the wall time that the share of the core leaves:
less is that of one thread of several, more that of other calls."""

STALE_SECONDS = 0.05
"""File systems date files by a clock that lags behind by less than this."""

OUTPUT_LINES = 15


@dataclass(frozen=True, slots=True)
class Ran:
    """What one process reported, and what went wrong in whole.

    Attributes:
        results: as the tool's parser gives them.
        found: the same by name, each name once.
        odd: what may have been results and cannot be read.
        plain: benchmarks and metrics that stayed as the tool took them, from wall time, when all else was converted.
    """

    results: tuple[Reported, ...]
    usage: Usage
    trouble: str = ""
    printed: str = ""
    odd: tuple[str, ...] = ()
    found: Mapping[str, Reported] = field(default_factory=dict)
    plain: frozenset[tuple[str, str]] = frozenset()

    @property
    def tells(self) -> bool:
        """Whether it reports a value, or that a benchmark failed."""
        return any(one.failed or any(not reading.trouble for reading in one.readings) for one in self.results)

    def called(self, naming: Naming) -> Ran:
        """With its results by the names that they have in a naming."""
        return replace(self, found=named(self.results, naming))

    def reading(self, name: str, metric: str) -> Reading | None:
        """What it reports of a benchmark under a metric's name."""
        one = self.found.get(name)
        return next((r for r in one.readings if r.metric.name == metric), None) if one is not None else None


@dataclass(frozen=True, slots=True)
class Probe:
    """How a side runs alone: whether it leaves its core idle, and the ports that it listens on."""

    idle: bool
    ports: frozenset[int]


@dataclass(frozen=True, slots=True)
class Runs:
    """Starts a tool.

    Attributes:
        cwd, env: working folder and whole environment of each side.
        timeout: seconds for one process.
        scratch: folder for what it writes; a folder inside for each side and core.
        tops: the checkouts; result files may lie in any folder from ``cwd`` upwards (cargo's ``target``).
        naming: what results are called; settled when all of them were seen.
    """

    tool: Tool
    cwd: Mapping[Side, Path]
    env: Mapping[Side, Mapping[str, str]]
    timeout: float
    scratch: Path
    tops: Mapping[Side, Path] = field(default_factory=dict)
    naming: Naming = field(default_factory=dict)

    def alone(
        self,
        launcher: Launcher,
        side: Side,
        pattern: str,
        place: Placement,
        iterations: int = 1,
        *,
        look_every: float = 0.0,
    ) -> Ran:
        """Run the tool on one side alone and read what it wrote."""
        folder = self._folder(side, place)
        began = time.time()
        core = place.core if self.tool.pinned else -1
        commands = [self._command(side, folder, pattern, iterations)]
        (usage,) = launcher.run(commands, timeout=self.timeout, core=core, look_every=look_every)
        return self._read(side, folder, began, usage)

    def _folder(self, side: Side, place: Placement) -> Path:
        """An empty folder for what one process writes."""
        folder = self.scratch / f"{side}-{place.core}"
        folder.mkdir(parents=True, exist_ok=True)
        for old in folder.iterdir():
            if old.is_dir() and not old.is_symlink():
                shutil.rmtree(old, ignore_errors=True)
            else:
                old.unlink()
        return folder

    def _command(self, side: Side, folder: Path, pattern: str, iterations: int) -> Command:
        line = self.tool.line.replace(ITERATIONS, str(iterations))
        line = line.replace(FILTER, shlex.quote(pattern)).replace(OUTPUT, shlex.quote(str(folder / "out")))
        return Command(line, self.cwd[side], self.env[side], folder / "printed")

    def _read(self, side: Side, folder: Path, began: float, usage: Usage) -> Ran:
        """What a process that began at ``began`` (``time.time()``) wrote."""
        tail = _tail(folder / "printed")
        trouble = usage.ending if usage.timed_out or usage.code not in self.tool.exit_codes else ""
        written: list[Written] = []
        try:
            written = self._written(side, folder, began)
        except MeasureError as error:
            return Ran((), usage, trouble or f"wrote something else than expected: {error.message}", tail)
        parsed = self.tool.parse(written)
        results = tuple(_placed(one, written) for one in parsed if isinstance(one, Reported))
        odd = tuple(one.reason for one in parsed if isinstance(one, Unreadable))
        ran = Ran(results, usage, trouble, tail, odd)
        if not trouble and not ran.tells:
            ran = replace(ran, trouble=self._unread(ran, written))
        return ran.called(self.naming)

    def _unread(self, ran: Ran, written: Sequence[Written]) -> str:
        """What is wrong with all that was written; empty where it holds results that say so themselves."""
        hint = self.tool.hint(written) if written else ""
        if ran.results and not hint:
            return ""
        reason = next((one.trouble for one in ran.results if one.trouble), "") or next(iter(ran.odd), "")
        said = f"wrote something else than expected: {reason}" if reason else "reports no benchmarks"
        return f"{said}; {hint}" if hint else said

    def _written(self, side: Side, folder: Path, began: float) -> list[Written]:
        """The tool's results: those of its files that are new, or what it printed."""
        if self.tool.files:
            return [_read(path, where) for path, where in self._fresh(side, began)]
        if OUTPUT in self.tool.line:
            paths = sorted(folder.glob("out*"))
            if not any(path.is_file() for path in paths):
                raise MeasureError("it wrote no results to the file that {output} stands for")
            return [_read(path, path.name) for path in paths if not path.is_dir()]
        printed = folder / "printed"
        return [_read(printed, "what it printed")] if printed.exists() else []

    def _fresh(self, side: Side, began: float) -> list[tuple[Path, str]]:
        """The result files that are new, in the innermost folder where there are any, and what they are called."""
        top = self.tops.get(side, self.cwd[side])
        for folder in (self.cwd[side], *self.cwd[side].parents):
            paths = sorted({path for glob in self.tool.files for path in folder.glob(glob) if path.is_file()})
            fresh = [path for path in paths if path.stat().st_mtime >= began - STALE_SECONDS]
            if fresh:
                return [(path, str(path.relative_to(folder))) for path in fresh]
            if folder == top:
                break
        raise MeasureError(f"{' '.join(self.tool.files)}: no such file was written")

    def probe(self, launcher: Launcher, side: Side, pattern: str, place: Placement, iterations: int = 1) -> Probe:
        """How a side alone runs."""
        wall = idle = 0.0
        ports: set[int] = set()
        while wall < PROBE_SECONDS:
            before = idle_seconds(place.core)
            usage = self.alone(launcher, side, pattern, place, iterations, look_every=LOOK_EVERY).usage
            ports.update(usage.ports)
            if usage.timed_out or usage.code:
                return Probe(True, frozenset(ports))
            idle += idle_seconds(place.core) - before
            wall += usage.wall
        return Probe(idle > IDLE_SHARE * wall, frozenset(ports))

    def enough(self, launcher: Launcher, side: Side, pattern: str, place: Placement) -> int:
        """Iterations whose work is long against what the process takes besides.

        1 where it does not succeed, or runs more than the one benchmark: their work could not be told apart.
        """
        once = self.alone(launcher, side, pattern, place)
        besides = once.usage
        if len(once.results) != 1:
            return 1
        wanted = max(WORK_SECONDS, WORK_SHARE * besides.cpu)
        iterations, work = 1, 0.0
        while work < wanted / 2 and iterations < MOST_ITERATIONS and not (besides.timed_out or besides.code):
            times = wanted / work if work > 0 else FASTER
            iterations = min(MOST_ITERATIONS, math.ceil(iterations * min(max(times, 2), FASTER)))
            usage = self.alone(launcher, side, pattern, place, iterations).usage
            if usage.timed_out or usage.code:
                return 1
            work = usage.cpu - besides.cpu
        return iterations

    def at_once(self, launcher: Launcher, order: Sequence[Side], pattern: str, place: Placement) -> dict[Side, Ran]:
        """Run both sides on one core, and convert what they took from wall time to CPU time.

        By the tool's own clock where it has one, else by the process's share of the core: that of its whole life, which
        under load differs from that of the calls that were timed (by 5 % a run where the own clock varies by 1 %).
        """
        found = self._both(launcher, order, pattern, place, 1)
        plain = frozenset.intersection(*(self._uninterrupted(ran) for ran in found.values()))
        clocked = frozenset.intersection(*(_clocked(ran) for ran in found.values()))
        return {side: self._converted(ran, _share(ran.usage), plain, clocked) for side, ran in found.items()}

    def work_at_once(
        self, launcher: Launcher, order: Sequence[Side], pattern: str, place: Placement, name: str, iterations: int
    ) -> dict[Side, Ran]:
        """Run ``iterations`` on both sides, then one: the difference in CPU time is that of the iterations between."""
        many = self._both(launcher, order, pattern, place, 1 + iterations)
        one = self._both(launcher, order, pattern, place, 1)
        return {
            side: self._converted(ran, _work(ran, one[side], name, iterations)) if not one[side].trouble else one[side]
            for side, ran in many.items()
        }

    def _both(
        self, launcher: Launcher, order: Sequence[Side], pattern: str, place: Placement, iterations: int
    ) -> dict[Side, Ran]:
        began = time.time()
        folders = {side: self._folder(side, place) for side in order}
        commands = [self._command(side, folders[side], pattern, iterations) for side in order]
        used = launcher.run(commands, timeout=self.timeout, core=place.core, together=True)
        return {side: self._read(side, folders[side], began, usage) for side, usage in zip(order, used, strict=True)}

    def _uninterrupted(self, ran: Ran) -> frozenset[tuple[str, str]]:
        """Medians of calls so short that most of them have the core for themselves."""
        return frozenset(
            (name, reading.metric.name)
            for name, one in ran.found.items()
            for reading in one.readings
            if reading.metric.name in self.tool.medians and reading.value < UNINTERRUPTED_SECONDS
        )

    def _converted(
        self,
        ran: Ran,
        share: float,
        plain: frozenset[tuple[str, str]] = frozenset(),
        clocked: frozenset[tuple[str, str]] = frozenset(),
    ) -> Ran:
        """Wall times times the share of the core, or the tool's own CPU times; rates the other way round."""

        def convert(name: str, one: Reading) -> Reading:
            if one.metric.name not in self.tool.walls or (name, one.metric.name) in plain:
                return one
            if (name, one.metric.name) in clocked:
                return replace(one, value=one.cpu)
            return replace(one, value=one.value * (share if one.metric.unit == "s" else 1 / share))

        found = {
            name: replace(one, readings=tuple(convert(name, reading) for reading in one.readings))
            for name, one in ran.found.items()
        }
        return replace(ran, found=found, plain=plain)


def _share(usage: Usage) -> float:
    """Of its core, that a process got while it lived."""
    return usage.cpu / usage.wall if usage.wall and usage.cpu else 1.0


def _clocked(ran: Ran) -> frozenset[tuple[str, str]]:
    """Benchmarks and metrics whose CPU time the tool took itself, as far as it fits to what the process got."""
    low, high = (bound * _share(ran.usage) for bound in OWN_CPU)
    return frozenset(
        (name, reading.metric.name)
        for name, one in ran.found.items()
        for reading in one.readings
        if low * reading.value <= reading.cpu <= high * reading.value
    )


def _work(many: Ran, one: Ran, name: str, iterations: int) -> float:
    """CPU time of an iteration as a multiple of the time that the tool reports."""
    reported = many.reading(name, TIME.name)
    work = max(many.usage.cpu - one.usage.cpu, CLOCK_STEP) / iterations
    return work / reported.value if reported is not None and reported.value > 0 else 1.0


def idle_seconds(core: int) -> float:
    """How long a core had nothing to do since the machine started; 0 where the system does not say."""
    try:
        lines = Path("/proc/stat").read_text().splitlines()
        fields = next(line.split() for line in lines if line.startswith(f"cpu{core} "))
        return (int(fields[4]) + int(fields[5])) / os.sysconf("SC_CLK_TCK")
    except (OSError, StopIteration, ValueError, IndexError):
        return 0.0


def _read(path: Path, where: str) -> Written:
    with _opened(path, where) as stream:
        data = stream.read(LARGEST_OUTPUT + 1)
    if len(data) > LARGEST_OUTPUT:
        raise MeasureError(f"{where}: found more than {LARGEST_OUTPUT:,} bytes, expected less")
    return Written(where, data)


def _opened(path: Path, where: str) -> BinaryIO:
    """A plain file: measured code may have left a pipe in its place, at which one would wait for ever, or a device."""
    try:
        stream = os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb")
    except OSError as error:
        raise MeasureError(f"{where}: cannot be read: {error.strerror or error}") from None
    if not stat.S_ISREG(os.fstat(stream.fileno()).st_mode):
        stream.close()
        raise MeasureError(f"{where}: is no plain file")
    return stream


def _placed(one: Reported, written: Sequence[Written]) -> Reported:
    """A result with the file that it stands in, where there are several."""
    files = [file.where for file in written if one.where.startswith(file.where)] if len(written) > 1 else []
    return replace(one, file=max(files, key=len)) if files else one


def _tail(file: Path) -> str:
    """The last lines that a tool printed; nothing where measured code put something else in the file's place."""
    if not file.is_file():
        return ""
    with _opened(file, file.name) as stream:
        stream.seek(max(0, os.fstat(stream.fileno()).st_size - 16_384))
        return "\n".join(stream.read().decode("utf-8", "replace").strip().splitlines()[-OUTPUT_LINES:])
