"""Nothing in a report is believed that the forge can say itself; what remains is judged again from its rounds.

The job that measured ran the merge request's code, so its report may say anything. Which commit it is about, which
policy decides, what was accepted and whether anything had to be measured all come from the forge.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase

from perfbot import config, machines, shards
from perfbot.errors import ConfigError, ReportError
from perfbot.forge.base import Comments, MergeRequest, Note, Repository
from perfbot.judge import verdict as judging
from perfbot.model import Acceptance, Limit, Policy, Problem, Report
from perfbot.publish import commands
from perfbot.publish.commands import Accept

MAX_REPORT = 64 * 1024 * 1024
"""Bytes of one report file that are read: 5,000 benchmarks with their rounds take about half."""

_WILDCARD = re.compile(r"\[([*?[])\]")
"""How :func:`glob.escape` writes a character that would match others."""

NOT_TOUCHED = "Nothing that is measured was touched."


@dataclass(frozen=True, slots=True)
class Rules:
    """What decides in one merge request.

    Attributes:
        target: the target branch's configuration.
        proposed: the policy at head where the merge request changes it; shown, not obeyed.
        problem: why head's configuration cannot be read, where it cannot.
    """

    target: config.Config
    proposed: Policy | None = None
    problem: str = ""


def read_rules(repository: Repository, request: MergeRequest) -> Rules:
    """Read the target branch's rules, and head's to compare.

    Raises:
        ConfigError: the target branch's configuration is wrong.
        PublishError: the forge does not tell.
    """
    branch = f"refs/heads/{request.target}"
    target = config.find(lambda path: repository.file_at(branch, path), f"at {request.target}")
    try:
        head = config.find(lambda path: repository.file_at(request.head, path))
    except ConfigError as error:
        return Rules(target, problem=error.message)
    changed = replace(head.policy, origin="") != replace(target.policy, origin="")
    return Rules(target, replace(head.policy, origin=f"at {request.head[:7]}") if changed else None)


def check_change(
    report: Report,
    request: MergeRequest,
    commits: Sequence[str],
    where: str,
    is_merge: Callable[[str, str], bool] = lambda commit, head: False,  # noqa: ARG005
) -> None:
    """That a report is about the merge request's head, and about the branch that it goes to.

    Args:
        commits: further commits that stand for the head, as the CI says.
        is_merge: whether a commit merges a head, as the forge says; see :class:`Repository`.

    Raises:
        ReportError: it is about another commit, or was measured for another target.
    """
    head, target = report.change.head, report.change.target
    if target and request.target and report.change.origin != "local" and target != request.target:
        raise ReportError(
            f"{where} was measured for another branch than {request.target}, which merge request {request.number} "
            "goes to now.",
            hint="Measure again: comment /rebench, or push.",
        )
    if head not in {request.head, request.merge_sha, *commits} - {""} and not is_merge(head, request.head):
        raise ReportError(
            f"{where} is about {head[:7]}, but the head of merge request {request.number} is {request.head[:7]}.",
            hint="Measure the head again. A report of another commit is never published.",
        )


def believed(acceptances: Sequence[Acceptance], comments: Comments, repository: Repository) -> tuple[Acceptance, ...]:
    """Those acceptances that somebody who may has written a comment for, as the forge has it now.

    perfbot's own comment remembers them, but others may write under its name: every workflow of a repository comments
    as the same bot.
    """
    if not acceptances:
        return ()
    notes = {note.id: note for note in comments.notes()}
    may = functools.cache(repository.may_write)
    return tuple(
        replace(one, who=note.author)
        for one in acceptances
        if (note := notes.get(one.note)) is not None and _says(note, one) and may(note.author_key)
    )


def _says(note: Note, accepted: Acceptance) -> bool:
    """Whether a comment accepts a benchmark, for this reason."""
    name = _WILDCARD.sub(r"\1", accepted.match)
    return not (note.mine or note.internal) and any(
        isinstance(command, Accept) and command.reason == accepted.reason and fnmatchcase(name, command.glob)
        for command in commands.parse(note.body)
    )


def judged(report: Report, rules: Rules, acceptances: Sequence[Acceptance]) -> Report:
    """The report with a verdict of our own: its rounds under the target branch's policy.

    Warnings of the run stay warnings; what it says of its own verdict, policy and acceptances is dropped.
    """
    problems = report.problems
    if rules.problem:
        problems += (Problem("configuration at head", rules.problem, fatal=False),)
    if not report.results:
        problems += (Problem("report", "It holds no results, although the change may touch what is measured."),)
    own = replace(
        report,
        problems=problems,
        policy=rules.target.policy,
        proposed_policy=rules.proposed,
        acceptances=tuple(acceptances),
        trend="",
        skipped="",
    )
    policy = rules.target.policy
    if report.change.aside:
        policy = replace(policy, limits=(*policy.limits, Limit("*", gate=False)))
    return judging.rejudge(own, policy)


def skipped(report: Report, rules: Rules, changed: Sequence[str] | None) -> bool:
    """Whether a report without results is right to be empty: the *forge* says nothing measured was touched."""
    if report.results or any(problem.fatal for problem in report.problems):
        return False
    return changed is not None and not rules.target.run.concerns(changed)


def group(reports: Sequence[tuple[str, Report]], *, join: bool = False) -> list[tuple[str, Report]]:
    """Reports by section: shards become one; several others are told apart by their names, or joined.

    Args:
        reports: (name, report); names are unique.
        join: they are of the same benchmarks on several machines.
    """
    if join:
        return [("", machines.join([report for _, report in reports]))]
    parts = [report for _, report in reports if report.shard is not None]
    whole = [(name, report) for name, report in reports if report.shard is None]
    if parts:
        whole.append(("", shards.merge(parts)))
    return [("", whole[0][1])] if len(whole) == 1 else whole
