"""What this machine is, as far as it matters for measuring, read from the files in which Linux tells it.

Elsewhere than on Linux most of it is unknown, and says so by None or an empty text. Nothing read here names the
host.
"""

from __future__ import annotations

import os
import platform
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from perfbot.model import Runner
from perfbot.runner.address_space import can_share

ROOT = Path("/")


@dataclass(frozen=True, slots=True)
class Machine:
    """Facts, not judgements.

    Attributes:
        cpu: the processor's name.
        cores: logical processors that are online.
        allowed: those that this process may run on; empty where the system does not say.
        memory: bytes; the container's limit where that is smaller.
        load: one-minute average of processes that run or want to.
        pressure: share of the last ten seconds in which something waited for a processor; None where not told.
        stolen: share of processor time since start that the host gave to others; None where not told.
        governors: of all cores, sorted and once each; empty where the machine hides them.
        boost: whether cores may run above their nominal frequency; None where hidden.
        siblings: whether two logical processors share a core (SMT); None where hidden.
        hypervisor: what the machine runs in; empty on bare metal.
        container: its kind; empty outside.
        quota: processors' worth of time that the container may use; None without a limit.
        throttled: how often the container was stopped for using up its quota.
        clock: the kernel's source of time.
        aslr: randomize_va_space: 2 is full.
    """

    cpu: str = ""
    cores: int = 1
    allowed: tuple[int, ...] = ()
    memory: int = 0
    system: str = ""
    load: float = 0.0
    pressure: float | None = None
    stolen: float | None = None
    governors: tuple[str, ...] = ()
    boost: bool | None = None
    siblings: bool | None = None
    hypervisor: str = ""
    container: str = ""
    quota: float | None = None
    throttled: int = 0
    clock: str = ""
    aslr: int | None = None

    def runner(self, *, version: str) -> Runner:
        """The part that reports carry.

        Args:
            version: perfbot's.
        """
        return Runner(
            cpu=self.cpu,
            cores=len(self.allowed) or self.cores,
            memory=self.memory,
            system=self.system,
            python=platform.python_version(),
            pinned=bool(self.allowed),
            shared_layout=can_share(),
            load=self.load,
            governor=", ".join(self.governors),
            virtual=", ".join(filter(None, (self.hypervisor, self.container))),
            perfbot=version,
        )


def read_machine(root: Path = ROOT) -> Machine:
    """Read the facts.

    Args:
        root: where ``proc`` and ``sys`` are looked for; a copy of them makes a machine for tests.
    """
    cpuinfo = _text(root / "proc/cpuinfo")
    cgroups = list(_cgroups(root))
    memory = re.search(r"^MemTotal:\s+(\d+) kB", _text(root / "proc/meminfo"), re.MULTILINE)
    limits = [limit for folder in cgroups if (limit := _memory_limit(folder)) is not None]
    quotas = [quota for folder in cgroups if (quota := _quota(folder)) is not None]
    return Machine(
        cpu=_cpu_name(cpuinfo),
        cores=os.cpu_count() or 1,
        allowed=tuple(sorted(os.sched_getaffinity(0))) if hasattr(os, "sched_getaffinity") else (),
        memory=min([*limits, *([int(memory[1]) * 1024] if memory else [])], default=0),
        system=f"{platform.system()} {platform.release()} {platform.machine()}",
        load=_load(root),
        pressure=_pressure(root),
        stolen=_stolen(root),
        governors=tuple(sorted({_text(path) for path in root.glob(f"{_CPU}/cpu[0-9]*/cpufreq/scaling_governor")})),
        boost=_boost(root),
        siblings={"1": True, "0": False}.get(_text(root / _CPU / "smt/active")),
        hypervisor=_hypervisor(root, cpuinfo),
        container=_container(root),
        quota=min(quotas, default=None),
        throttled=max((_throttled(folder) for folder in cgroups), default=0),
        clock=_text(root / "sys/devices/system/clocksource/clocksource0/current_clocksource"),
        aslr=_number(_text(root / "proc/sys/kernel/randomize_va_space")),
    )


