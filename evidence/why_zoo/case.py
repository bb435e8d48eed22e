"""One program of both sides, and who is guilty of what it became dearer by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Case:
    """A change of which the truth is known by construction.

    Attributes:
        base, head: text of the module that the benchmark ``work`` lies in.
        guilty: names that are right in first place: where a change has two ends (a new decorator, and the function that it
            stands on), each of them. Empty: nothing became dearer, and nobody is to be blamed.
        files: other files of a side, by their path: (base, head).
        packages: versions ("1.0 → 1.1") of installed packages that differ.
    """

    name: str
    base: str
    head: str
    guilty: tuple[str, ...] = ()
    files: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    packages: Mapping[str, str] = field(default_factory=dict)


AROUND = """

def spin(turns):
    total = 0
    for number in range(turns):
        total += number * 3 % 7
    return total


def before():
    return spin(300)


def after(value):
    return spin(200) + len(str(value))
"""
"""What all programs do besides: some twenty microseconds that have no part in any change."""


def changed(name: str, text: str, old: str, new: str, *guilty: str, **more: object) -> Case:
    """A program in which one piece of text is another one at head."""
    if text.count(old) != 1:
        raise ValueError(f"{name}: {old!r} is there {text.count(old)} times")
    return Case(name, text + AROUND, text.replace(old, new) + AROUND, guilty, **more)  # type: ignore[arg-type]
