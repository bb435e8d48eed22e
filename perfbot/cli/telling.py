"""What went wrong, on stderr."""

from __future__ import annotations

import shutil
import sys
import textwrap

from perfbot.errors import PerfbotError
from perfbot.render.escape import clean, logged, output_lines

LONGEST_LINE = 2_000
"""Characters of a line of output."""


def explain(error: PerfbotError) -> None:
    """Output and parts of the message may be a stranger's: no terminal or CI is to take them for its orders."""
    for line in output_lines(error.output, error.output.count("\n") + 1, LONGEST_LINE):
        print(logged(f"  │ {line}"), file=sys.stderr)
    _say(f"perfbot: {error.message}", "  ")
    if error.hint:
        _say(f"  → {error.hint}", "    ")


def _say(text: str, indent: str) -> None:
    shown = "\n".join(clean(line.expandtabs(4)) for line in text.split("\n"))
    print(logged(_folded(shown, indent)), file=sys.stderr)


def _folded(text: str, indent: str) -> str:
    """Text as wide as the terminal, folded between words; as it is for whoever reads no terminal."""
    if not sys.stderr.isatty():
        return text
    fold = textwrap.TextWrapper(
        shutil.get_terminal_size().columns, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False,
        drop_whitespace=True,
    )  # fmt: skip
    return "\n".join(fold.fill(line) for line in text.splitlines())
