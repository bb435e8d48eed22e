"""Writes the golden files again: ``python -m tests.render.regenerate``, then read the difference."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from pathlib import Path

from perfbot.render.comment import comment
from perfbot.render.links import Links
from perfbot.render.terminal import console, terminal
from tests.render import samples
from tests.render.hostile import TEXTS, saying

GOLDEN = Path(__file__).parent.parent / "golden"
MARKER = "<!-- perfbot:v1 key=main -->"


def printed(report: samples.Report) -> str:
    """What a log shows at the end of a run."""
    stream = io.StringIO()
    terminal(report, console(stream))
    return stream.getvalue()


def golden_files() -> Iterator[tuple[Path, Callable[[], str]]]:
    """Each golden file with what should be in it."""
    for name, make in samples.ALL.items():
        yield GOLDEN / "comment" / f"{name}.md", lambda make=make: comment(make(), marker=MARKER)
        yield GOLDEN / "terminal" / f"{name}.txt", lambda make=make: printed(make())
    yield (
        GOLDEN / "comment" / "everything-linked.md",
        lambda: comment(
            samples.everything(),
            marker=MARKER,
            title="Python 3.12",
            stale="Measuring f3c2d1a again.",
            links=Links("https://ci.example/report.html", source="https://forge.example/a/b/blob/f3c2d1a/"),
        ),
    )
    for name, text in TEXTS.items():
        yield GOLDEN / "hostile" / f"{name}.md", lambda text=text: comment(saying(text), marker=MARKER)


if __name__ == "__main__":
    for path, make in golden_files():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(make(), encoding="utf-8")
