"""After the verdicts: which commit of a merge request did it. No verdict depends on any of this."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from perfbot.errors import PerfbotError
from perfbot.git.command import Git, open_work_tree
from perfbot.model import TIME, Result
from perfbot.overall import Culprit
from perfbot.pipeline.job import Job, Request
from perfbot.render.progress import Progress

if TYPE_CHECKING:
    from perfbot.bisect.records import Bisection


def culprits(
    job: Job, request: Request, results: Sequence[Result], left: float, progress: Progress, *, prepared: float = 0.0
) -> tuple[Culprit, ...]:
    """Look for the commits that did it, where that is wanted and time is left.

    Args:
        left: seconds of the budget.
        prepared: seconds that setting both sides up took; where that is more than is left, nobody waits for more of it.
    """
    settings = job.config.bisect
    by_itself = settings.auto and bool(job.change.merge_request) and left >= max(settings.least, prepared)
    if request.bisect is False or job.change.dirty or not (request.bisect or by_itself):
        return ()
    names = _worst(results, settings.most)
    try:
        ends = _several(open_work_tree(request.repo), job.change.base, job.change.head) if names else None
        if ends is None:
            return ()
        progress.stage("looking for the commit that did it")
        from perfbot.pipeline.bisecting.story import Asked, bisect  # noqa: PLC0415 - few runs need what takes long to load

        wanted = replace(request, spec="..".join(ends), base="", head="", only=(), shard=None, more=False)
        wanted = replace(wanted, budget=job.budget if request.bisect else left)
        return tuple(_told(bisect(Asked(wanted, frozenset(names)), progress)))
    except PerfbotError as error:
        progress.log(f"the commit that did it was not found: {error.message}")
        return ()


def _worst(results: Sequence[Result], most: int) -> list[str]:
    """What fails, or is shown as regressed where nothing fails, the worst first."""
    slower = [one for one in results if one.verdict == "regressed" and one.metric == TIME.name and not one.rewritten]
    failing = [one for one in slower if one.gate == "fail"] or slower
    return [one.full_name for one in sorted(failing, key=lambda one: -abs(one.change or 0.0))[:most]]


def _several(git: Git, base: str, head: str) -> tuple[str, str] | None:
    """First and last of the change's own commits, where they are several; the forge's merge of it is looked into."""
    commits = git.text("rev-list", "--first-parent", "--parents", f"{base}..{head}", "--").splitlines()
    if len(commits) == 1 and len(parents := commits[0].split()[1:]) == 2:
        fork = git.maybe("merge-base", *parents)
        inside = git.maybe("rev-list", "--count", "--first-parent", f"{fork}..{parents[1]}") if fork else "0"
        return (fork, parents[1]) if int(inside or 0) > 1 else None
    return (base, head) if len(commits) > 1 else None


def _told(found: Bisection) -> Iterator[Culprit]:
    commits = found.line.commits
    for one in found.found:
        suite, _, benchmark = one.name.partition("/")
        for step in one.answer.steps:
            subject, author = (commits[step.at].subject, commits[step.at].author) if step.single else ("", "")
            yield Culprit(
                suite, benchmark, commits[step.after].id, commits[step.at].id, step.at - step.after, step.change,
                step.interval, step.rounds, subject[:200], author[:100],
            )  # fmt: skip
