"""The page's flame graph: boxes laid out for a reader without scripts; with them, the page's script lays them out anew.

The outermost function is at the top. Widths are those of head; both sides share one scale, so that the other one is
seen to be shorter or longer.
"""

from __future__ import annotations

from dataclasses import dataclass

from perfbot.explained import Explanation
from perfbot.render import reasons
from perfbot.render.escape import clean
from perfbot.units import format_quantity

WIDTH, ROW = 1000, 20
"""Units of the picture, and the height of a box."""

CHARACTER = 6.7
"""Width of one, about."""

NAME_LENGTH = 120


@dataclass(frozen=True, slots=True)
class Box:
    """One function called by that of another box. ``label`` is what fits, ``title`` all there is to know."""

    parent: int
    base: str
    head: str
    tone: str
    name: str
    title: str
    label: str
    x: float
    y: int
    width: float


@dataclass(frozen=True, slots=True)
class Flame:
    """All boxes."""

    boxes: tuple[Box, ...]
    height: int
    whole: str


@dataclass(frozen=True, slots=True)
class Why:
    """What a result's row says about why it changed, as plain text.

    Attributes:
        parts: name, change, interval, because, whose, place.
    """

    share: str
    parts: tuple[tuple[str, str, str, str, str, str], ...]
    notes: tuple[str, ...]
    flame: Flame | None


def why_of(explanation: Explanation) -> Why:
    """An explanation for the page."""
    unit = explanation.unit
    parts = tuple(
        (
            clean(part.short, NAME_LENGTH),
            reasons.amount(part.change, unit),
            reasons.span(*part.interval, unit),
            clean(reasons.because(part, unit), 2 * NAME_LENGTH).replace("`", ""),
            clean(reasons.whose(part), NAME_LENGTH).replace("`", ""),
            clean(reasons.place(part), NAME_LENGTH),
        )
        for part in explanation.parts
    )
    flame = flame_of(explanation) if len(explanation.flame) > 1 else None
    return Why(
        clean(reasons.share_of(explanation), 300), parts, tuple(clean(one, 300) for one in explanation.notes), flame
    )


def flame_of(explanation: Explanation) -> Flame:
    """Boxes of head; what a report says of parents is believed only where these come first."""
    frames, unit = explanation.flame, explanation.unit
    whole = max((max(frame.base, frame.head) for frame in frames[:1]), default=0.0)
    scale = WIDTH / max(whole, 1e-30)
    filled: list[float] = []
    boxes: list[Box] = []
    for place, frame in enumerate(frames):
        parent = boxes[frame.parent] if 0 <= frame.parent < place else None
        x = parent.x + filled[frame.parent] if parent else 0.0
        y = parent.y + ROW if parent else 0
        width = max(0.0, frame.head) * scale
        if parent:
            filled[frame.parent] += width
        filled.append(0.0)
        name = clean(frame.name, NAME_LENGTH)
        boxes.append(
            Box(
                parent=frame.parent if parent else -1,
                base=f"{frame.base:.6g}",
                head=f"{frame.head:.6g}",
                tone=_tone(explanation, frame.part),
                name=name,
                title=_title(name, clean(frame.place, NAME_LENGTH), frame.base, frame.head, unit),
                label=_fitting(name, width),
                x=x,
                y=y,
                width=width,
            )
        )
    height = max((box.y for box in boxes), default=0) + ROW
    return Flame(tuple(boxes), height, f"{whole:.6g}")


def _tone(explanation: Explanation, part: int) -> str:
    """Proven to be dearer, to be cheaper, or nothing known."""
    if not 0 <= part < len(explanation.parts):
        return "calm"
    return "dearer" if explanation.parts[part].change > 0 else "cheaper"


def _title(name: str, place: str, base: float, head: float, unit: str) -> str:
    moved = f"{format_quantity(base, unit)} → {format_quantity(head, unit)}"
    return f"{name}, {moved} ({reasons.amount(head - base, unit)}){f', {place}' if place else ''}"


def _fitting(name: str, width: float) -> str:
    """As much of a name as its box has room for."""
    room = int((width - 6) / CHARACTER)
    if room >= len(name):
        return name
    return f"{name[: room - 1]}…" if room > 3 else ""
