"""Who watches a command gets what fits: a live display in a terminal, lines in a log."""

from __future__ import annotations

import io
import sys

import pytest

from perfbot.cli.watching import watched
from perfbot.render.live import Live
from perfbot.render.progress import Lines, Silent


class Terminal(io.StringIO):
    """Says that it is one."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("stream", "ci", "quiet", "kind"),
    [
        (Terminal(), "", False, Live),
        (Terminal(), "true", False, Lines),  # act, Buildkite: a terminal whose log is kept
        (io.StringIO(), "", False, Lines),
        (Terminal(), "", True, Silent),
    ],
)
def test_what_is_shown(stream: io.StringIO, ci: str, quiet: bool, kind: type, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", stream)
    monkeypatch.setenv("CI", ci)
    with watched(quiet=quiet) as progress:
        assert isinstance(progress, kind)
