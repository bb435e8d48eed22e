"""Find the commits that changed what benchmarks cost, with the verdict's error bars.

Commits are measured together: in each round a process of each, on one core. It begins with both ends and a few commits
between them, looks closer where the cost steps, and measures no more what is decided. A commit is named once fresh
rounds bear out that it differs from the commit before; the probability that any commit is named wrongly is the gate's
alpha (default 1 %).

Commits are those of the branch itself, a merge being one of them (first parents); for a merge the range to look into
is told. A commit that cannot be built, or lacks the benchmark, is passed over; where that leaves several, the range
is told. Without --only it asks about what the last run of the same two commits found regressed, else about all
benchmarks.

Exit codes: 0 every benchmark is answered (by commits, or nothing changed), 1 some by a range alone, 2 usage,
3 nothing could be said, 130 stopped by Ctrl-C (what is known by then is shown).

examples:
  perfbot bisect                                    which commit of this branch did it
  perfbot bisect v2.3..main --only 'core/parse*'    between two releases
  perfbot bisect main..HEAD --budget 20m --format json
"""

from __future__ import annotations

import argparse
import contextlib
from typing import TYPE_CHECKING

from perfbot.cli.requested import request_here
from perfbot.cli.watching import add_watching_arguments
from perfbot.errors import GATE_FAILED, NOT_MEASURED, PASS, PerfbotError

if TYPE_CHECKING:
    from perfbot.bisect.records import Bisection
    from perfbot.pipeline.job import Request


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of ``perfbot bisect``."""
    parser.add_argument(
        "range", nargs="?", default="", metavar="BASE..HEAD", help="first and last commit (default: this branch)"
    )
    parser.add_argument("--only", action="append", default=[], metavar="GLOB", help="these benchmarks; repeatable")
    parser.add_argument("--suite", action="append", default=[], metavar="NAME", help="only this suite; repeatable")
    parser.add_argument("--config", metavar="FILE", help="instead of perfbot.toml or [tool.perfbot] in pyproject.toml")
    parser.add_argument("--budget", metavar="DURATION", help='wall clock for measuring, such as "20m" (default: 10m)')
    parser.add_argument("--threshold", metavar="PERCENT", help='smallest step that matters, such as "2%%"')
    parser.add_argument("--force", action="store_true", help="look at commits that touch nothing measured, too")
    parser.add_argument("--seed", type=int, metavar="N", help="makes the order of measuring reproducible")
    parser.add_argument("--report", metavar="FILE.json", help="the answer as JSON (perfbot.bisect/1)")
    parser.add_argument("--format", choices=["text", "json"], default="text", help="what stdout shows (default: text)")
    add_watching_arguments(parser)


def execute(args: argparse.Namespace) -> int:
    """Search and tell."""
    import json
    from pathlib import Path

    from perfbot.cli.interrupts import exit_code, interruptible
    from perfbot.cli.watching import watched
    from perfbot.pipeline.bisecting.story import Asked, bisect
    from perfbot.render.bisection import as_json, as_text
    from perfbot.report import write_text

    request = request_here(args, spec=args.range, seed=args.seed, force=args.force)
    changed = frozenset[str]() if args.only else _regressed_last(request)
    with watched(quiet=args.quiet or args.format == "json", verbose=args.verbose) as progress, interruptible():
        if changed:
            progress.log(f"asking about what the last run found regressed: {', '.join(sorted(changed))}")
        found = bisect(Asked(request, changed), progress)
    text = json.dumps(as_json(found), indent=1, ensure_ascii=False)
    if args.report:
        write_text(iter([text]), Path(args.report))
    print(text if args.format == "json" else as_text(found))
    return exit_code(code_of(found))


def code_of(found: Bisection) -> int:
    """The exit code."""
    kinds = {one.answer.kind for one in found.found}
    if kinds <= {"commit", "none"}:
        return PASS
    return NOT_MEASURED if kinds <= {"open", "failed", "none"} else GATE_FAILED


def _regressed_last(request: Request) -> frozenset[str]:
    """What the last run of the same two commits found regressed; nothing where there is none."""
    from perfbot.cli.last_run import file_here, load
    from perfbot.git.command import open_work_tree
    from perfbot.pipeline.change import find_change

    with contextlib.suppress(PerfbotError):
        repo = open_work_tree(request.repo).folder
        change = find_change(repo, environ=request.environ, spec=request.spec)
        last = load(file_here(request.repo, request.environ))
        if (last.change.base, last.change.head) == (change.base, change.head):
            return frozenset(
                one.full_name for one in last.results if one.verdict == "regressed" and one.metric == "time"
            )
    return frozenset()
