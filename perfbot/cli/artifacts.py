"""Files that a run leaves behind, and what it shows on stdout."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from perfbot.errors import NOT_PUBLISHED, PerfbotError, UsageError
from perfbot.model import Report

NAMES = {
    "report": "perfbot-report.json",
    "comment": "perfbot-comment.md",
    "html": "perfbot-report.html",
    "pyperf": "perfbot-pyperf.json",
    "metrics": "perfbot-metrics.txt",
    "code_quality": "perfbot-code-quality.json",
    "trace": "perfbot-trace.jsonl",
}
"""What ``--output FOLDER`` writes."""


class NotWritten(PerfbotError):
    """Measured and judged, but a file could not be written."""

    exit_code = NOT_PUBLISHED


@dataclass(frozen=True, slots=True)
class Artifacts:
    """Where each artifact goes; None where it was not asked for."""

    report: Path | None
    comment: Path | None
    html: Path | None
    pyperf: Path | None
    metrics: Path | None
    code_quality: Path | None
    trace: Path | None
    format: str = "text"

    @classmethod
    def from_arguments(cls, args: argparse.Namespace) -> Artifacts:
        """What the options say; a single one goes before ``--output``."""
        folder = Path(args.output) if args.output else None

        def place(name: str) -> Path | None:
            given = getattr(args, name)
            return Path(given) if given else folder / NAMES[name] if folder else None

        return cls(**{name: place(name) for name in NAMES}, format=args.format)

    def check(self) -> None:
        """Make the folders now: nobody wants to learn of a typing error after ten minutes of measuring."""
        for name in NAMES:
            path: Path | None = getattr(self, name)
            if path is None:
                continue
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise UsageError(f"{_option(name)}: cannot write to {path.parent}: {error.strerror}") from error
            if path.is_dir():
                raise UsageError(
                    f"{_option(name)}: {path} is a folder; expected a file (all artifacts: --output {path})"
                )

    def write(self, report: Report) -> None:
        """Write what was asked for; a file that fails does not cost the others.

        Raises:
            NotWritten: naming every file that is missing.
        """
        failed: list[str] = []
        for path, write in self._writers(report):
            try:
                write(path)
            except OSError as error:
                failed.append(f"{path}: {error.strerror}")
            except PerfbotError as error:
                failed.append(error.message)
        if failed:
            self.show(report)
            message = f"the verdict is {report.verdict}, but not everything could be written: {'; '.join(failed)}"
            raise NotWritten(message, hint="Make room, or write elsewhere with --output FOLDER.")

    def _writers(self, report: Report) -> list[tuple[Path, Callable[[Path], None]]]:
        from perfbot import report as reports

        writers: list[tuple[Path | None, Callable[[Path], None]]] = [
            (self.report, lambda path: reports.write(report, path)),
            (self.comment, lambda path: reports.write_text(_comment(report), path)),
            (self.html, lambda path: reports.write_text(_page(report), path)),
            (self.pyperf, lambda path: _write_suites(report, path)),
            (self.metrics, lambda path: reports.write_text(_openmetrics(report), path)),
            (self.code_quality, lambda path: reports.write_text(_code_quality(report), path)),
        ]
        return [(path, write) for path, write in writers if path is not None]

    def show(self, report: Report, where: Sequence[tuple[str, str]] = ()) -> None:
        """The table and where to read on, a line a result, or the report as JSON."""
        if self.format == "json":
            from perfbot.report import dumps

            sys.stdout.write(dumps(report) + "\n")
            return
        if self.format == "lines":
            from perfbot.render.escape import logged
            from perfbot.render.remarks import lines

            print(*map(logged, lines(report)), sep="\n")
            return
        from perfbot.render.terminal import terminal

        terminal(report, where=where)


def _option(name: str) -> str:
    return f"--{name.replace('_', '-')}"


def _comment(report: Report) -> str:
    from perfbot.render.comment import comment

    return comment(report)


def _page(report: Report) -> Iterator[str]:
    from perfbot.render.page import page_pieces

    return page_pieces(report)


def _openmetrics(report: Report) -> str:
    from perfbot.render.openmetrics import openmetrics

    return openmetrics(report)


def _code_quality(report: Report) -> str:
    from perfbot.render.code_quality import code_quality

    return code_quality(report)


def _write_suites(report: Report, path: Path) -> None:
    from perfbot.render.pyperf import write_suites

    write_suites(report, path)
