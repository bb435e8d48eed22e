"""Where a comment can lead its reader; all addresses are perfbot's own configuration or the CI's, never a report's."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import PurePosixPath
from urllib.parse import quote

from perfbot.history.records import Trend
from perfbot.model import Result
from perfbot.render import view
from perfbot.render.escape import link_target
from perfbot.web import docs

HOW_TO_READ = docs("decision-rule", "how-to-read-the-comment")


@dataclass(frozen=True, slots=True)
class Links:
    """Addresses; empty where there is none.

    Attributes:
        report: page of the full report, with a fragment for each result.
        artifacts: where the full report can be found when it has no page of its own.
        history: the project's pages, ending in ``/``.
        source: what the path of a file at head is put behind, ending in ``/``.
        commands: whether commands in comments are listened to.
    """

    report: str = ""
    artifacts: str = ""
    history: str = ""
    source: str = ""
    commands: bool = True

    def result(self, result: Result) -> str:
        """A result in the full report."""
        target = link_target(self.report)
        return f"{target}#{view.anchor(result)}" if target else ""

    def source_of(self, result: Result) -> str:
        """The line of a benchmark's source; empty for a path that leads out of the repository."""
        return self.line_of(result.file, result.line)

    def line_of(self, file: str, line: int) -> str:
        """A line of a file at head; empty for a path that leads out of the repository."""
        target = link_target(self.source)
        if not target or not within(file) or file.startswith("<"):
            return ""
        fragment = f"#L{line}" if 0 < line < LAST_LINE else ""
        return f"{target}{quote(file)}{fragment}"

    def trend(self, trend: Trend) -> str:
        """A benchmark's page in the history."""
        target = link_target(self.history)
        return f"{target}benchmarks/{trend.subject.page}.html" if target and trend.subject.number else ""


NO_LINKS = Links()

LAST_LINE = 1_000_000
"""No source file is longer; a report may say anything."""


def within(path: str) -> bool:
    """Whether a path stays in the repository, and looks like one."""
    parts = PurePosixPath(path).parts
    return bool(parts) and ".." not in parts and parts[0] != "/" and not re.search(r"[\x00-\x1f\\]", path)
