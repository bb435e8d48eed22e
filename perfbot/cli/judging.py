"""The process in which `perfbot serve` reads one report; not a verb. See :mod:`perfbot.service.apart`."""

from __future__ import annotations

import argparse
import ctypes
import json
import os
import resource
import signal
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

PR_SET_PDEATHSIG = 1
"""From ``linux/prctl.h``."""


def main() -> int:
    """Read one task from stdin, do it within its limits, and say in one line of JSON what came of it."""
    out = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # nothing else may speak on that line
    _die_with_parent()
    head, _, body = sys.stdin.buffer.read().partition(b"\n")
    job = json.loads(head)
    answer = _done(job, body)
    out.write(json.dumps(answer) + "\n")
    out.close()
    return 0


def _die_with_parent() -> None:
    """A service that is killed leaves no half-done work that goes on beside its successor's."""
    try:
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    except (OSError, AttributeError):
        return


def _done(job: Mapping[str, Any], body: bytes) -> dict[str, Any]:
    from perfbot.errors import PerfbotError, ReportError
    from perfbot.service.identity import RefusedError

    try:
        return {"done": _check(job, body) if job["task"] == "check" else _keep(job, body)}
    except RefusedError as error:
        return {"refused": str(error)}
    except ReportError as error:
        return {"unreadable": error.message}
    except PerfbotError as error:
        return {"later": str(error)}


def _check(job: Mapping[str, Any], body: bytes) -> dict[str, Any]:
    from perfbot.service.checking import check

    limit(job)
    return check(body)


def _keep(job: Mapping[str, Any], body: bytes) -> dict[str, Any]:
    from perfbot.cli.serve import connector, forges_of
    from perfbot.history.store import open_store
    from perfbot.service.keeper import Keeper
    from perfbot.service.publishing import MergeRequests

    settings = job["settings"]
    kinds = forges_of(os.environ)
    connect = connector(argparse.Namespace(**settings), os.environ)
    urls = {"gitlab": settings["gitlab_url"], "github": settings["github_url"]}
    with open_store(settings["database"]) as store:
        forges = MergeRequests(connect, kinds, urls) if kinds else None
        limit(job)
        Keeper(store, forges, tuple(settings["channels"]), settings["public_url"]).keep(job, body)
    return {}


def limit(job: Mapping[str, Any]) -> None:
    """From now on so much more memory, and so much processor time in all."""
    pages = int(Path("/proc/self/statm").read_text().split()[0]) if Path("/proc/self/statm").exists() else 0
    memory = pages * resource.getpagesize() + int(job["memory"])
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CPU, (int(job["cpu"]), int(job["cpu"])))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


if __name__ == "__main__":
    sys.exit(main())
