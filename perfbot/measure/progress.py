"""What measuring tells whoever watches."""

from __future__ import annotations

from typing import Literal, Protocol


class Progress(Protocol):
    """Where measuring is; see :mod:`perfbot.render.progress`."""

    def suite(self, name: str, benchmarks: int) -> None:
        """A suite was listed."""

    def round(self, suite: str, index: int, benchmark: str, decided: int, total: int, elapsed: float) -> None:
        """A benchmark is about to be measured."""

    def leaning(self, name: str, change: float, rounds_left: int) -> None:
        """A benchmark that is not decided yet: its change so far, and the rounds it should still take."""

    def asked(self) -> Literal["", "go on", "stop"]:
        """What whoever watches wants: nothing, measuring without a time limit, or to stop and report."""

    def decided(self, name: str, verdict: str, change: float | None) -> None:
        """A benchmark is done with."""

    def log(self, line: str) -> None:
        """Something the reader should know."""
