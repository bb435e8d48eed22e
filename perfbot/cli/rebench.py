"""Act on a comment event (--event FILE), or look for commands in comments (--poll).

With --event, the payload of GitHub's issue_comment or GitLab's Note Hook is acted on once. With --poll, the comments of
open merge requests since --since ago are read, for a scheduled pipeline where no webhook can be had. Commands of people
without write access are refused; a comment that was answered before is left alone.
"""

from __future__ import annotations

import argparse
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

from perfbot.ci.event import read_event
from perfbot.cli.places import add_place_arguments, connect, find
from perfbot.errors import PASS, UsageError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``perfbot rebench``."""
    how = parser.add_mutually_exclusive_group(required=True)
    how.add_argument("--event", type=Path, metavar="FILE", help="payload of a comment event")
    how.add_argument("--poll", action="store_true", help="look through recent comments")
    parser.add_argument("--since", default="24h", metavar="DURATION", help="how far back --poll looks (default: 24h)")
    add_place_arguments(parser)


def execute(args: argparse.Namespace) -> int:
    """Carry out what is asked; refused commands are answered in the merge request, and are no failure here."""
    return _poll(args) if args.poll else _event(args)


def _event(args: argparse.Namespace) -> int:
    from perfbot.forge.events import comment_of
    from perfbot.publish.comment_commands import CommandHandler

    asked = comment_of(read_event({}, args.event))
    if asked is None:
        print("perfbot: no command in a new comment of a merge request", file=sys.stderr)
        return PASS
    args.forge = args.forge or asked.kind
    args.project = args.project or asked.project
    args.merge_request = asked.merge_request
    forge = connect(args, find(args, args.event))
    desk = CommandHandler(forge, asked.merge_request, datetime.now(UTC))
    print(f"perfbot: {desk.act(asked.note)}", file=sys.stderr)
    return PASS


def _poll(args: argparse.Namespace) -> int:
    from perfbot.publish.comment_commands import poll
    from perfbot.units import parse_duration

    try:
        back = timedelta(seconds=parse_duration(args.since))
    except ValueError as error:
        raise UsageError(f"--since: {error}") from error
    now = datetime.now(UTC)
    for line in poll(connect(args, find(args)), since=now - back, now=now):
        print(f"perfbot: {line}", file=sys.stderr)
    return PASS
