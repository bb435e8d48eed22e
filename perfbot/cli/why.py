"""Measure some benchmarks, and look into why they changed: which functions, by how much, edited or not.

Everything is as with `perfbot run --only NAME --why`; what was found stands below the table, and can be written for
viewers of flame graphs. The page (`perfbot open`) has a flame graph of both sides.

examples:
  perfbot why test_find                          this branch against its merge base
  perfbot why 'core/*parse*' v1.2..HEAD          benchmarks by a glob, two commits
  perfbot why test_find --speedscope why.json    for https://www.speedscope.app
"""

from __future__ import annotations

import argparse
import os
from typing import TYPE_CHECKING

from perfbot.cli import asked, run

if TYPE_CHECKING:
    from pathlib import Path

    from perfbot.model import Report

GLOB_CHARACTERS = frozenset("*?[/")
"""A name with none of them is looked for anywhere in the names of benchmarks."""

BUDGET = "2m"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of ``perfbot why``."""
    parser.add_argument("name", metavar="NAME", help="a benchmark, a part of its name, or a glob of suite/benchmark")
    where = parser.add_argument_group("flame graphs")
    where.add_argument("--speedscope", metavar="FILE.json", help="both sides, for speedscope")
    where.add_argument(
        "--collapsed", metavar="FILE.txt", help="stacks of head, and of base in FILE.base.txt, a line each"
    )
    run.add_arguments(parser)


def execute(args: argparse.Namespace) -> int:
    """Measure, judge, tell, tell why."""
    from perfbot.cli.interrupts import exit_code

    asked.apply(args, os.environ)
    args.only = [*args.only, args.name if GLOB_CHARACTERS & set(args.name) else f"*{args.name}*"]
    args.why, args.force = True, True
    args.budget = args.budget or BUDGET
    report = run.measure(args)
    if args.format == "text":
        tell(report)
    write_stacks(report, args.speedscope, args.collapsed)
    return exit_code(run.EXIT_CODES[report.verdict])


def tell(report: Report) -> None:
    """Every explanation with all of its functions."""
    from perfbot.render.escape import clean
    from perfbot.render.reasons import lines_of
    from perfbot.render.terminal import console, say

    on = console()
    for explanation in report.explanations:
        on.print()
        for line in lines_of(explanation):
            say(clean(line, 400), on)
    if not report.explanations and not report.problems:
        say("Nothing changed that could be looked into: functions are told for the time of benchmarks in Python.", on)


def write_stacks(report: Report, speedscope_file: str | None, collapsed_file: str | None) -> None:
    """Files for viewers; several benchmarks are numbered."""
    from pathlib import Path

    from perfbot.report import write_text
    from perfbot.why.flame import collapsed, speedscope

    explained = [one for one in report.explanations if one.flame]
    for number, one in enumerate(explained):
        if speedscope_file:
            write_text(speedscope(one), _numbered(Path(speedscope_file), number))
        if collapsed_file:
            path = _numbered(Path(collapsed_file), number)
            write_text(collapsed(one, "head"), path)
            write_text(collapsed(one, "base"), path.with_suffix(f".base{path.suffix}"))


def _numbered(path: Path, number: int) -> Path:
    return path.with_suffix(f".{number + 1}{path.suffix}") if number else path
