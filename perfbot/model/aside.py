"""What makes a run another one than the usual: a base of somebody's choice, variables of one side or of both. Pure.

Such a run is shown and decides nothing: neither a status nor an exit code of a merge request may rest on it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from perfbot.model.records import Side

BASE, ENV = "--base=", "--env="
"""How they stand among globs, none of which begins so."""

LONGEST_REVISION, LONGEST_VALUE, MOST_SETTINGS = 200, 200, 10

_REVISION = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_./+-]|[~^]\d{0,4})*")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")
_KEPT_BACK = re.compile(
    r"HOME|PATH|IFS|ENV|BASH_ENV|SHELL|TMPDIR|(?:PERFBOT|GIT|LD|DYLD|PYTHON|CI|GITLAB|GITHUB|RUNNER|ACTIONS)(?:_.*|[A-Z]*)",
    re.IGNORECASE,
)
"""What perfbot, git, the loader and the interpreter obey, and what a CI tells its jobs."""


@dataclass(frozen=True, slots=True)
class Setting:
    """A variable that set-up and benchmarks see; of one side, or of both where ``side`` is empty."""

    name: str
    value: str
    side: Side | Literal[""] = ""

    @property
    def text(self) -> str:
        """As :func:`parse_setting` reads it."""
        return f"{self.side}:{self.name}={self.value}" if self.side else f"{self.name}={self.value}"

    @property
    def words(self) -> str:
        """For readers."""
        return f"{self.name}={self.value}" + (f" on {self.side}" if self.side else "")


def parse_setting(text: str) -> Setting:
    """``NAME=VALUE``, for one side ``head:NAME=VALUE``.

    Raises:
        ValueError: it is none, or sets what is not to be set; the message holds nothing of the text.

    >>> parse_setting("head:FAST=1").words
    'FAST=1 on head'
    """
    name, equals, value = text.partition("=")
    side, colon, rest = name.partition(":")
    if colon and side not in ("base", "head"):
        raise ValueError("a side is base or head, as in head:NAME=VALUE")
    name = rest if colon else name
    if not equals or not _NAME.fullmatch(name):
        raise ValueError("expected NAME=VALUE, or head:NAME=VALUE for one side")
    if _KEPT_BACK.fullmatch(name):
        raise ValueError("this variable is not to be set: perfbot, git or the interpreter go by it")
    if len(value) > LONGEST_VALUE or not value.isprintable():
        raise ValueError(f"a value has at most {LONGEST_VALUE} printable characters, on one line")
    return Setting(name, value, side if colon else "")  # type: ignore[arg-type]


def is_revision(text: str) -> bool:
    """Whether a text can be the name of one commit: no option, range, refspec or path, and not endless."""
    plain = len(text) <= LONGEST_REVISION and _REVISION.fullmatch(text) is not None
    return plain and ".." not in text and "//" not in text and not text.endswith((".", "/", ".lock"))


def words_of(base: str, settings: Sequence[Setting]) -> str:
    """What is not as usual, for readers; empty where all is."""
    against = [f"against {base}"] if base else []
    return ", ".join([*against, *(setting.words for setting in settings)])
