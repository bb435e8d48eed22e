"""Measure one Python statement on two commits, without a suite: both sides, decided as any benchmark is.

Environments are made as for the project's first Python suite, or with `pip install .` where there is none. Without a
range the working tree is compared with its merge base, or its last commit.

examples:
  perfbot bench 'json.loads(DATA)' --setup 'import json; DATA = "[1, 2, 3]" * 1'
  perfbot bench 'parse(TEXT)' --setup 'from app import parse' --setup 'TEXT = open("data.txt").read()' v1.2..HEAD
"""

from __future__ import annotations

import argparse

from perfbot.cli.watching import add_watching_arguments


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of ``perfbot bench``."""
    parser.add_argument("statement", metavar="STATEMENT", help="an expression, or a statement")
    parser.add_argument("range", nargs="?", default="", metavar="BASE..HEAD", help="default: the working tree")
    parser.add_argument(
        "--setup", action="append", default=[], metavar="CODE", help="runs once before, in each process; repeatable"
    )
    parser.add_argument("--base", default="", metavar="REV", help="compare with this commit")
    parser.add_argument("--config", metavar="FILE", help="a perfbot.toml to use instead of the repository's own")
    parser.add_argument("--budget", metavar="DURATION", default="1m", help="time limit of measuring (default: 1m)")
    parser.add_argument("--threshold", metavar="PERCENT", help='smallest change that matters, such as "2%%"')
    parser.add_argument("--seed", type=int, metavar="N", help="makes the order of measuring reproducible")
    parser.add_argument("--format", choices=["text", "json"], default="text", help="what stdout shows (default: text)")
    add_watching_arguments(parser)


def execute(args: argparse.Namespace) -> int:
    """Measure, judge, tell."""
    from pathlib import Path

    from perfbot import api
    from perfbot.cli.interrupts import exit_code, interruptible
    from perfbot.cli.requested import request_here
    from perfbot.cli.run import EXIT_CODES
    from perfbot.cli.statements import suite_of
    from perfbot.cli.watching import watched
    from perfbot.git.command import open_work_tree

    config = Path(args.config) if args.config else None
    suite = suite_of(args.statement, "\n".join(args.setup), config, open_work_tree(Path.cwd()).folder)
    own = {"spec": args.range, "base": args.base, "dirty": not args.range, "seed": args.seed}
    request = request_here(args, **own, given=(suite,), force=True)
    with watched(quiet=args.quiet or args.format == "json", verbose=args.verbose) as progress, interruptible():
        report = api.measure(request, progress)
    _show(report, args.format)
    return exit_code(EXIT_CODES[report.verdict])


def _show(report: object, shown: str) -> None:
    import sys

    from perfbot.model import Report
    from perfbot.render.terminal import terminal
    from perfbot.report import dumps

    assert isinstance(report, Report)  # noqa: S101 - the type is loaded late
    if shown == "json":
        sys.stdout.write(dumps(report) + "\n")
    else:
        terminal(report, whole=True)
