"""Options by which verbs find their merge request, and the way from them to a connected forge."""

from __future__ import annotations

import argparse
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from perfbot.errors import UsageError

if TYPE_CHECKING:
    from perfbot.ci.place import Place
    from perfbot.forge.base import Forge


def add_place_arguments(parser: argparse.ArgumentParser) -> None:
    """``--forge`` and what belongs to it."""
    group = parser.add_argument_group("where", "found from the CI's environment; outside CI the forge is local")
    group.add_argument("--forge", choices=("gitlab", "github", "local"), help="which kind of forge")
    group.add_argument("--project", default="", metavar="P", help="GROUP/NAME on GitLab, OWNER/NAME on GitHub")
    group.add_argument("--merge-request", type=int, default=0, metavar="N", help="its number")
    group.add_argument("--url", default="", metavar="U", help="the GitLab server, or GitHub's API")
    group.add_argument(
        "--job", default="", metavar="NAME", help="the job (GitLab) or workflow file (GitHub) that measures"
    )
    group.add_argument(
        "--patience",
        default="3m",
        metavar="DURATION",
        help="how long to go on trying a forge that does not answer (default: 3m)",
    )


def find(args: argparse.Namespace, event_file: Path | None = None) -> Place:
    """The place that options and environment name, with its secrets."""
    from perfbot.ci.event import read_event
    from perfbot.ci.place import find_place, given

    environ = with_key(os.environ)
    return given(
        find_place(environ, read_event(environ, event_file)),
        environ,
        forge=args.forge,
        project=args.project,
        merge_request=args.merge_request,
        url=args.url,
        measured_by=args.job,
    )


def with_key(environ: Mapping[str, str]) -> dict[str, str]:
    """The environment with the App's private key in it where it names the key's file.

    Raises:
        UsageError: the file cannot be read.
    """
    found = dict(environ)
    if key_file := found.get("PERFBOT_APP_PRIVATE_KEY_FILE"):
        found["PERFBOT_APP_PRIVATE_KEY"] = _text(Path(key_file))
    return found


def connect(args: argparse.Namespace, place: Place) -> Forge:
    """A connected forge."""
    from perfbot.forge.connect import connect as connect_place
    from perfbot.units import parse_duration

    try:
        patience = parse_duration(args.patience)
    except ValueError as error:
        raise UsageError(f"--patience: {error}") from error
    return connect_place(place, root=Path.cwd(), patience=patience)


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except OSError as error:
        raise UsageError(f"{path}: cannot be read: {error.strerror}") from error
