"""What one machine found and another is asked about, as the comment remembers it until that one has spoken.

Others may write under perfbot's name, so nothing here ever lets a change pass: what stands here is red sooner, and what
does not stand here is asked about again.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import astuple, dataclass, field, replace

MOST = 30
"""Changes that are remembered: enough to block by, and short enough for a comment."""

LONGEST_NAME = 200
LONGEST_MACHINE = 100


@dataclass(frozen=True, slots=True)
class FirstRed:
    """A comparison that would be red, in the words of its result; ``over``: over its budget."""

    name: str
    metric: str
    over: bool
    base: float | None
    head: float | None
    change: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class FirstWord:
    """What a machine said by itself.

    Attributes:
        turn: how often another one was asked so far, this time included.
        machine: what it is.
        pipeline: of the run that said it, on GitLab; 0 elsewhere.
    """

    turn: int
    machine: str
    pipeline: int = 0
    found: tuple[FirstRed, ...] = field(default=())


def first_word(turn: int, machine: str, pipeline: int, found: Sequence[FirstRed]) -> FirstWord:
    """One that can be remembered; what cannot is left out."""
    kept = tuple(one for one in found if len(one.name) <= LONGEST_NAME and len(one.metric) <= LONGEST_NAME)
    return FirstWord(turn, machine[:LONGEST_MACHINE], pipeline, kept[:MOST])


def cut(word: FirstWord, room: int) -> FirstWord:
    """As much of it as takes so many characters at the most."""
    while word.found and 3 * len(write(word)) > room:  # percent-encoded, a character may be three
        word = replace(word, found=word.found[: len(word.found) // 2])
    return word


def write(word: FirstWord) -> str:
    """As :func:`read` takes it."""
    data = [word.turn, word.machine, word.pipeline, [astuple(one) for one in word.found]]
    return json.dumps(data, separators=(",", ":"))


def read(text: str) -> FirstWord:
    """What :func:`write` wrote.

    Raises:
        TypeError, ValueError: others have written it.
    """
    turn, machine, pipeline, found = json.loads(text)
    if not (
        isinstance(turn, int) and isinstance(machine, str) and isinstance(pipeline, int) and isinstance(found, list)
    ):
        raise TypeError(text[:LONGEST_NAME])
    return first_word(max(turn, 0), machine, pipeline, [_red(*one) for one in found])


def _red(name: object, metric: object, over: object, *numbers: object) -> FirstRed:
    known = [float(one) if isinstance(one, int | float) else None for one in numbers]
    if not (isinstance(name, str) and isinstance(metric, str)) or len(known) != 5:
        raise TypeError(name)
    if any(one is not None and not math.isfinite(one) for one in known):
        raise ValueError(name)
    base, head, change, low, high = known
    whole = low is not None and high is not None and low <= high and change is not None and change > -1
    if not whole:
        change = low = high = None
    return FirstRed(name, metric, bool(over), base, head, change, low, high)
