"""Whether a run can work with the places it writes to: asked by each run and by ``perfbot doctor``, in one wording."""

from __future__ import annotations

import contextlib
import os
import subprocess
import tempfile
from functools import lru_cache
from pathlib import Path

from perfbot import process
from perfbot.errors import SetupError

ASKED_SECONDS = 10.0


def check_places(cache: Path, top: Path) -> None:
    """That the cache and the temporary folder can be used for measuring the clone at ``top``.

    Raises:
        SetupError: one cannot; says why, and what to set.
    """
    cache, top = cache.resolve(), top.resolve()
    if cache.is_relative_to(top):
        raise SetupError(
            f"perfbot's cache {cache} lies in the checkout {top}: work trees in it would see its files.",
            hint="Set PERFBOT_CACHE to a folder outside the checkout.",
        )
    _check_temporary()
    _check_cache(cache)


def _check_temporary() -> None:
    try:
        tempfile.gettempdir()
    except OSError as error:
        message = f"There is no temporary folder that can be written: {error.strerror or error}."
        raise SetupError(message, hint="Mount one at /tmp, or set TMPDIR.") from error


@lru_cache(maxsize=8)
def _check_cache(cache: Path) -> None:
    """Environments hold programs: where none can be started, set-up would use perfbot's own Python instead."""
    try:
        cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=cache, prefix="asked-") as folder:
            program = Path(folder) / "program"
            program.write_text("#!/bin/sh\nexit 0\n")
            program.chmod(0o700)
            starts = _starts(program)
    except OSError as error:
        message = f"perfbot's cache {cache} cannot be written: {error.strerror or error}."
        raise SetupError(message, hint="Set PERFBOT_CACHE to a folder that can be written.") from error
    if not starts:
        raise SetupError(
            f"No program can be started in perfbot's cache {cache}: it is mounted noexec.",
            hint="Set PERFBOT_CACHE to a folder where programs may be started.",
        )


def _starts(program: Path) -> bool:
    with contextlib.suppress(OSError, subprocess.TimeoutExpired):
        return process.capture([os.fspath(program)], cwd=program.parent, timeout=ASKED_SECONDS).returncode == 0
    return False
