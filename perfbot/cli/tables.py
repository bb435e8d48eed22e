"""Tables of text on stdout."""

from __future__ import annotations

import sys

PIPED_WIDTH = 1000
"""Of a table that goes to a file or another program: nothing is folded there."""


def print_table(head: tuple[str, ...], rows: tuple[tuple[str, ...], ...], kind: str) -> None:
    """A table on stdout: aligned, or CSV; columns without any text are left out."""
    if kind == "csv":
        import csv

        csv.writer(sys.stdout, lineterminator="\n").writerows([head, *rows])
        return
    from rich.table import Table

    from perfbot.render.terminal import console

    kept = [column for column in range(len(head)) if any(row[column] for row in rows)]
    shown = Table(*(head[column] for column in kept), box=None, pad_edge=False)
    for row in rows:
        shown.add_row(*(row[column] for column in kept))
    console(piped=PIPED_WIDTH).print(shown)
