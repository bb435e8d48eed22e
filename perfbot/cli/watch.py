"""Measure the working tree against its base at every save, until Ctrl-C.

The environments of both sides stay; what set-up reads of the working tree decides whether it is done again. Between
saves, processes for the next rounds are started and wait. A save while something is measured begins anew with what
was saved. All verdicts of a session share one alpha: `perfbot
session`.

examples:
  perfbot watch --only 'core/parse*'            this working tree against its merge base
  perfbot watch --base HEAD --only test_b04     against the last commit
"""

from __future__ import annotations

import argparse
import contextlib
import sys
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

from perfbot.cli.requested import request_here
from perfbot.errors import INTERRUPTED, Interrupted, PerfbotError

if TYPE_CHECKING:
    from perfbot.measure.lockstep.waiting import Waiting
    from perfbot.pipeline.job import Request
    from perfbot.pipeline.saves import Saves
    from perfbot.pipeline.surroundings import Surroundings
    from perfbot.render.progress import Progress
    from perfbot.runner.load import Lookout

LOOK_EVERY = 0.15
"""Seconds between looks at the files."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of ``perfbot watch``."""
    parser.add_argument("--base", default="", metavar="REV", help="compare with this commit (default: the merge base)")
    parser.add_argument("--config", metavar="FILE", help="a perfbot.toml to use instead of the repository's own")
    parser.add_argument("--suite", action="append", default=[], metavar="NAME", help="only this suite; repeatable")
    parser.add_argument("--only", action="append", default=[], metavar="GLOB", help="only these benchmarks; repeatable")
    parser.add_argument("--budget", metavar="DURATION", default="1m", help="time limit of each verdict (default: 1m)")
    parser.add_argument("--threshold", metavar="PERCENT", help='smallest change that matters, such as "2%%"')
    parser.add_argument("--fresh", action="store_true", help="begin a session of tries anew (see `perfbot session`)")
    parser.add_argument("--times", type=int, default=0, metavar="N", help="end after so many verdicts")
    parser.add_argument("-v", "--verbose", action="store_true", help="what happens meanwhile")


def execute(args: argparse.Namespace) -> int:
    """Measure, wait for a save, measure again."""
    from perfbot.cli.interrupts import interruptible
    from perfbot.git.command import open_work_tree
    from perfbot.measure.lockstep.waiting import Waiting
    from perfbot.pipeline.saves import Saves
    from perfbot.pipeline.surroundings import beside
    from perfbot.runner.load import lookout_beside

    request = request_here(args, base=args.base, dirty=True, fresh=args.fresh)
    saves, waiting = Saves(open_work_tree(request.repo).folder), Waiting()
    lookout = lookout_beside(waiting)
    told = 0
    with contextlib.suppress(Interrupted, KeyboardInterrupt), interruptible(), contextlib.closing(waiting):
        for _ in _each_save(saves, waiting, lookout):
            told += _verdict(request, saves, beside(waiting, lookout), verbose=args.verbose)
            waiting.close()
            request = _going_on(request)
            if args.times and told == args.times:
                return 0
    return INTERRUPTED


def _each_save(saves: Saves, waiting: Waiting, lookout: Lookout) -> Iterator[None]:
    """At once, and then whenever files have changed and come to rest; what the next verdict needs starts meanwhile."""
    yield
    while True:
        if saves.changed():
            yield
        else:
            waiting.add()
            lookout.go_on()
            time.sleep(LOOK_EVERY)


def _verdict(request: Request, saves: Saves, around: Surroundings, *, verbose: bool) -> bool:
    """One verdict, told in a few lines; whether it came to one."""
    from perfbot.cli.telling import explain
    from perfbot.measure.trace import no_trace
    from perfbot.pipeline.story import run
    from perfbot.render.terminal import terminal

    began = time.monotonic()
    saves.changed()
    try:
        report = run(request, _watching(saves, verbose=verbose), no_trace, around)
    except Interrupted:
        raise
    except PerfbotError as error:
        explain(error)
        return True
    if not report.complete and saves.pending:
        print("saved meanwhile: beginning anew", file=sys.stderr)
        return False
    if not report.complete:
        raise Interrupted("stopped")
    terminal(report)
    print(f"  {time.monotonic() - began:.1f} s after the save", flush=True)
    return True


def _watching(saves: Saves, *, verbose: bool) -> Progress:
    from perfbot.render.progress import Asked, Lines, Silent

    class Watching(Lines if verbose else Silent):  # type: ignore[misc]
        """Stops when something is saved."""

        def asked(self) -> Asked:
            return "stop" if saves.peek() else ""

    return Watching(sys.stderr) if verbose else Watching()


def _going_on(request: Request) -> Request:
    from dataclasses import replace

    return replace(request, fresh=False)
