"""What the facts about a machine, its tools and a configuration mean for measuring, and what to type about it.

Pure: facts come in as records, findings go out. A warning costs time or certainty; only what is wrong keeps
perfbot from measuring.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from perfbot.runner.machine import Machine
from perfbot.units import format_duration, format_percentage, format_quantity
from perfbot.web import docs

State = Literal["ok", "warning", "wrong"]

BUSY_LOAD = 0.5
"""Load average per core from which other work will be felt."""
BUSY_PRESSURE = 0.1
"""Share of time in which something waited for a processor."""
STOLEN = 0.05
"""Share of processor time that the host gave to others."""
LITTLE_MEMORY = 1024**3
LITTLE_DISK = 1024**3
"""Bytes; two environments with a numeric library each fit into this."""
SECONDS_A_BENCHMARK = 3.0
"""What deciding an unchanged benchmark takes on a shared runner, start-up included; slow calls take longer."""

FAST_CLOCKS = frozenset(
    {"tsc", "arch_sys_counter", "kvm-clock", "hyperv_clocksource_tsc_page", "stp", "riscv_clocksource"}
)
OLDEST_GIT = (2, 25)


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of ``perfbot doctor``.

    Attributes:
        what: the thing looked at, a word or two.
        advice: what to type or change; empty where nothing is to be done.
        exit_code: what doctor ends with if this is wrong: 2 for the configuration, 3 where measuring cannot work.
    """

    what: str
    state: State
    message: str
    advice: str = ""
    exit_code: int = 3


def machine_findings(machine: Machine, *, pinned: bool, shared_layout: bool) -> Iterator[Finding]:
    """What a machine's facts mean.

    Args:
        pinned: whether binding a process to one core was tried with success.
        shared_layout: whether the system lets two processes have the same memory layout.
    """
    yield _cores(machine)
    yield _pinning(pinned)
    yield _layout(shared_layout)
    yield _load(machine)
    yield _quota(machine)
    yield _virtual(machine)
    yield from _frequency(machine)
    yield from _clock(machine)
    if machine.memory:
        yield _memory(machine)
    if machine.aslr == 0 and not shared_layout:
        advice = "sudo sysctl kernel.randomize_va_space=2"
        yield Finding("ASLR", "warning", "is off: every process has the same layout, and one layout's luck", advice)


def _cores(machine: Machine) -> Finding:
    usable = len(machine.allowed) or machine.cores
    shown = f"{machine.cpu or 'unknown processor'}, {usable} of {machine.cores} cores usable"
    if usable > 1:
        return Finding("processor", "ok", shown)
    advice = "give the runner a second core"
    return Finding("processor", "warning", f"{shown}: perfbot itself disturbs what it measures", advice)


def _pinning(pinned: bool) -> Finding:
    if pinned:
        return Finding("pinning", "ok", "both sides can share one core, turn by turn")
    advice = "allow sched_setaffinity in the container's seccomp profile, and measure on Linux"
    return Finding("pinning", "warning", "is refused: sides wander between cores, and need more rounds", advice)


def _layout(shared: bool) -> Finding:
    if shared:
        return Finding("layout", "ok", "both sides can share an address-space layout, drawn anew for each round")
    allowed = "allow personality(ADDR_NO_RANDOMIZE) in the container's seccomp profile, and measure on Linux"
    advice = f"{allowed}: {docs('runner')}"
    message = (
        "cannot be chosen: both sides of a Python suite are forked from one interpreter, commands and servers differ"
    )
    return Finding("layout", "warning", message, advice)


def _load(machine: Machine) -> Finding:
    usable = len(machine.allowed) or machine.cores
    load = f"{machine.load:.2f} on {usable} cores"
    waiting = machine.pressure or 0.0
    if machine.load <= BUSY_LOAD * usable and waiting <= BUSY_PRESSURE:
        return Finding("load", "ok", load)
    waits = f", and something waited for one {format_percentage(round(waiting, 2))} of the last 10 s" if waiting else ""
    advice = "see who with `top`; let a runner do one job at a time (concurrent = 1 in GitLab's config.toml)"
    return Finding("load", "warning", f"{load}{waits}: verdicts stay right, and take longer", advice)


def _quota(machine: Machine) -> Finding:
    usable = len(machine.allowed) or machine.cores
    if machine.quota is None or machine.quota >= usable:
        return Finding("quota", "ok", "no limit on processor time")
    times = f", which stopped it {machine.throttled:,} times so far" if machine.throttled else ""
    message = f"the container may use {machine.quota:g} of {usable} cores{times}: it is stopped in the middle of calls"
    advice = "raise it (docker run --cpus, resources.limits.cpu), or bind whole cores instead (--cpuset-cpus)"
    return Finding("quota", "warning", message, advice)


