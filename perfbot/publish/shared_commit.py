"""One commit as the head of several merge requests: a status each, shown in one place.

Whoever opens a second merge request of the same head chooses its target, and with it the rules and the base that it is
judged by. So a run's word counts in its own merge request alone; and where the forge shows one status for all of them
(GitHub: beside the commit; GitLab: in a pipeline), a pass is held back while another one of them fails, or
is being measured: else that one could be merged by a pass that is not its own.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from perfbot.forge.base import NOT_FOUND, MergeRequest, RefusedError, Repository, Shown, Status


def of_request(shown: Sequence[Shown], request: int) -> list[Shown]:
    """What was said of one merge request; what does not tell of which is believed to be."""
    return [one for one in shown if one.request in (0, request)]


def last_words(shown: Sequence[Shown], request: int) -> list[Shown]:
    """The newest word of each other merge request that is shown in the same place."""
    newest: dict[int, Shown] = {}
    for one in shown:
        if one.request in (0, request) or not one.here or one.order is None:
            continue
        known = newest.get(one.request)
        if known is None or known.order is None or one.order > known.order:
            newest[one.request] = one
    return list(newest.values())


def still_measured(shown: Sequence[Shown], request: int) -> list[int]:
    """Other merge requests of which the newest that is shown in the same place is that they are being measured."""
    newest: dict[int, Shown] = {}
    for one in shown:
        if one.here and one.request not in (0, request):
            newest.setdefault(one.request, one)
    return [number for number, one in newest.items() if one.state == "running"]


def held_back(status: Status, shown: Sequence[Shown], counts: Callable[[int], bool]) -> Status:
    """The status, held where it passes and another merge request of the commit fails, or has yet to be judged.

    Args:
        shown: everything of the status' name on the commit, newest first.
        counts: whether a merge request is still one of this commit.
    """
    if status.state != "success":
        return status
    failing = (one for one in last_words(shown, status.request) if one.state == "failed" and counts(one.request))
    if (first := next(failing, None)) is not None:
        words = f"Passes, but merge request {first.request} of the same commit does not: {first.description}"
        return replace(status, held=True, description=words)
    waited_for = next(filter(counts, still_measured(shown, status.request)), 0)
    if waited_for:
        words = f"Passes, but merge request {waited_for} of the same commit is still being measured"
        return replace(status, held=True, description=words)
    return status


def is_of_commit(repository: Repository, sha: str) -> Callable[[int], bool]:
    """Whether a merge request still has that head and may still be merged: one that is closed can be opened again."""

    def counts(number: int) -> bool:
        try:
            request: MergeRequest = repository.merge_request(number)
        except RefusedError as error:
            if error.status != NOT_FOUND:
                raise
            return False  # deleted, or the number was made up
        return request.head == sha and not request.merged

    return counts
