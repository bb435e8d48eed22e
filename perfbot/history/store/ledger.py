"""What is kept beside runs: releases, alerts, comment commands, calibrations, accepted costs."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from sqlalchemy import Connection, and_, select, update

from perfbot.history.records import Command, Release
from perfbot.history.store.ingest import clean, insert_new, key_of, moment
from perfbot.history.store.tables import acceptance, alert, calibration, command, project, release, run
from perfbot.model import Acceptance


def keep_releases(connection: Connection, project_name: str, releases: Iterable[Release]) -> int:
    """Adds releases that are not known yet, and moves tags that moved; how many were new or moved."""
    number = key_of(connection, project, name=clean(project_name))
    known = {one.name: one for one in read_releases(connection, project_name)}
    changed = 0
    for one in releases:
        if known.get(one.name) == one:
            continue
        changed += 1
        where = and_(release.c.project_id == number, release.c.name == one.name)
        values = {"commit": one.commit, "moment": moment(one.moment)}
        if connection.execute(update(release).where(where).values(values)).rowcount == 0:
            connection.execute(release.insert().values(project_id=number, name=clean(one.name), **values))
    return changed


def read_releases(connection: Connection, project_name: str) -> tuple[Release, ...]:
    """A project's releases, oldest first."""
    rows = connection.execute(
        select(release.c.name, release.c.commit, release.c.moment)
        .join(project)
        .where(project.c.name == project_name)
        .order_by(release.c.moment, release.c.name)
    )
    return tuple(Release(*row) for row in rows)


@dataclass(frozen=True, slots=True)
class Raised:
    """An alert that holds."""

    key: str
    title: str
    raised: str


def open_alerts(connection: Connection, project_name: str) -> tuple[Raised, ...]:
    """The alerts that hold, oldest first."""
    rows = connection.execute(
        select(alert.c.key, alert.c.title, alert.c.raised)
        .join(project)
        .where(project.c.name == project_name, alert.c.recovered.is_(None))
        .order_by(alert.c.raised, alert.c.id)
    )
    return tuple(Raised(*row) for row in rows)


def raise_alert(connection: Connection, project_name: str, key: str, title: str, *, now: str) -> bool:
    """Notes that something holds; False when it was known to hold already."""
    number = key_of(connection, project, name=clean(project_name))
    values = {"raised": now, "title": clean(title)}
    if insert_new(connection, alert, project_id=number, key=key, **values) is not None:
        return True
    again = and_(alert.c.project_id == number, alert.c.key == key, alert.c.recovered.is_not(None))
    return connection.execute(update(alert).where(again).values(recovered=None, **values)).rowcount == 1


def recover_alerts(connection: Connection, project_name: str, keys: Collection[str], *, now: str) -> int:
    """Notes that alerts no longer hold, which arms them again; how many did hold."""
    number = key_of(connection, project, name=clean(project_name))
    held = and_(alert.c.project_id == number, alert.c.key.in_(keys), alert.c.recovered.is_(None))
    return connection.execute(update(alert).where(held).values(recovered=now)).rowcount


def note_command(connection: Connection, project_name: str, given: Command) -> bool:
    """Keeps a command; False when this delivery was kept already."""
    number = key_of(connection, project, name=clean(project_name))
    return (
        insert_new(
            connection, command, project_id=number, delivery=given.delivery,
            merge_request=given.merge_request, who=clean(given.who), text=clean(given.text),
            outcome=clean(given.outcome), moment=moment(given.moment),
        ) is not None
    )  # fmt: skip


def commands(connection: Connection, project_name: str, limit: int = 1000) -> tuple[Command, ...]:
    """The commands given in a project, newest first."""
    columns = (
        command.c.delivery, command.c.merge_request, command.c.who, command.c.text, command.c.outcome,
        command.c.moment,
    )  # fmt: skip
    rows = connection.execute(
        select(*columns)
        .join(project)
        .where(project.c.name == project_name)
        .order_by(command.c.moment.desc(), command.c.id.desc())
        .limit(limit)
    )
    return tuple(Command(*row) for row in rows)


def keep_calibration(connection: Connection, project_name: str, machine: str, when: str, data: str) -> bool:
    """Keeps a calibration document (JSON text) of a machine class; False when it was there already."""
    number = key_of(connection, project, name=clean(project_name))
    values = {"machine": clean(machine), "moment": moment(when), "data": data}
    return insert_new(connection, calibration, project_id=number, **values) is not None


def latest_calibration(connection: Connection, project_name: str, machine: str) -> str | None:
    """The newest calibration document of a machine class; None where it was never calibrated."""
    found = connection.execute(
        select(calibration.c.data)
        .join(project)
        .where(project.c.name == project_name, calibration.c.machine == clean(machine))
        .order_by(calibration.c.moment.desc())
        .limit(1)
    )
    return found.scalar_one_or_none()


def acceptances(connection: Connection, project_name: str) -> tuple[Acceptance, ...]:
    """All costs that were accepted, newest first."""
    rows = connection.execute(
        select(acceptance.c.match, acceptance.c.reason, acceptance.c.who, acceptance.c.moment, run.c.head,
               acceptance.c.change)
        .join_from(acceptance, run)
        .join(project)
        .where(project.c.name == project_name)
        .order_by(acceptance.c.moment.desc(), acceptance.c.id.desc())
    )  # fmt: skip
    return tuple(Acceptance(*row) for row in rows)
