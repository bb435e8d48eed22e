"""Names that the last run found: a pattern that means none of them is refused before anything is set up."""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from perfbot.config import Suite
from perfbot.config.names import meant
from perfbot.errors import StoreError, UsageError
from perfbot.git.command import Git
from perfbot.measure.discovering import NEAREST, did_you_mean
from perfbot.measure.rounds import Outcomes
from perfbot.pipeline.job import Job, Request
from perfbot.pipeline.prepare import benchmark_files
from perfbot.pipeline.select import named
from perfbot.report import write_text
from perfbot.sides.cache import zone
from perfbot.sides.checkout import changed_files

FIELDS = len(("digest", "base", "head", "names"))


def remember(job: Job, request: Request, outcomes: Outcomes) -> None:
    """Keep the names of this run's benchmarks, those that nobody asked for too. Parts of a run know only their own."""
    if request.shard is not None:
        return
    found = [*(one.benchmark for one in outcomes.comparisons), *outcomes.left_out]
    names: dict[str, list[str]] = {}
    for benchmark in found:
        names.setdefault(benchmark.suite, []).append(benchmark.name)
    kept = _read(_file(job, request))
    for suite in job.suites:
        if suite.name in names:
            change = job.change
            kept[suite.name] = [_digest(suite), change.base, change.head, sorted(set(names[suite.name]))]
    with contextlib.suppress(StoreError):
        write_text(json.dumps(kept), _file(job, request))


def resolved(job: Job, request: Request) -> Job:
    """The job without suites that ``--only`` cannot mean.

    Raises:
        UsageError: none of its suites can be meant.
    """
    if not request.only:
        return job
    kept = _read(_file(job, request))
    known = {suite.name: _names(suite, job, kept.get(suite.name)) for suite in job.suites}
    suites = tuple(suite for suite in job.suites if _may_run(suite, known[suite.name], request.only))
    if suites:
        return replace(job, suites=suites)
    every = [f"{suite}/{name}" for suite, names in known.items() for name in names or ()]
    shown = ", ".join(every[:NEAREST]) + (", …" if len(every) > NEAREST else "")
    raise UsageError(
        f"--only {' '.join(request.only)}: none of the {len(every)} benchmarks that are known is meant",
        hint=did_you_mean(request.only, every) or f"Names are such as {shown}",
    )


def last_found(suite: Suite, repo: Path, cache: Path) -> tuple[str, ...]:
    """The names of a suite that the last run in this clone found, where its benchmark files are still those."""
    for file in sorted(cache.resolve().glob(f"*/{_called(repo)}"), key=lambda file: -file.stat().st_mtime):
        kept = _read(file).get(suite.name)
        ours = isinstance(kept, list) and len(kept) == FIELDS and kept[0] == _digest(suite)
        if isinstance(kept, list) and ours and _as_listed(suite, Git(repo), str(kept[2])):
            return tuple(map(str, kept[3]))
    return ()


def _as_listed(suite: Suite, git: Git, head: str) -> bool:
    """Whether the working tree has a commit's benchmark files; where nobody knows these, whether it is that commit."""
    paths = benchmark_files(suite, git.folder)
    if not paths:
        return git.commit("HEAD") == head
    return bool(git.commit(head)) and git.ok("diff", "--quiet", "--no-ext-diff", head, "--", *paths)


def _may_run(suite: Suite, names: Sequence[str] | None, only: Sequence[str]) -> bool:
    """Whether anything of a suite is meant; one whose names nobody knows may have some."""
    if names is None:
        return True
    return any(suite.wants(name) and meant(f"{suite.name}/{name}", only) for name in names)


def _names(suite: Suite, job: Job, kept: object) -> tuple[str, ...] | None:
    """The names of a suite: as configured, or as the last run found them, where neither side can have others."""
    if written := named(suite):
        return written
    if not isinstance(kept, list) or len(kept) != FIELDS or kept[0] != _digest(suite):
        return None
    _, base, head, names = kept
    same = (base, head) == (job.change.base, job.change.head)
    if not same and not _unedited(suite, job, str(head)):
        return None
    return tuple(map(str, names))


def _unedited(suite: Suite, job: Job, head: str) -> bool:
    """Whether the benchmark files of both sides are those that were listed."""
    paths = benchmark_files(suite, job.repo)
    if not paths or not Git(job.repo).commit(head):
        return False
    since = (replace(job.change, base=head), job.change)
    return not any(changed_files(job.repo, change, paths) for change in since)


def _digest(suite: Suite) -> str:
    return hashlib.sha256(repr(suite).encode("utf-8", "surrogateescape")).hexdigest()


def _file(job: Job, request: Request) -> Path:
    return zone(request.cache, job.change) / _called(job.repo)


def _called(repo: Path) -> str:
    clone = hashlib.sha256(str(Git(repo).common_folder()).encode("utf-8", "surrogateescape")).hexdigest()[:12]
    return f"names-{clone}.json"


def _read(file: Path) -> dict[str, object]:
    try:
        found = json.loads(file.read_text("utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
