"""Learn how noisy each benchmark is on this runner: compare a commit with itself, again and again.

Every run is kept at once; typed again after an interruption, the missing runs are measured.

examples:
  perfbot calibrate                            ten A/A runs of the merge base with the default branch
  perfbot calibrate --commit v1.2 --runs 20    of another commit
  perfbot calibrate --budget 2m --output calibration.md
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from perfbot.errors import NOT_MEASURED, PASS, MeasureError, UsageError

if TYPE_CHECKING:
    from perfbot.pipeline import Request

BRANCHES = ("origin/HEAD", "origin/main", "origin/master", "main", "master")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of ``perfbot calibrate``."""
    parser.add_argument("--runs", type=int, default=10, metavar="N", help="A/A runs in all (default: 10)")
    parser.add_argument("--commit", default="", metavar="REV", help="compare this commit with itself")
    parser.add_argument("--budget", metavar="DURATION", help="wall clock for measuring in each run")
    parser.add_argument("--state", default=".perfbot/calibration.json", metavar="FILE", help="where runs are kept")
    parser.add_argument("--output", metavar="FILE.md", help="the document (default: stdout)")


def execute(args: argparse.Namespace) -> int:
    """Measure the runs that are missing, then write the document."""
    from perfbot.calibration import document, load
    from perfbot.cli.interrupts import interruptible
    from perfbot.report import write_text

    if args.runs < 1:
        raise UsageError(f"--runs: found {args.runs}, expected 1 or more")
    state = Path(args.state)
    with interruptible():
        complete = _measure(_request(args), args.runs, state)
    found = load(state)
    if found is None:
        raise MeasureError("No A/A run could be measured.")
    text = document(found)
    if args.output:
        write_text(text, Path(args.output))
    else:
        print(text, end="")
    return PASS if complete else NOT_MEASURED


def _measure(request: Request, runs: int, state: Path) -> bool:
    """Add runs to the state file until there are enough; False when interrupted."""
    from perfbot.calibration import Calibration, load, observed, save, setting_of
    from perfbot.pipeline import run
    from perfbot.render.progress import progress_for

    kept = load(state)
    while kept is None or len(kept.runs) < runs:
        progress = progress_for(budget=request.budget or 0.0)
        try:
            report = run(request, progress)
        finally:
            progress.close()
        if not report.complete:
            return False
        seen, setting = observed(report), setting_of(report)
        if not seen:
            raise MeasureError("; ".join(p.message for p in report.problems) or "No benchmark was measured.")
        if kept is not None and kept.setting != setting:
            raise UsageError(
                f"{state} holds runs of another commit, machine, budget or threshold.",
                hint="Name another file with --state, or delete this one.",
            )
        kept = Calibration(setting, (*(kept.runs if kept else ()), seen))
        save(kept, state)
    return True


def _request(args: argparse.Namespace) -> Request:
    import os

    from perfbot.cache import cache_folder
    from perfbot.cli.run import parsed_option
    from perfbot.git import open_work_tree
    from perfbot.pipeline import Request
    from perfbot.units import parse_duration

    git = open_work_tree(Path.cwd())
    bases = (git.maybe("merge-base", "HEAD", name) for name in BRANCHES)
    commit = args.commit or next((base for base in bases if base), "HEAD")
    budget = parsed_option("--budget", args.budget, parse_duration)
    cache = cache_folder(os.environ)
    return Request(Path.cwd(), os.environ, cache, base=commit, head=commit, budget=budget, force=True, same=True)