_CPU = "sys/devices/system/cpu"


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8", "replace").strip()
    except OSError:
        return ""


def _number(text: str) -> int | None:
    return int(text) if re.fullmatch(r"-?\d+", text) else None


def _cpu_name(cpuinfo: str) -> str:
    found = re.search(r"^(?:model name|Model|Processor|cpu model)\s*:\s*(.+)$", cpuinfo, re.MULTILINE)
    return re.sub(r"\s+", " ", found[1]).strip() if found else platform.processor() or platform.machine()


def _load(root: Path) -> float:
    found = re.match(r"[\d.]+", _text(root / "proc/loadavg"))
    return float(found[0]) if found else 0.0


def _pressure(root: Path) -> float | None:
    found = re.search(r"^some avg10=([\d.]+)", _text(root / "proc/pressure/cpu"), re.MULTILINE)
    return float(found[1]) / 100 if found else None


def _stolen(root: Path) -> float | None:
    """From the first line of proc/stat: user nice system idle iowait irq softirq steal, in ticks."""
    fields = _text(root / "proc/stat").partition("\n")[0].split()[1:9]
    if len(fields) < 8 or not all(field.isdigit() for field in fields):
        return None
    ticks = [int(field) for field in fields]
    return ticks[7] / sum(ticks) if sum(ticks) else None


def _boost(root: Path) -> bool | None:
    no_turbo = _text(root / _CPU / "intel_pstate/no_turbo")
    if no_turbo:
        return no_turbo == "0"
    boost = _text(root / _CPU / "cpufreq/boost")
    return boost == "1" if boost else None


def _hypervisor(root: Path, cpuinfo: str) -> str:
    named = [_text(root / "sys/class/dmi/id" / name) for name in ("sys_vendor", "product_name")]
    if not re.search(r"^flags\s*:.*\bhypervisor\b", cpuinfo, re.MULTILINE):
        kind = _text(root / "sys/hypervisor/type")
        return f"virtual machine ({kind})" if kind else ""
    shown = " ".join(dict.fromkeys(filter(None, named)))
    return f"virtual machine ({shown})" if shown else "virtual machine"


def _container(root: Path) -> str:
    marks = {".dockerenv": "Docker container", "run/.containerenv": "Podman container"}
    for file, kind in marks.items():
        if (root / file).exists():
            return kind
    control = _text(root / "proc/1/cgroup")
    if "kubepods" in control:
        return "Kubernetes container"
    return "container" if re.search(r"docker|containerd|libpod|lxc", control) else ""


def _cgroups(root: Path) -> Iterator[Path]:
    """Folders of this process's control groups and of those above them, for both versions of the interface."""
    top = root / "sys/fs/cgroup"
    for line in _text(root / "proc/self/cgroup").splitlines():
        number, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        if number == "0":
            base = top
        elif {"cpu", "memory"}.isdisjoint(controllers.split(",")):
            continue
        else:
            base = top / controllers
        here = base / path.lstrip("/")
        yield from (folder for folder in (here, *here.parents) if folder.is_relative_to(base))


def _quota(folder: Path) -> float | None:
    """Version 2: ``max 100000`` or ``50000 100000``; version 1: two files, -1 for none."""
    words = _text(folder / "cpu.max").split() or [
        _text(folder / "cpu.cfs_quota_us"),
        _text(folder / "cpu.cfs_period_us"),
    ]
    if len(words) != 2 or not all(word.isdigit() for word in words) or int(words[1]) == 0:
        return None
    return int(words[0]) / int(words[1])


def _memory_limit(folder: Path) -> int | None:
    return _number(_text(folder / "memory.max") or _text(folder / "memory.limit_in_bytes"))


def _throttled(folder: Path) -> int:
    found = re.search(r"^nr_throttled (\d+)", _text(folder / "cpu.stat"), re.MULTILINE)
    return int(found[1]) if found else 0
