"""Who spoke by a status, in the one text that a forge keeps with it: the run's order, and for which merge request.

One commit may be the head of several merge requests, into branches with rules of their own. A check run keeps the text
as its external id; a commit status has no field of its own for it, so it stands in its address' fragment, which no
server sees and no page minds.
"""

from __future__ import annotations

from dataclasses import dataclass

from perfbot.forge.base import Status
from perfbot.forge.order import RunOrder, read_order

LONGEST = 255
"""Characters of an address; GitLab refuses more."""

_SIGN = "perfbot-run="
_HELD = "held"
_DIGITS = 18


@dataclass(frozen=True, slots=True)
class Speaker:
    """Who spoke.

    Attributes:
        order: of the run; None where it cannot be told, or has said nothing yet.
        request: number of the merge request that it is about; 0 where that cannot be told.
        held: the run passes, and the status fails because of another merge request of the same commit.
    """

    order: RunOrder | None = None
    request: int = 0
    held: bool = False


NOBODY = Speaker()
NO_WORD = RunOrder()
"""Stands for the order of what is no last word, such as "running"."""


def signature(status: Status) -> str:
    """A speaker as a text; empty where it is neither a last word nor about a merge request."""
    if status.order is None and not status.request:
        return ""
    parts = (
        str(status.order or NO_WORD),
        *([str(status.request)] if status.request else []),
        *([_HELD] if status.held else []),
    )
    return "-".join(parts)


def read_signature(text: str) -> Speaker:
    """The speaker that :func:`signature` wrote; nobody in any other text."""
    order, *rest = text.split("-")
    found = read_order(order)
    held = rest[-1:] == [_HELD]
    numbers = rest[:-1] if held else rest
    plain = all(part.isascii() and part.isdecimal() and len(part) <= _DIGITS for part in numbers)
    if found is None or len(numbers) > 1 or not plain:
        return NOBODY
    return Speaker(found if found != NO_WORD else None, int(numbers[0]) if numbers else 0, held)


def signed_address(status: Status) -> str:
    """The status' address with the speaker in it; as it is where it would become too long or nobody spoke."""
    url, words = status.url, signature(status)
    if not url or not words:
        return url[:LONGEST] if len(url) <= LONGEST else ""
    address = f"{url.partition('#')[0]}#{_SIGN}{words}"
    return address if len(address) <= LONGEST else url if len(url) <= LONGEST else ""


def speaker_in(url: str) -> Speaker:
    """The speaker in an address."""
    _, _, fragment = url.partition("#")
    return read_signature(fragment.removeprefix(_SIGN)) if fragment.startswith(_SIGN) else NOBODY
