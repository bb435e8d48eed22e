"""Change points as cards: what moved between two commits, whose commit it was, and where to see its difference."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from perfbot.history.records import Step, Stop, Trend
from perfbot.render.site import Address, plain, title_of, tone_for
from perfbot.units import format_change, format_interval
from perfbot.words import counted

SHOWN = 5
"""Benchmarks of one card that are listed; the others are counted."""


@dataclass(frozen=True, slots=True)
class Moved:
    """One benchmark's change on a card."""

    name: str
    link: str
    change: str
    interval: str
    tone: str


@dataclass(frozen=True, slots=True)
class Card:
    """One place where levels moved. ``title`` is the commit's first line, as far as it is known."""

    title: str
    author: str
    when: str
    commits: str
    difference: str
    moved: tuple[Moved, ...]
    more: str


def cards(
    found: Iterable[tuple[Trend, Step]], stops: Mapping[str, Stop], place: Address, *, named: bool = True
) -> list[Card]:
    """Change points, those of one commit on one card; the newest first.

    Args:
        stops: by commit.
        named: whether each change says which benchmark it is of.
    """
    by_commit: dict[tuple[str, str], list[tuple[Trend, Step]]] = {}
    for trend, step in found:
        by_commit.setdefault((step.started, step.first), []).append((trend, step))
    newest = sorted(by_commit, reverse=True)
    return [_card(first, by_commit[started, first], stops, place, named=named) for started, first in newest]


def _card(
    first: str, moved: list[tuple[Trend, Step]], stops: Mapping[str, Stop], place: Address, *, named: bool
) -> Card:
    moved.sort(key=lambda pair: -abs(pair[1].change))
    after = {step.after for _, step in moved}
    one = after.pop() if len(after) == 1 else ""
    stop = stops.get(first)
    return Card(
        title=plain(stop.subject) if stop else "",
        author=plain(stop.author) if stop else "",
        when=moved[0][1].started[:10],
        commits=f"{plain(one[:10])} → {plain(first[:10])}" if one else plain(first[:10]),
        difference=place.difference(one, first) if one else "",
        moved=tuple(_moved(trend, step, place, named=named) for trend, step in moved[:SHOWN]),
        more=counted(len(moved) - SHOWN, "more benchmark") if len(moved) > SHOWN else "",
    )


def _moved(trend: Trend, step: Step, place: Address, *, named: bool) -> Moved:
    name, link = (title_of(trend.subject), place.benchmark(trend.subject.page)) if named else ("", "")
    tone = tone_for(trend, step.change)
    return Moved(name, link, format_change(step.change), format_interval(*step.interval), tone)
