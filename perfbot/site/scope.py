"""Which history is shown."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection

from perfbot.history.store import queries


@dataclass(frozen=True, slots=True)
class Scope:
    """One branch of one project."""

    project: str
    branch: str


def scope_of(connection: Connection, project: str | None, branch: str | None = None) -> Scope:
    """The project asked for, or the only one, and the branch whose runs count.

    Raises:
        UsageError: no such project, or several and none was named.
    """
    found = queries.only_project(connection, project)
    return Scope(found, branch or queries.main_branch(connection, found))
