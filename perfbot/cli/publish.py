"""Put one or more reports into their merge request: one comment, one status.

A report is believed in nothing that the forge can say itself: it must be about the merge request's head, and its
rounds are judged again under the target branch's policy. Several reports are shards of one run, or the jobs of a
matrix; they share the comment. With --join they are one suite's on several machines, and nothing counts that one
machine says alone.

Set PERFBOT_TOKEN (on GitHub Actions GITHUB_TOKEN does), or PERFBOT_APP_ID and PERFBOT_APP_PRIVATE_KEY(_FILE).
With --server the reports go to a `perfbot serve`, which keeps and publishes them; the job then needs no token of the
forge, only PERFBOT_SERVER_TOKEN or the CI's identity token.
"""

from __future__ import annotations

import argparse
import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from perfbot.cli.database import VARIABLE as DATABASE
from perfbot.cli.places import add_place_arguments, connect, find
from perfbot.errors import PASS, PublishError, UsageError

if TYPE_CHECKING:
    from perfbot.ci.place import Place
    from perfbot.history.records import Trend
    from perfbot.publish.flow import Published
    from perfbot.publish.publisher import Publisher


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``perfbot publish``."""
    parser.add_argument("reports", nargs="*", type=Path, metavar="REPORT", help="JSON reports of perfbot run")
    parser.add_argument("--server", default="", metavar="URL", help="hand the reports to this service instead")
    parser.add_argument(
        "--database",
        metavar="URL",
        help="the history, for its line in the comment (or PERFBOT_DATABASE; default: none)",
    )
    parser.add_argument(
        "--join", action="store_true", help="the reports are of the same benchmarks on several machines: one verdict"
    )
    parser.add_argument("--pending", action="store_true", help="a run begins: status running, old comment marked")
    add_publisher_arguments(parser)
    add_place_arguments(parser)


def add_publisher_arguments(parser: argparse.ArgumentParser) -> None:
    """How the comment is told apart, linked and kept."""
    parser.add_argument("--section", default="", metavar="NAME", help="this job's part of the comment and status")
    parser.add_argument("--details-url", default="", metavar="URL", help="page of the full report, to link to")
    parser.add_argument(
        "--history-url",
        default=os.environ.get("PERFBOT_HISTORY_URL", ""),
        metavar="URL",
        help="the project's pages, to link to (or PERFBOT_HISTORY_URL)",
    )
    parser.add_argument(
        "--keep",
        type=Path,
        default=Path(".perfbot"),
        metavar="FOLDER",
        help="where the comment is kept when the forge cannot be told (default: .perfbot)",
    )


def execute(args: argparse.Namespace) -> int:
    """Publish, and return the exit code of the verdict."""
    if bool(args.reports) == args.pending:
        raise UsageError("Name reports to publish, or --pending.", hint="perfbot publish report.json")
    if args.server and args.join:
        raise UsageError(
            "--server takes reports as they were measured, or joined already.",
            hint="perfbot judge A.json B.json --report both.json, then publish both.json.",
        )
    if args.server:
        return hand_to(args, args.server, args.reports)
    from perfbot.publish.flow import NobodyError

    place = find(args)
    try:
        if args.pending:
            begin(args, place)
            return PASS
        return publish_files(args, place, args.reports, join=args.join)
    except NobodyError as error:
        print(f"perfbot: {error}", file=sys.stderr)
        return PASS


def hand_to(args: argparse.Namespace, server: str, files: list[Path]) -> int:
    """Hand reports to a service; the verdict is told in the merge request, by the service."""
    from perfbot.ci.change import branch_of
    from perfbot.history.releases import releases_here
    from perfbot.publish.upload import about, hand_over

    if not files:
        raise UsageError("--server takes reports, not --pending.", hint="perfbot publish --server URL report.json")
    named = about(find(args), branch_of(os.environ))
    taken = hand_over(files, server, os.environ, about=named, releases=releases_here(Path.cwd()))
    print(f"perfbot: {server} took {len(taken)} reports, {sum(taken)} of them new", file=sys.stderr)
    return PASS


def begin(args: argparse.Namespace, place: Place) -> Publisher:
    """Say that a run begins."""
    from perfbot.cli.asked import is_aside

    publisher = speak(args, place)
    if not is_aside(os.environ):
        publisher.begin()
    return publisher


def speak(args: argparse.Namespace, place: Place) -> Publisher:
    """A publisher in the merge request that a place is about."""
    from perfbot.publish.flow import find_request
    from perfbot.publish.publisher import Publisher, find_run

    forge = connect(args, place)
    request, run = find_request(forge, place), find_run(forge, place)
    return Publisher(
        forge,
        place,
        request,
        args.section,
        details_url=args.details_url,
        history_url=args.history_url,
        run=run,
    )


def _with_history(publisher: Publisher, args: argparse.Namespace) -> Publisher:
    return replace(publisher, trends=_trends(args, publisher.place.project, publisher.request.target))


def _trends(args: argparse.Namespace, project: str, branch: str) -> tuple[Trend, ...]:
    """What the history says of the target branch; a history that cannot be read costs what is said of it alone."""
    database = args.database or os.environ.get(DATABASE, "")
    if not database:
        return ()
    from perfbot.cli.database import must_exist
    from perfbot.errors import PerfbotError
    from perfbot.history.recording import read_trends
    from perfbot.history.store import open_store

    try:
        must_exist(database)
        with open_store(database) as store:
            return read_trends(store, project, branch)
    except PerfbotError as error:
        print(f"perfbot: the comment says nothing of the history: {error}", file=sys.stderr)
        return ()


def publish_files(args: argparse.Namespace, place: Place, files: list[Path], *, join: bool = False) -> int:
    """Publish reports; when the forge stays down, keep the comment and say how to publish it later."""
    from perfbot.publish import flow

    try:
        published = flow.publish(files, _with_history(speak(args, place), args), join=join)
    except PublishError as error:
        error.hint = f"{error.hint} {flow.keep(files, place, args.keep, args.section, join=join)}".strip()
        raise
    _tell(published)
    return published.code


def _tell(published: Published) -> None:
    for name, verdict, outcome in published.sections:
        words = {
            "created": "comment made",
            "edited": "comment brought up to date",
            "unchanged": "comment was up to date",
            "none": "no comment needed",
            "superseded": "not published: the merge request has a newer head",
            "waits": "it is measured on another runner, and what that does not say, too, will block nothing",
            "outrun": "not published: a newer run of this head has spoken; the status is that one's",
        }[outcome]
        print(f"perfbot: {name + ': ' if name else ''}{verdict}; {words}", file=sys.stderr)
    if published.superseded and not published.sections:
        why = "; this one was not measured, so its job does not pass" if published.missing else ""
        print(f"perfbot: not published: the merge request has a newer head{why}", file=sys.stderr)
