"""Commands under the eyes of Linux's perf: attached to the process that starts them, so that looking on costs once."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from perfbot.model import Side
from perfbot.why.perf import Met, met_between

FREQUENCY = 1999
"""Samples a second: no multiple of what programs do in rhythm."""

RECORD = ("record", "--quiet", "--no-buildid", "--no-buildid-cache", "--clockid=CLOCK_MONOTONIC", f"--freq={FREQUENCY}")

LARGEST = 128 * 1024 * 1024
"""Bytes of what perf wrote; more is not read."""

PATIENCE = 20.0
ATTACHING = 5.0
"""Seconds that perf may take until it looks on."""

ALONE = {"PATH": os.defpath, "PERF_CONFIG": "/dev/null", "DEBUGINFOD_URLS": "", "LC_ALL": "C.UTF-8"}
"""perf's environment: nobody's settings, and no symbols out of the network."""


@dataclass(frozen=True, slots=True)
class Turn:
    """One run of a command: which round, and when (``time.monotonic()``). ``seconds``: what it cost."""

    round: int
    side: Side
    begin: float
    end: float
    seconds: float


@dataclass(frozen=True, slots=True)
class SampledRun:
    """One run, and where it was met."""

    round: int
    side: Side
    seconds: float
    met: Met


def perf_command(scratch: Path) -> str | None:
    """perf, where it is installed and the kernel lets it sample; None elsewhere."""
    found = shutil.which("perf")
    if found is None:
        return None
    with tempfile.TemporaryDirectory(dir=scratch) as folder:
        out = Path(folder) / "samples"
        code, _ = _run(found, *RECORD, f"--output={out}", "--", "true")
        return found if code == 0 and out.is_file() else None


def sampled(perf: str, pid: int, folder: Path, turns: Iterable[Turn]) -> list[SampledRun]:
    """Look on while commands run, that a process starts.

    Args:
        pid: of that process; its own time does not count.
        turns: runs the commands as it is read.
    """
    out = folder / "samples"
    command = [perf, *RECORD, f"--output={out}", f"--pid={pid}"]
    with subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=ALONE
    ) as child:
        try:
            _attached(child, out)
            taken = list(turns)
        finally:
            _end(child)
    if not out.is_file() or out.stat().st_size > LARGEST:
        return []
    _, text = _run(perf, "script", f"--input={out}", "--ns", "--fields=pid,time,ip,sym,dso")
    met = met_between(text, [(turn.begin, turn.end) for turn in taken], pid)
    return [SampledRun(turn.round, turn.side, turn.seconds, one) for turn, one in zip(taken, met, strict=True)]


def _attached(child: subprocess.Popen[bytes], out: Path) -> None:
    """It opens its file before it looks on; what runs too early is not met, and its round does not count."""
    until = time.monotonic() + ATTACHING
    while child.poll() is None and time.monotonic() < until and not (out.is_file() and out.stat().st_size):
        time.sleep(0.02)


def _end(child: subprocess.Popen[bytes]) -> None:
    child.send_signal(signal.SIGINT)
    with contextlib.suppress(subprocess.TimeoutExpired):
        child.wait(PATIENCE)
    child.kill()


def _run(*command: str) -> tuple[int, Iterator[str]]:
    """Its exit code, and what it prints, a line each; nothing where it takes too long."""
    try:
        done = subprocess.run(
            command, capture_output=True, check=False, stdin=subprocess.DEVNULL, timeout=PATIENCE, env=ALONE
        )
    except subprocess.TimeoutExpired:
        return 1, iter(())
    return done.returncode, iter(done.stdout.decode("utf-8", "replace").splitlines())
