"""``perfbot history compare``: two commits or releases of the branch, benchmark by benchmark."""

from __future__ import annotations

import argparse
import dataclasses
import fnmatch
import json
import sys
from typing import TYPE_CHECKING

from perfbot.errors import UsageError

if TYPE_CHECKING:
    from perfbot.history.store import Store


def compare(store: Store, args: argparse.Namespace) -> None:
    """What became of each benchmark between two commits, releases or dates; the second is the branch where left out.

    Raises:
        UsageError: not one to three words, or no such commit.
    """
    from perfbot.cli.tables import print_table
    from perfbot.history import recording
    from perfbot.render import comparison
    from perfbot.site.comparing import Branch
    from perfbot.site.scope import scope_of

    if not 1 <= len(args.words) <= 3:
        raise UsageError("history compare: which two?", hint="perfbot history compare v2.2 v2.3 ['core/*']")
    first, last, pattern = [*args.words, "", "*"][: len(args.words)] + ["", "*"][len(args.words) - 1 :]
    with store.read() as connection:
        scope = scope_of(connection, args.project, args.branch)
    recording.refresh(store, scope.project, scope.branch)
    with store.read() as connection:
        seen = Branch(connection, scope)
    compared = seen.compared(first, last)
    found = tuple(one for one in compared.found if fnmatch.fnmatchcase(one.subject.full_name, pattern))
    if args.format == "json":
        print(json.dumps([dataclasses.asdict(one) for one in found], indent=1))
        return
    told = found if args.format == "csv" else tuple(one for one in found if one.outcome != "unclear")
    print_table(comparison.HEAD, comparison.rows(told[: args.limit]), args.format)
    if args.format == "table":
        print(f"{compared.first} → {compared.last}: {comparison.gist(found)}")
        if len(told) > args.limit:
            print(f"… and {len(told) - args.limit} more: --limit {len(told)}", file=sys.stderr)
