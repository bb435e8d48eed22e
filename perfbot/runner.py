"""The machine that measures, as far as it explains a number; nothing that names the host."""

from __future__ import annotations

import os
import platform
import re
from pathlib import Path

from perfbot import __version__
from perfbot.model import Runner

CPUINFO = Path("/proc/cpuinfo")
GOVERNOR = Path("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor")


def this_machine() -> Runner:
    """What is known about this machine, now."""
    return Runner(
        cpu=_cpu_model(),
        cores=len(os.sched_getaffinity(0)),
        memory=os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        system=f"{platform.system()} {platform.release()}",
        python=platform.python_version(),
        pinned=_may_pin(),
        load=round(os.getloadavg()[0], 2),
        governor=_read(GOVERNOR).strip(),
        virtual="virtual machine" if re.search(r"^flags\b.*\bhypervisor\b", _read(CPUINFO), re.MULTILINE) else "",
        perfbot=__version__,
    )


def _cpu_model() -> str:
    found = re.search(r"^(?:model name|Model|Hardware)\s*:\s*(.+)$", _read(CPUINFO), re.MULTILINE)
    return " ".join(found[1].split()) if found else platform.processor() or platform.machine()


def _may_pin() -> bool:
    try:
        os.sched_setaffinity(0, os.sched_getaffinity(0))
    except OSError:
        return False
    return True


def _read(path: Path) -> str:
    try:
        return path.read_text("utf-8", "replace")
    except OSError:
        return ""
