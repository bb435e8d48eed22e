"""The last run of each repository, kept on this machine: for ``perfbot show``, ``perfbot open`` and going on with it.

It lies in perfbot's cache folder (``PERFBOT_CACHE``, or the user's), where nothing of it gets into the repository::

    <cache>/last/<digest of the clone's git folder>/report.json    the report with all raw rounds (perfbot.report/1)
                                                   /report.html    its page, written by `perfbot open`
    <cache>/last/demo/…                                            the last run of `perfbot demo`

Work trees of one clone share it; :func:`load` reads it. A run in CI keeps none: there the report is an artifact, and a
cache that jobs share is no place for what a merge request measured.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Mapping
from pathlib import Path

from perfbot.errors import PerfbotError, UsageError
from perfbot.model import Report

FOLDER, DEMO = "last", "demo"
REPORT, PAGE = "report.json", "report.html"


def in_ci(environ: Mapping[str, str]) -> bool:
    """Whether a CI job is running this."""
    return any(environ.get(name) for name in ("CI", "GITLAB_CI", "GITHUB_ACTIONS"))


def folder(repo: Path, environ: Mapping[str, str]) -> Path:
    """Where the last run of the repository around ``repo`` lies, whether there is one or not.

    Raises:
        ChangeError: ``repo`` lies in no repository.
    """
    from perfbot.git.command import open_work_tree

    digest = hashlib.sha256(os.fsencode(open_work_tree(repo).common_folder())).hexdigest()[:12]
    return place(digest, environ)


def place(name: str, environ: Mapping[str, str]) -> Path:
    """The folder of a repository's digest, or of :data:`DEMO`."""
    from perfbot.sides.cache import cache_folder

    return cache_folder(environ) / FOLDER / name


def keep(report: Report, where: Path) -> Path | None:
    """Keep a run in the place of the one before; the report's file, or None where it could not be written.

    That it could not costs the run nothing else: it was told already.
    """
    from perfbot.report import write

    with contextlib.suppress(OSError, PerfbotError):
        where.mkdir(parents=True, exist_ok=True)
        (where / PAGE).unlink(missing_ok=True)
        write(report, where / REPORT)
        return where / REPORT
    return None


def load(where: Path) -> Report:
    """The run kept in a folder.

    Raises:
        UsageError: there is none.
        ReportError: it is damaged.
    """
    from perfbot.report import read

    if not (where / REPORT).is_file():
        raise UsageError("No run is kept of this repository yet.", hint="perfbot run")
    return read(where / REPORT)


def page(where: Path) -> Path:
    """The kept run's page, written where it is not there yet."""
    from perfbot.render.page import page_pieces
    from perfbot.report import write_text

    report = load(where)
    if not (where / PAGE).is_file():
        write_text(page_pieces(report), where / PAGE)
    return where / PAGE
