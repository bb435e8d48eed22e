"""What follows ``/perfbot bench``: a statement on the line, and a fenced block right below it; pure."""

from __future__ import annotations

import re
from collections.abc import Sequence

from perfbot.model.statement import Statement, statement

MOST_INDENT = 3
"""Columns before the end of a block, as CommonMark has it."""


def is_bench(verb: str, rest: str) -> bool:
    """Whether a command is this one."""
    return verb == "perfbot" and re.match(r"\s*bench(?:\s|$)", rest) is not None


def read_bench(rest: str, below: Sequence[str]) -> tuple[Statement | str, str]:
    """The statement, or why there is none in words of our own, and the budget as it was typed.

    The statement is the rest of the line, with or without backticks, or the last one of the block below.
    """
    line = rest.strip().removeprefix("bench").strip()
    match = re.match(r"--budget(?:=|\s+)(?P<budget>\S+)\s*", line)
    budget, line = (match["budget"], line[match.end() :]) if match else ("", line)
    if line.startswith("--"):
        return "it knows `--budget` and no other option", budget
    span = re.fullmatch(r"(`+)\s?(.*?)\s?\1", line)
    try:
        return statement(span[2] if span else line, fenced(below) or ""), budget
    except ValueError as error:
        return str(error), budget


def fenced(below: Sequence[str]) -> str | None:
    """What stands in a fenced block of Python that begins at once; None where none does, or where it has no end."""
    begin = next((place for place, line in enumerate(below) if line.strip()), len(below))
    opened = re.fullmatch(r"(?P<mark>`{3,}|~{3,})[ \t]*(?:python|py)?[ \t]*", below[begin]) if below[begin:] else None
    if opened is None:
        return None
    mark = opened["mark"]
    for place, line in enumerate(below[begin + 1 :], begin + 1):
        bare, wide = line.strip(), line.expandtabs(4)
        indent = len(wide) - len(wide.lstrip())
        if bare and set(bare) == {mark[0]} and len(bare) >= len(mark) and indent <= MOST_INDENT:
            return "\n".join(below[begin + 1 : place])
    return None
