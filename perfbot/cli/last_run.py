"""The last run on this machine, as ``perfbot show`` and ``perfbot open`` find it.

:func:`perfbot.pipeline.continuing.keep_last` keeps it in perfbot's cache folder (``PERFBOT_CACHE``, or the user's), for
``perfbot run --continue``, where nothing of it gets into the repository; its page is written beside it when it is asked
for. ``perfbot demo`` keeps its own in ``<cache>/demo``.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from pathlib import Path

from perfbot.errors import PerfbotError, UsageError
from perfbot.model import Change, Report


def file_here(repo: Path, environ: Mapping[str, str]) -> Path:
    """The file of the last run in the work tree around ``repo``, whether there is one or not.

    Raises:
        ChangeError: ``repo`` lies in no repository.
    """
    from perfbot.git.command import open_work_tree
    from perfbot.pipeline.continuing import kept_file
    from perfbot.sides.cache import cache_folder

    return kept_file(cache_folder(environ), open_work_tree(repo).folder, Change("", ""))


def file_of_demo(environ: Mapping[str, str]) -> Path:
    """The file of the last demo."""
    from perfbot.sides.cache import cache_folder

    return cache_folder(environ) / "demo" / "report.json"


def keep(report: Report, file: Path) -> bool:
    """Keep a run; whether it could be written. That it could not costs nothing else: the run was told already."""
    from perfbot.report import write

    with contextlib.suppress(OSError, PerfbotError):
        file.parent.mkdir(parents=True, exist_ok=True)
        write(report, file)
        return True
    return False


def load(file: Path) -> Report:
    """A kept run.

    Raises:
        UsageError: there is none.
        ReportError: it is damaged.
    """
    from perfbot.report import read

    if not file.is_file():
        raise UsageError("No run is kept of this repository yet.", hint="perfbot run")
    return read(file)


def page(file: Path) -> Path:
    """The page of a kept run, beside it; written where it is missing or of an earlier run."""
    from perfbot.render.page import page_pieces
    from perfbot.report import write_text

    report, shown = load(file), file.with_suffix(".html")
    if not shown.is_file() or shown.stat().st_mtime_ns < file.stat().st_mtime_ns:
        write_text(page_pieces(report), shown)
    return shown
