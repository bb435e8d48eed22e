"""Watch perfbot find a slow commit, in about a minute, in a small repository made for it.

Makes a repository with two commits in a temporary folder, compares them, and shows what changed; `perfbot open --demo`
then shows the page, `perfbot show --demo --comment` the comment that a merge request would get. Needs git, and for the
benchmarks' environment pip or uv with access to a package index (pytest).
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from perfbot.cli.watching import add_watching_arguments
from perfbot.errors import NOT_MEASURED, PASS

if TYPE_CHECKING:
    from perfbot.model import Report


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of ``perfbot demo``."""
    parser.add_argument("--keep", metavar="FOLDER", help="make the repository and all artifacts there, and keep them")
    parser.add_argument("--budget", default="60s", metavar="DURATION", help="wall clock for measuring (default: 60s)")
    parser.add_argument("--seed", type=int, metavar="N", help="makes the order of measuring reproducible")
    add_watching_arguments(parser)


def execute(args: argparse.Namespace) -> int:
    """Build, measure, show; 0 when no verdict is wrong."""
    import tempfile

    from perfbot.errors import UsageError

    if not args.keep:
        with tempfile.TemporaryDirectory(prefix="perfbot-demo-") as temporary:
            return _show(Path(temporary), args)
    folder = Path(args.keep)
    if folder.exists() and any(folder.iterdir()):
        raise UsageError(f"--keep: {folder} exists and is not empty; expected a new folder")
    folder.mkdir(parents=True, exist_ok=True)
    return _show(folder, args)


def _show(folder: Path, args: argparse.Namespace) -> int:
    import os

    from perfbot.cli import last_run
    from perfbot.cli.demo_project import build
    from perfbot.cli.interrupts import interruptible
    from perfbot.cli.requested import parsed_option
    from perfbot.cli.watching import watched
    from perfbot.pipeline.job import Request
    from perfbot.pipeline.story import run
    from perfbot.render.terminal import terminal
    from perfbot.sides.cache import cache_folder
    from perfbot.units import parse_duration

    repo = folder / "shop"
    repo.mkdir()
    build(repo)
    cache = cache_folder(os.environ) if args.keep else folder / "cache"
    budget = parsed_option("--budget", args.budget, parse_duration)
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("CI", "GITHUB_", "GITLAB_"))}
    request = Request(repo=repo, environ=environ, cache=cache, budget=budget, seed=args.seed)
    with watched(quiet=args.quiet, verbose=args.verbose) as progress, interruptible():
        report = run(request, progress)
    where = _kept(report, folder) if args.keep else ()
    if not where and last_run.keep(report, last_run.file_of_demo(os.environ)):
        where = (("page", "perfbot open --demo"), ("comment", "perfbot show --demo --comment"))
    terminal(report, where=where)
    if not report.complete:
        return NOT_MEASURED
    return _told({result.benchmark: result.verdict for result in report.results})


def _kept(report: Report, folder: Path) -> tuple[tuple[str, str], ...]:
    """All artifacts in the folder that was named, and where they are."""
    from perfbot.render.comment import comment
    from perfbot.render.page import page_pieces
    from perfbot.report import write, write_text

    write(report, folder / "report.json")
    write_text(comment(report), folder / "comment.md")
    write_text(page_pieces(report), folder / "report.html")
    return (("page", str(folder / "report.html")), ("comment", str(folder / "comment.md")))


def _told(found: Mapping[str, str]) -> int:
    """Say how right the verdicts are. One that is left open where nothing changed is not wrong: the gate passes it."""
    from perfbot.cli.demo_project import EXPECTED
    from perfbot.render.terminal import console, say

    on = console()
    verdicts = {name: found.get(name, "missing") for name in EXPECTED}
    undecided = [name for name, right in EXPECTED.items() if (right, verdicts[name]) == ("unchanged", "inconclusive")]
    wrong = [name for name, right in EXPECTED.items() if verdicts[name] != right and name not in undecided]
    for name in wrong:
        say(f"{name}: {verdicts[name]}, but {EXPECTED[name]} would be right", on)
    if undecided:
        more = "`perfbot demo --budget 3m` gives it more time."
        say(f"Undecided: {', '.join(undecided)}. This machine is busy; {more}", on)
    elif not wrong:
        say("All six verdicts are right: one function was made slower, one faster, four were left alone.", on)
    return NOT_MEASURED if wrong else PASS
