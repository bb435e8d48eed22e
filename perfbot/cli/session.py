"""What was tried at this desk, and how much of the probability of a false alarm is spent.

Every `perfbot run --dirty`, `watch`, `verify --dirty` and every measurement of `perfbot mcp` is a try. All tries of a
session share one alpha: the k-th gets 6/(pi k)² of it, so that a hundred edits without any effect do not bring a
"faster" by chance. A session ends after eight hours without a try, or with --fresh.

examples:
  perfbot session                    the tries so far
  perfbot session --fresh            begin anew
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING

from perfbot.errors import PASS

if TYPE_CHECKING:
    from perfbot.pipeline.session import Session, Try


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of ``perfbot session``."""
    parser.add_argument("--fresh", action="store_true", help="begin anew: all of alpha is there again")
    parser.add_argument("--format", choices=["text", "json"], default="text", help="what stdout shows (default: text)")


def execute(args: argparse.Namespace) -> int:
    """Read, or begin anew, and tell."""
    import datetime as dt

    from perfbot.git.command import open_work_tree
    from perfbot.pipeline.session import sessions_of
    from perfbot.sides.cache import cache_folder

    sessions = sessions_of(cache_folder(os.environ), open_work_tree(Path.cwd()).folder)
    now = dt.datetime.now(dt.UTC)
    before = sessions.read(now)
    session = sessions.fresh(now) if args.fresh else before
    if args.format == "json":
        print(_as_json(session))
        return PASS
    if args.fresh:
        print(f"A new session begins; the last one had {_counted(before)}.")
    print(_as_text(session))
    return PASS


def _counted(session: Session) -> str:
    return f"{len(session.tries)} {'try' if len(session.tries) == 1 else 'tries'}"


def _as_json(session: Session) -> str:
    import dataclasses
    import json

    return json.dumps({**dataclasses.asdict(session), "spent": session.spent, "next": session.next_share}, indent=1)


def _as_text(session: Session) -> str:
    if not session.tries:
        return f"No tries yet: the first gets {session.next_share:.0%} of alpha."
    lines = [f"session since {session.began}: {_counted(session)}, {session.spent:.1%} of alpha spent"]
    lines += [_row(number, one) for number, one in enumerate(session.tries, 1)]
    return "\n".join(
        [*lines, f"the next try gets {session.next_share:.2%} of alpha; perfbot session --fresh begins anew"]
    )


def _row(number: int, one: Try) -> str:
    from perfbot.render.escape import clean

    said = f"{one.improved} improved, {one.regressed} regressed of {one.benchmarks}" if one.ended else "no verdict"
    commits, asked = f"{one.base[:7]}..{one.head[:7]}", clean(one.asked)[:60]
    return f"  {number:3}  {one.when[11:19]}  {commits}  alpha {one.alpha:.2g}  {said}  {asked}".rstrip()
