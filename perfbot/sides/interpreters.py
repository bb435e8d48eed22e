"""Whether the Python that a suite asks for is on this machine, before set-up needs it."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from perfbot.process import capture, scrubbed_environment
from perfbot.sides.environment import find_uv
from perfbot.sides.pythons import asked_of_uv, find_python

ASKED_SECONDS = 30.0

ELSEWHERE = Path("/")
"""Where interpreters are looked for: set-up does so outside the repository, whose ``.python-version`` is not read."""


@dataclass(frozen=True, slots=True)
class Sought:
    """What came of looking for an interpreter.

    Attributes:
        fetched: it is not here, and uv would fetch it at set-up.
        complaint: what uv or the interpreter said, one line; may be empty.
    """

    found: bool
    fetched: bool = False
    complaint: str = ""


def look_for(python: str, environ: Mapping[str, str]) -> Sought:
    """Look for a version ("3.12") or path as set-up does, and try it: a shim may stand for nothing. Fetches nothing."""
    uv = find_uv(environ)
    if uv:
        return _by_uv(uv, asked_of_uv(python, environ), environ)
    found = find_python(python, environ)
    return Sought(found=False) if found is None else _asked([found, "-c", ""], environ)


def _by_uv(uv: str, python: str, environ: Mapping[str, str]) -> Sought:
    asked = _asked([uv, "python", "find", "--no-project", python], environ)
    none_here = "no interpreter found" in asked.complaint.lower()
    barred = environ.get("UV_PYTHON_DOWNLOADS") in ("never", "manual") or environ.get("UV_OFFLINE")
    return replace(asked, fetched=none_here and python[:1].isdigit() and not barred)


def _asked(argv: list[str], environ: Mapping[str, str]) -> Sought:
    home = Path(environ.get("HOME") or Path.home())
    kept = {name: environ[name] for name in ("UV_PYTHON_INSTALL_DIR",) if name in environ}
    env = {**scrubbed_environment(environ, home, kept), "UV_PYTHON_DOWNLOADS": "never"}
    try:
        done = capture(argv, cwd=ELSEWHERE, env=env, timeout=ASKED_SECONDS)
    except (OSError, subprocess.TimeoutExpired) as error:
        return Sought(found=False, complaint=str(error))
    lines = [line.strip() for line in done.stderr.decode("utf-8", "replace").splitlines() if line.strip()]
    return Sought(done.returncode == 0, complaint=re.sub(r"^error: ", "", lines[0]) if lines else "")
