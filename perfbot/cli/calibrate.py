"""Learn how noisy each benchmark is on this runner: compare a commit with itself, again and again.

Every run is kept at once; typed again after an interruption, the missing runs are measured. Later runs plan with what
was found, and judge without it.

--write puts suggested thresholds into the configuration as [[limit]] entries, where they are larger than what it has.
A suggestion is the smallest whole percent at which at least 90% of the runs were decided or could have been: a run that
found the benchmark unchanged needs the threshold it had, an undecided one the smallest change that it ruled out, a
false alarm the change it saw; none above 50%. Entries that a person wrote are left alone; its own are brought up to
date.

examples:
  perfbot calibrate                            ten A/A runs of the merge base with the default branch
  perfbot calibrate --commit v1.2 --runs 20    of another commit
  perfbot calibrate --budget 2m --output calibration.md --html calibration.html
  perfbot calibrate --write                    when all runs are there, measures nothing more
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from perfbot.errors import NOT_MEASURED, PASS, MeasureError, UsageError

if TYPE_CHECKING:
    from perfbot.calibration.records import Calibration
    from perfbot.pipeline.job import Request

BRANCHES = ("origin/HEAD", "origin/main", "origin/master", "main", "master")

FEWEST_RUNS = 5
"""Suggestions of fewer runs are not written: one disturbed run would decide."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of ``perfbot calibrate``."""
    parser.add_argument("--runs", type=int, default=10, metavar="N", help="A/A runs in all (default: 10)")
    parser.add_argument("--commit", default="", metavar="REV", help="compare this commit with itself")
    parser.add_argument("--config", metavar="FILE", help="instead of perfbot.toml or [tool.perfbot] in pyproject.toml")
    parser.add_argument("--budget", metavar="DURATION", help="wall clock for measuring in each run")
    parser.add_argument("--state", default=".perfbot/calibration.json", metavar="FILE", help="where runs are kept")
    parser.add_argument(
        "--database",
        metavar="URL",
        help="keep the calibration in this history, too: a file for SQLite, or postgresql://… (or PERFBOT_DATABASE)",
    )
    parser.add_argument("--output", metavar="FILE.md", help="the document (default: stdout)")
    parser.add_argument("--html", metavar="FILE.html", help="the same as a page, with pictures")
    parser.add_argument("--write", action="store_true", help="put suggested thresholds into the configuration")


def execute(args: argparse.Namespace) -> int:
    """Measure the runs that are missing, then write the document and what else was asked for."""
    from perfbot.calibration.records import load
    from perfbot.cli.interrupts import interruptible

    if args.runs < 1:
        raise UsageError(f"--runs: found {args.runs}, expected 1 or more")
    if args.write and args.runs < FEWEST_RUNS:
        raise UsageError(f"--write: {args.runs} runs say too little; expected --runs {FEWEST_RUNS} or more")
    state = Path(args.state)
    with interruptible():
        complete = _measure(_request(args), args.runs, state)
    found = load(state)
    if found is None:
        raise MeasureError("No A/A run could be measured.")
    _tell(found, args)
    if args.write and complete:
        _write(found, args.config)
    _keep(found, args)
    return PASS if complete else NOT_MEASURED


def _measure(request: Request, runs: int, state: Path) -> bool:
    """Add runs to the state file until there are enough; False when interrupted."""
    from perfbot.calibration.records import Calibration, load, run_of, save, setting_of
    from perfbot.cli.watching import watched
    from perfbot.pipeline.story import run

    kept = load(state)
    while kept is None or len(kept.runs) < runs:
        with watched() as progress:
            report = run(request, progress)
        if not report.complete:
            return False
        seen, setting = run_of(report), setting_of(report)
        if not seen.observations:
            raise MeasureError("; ".join(p.message for p in report.problems) or "No benchmark was measured.")
        if kept is not None and kept.setting != setting:
            raise UsageError(
                f"{state} holds runs of another commit, machine, budget or threshold.",
                hint="Name another file with --state, or delete this one.",
            )
        kept = Calibration(setting, (*(kept.runs if kept else ()), seen), report.change.project)
        save(kept, state)
    return True


def _tell(found: Calibration, args: argparse.Namespace) -> None:
    from perfbot.render.calibration import document, page
    from perfbot.report import write_text

    if args.output:
        write_text(document(found), Path(args.output))
    else:
        print(document(found), end="")
    if args.html:
        write_text(page(found), Path(args.html))


def _write(found: Calibration, config: str | None) -> None:
    """Amend the configuration, and say what became of every suggestion."""
    from perfbot.calibration.figures import summarise
    from perfbot.config.load import source_file
    from perfbot.discover.amend import Suggestion, amend, pattern_for
    from perfbot.git.command import open_work_tree
    from perfbot.model import Metric
    from perfbot.report import write_text

    path = source_file(Path(config) if config else None, open_work_tree(Path.cwd()).folder).resolve()
    normals = summarise(found)
    names = {one.name for one in normals}
    suggestions = [
        Suggestion(one.name, Metric(one.metric, "", rule=one.rule), pattern_for(one.name, names), one.suggested)
        for one in normals
    ]
    text = path.read_bytes().decode("utf-8")
    amended = amend(text, suggestions, file=path.name)
    if amended.text != text:
        write_text(amended.text, path)
    new = amended.written if amended.text != text else ()
    print(f"perfbot: {path.name}: {'amended' if amended.text != text else 'nothing to change'}", file=sys.stderr)
    for line in new:
        print(f"  {_shown(line)}", file=sys.stderr)
    for line in amended.left:
        print(f"  left alone: {_shown(line)}", file=sys.stderr)


def _shown(line: str) -> str:
    from perfbot.render.escape import clean

    return clean(line, 300)


def _keep(found: Calibration, args: argparse.Namespace) -> None:
    """Keep it in the history; there already, nothing changes."""
    from perfbot.calibration.records import dumps
    from perfbot.cli.run import database_of

    database = database_of(args)
    if not database:
        return
    from perfbot.history.store import ledger, open_store

    row = (found.project, found.setting.machine, found.moment, dumps(found))
    with open_store(database) as store:
        new = store.write(lambda connection: ledger.keep_calibration(connection, *row))
    print(f"perfbot: the history {'has it now' if new else 'had it already'}", file=sys.stderr)


def _request(args: argparse.Namespace) -> Request:
    from perfbot.cli.requested import request_here
    from perfbot.git.command import open_work_tree

    git = open_work_tree(Path.cwd())
    bases = (git.maybe("merge-base", "HEAD", name) for name in BRANCHES)
    commit = args.commit or next((base for base in bases if base), "HEAD")
    return request_here(args, base=commit, head=commit, force=True, same=True)
