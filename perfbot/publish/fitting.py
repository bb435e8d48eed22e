"""A comment that fits: an equal share of the room for each section, and hidden lines in bounds."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import TypeVar
from urllib.parse import quote

from perfbot.forge.body import Body, Section, compose, put
from perfbot.forge.first_word import cut

T = TypeVar("T")

SMALLEST = 300
"""Bytes a section always gets: its title."""

MARGIN = 1_000
"""Bytes kept free for hidden lines, beyond what they take now."""


def fitted(body: Body, part: Section, text: Callable[[int], str], limit: int) -> Body:
    """Put a section into the comment so that all of it fits: each section gets an equal share of the room.

    Args:
        text: the section's markdown in at most so many bytes, as far as that can be.
        limit: bytes of the whole comment, hidden lines included.
    """
    empty = put(body, replace(part, text=""))
    if (found := empty.section(part.name)) is not None and found.said != part.said:
        return empty
    empty = _remembering(empty, limit // 4)
    hidden = len(compose(replace(empty, sections=tuple(replace(s, text="") for s in empty.sections))).encode())
    share = max(SMALLEST, (limit - hidden - MARGIN) // len(empty.sections))
    sections = tuple(
        replace(s, text=_shortened(text(share) if s.name == part.name else s.text, share)) for s in empty.sections
    )
    return replace(empty, sections=sections)


def _remembering(body: Body, room: int) -> Body:
    """Hidden lines in bounds: the first failing benchmarks of each section, and the newest acceptances.

    What is forgotten fails: it can be accepted by nobody, or has to be accepted again.
    """
    each = room // max(1, len(body.sections))
    sections = tuple(_forgetting(s, each) for s in body.sections)
    accepted = tuple(reversed(list(_within(reversed(body.accepted), room))))
    return replace(body, sections=sections, accepted=accepted)


def _forgetting(section: Section, room: int) -> Section:
    failing = dict(_within(section.failing.items(), room))
    more = section.more or len(failing) < len(section.failing)
    return replace(section, failing=failing, more=more, first=section.first and cut(section.first, room))


def _within(items: Iterable[T], room: int) -> Iterator[T]:
    """The first of some values, as long as all of them take at most ``room`` bytes in a hidden line."""
    for item in items:
        room -= len(quote(str(item), safe=""))
        if room < 0:
            return
        yield item


def _shortened(text: str, limit: int) -> str:
    """Without what is folded; if that is still too long, the title alone. Never cut in the middle."""
    if len(text.encode()) <= limit:
        return text
    open_part = text.partition("<details>")[0].strip()
    if len(open_part.encode()) <= limit:
        return f"{open_part}\n\n(The details did not fit beside the other jobs' tables.)"
    return text.partition("\n")[0]