def _virtual(machine: Machine) -> Finding:
    where = ", ".join(filter(None, (machine.hypervisor, machine.container))) or "bare metal"
    stolen = machine.stolen or 0.0
    if stolen <= STOLEN:
        return Finding("machine", "ok", where)
    message = f"{where}; its host gave {format_percentage(round(stolen, 2))} of the time to others"
    return Finding("machine", "warning", message, "ask for dedicated cores, or expect to need more rounds")


def _frequency(machine: Machine) -> Iterator[Finding]:
    if not machine.governors and machine.boost is None:
        yield Finding("frequency", "ok", "hidden here: turns on one core share whatever it is")
        return
    slow = [governor for governor in machine.governors if governor != "performance"]
    if slow:
        message = f"governor {', '.join(slow)}: the first calls of a turn may run slower than the later ones"
        yield Finding("frequency", "warning", message, "sudo cpupower frequency-set --governor performance")
    elif machine.governors:
        yield Finding("frequency", "ok", "governor performance")
    if machine.boost is not None:
        state = "on: both sides share it, turn by turn" if machine.boost else "off"
        yield Finding("turbo", "ok", state)


def _clock(machine: Machine) -> Iterator[Finding]:
    if not machine.clock:
        return
    if machine.clock in FAST_CLOCKS:
        yield Finding("clock", "ok", machine.clock)
    else:
        message = f"{machine.clock} is slow to read, which blurs short calls"
        advice = "echo tsc | sudo tee /sys/devices/system/clocksource/clocksource0/current_clocksource"
        yield Finding("clock", "warning", message, advice)


def _memory(machine: Machine) -> Finding:
    size = format_quantity(machine.memory, "B")
    if machine.memory >= LITTLE_MEMORY:
        return Finding("memory", "ok", size)
    return Finding("memory", "warning", f"{size}: two sides may not fit", "give the runner more memory")


@dataclass(frozen=True, slots=True)
class Tools:
    """Programs that were looked for. Versions are texts as the program tells them; empty where it is missing."""

    git: str = ""
    uv: str = ""
    venv: bool = True
    valgrind: str = ""
    python: str = ""
    cache: str = ""
    cache_free: int = 0


def tool_findings(tools: Tools, *, instructions: bool) -> Iterator[Finding]:
    """What the programs at hand mean.

    Args:
        instructions: some suite counts instructions, which takes valgrind.
    """
    yield _git(tools.git)
    yield Finding("python", "ok", tools.python)
    yield _environments(tools)
    if tools.valgrind:
        yield Finding("valgrind", "ok", tools.valgrind)
    elif instructions:
        message = "is missing, and a suite measures instructions"
        yield Finding("valgrind", "wrong", message, "apt-get install valgrind")
    yield _cache(tools)


def _git(version: str) -> Finding:
    if not version:
        return Finding("git", "wrong", "was not found on PATH", "apt-get install git")
    numbers = tuple(int(part) for part in version.split(".")[:2] if part.isdigit())
    if numbers < OLDEST_GIT:
        oldest = ".".join(map(str, OLDEST_GIT))
        return Finding("git", "wrong", f"{version} is too old: expected {oldest} or newer", "apt-get install git")
    return Finding("git", "ok", version)


def _environments(tools: Tools) -> Finding:
    if tools.uv:
        return Finding("environments", "ok", f"by uv {tools.uv}")
    if tools.venv:
        return Finding("environments", "ok", "by venv and pip; `pip install uv` makes set-up several times faster")
    message = "neither uv nor venv with ensurepip is here, so no side can be set up"
    return Finding("environments", "wrong", message, "pip install uv, or apt-get install python3-venv")


def _cache(tools: Tools) -> Finding:
    free = f"{tools.cache}, {format_quantity(tools.cache_free, 'B')} free"
    if tools.cache_free >= LITTLE_DISK:
        return Finding("cache", "ok", free)
    return Finding("cache", "warning", f"{free}: two environments may not fit", "set PERFBOT_CACHE to a larger disk")


def time_finding(benchmarks: int, budget: float) -> Finding:
    """Whether the time budget (seconds) looks enough for this many benchmarks."""
    needed = benchmarks * SECONDS_A_BENCHMARK
    shown = f"{format_duration(budget)} for {benchmarks} benchmark{'s' * (benchmarks != 1)}, parameters not counted"
    if needed <= budget:
        return Finding("budget", "ok", shown)
    message = f"{shown}: a benchmark takes some {SECONDS_A_BENCHMARK:g} s, so some will stay undecided"
    return Finding("budget", "warning", message, f'[run] budget = "{format_duration(needed)}", or several shards')
