"""Moments as people type them: dates, ages, releases."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import Connection

from perfbot.errors import UsageError
from perfbot.history.store import ledger, queries


def moment_of(connection: Connection, text: str, project: str | None = None) -> str:
    """A moment from a date, an age (``90d``) or a release's name; empty for an empty text.

    Raises:
        UsageError: it is none of these.
    """
    if not text:
        return ""
    age = text[:-1] if text[-1:] in "dw" else ""
    if age.isdigit():
        days = int(age) * (7 if text.endswith("w") else 1)
        moment = dt.datetime.now(dt.UTC) - dt.timedelta(days=days)
        return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
    try:
        return dt.date.fromisoformat(text).strftime("%Y-%m-%dT00:00:00Z")
    except ValueError:
        pass
    found = ledger.read_releases(connection, queries.only_project(connection, project))
    releases = {one.name: one.moment for one in found}
    if text in releases:
        return releases[text]
    raise UsageError(
        f"{text!r} is neither a date (2026-01-31), nor an age (90d, 12w), nor a release the history knows.",
        hint="Tags are read from git by: perfbot history refresh",
    )
