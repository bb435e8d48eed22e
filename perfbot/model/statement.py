"""A statement that a comment asks to be measured, on its way from whoever read the comment to the job that measures.

It travels as one word among globs, which neither a shell nor a line break can take apart. Pure: nothing here reads it
as Python.
"""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass

BENCH = "--bench="
"""How it stands among globs, none of which begins so."""

LONGEST = 4_000
"""Characters of both texts together: a variable of a CI holds twice that."""

LONGEST_SHOWN = 80
"""Characters of what readers see of it."""


@dataclass(frozen=True, slots=True)
class Statement:
    """What is measured on both sides.

    Attributes:
        line: an expression or a statement; empty where the last statement of ``block`` is meant.
        block: code that runs once before, in each process.
    """

    line: str
    block: str = ""

    @property
    def packed(self) -> str:
        """As :func:`unpacked` reads it."""
        return base64.urlsafe_b64encode(json.dumps([self.line, self.block]).encode()).decode()

    @property
    def words(self) -> str:
        """For readers."""
        text = " ".join((self.line or self.block.rstrip().rpartition("\n")[2]).split())
        shown = text if len(text) <= LONGEST_SHOWN else f"{text[: LONGEST_SHOWN - 1]}…"
        return f"by the statement {shown}"


def statement(line: str, block: str) -> Statement:
    """Two texts as a statement.

    Raises:
        ValueError: it is empty, too long, or holds what no code does; the message holds nothing of the text.
    """
    if not (line or block).strip():
        raise ValueError("there is no statement: it stands on the line of the command, or last in a fenced block")
    if len(line) + len(block) > LONGEST:
        raise ValueError(f"statement and block have at most {LONGEST:,} characters together")
    if not all(one.isprintable() or one in "\n\t" for one in line + block):
        raise ValueError("it holds characters that cannot be shown")
    return Statement(line.strip(), block)


def unpacked(text: str) -> Statement:
    """What :attr:`Statement.packed` made.

    Raises:
        ValueError: it was not made so.
    """
    try:
        line, block = json.loads(base64.urlsafe_b64decode(text.encode("ascii")))
        return statement(str(line), str(block))
    except (ValueError, TypeError, RecursionError) as error:
        raise ValueError("no statement of a comment") from error
