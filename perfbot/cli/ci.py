"""Run, then publish, in one trusted job: comment and status appear while the pipeline runs, the exit code is the gate.

Use it where everybody who can open a merge request may see the token; where strangers can, measure and publish in two
jobs (docs/security.md). Takes the options of `perfbot run` and of `perfbot publish`.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from perfbot.cli import publish
from perfbot.cli.places import add_place_arguments, find
from perfbot.errors import PerfbotError, PublishError

if TYPE_CHECKING:
    from perfbot.ci.place import Place
    from perfbot.publish.publisher import Publisher

FOLDER = ".perfbot/out"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of run and of publish."""
    from perfbot.cli import run

    run.add_arguments(parser)
    publish.add_publisher_arguments(parser)
    add_place_arguments(parser)


def execute(args: argparse.Namespace) -> int:
    """Measure and publish; the exit code is the verdict's, or 4 when it could not be published."""
    from perfbot.cli import run
    from perfbot.cli.artifacts import NAMES

    _refuse_statements()
    place = find(args)
    args.output = args.output or FOLDER
    report = Path(args.report or Path(args.output) / NAMES["report"])
    report.unlink(missing_ok=True)
    if place.kind != "local" and not (place.merge_request or place.branch):
        print("perfbot: no merge request: nothing is published", file=sys.stderr)
        return run.execute(args)
    publisher = None if _is_aside(args) else _begin(args, place)
    code = _measure(args, report, publisher)
    # Read back from its file: measured code had a hand in it, and what a report may hold is checked as it is read.
    return publish.publish_files(args, place, [report]) or code


def _refuse_statements() -> None:
    """Code of a comment is never run where the token is.

    Raises:
        UsageError: somebody asked for it.
    """
    from perfbot.cli.asked import asks_for_statement
    from perfbot.errors import UsageError

    if asks_for_statement(os.environ):
        raise UsageError(
            "`/perfbot bench` is not for `perfbot ci`, which measures where the token is",
            hint="Measure and publish in two jobs: docs/security.md shows how.",
        )


def _is_aside(args: argparse.Namespace) -> bool:
    """A run that decides nothing neither begins nor fails for anybody."""
    from perfbot.cli.asked import is_aside

    return bool(args.env) or is_aside(os.environ)


def _begin(args: argparse.Namespace, place: Place) -> Publisher | None:
    """A forge that is down now may be up when there is something to say: measuring goes on."""
    try:
        return publish.begin(args, place)
    except PublishError as error:
        print(f"perfbot: {error}", file=sys.stderr)
        return None


def _measure(args: argparse.Namespace, report: Path, publisher: Publisher | None) -> int:
    """Measure. What leaves no report is told as a failure of perfbot's own; what leaves one is published."""
    from perfbot.cli import run
    from perfbot.cli.telling import explain

    try:
        return run.execute(args)
    except PerfbotError as error:
        if not report.is_file():
            if publisher is not None:
                publisher.failure(error.message.partition("\n")[0][:200])
            raise
        explain(error)
        return error.exit_code
