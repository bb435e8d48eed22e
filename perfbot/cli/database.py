"""``--database``: where the history is, for every verb that asks it."""

from __future__ import annotations

import argparse
import os

from perfbot.errors import UsageError

VARIABLE = "PERFBOT_DATABASE"
"""Keeps a password out of command lines, which every user of a machine may read."""

DEFAULT = ".perfbot/history.db"


def add_database_argument(parser: argparse.ArgumentParser) -> None:
    """The option, for verbs that cannot do without a history."""
    parser.add_argument(
        "--database",
        default=os.environ.get(VARIABLE) or DEFAULT,
        metavar="URL",
        help=f"SQLite file or postgresql:// URL (or {VARIABLE}; default: {DEFAULT})",
    )


def must_exist(database: str) -> None:
    """Refuses to make an empty history where one was to be read.

    Raises:
        UsageError: the file is not there.
    """
    from pathlib import Path

    if "://" not in database and not Path(database).exists():
        raise UsageError(
            f"There is no history at {database}.", hint="Keep runs in it with: perfbot run --database " + database
        )
