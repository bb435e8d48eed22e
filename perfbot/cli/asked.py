"""What people asked of a run beside its command line: by a comment, in variables of the CI, or by a label.

``PERFBOT_ONLY`` (globs, one a line; :data:`BISECT` and :data:`WHY` where the commit or the function that did it
is to be found, ``--base=REV``, ``--env=NAME=VALUE`` and ``--bench=STATEMENT`` where another run than the usual one is
wanted),
``PERFBOT_BUDGET``, ``PERFBOT_FORCE`` and ``PERFBOT_HEAD`` are set by whoever starts a job again after ``/rebench``.
They are data, never part of a shell's command line; options typed there win.
The merge request's labels are what the CI says when the job starts.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence

from perfbot.ci.change import merge_request_head
from perfbot.ci.event import read_event
from perfbot.ci.place import find_place, forced
from perfbot.errors import ChangeError, UsageError
from perfbot.model.aside import BASE, ENV, is_revision
from perfbot.model.statement import BENCH, Statement, unpacked

BISECT, WHY = "--bisect", "--why"
"""No glob begins so."""


def is_aside(environ: Mapping[str, str]) -> bool:
    """Whether another run than the usual one was asked for: nothing is to be said of it but what it found."""
    return any(line.startswith((BASE, ENV, BENCH)) for line in environ.get("PERFBOT_ONLY", "").splitlines())


def asks_for_statement(environ: Mapping[str, str]) -> bool:
    """Whether a comment's code is to be run."""
    return any(line.startswith(BENCH) for line in environ.get("PERFBOT_ONLY", "").splitlines())


def apply(args: argparse.Namespace, environ: Mapping[str, str]) -> None:
    """Complete the options of ``perfbot run`` from the environment.

    Raises:
        UsageError: a base that is no revision, a variable that is not to be set, a statement that is none.
        ChangeError: the job would measure another head than the one that was asked for.
    """
    lines = [line for line in environ.get("PERFBOT_ONLY", "").splitlines() if line.strip()]
    if BISECT in lines and args.bisect is None:
        args.bisect = True
    if WHY in lines and args.why is None:
        args.why = True
    if not args.only:
        args.only = [line for line in lines if not line.startswith("-")]
    args.base = args.base or next((line.removeprefix(BASE) for line in lines if line.startswith(BASE)), "")
    args.env = args.env or [line.removeprefix(ENV) for line in lines if line.startswith(ENV)]
    args.statement = _statement(lines)
    args.budget = args.budget or environ.get("PERFBOT_BUDGET") or None
    if args.base and any(line.startswith(BASE) for line in lines) and not is_revision(args.base):
        raise UsageError("PERFBOT_ONLY: --base wants the name of one commit, such as v2.3, a branch or an id")
    args.force = args.force or forced(environ, find_place(environ, read_event(environ)))
    pinned, found = environ.get("PERFBOT_HEAD", ""), merge_request_head(environ)
    if pinned and found and pinned != found and not args.head:
        raise ChangeError(
            f"A run of {pinned[:7]} was asked for, but this pipeline is of {found[:7]}.",
            hint="Ask again with /rebench at the present head.",
        )


def _statement(lines: Sequence[str]) -> Statement | None:
    """The statement that is to be measured instead of the suites."""
    found = next((line.removeprefix(BENCH) for line in lines if line.startswith(BENCH)), "")
    try:
        return unpacked(found) if found else None
    except ValueError as error:
        raise UsageError(f"PERFBOT_ONLY: {error}") from error
