"""Show the last run of this repository again, or of a report's file: the table, the comment or the report itself.

examples:
  perfbot show                  the table of the last run, as it ended
  perfbot show --all            with every benchmark, the unchanged ones too
  perfbot show --comment        the comment that the merge request would get
  perfbot show --lines          a line a result, for the list of problems of an editor
  perfbot show report.json      of a report that a CI job kept
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from perfbot.errors import PASS


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of ``perfbot show``."""
    parser.add_argument("file", nargs="?", metavar="REPORT.json", help="a report (default: of the last run here)")
    parser.add_argument("--demo", action="store_true", help="the last run of `perfbot demo`")
    parser.add_argument("--all", action="store_true", help="every benchmark, the unchanged ones too")
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--comment", action="store_true", help="the comment, as markdown")
    what.add_argument("--lines", action="store_true", help="FILE:LINE: error: … for editors")
    what.add_argument("--json", action="store_true", help="the report, as JSON")


def execute(args: argparse.Namespace) -> int:
    """Read and print."""
    from perfbot.cli import last_run
    from perfbot.report import dumps, read

    report = read(Path(args.file)) if args.file else last_run.load(chosen(args))
    if args.comment:
        from perfbot.render.comment import comment

        sys.stdout.write(comment(report))
    elif args.lines:
        from perfbot.render.remarks import lines

        print(*lines(report), sep="\n")
    elif args.json:
        sys.stdout.write(dumps(report) + "\n")
    else:
        from perfbot.render.terminal import terminal

        terminal(report, whole=args.all)
    return PASS


def chosen(args: argparse.Namespace) -> Path:
    """The file of the kept run that is meant."""
    from perfbot.cli import last_run

    return last_run.file_of_demo(os.environ) if args.demo else last_run.file_here(Path.cwd(), os.environ)
