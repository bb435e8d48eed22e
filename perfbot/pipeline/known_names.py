"""Names that the last run found: a pattern that means none of them is refused before anything is set up.

At one's own desk they also say which files need to be read at all.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Collection, Mapping, Sequence
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

MOST_SHOWN = 200
"""Characters of patterns in a message."""

FIELDS = len(("digest", "base", "head", "names"))


def remember(job: Job, request: Request, outcomes: Outcomes) -> None:
    """Keep the names of this run's benchmarks, those that nobody asked for too. Parts of a run know only their own."""
    if request.shard is not None or request.given:
        return
    found = [*(one.benchmark for one in outcomes.comparisons), *outcomes.left_out]
    names: dict[str, dict[str, str]] = {}
    for benchmark in found:
        names.setdefault(benchmark.suite, {})[benchmark.name] = benchmark.file
    file = _file(job, request)
    kept = _read(file)
    for suite in job.suites:
        if suite.name in names:
            change, read = job.change, set(job.listed.get(suite.name, {}).values())
            others = _names(suite, job, kept.get(suite.name)) if read else None
            unread = {name: file for name, file in (others or {}).items() if file not in read}
            every = dict(sorted({**unread, **names[suite.name]}.items()))
            kept[suite.name] = [_digest(suite), change.base, change.head, every]
    with contextlib.suppress(StoreError):
        write_text(json.dumps(kept), file)


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
        quick = request.dirty and not request.afresh
        listed = {one.name: _meant(one, known[one.name] or {}, request.only) for one in suites} if quick else {}
        return replace(job, suites=suites, listed={name: files for name, files in listed.items() if files})
    every = [f"{suite}/{name}" for suite, names in known.items() for name in names or ()]
    shown = ", ".join(every[:NEAREST]) + (", …" if len(every) > NEAREST else "")
    raise UsageError(
        f"--only {_typed(request.only)}: none of the {len(every)} benchmarks that are known is meant",
        hint=did_you_mean(request.only, every) or f"Names are such as {shown}",
    )


def _typed(patterns: Sequence[str]) -> str:
    """What was typed, as much of it as lets the rest of the sentence be read."""
    words = " ".join(patterns)
    return words if len(words) <= MOST_SHOWN else f"{words[:MOST_SHOWN]}…"


def _meant(suite: Suite, names: Mapping[str, str], only: Sequence[str]) -> dict[str, str]:
    """Of the names of a suite, those that are asked for, with their files; none where a file is not known."""
    found = {name: file for name, file in names.items() if suite.wants(name) and meant(f"{suite.name}/{name}", only)}
    return found if all(found.values()) else {}


def last_found(suite: Suite, repo: Path, cache: Path) -> tuple[str, ...]:
    """The names of a suite that the last run in this clone found, where its benchmark files are still those."""
    for file in sorted(cache.resolve().glob(f"*/{_called(repo)}"), key=lambda file: -file.stat().st_mtime):
        kept = _read(file).get(suite.name)
        ours = isinstance(kept, list) and len(kept) == FIELDS and kept[0] == _digest(suite)
        if isinstance(kept, list) and ours and _as_listed(suite, Git(repo), str(kept[2])):
            return tuple(_filed(kept[3]))
    return ()


def _as_listed(suite: Suite, git: Git, head: str) -> bool:
    """Whether the working tree has a commit's benchmark files; where nobody knows these, whether it is that commit."""
    paths = benchmark_files(suite, git.folder)
    if not paths:
        return git.commit("HEAD") == head
    return bool(git.commit(head)) and git.ok("diff", "--quiet", "--no-ext-diff", head, "--", *paths)


def _may_run(suite: Suite, names: Collection[str] | None, only: Sequence[str]) -> bool:
    """Whether anything of a suite is meant; one whose names nobody knows may have some."""
    if names is None:
        return True
    return any(suite.wants(name) and meant(f"{suite.name}/{name}", only) for name in names)


def _names(suite: Suite, job: Job, kept: object) -> dict[str, str] | None:
    """The names of a suite: as configured, or as the last run found them, where neither side can have others.

    Each with the file that it was found in, where it was in one.
    """
    if written := named(suite):
        return dict.fromkeys(written, "")
    if not isinstance(kept, list) or len(kept) != FIELDS or kept[0] != _digest(suite) or not isinstance(kept[3], dict):
        return None
    _, base, head, names = kept
    same = (base, head) == (job.change.base, job.change.head)
    if not same and not _unedited(suite, job, str(head)):
        return None
    return _filed(names)


def _filed(names: object) -> dict[str, str]:
    return {str(name): str(file) for name, file in names.items()} if isinstance(names, dict) else {}


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
