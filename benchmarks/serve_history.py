"""`perfbot serve` with a small history, for the HTTP suite: ``python -m benchmarks.serve_history PORT``."""

from __future__ import annotations

import os
import sys
import tempfile
from dataclasses import replace

from benchmarks.samples import make_report
from perfbot.history.recording import keep
from perfbot.history.store import open_store

BENCHMARKS, RUNS = 40, 8
PROJECT = "group/name"


def fill(url: str) -> None:
    """A branch of a few runs."""
    report = make_report(BENCHMARKS)
    with open_store(url) as store:
        for number in range(RUNS):
            change = replace(report.change, project=PROJECT, head=f"{number:040x}")
            at = f"2026-01-{number + 1:02d}T12:00:00+00:00"
            keep(store, replace(report, change=change, started=at), branch="main", kind="branch")


def main() -> None:
    """Make the history, then become the server."""
    url = f"sqlite:///{tempfile.mkdtemp(prefix='perfbot-serve-')}/history.db"
    fill(url)
    serve = ["serve", "--no-webhooks", "--port", sys.argv[1], "--database", url]
    os.execv(sys.executable, [sys.executable, "-m", "perfbot", *serve])  # noqa: S606


if __name__ == "__main__":
    main()
