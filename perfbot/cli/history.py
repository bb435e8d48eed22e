"""What the history knows: values, drift, change points; and looking after it.

  perfbot history [GLOB]          benchmarks with their trend, drift and change points
  perfbot history compare A [B]   what changed between two releases, commits or dates (B: the branch)
  perfbot history runs            the kept runs, and why some do not count
  perfbot history commands        who asked for what in comments, and what became of it (kept by perfbot serve)
  perfbot history refresh         find all trends again; read tags from git
  perfbot history prune           drop old rounds and old merge requests' runs
  perfbot history export [FILE]   all runs, a line of JSON each (stdout by default)
  perfbot history import FILE…    runs from an export or from reports; twice changes nothing
  perfbot history backup TARGET   copy everything to a new file or an empty database
  perfbot history alerts          tell the channels in PERFBOT_ALERTS what is new; each thing once

examples:
  perfbot history 'core/parse*' --since v2.3
  perfbot history --since 90d --format csv > history.csv
  perfbot history compare v2.2 v2.3 'core/*'
  perfbot history prune --rounds-older 90d --merge-requests-older 180d
  perfbot history backup postgresql://perfbot@db/perfbot
"""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from perfbot.cli.database import add_database_argument, must_exist
from perfbot.cli.tables import print_table
from perfbot.errors import PASS, UsageError

if TYPE_CHECKING:
    from perfbot.history.store import Store


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of ``perfbot history``."""
    parser.add_argument(
        "words", nargs="*", metavar="GLOB | ACTION", help="benchmarks (suite/name), or one of the actions above"
    )
    add_database_argument(parser)
    parser.add_argument("--project", metavar="P", help="needed where the history holds several")
    parser.add_argument("--branch", metavar="B", help="whose runs count (default: the one measured most)")
    parser.add_argument("--since", default="", metavar="WHEN", help='a date, a tag, or an age such as "90d"')
    parser.add_argument("--limit", type=int, default=200, metavar="N", help="lines of a table (default: 200)")
    parser.add_argument("--format", choices=["table", "json", "csv"], default="table", help="default: table")
    alerts = parser.add_argument_group("alerts")
    alerts.add_argument("--dry-run", action="store_true", help="show what holds, tell nobody, note nothing")
    alerts.add_argument("--drift-limit", default="5%", metavar="PERCENT", help="drift that is told (default: 5%%)")
    alerts.add_argument("--link", default="", metavar="URL", help="where the project's pages are")
    prune = parser.add_argument_group("prune")
    prune.add_argument("--rounds-older", default="", metavar="AGE", help='drop raw rounds older than, such as "90d"')
    prune.add_argument("--merge-requests-older", default="", metavar="AGE", help="drop runs of merge requests")


def execute(args: argparse.Namespace) -> int:
    """Find the action, open the history, do it."""
    from perfbot.cli import history_care as care
    from perfbot.cli.history_compare import compare
    from perfbot.history.store import open_store

    actions = {
        "runs": _runs, "commands": _commands, "compare": compare, "refresh": care.refresh, "prune": care.prune,
        "export": care.export, "import": care.take_in, "backup": care.backup, "alerts": care.alerts,
    }  # fmt: skip
    first = args.words[0] if args.words else ""
    action = actions.get(first, _table)
    if first in actions:
        args.words = args.words[1:]
    elif len(args.words) > 1:
        raise UsageError(f"One glob at a time, found {len(args.words)}.", hint="Quote it: perfbot history 'core/*'")
    if first != "import":
        must_exist(args.database)
    with open_store(args.database) as store:
        if store.copied_to:
            print(f"The history was of an older version; a copy is in {store.copied_to}.", file=sys.stderr)
        action(store, args)
    return PASS


def _runs(_: Store, args: argparse.Namespace) -> None:
    import dataclasses
    import json

    from perfbot import api
    from perfbot.render.history import run_rows

    found = api.runs(args.database, project=args.project, branch=args.branch, since=args.since, limit=args.limit)
    if args.format == "json":
        print(json.dumps([dataclasses.asdict(run) for run in found], indent=1))
        return
    head = ("run", "started", "kind", "branch", "commits", "verdict", "results", "machine", "not used because it")
    print_table(head, run_rows(found), args.format)


def _commands(store: Store, args: argparse.Namespace) -> None:
    import dataclasses
    import json

    from perfbot.history.store import ledger, queries
    from perfbot.render.history import command_rows

    with store.read() as connection:
        found = ledger.commands(connection, queries.only_project(connection, args.project), args.limit)
    if args.format == "json":
        print(json.dumps([dataclasses.asdict(one) for one in found], indent=1))
        return
    print_table(("when", "merge request", "who", "asked", "what became of it"), command_rows(found), args.format)


def _table(_: Store, args: argparse.Namespace) -> None:
    from perfbot import api
    from perfbot.render import history

    pattern = args.words[0] if args.words else "*"
    found = api.trends(args.database, pattern, project=args.project, branch=args.branch, since=args.since)
    if args.format == "csv":
        sys.stdout.write(history.to_csv([series for series, _ in found]))
        return
    if args.format == "json":
        sys.stdout.write(history.to_json(found))
        return
    print_table(history.HEAD, history.table([trend for _, trend in found[: args.limit]]), args.format)
    if len(found) > args.limit:
        print(f"… and {len(found) - args.limit} more: --limit {len(found)}")
    for line in history.to_narrow([trend for _, trend in found]):
        print(f"which commit: {line}")
