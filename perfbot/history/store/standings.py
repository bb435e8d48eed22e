"""The trend of every subject, kept ready: pages and the overview read these, not a million comparisons."""

from __future__ import annotations

import math
from collections.abc import Iterable
from functools import cache
from typing import Any, Literal

from sqlalchemy import Connection, func, select
from sqlalchemy.dialects import postgresql, sqlite

from perfbot.errors import StoreError
from perfbot.history.records import Subject, Trend
from perfbot.history.store.tables import project, standing, subject

Order = Literal["loss", "stepped", "noise", "name"]


def keep_trends(connection: Connection, project_name: str, branch: str, trends: Iterable[Trend]) -> int:
    """Replaces what was kept about these subjects; how many."""
    number = connection.execute(select(project.c.id).where(project.c.name == project_name)).scalar_one()
    rows = sorted((_row(number, branch, trend) for trend in trends), key=lambda row: row["subject_id"])
    if rows:  # in one order for all writers, so that two cannot wait for each other
        connection.execute(_replacing(connection), rows)
    return len(rows)


def _replacing(connection: Connection) -> Any:
    """Insert, or replace what another writer has put there meanwhile, and what it knew goes."""
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    new = dialect.insert(standing)
    values = {column.name: new.excluded[column.name] for column in standing.c if not column.primary_key}
    return new.on_conflict_do_update(index_elements=list(standing.primary_key), set_=values)


def _row(project_id: int, branch: str, trend: Trend) -> dict[str, Any]:
    return {
        "subject_id": trend.subject.number,
        "branch": branch,
        "project_id": project_id,
        "name": trend.subject.full_name,
        "points": trend.points,
        "loss": loss(trend),
        "noise": trend.noise,
        "stepped": trend.told_steps[-1].started if trend.told_steps else None,
        "data": _codec().dump_json(trend).decode(),
        "page": trend.subject.page,
    }


def loss(trend: Trend) -> float | None:
    """How much worse the series became since the release or its first point, as log; negative is better.

    What is not clear (the interval holds 0) or does not matter counts as nothing.
    """
    since = trend.since
    if since is None or since.change <= -1 or not math.isfinite(since.change):
        return None
    low, high = since.interval
    if low <= 0 <= high or trend.subject.better == "unknown" or not trend.matters(since.change):
        return 0.0
    return math.log1p(since.change) * (1 if trend.subject.better == "lower" else -1)


@cache
def _codec() -> Any:
    from pydantic import TypeAdapter  # noqa: PLC0415

    return TypeAdapter(Trend)


def trends(
    connection: Connection,
    project_name: str,
    branch: str,
    *,
    order: Order = "name",
    search: str = "",
    limit: int = 1_000_000,
    offset: int = 0,
) -> tuple[Trend, ...]:
    """Kept trends: by name, or the worst, most recently stepped or noisiest first.

    ``search`` keeps subjects whose name contains it, in any case of ASCII letters.
    """
    column = standing.c[order]
    query = select(standing.c.data).join(project).where(_scope(project_name, branch, search))
    if order == "name":
        query = query.order_by(standing.c.name, standing.c.subject_id)
    else:
        query = query.where(column.is_not(None)).order_by(column.desc(), standing.c.subject_id)
    rows = connection.scalars(query.limit(limit).offset(offset))
    return tuple(_decoded(text) for text in rows)


def count_trends(connection: Connection, project_name: str, branch: str, search: str = "") -> int:
    """How many trends :func:`trends` would give without a limit."""
    query = select(func.count()).select_from(standing).join(project)
    return int(connection.execute(query.where(_scope(project_name, branch, search))).scalar_one())


def _scope(project_name: str, branch: str, search: str) -> Any:
    scope = (project.c.name == project_name) & (standing.c.branch == branch)
    return scope & standing.c.name.icontains(search, autoescape=True) if search else scope


def trend(connection: Connection, about: Subject, branch: str) -> Trend | None:
    """The kept trend of one subject."""
    found = connection.scalar(
        select(standing.c.data).where(standing.c.subject_id == about.number, standing.c.branch == branch)
    )
    return _decoded(found) if found else None


def subjects(connection: Connection, project_name: str, branch: str) -> tuple[Subject, ...]:
    """The subjects with a kept trend, by name."""
    columns = (subject.c.suite, subject.c.benchmark, subject.c.metric, subject.c.unit, subject.c.better, subject.c.rule)
    query = (
        select(*columns, subject.c.id)
        .join_from(standing, subject)
        .join(project, project.c.id == standing.c.project_id)
        .where(_scope(project_name, branch, ""))
        .order_by(standing.c.name, standing.c.subject_id)
    )
    return tuple(Subject(*row) for row in connection.execute(query))


def trend_of_page(connection: Connection, project_name: str, branch: str, page: str) -> Trend | None:
    """The kept trend of the subject whose page is called so."""
    query = select(standing.c.data).join(project).where(_scope(project_name, branch, ""), standing.c.page == page)
    found = connection.scalar(query)
    return _decoded(found) if found else None


def _decoded(text: str) -> Trend:
    try:
        return _codec().validate_json(text)  # type: ignore[no-any-return]
    except ValueError as error:
        raise StoreError(f"A kept trend is damaged: {error}", hint="Run: perfbot history refresh") from error
