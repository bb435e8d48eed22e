"""What every forge can do, as records and small protocols; the algorithms over them live beside this file.

A forge is four parts with a handful of methods each, so that a fake or a new forge is quickly written:
``Comments`` (one merge request's conversation), ``Repository`` (facts that decide what is trusted),
``Statuses`` (pass or fail on a commit) and ``Runs`` (measure again).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

from perfbot.errors import PublishError
from perfbot.forge.order import RunOrder
from perfbot.model import ForgeKind

Reaction = Literal["seen", "done", "refused"]
State = Literal["running", "success", "failed"]

NOT_FOUND = 404


class RefusedError(PublishError):
    """The forge answered, and the answer is no. ``status`` is the HTTP status."""

    def __init__(self, message: str, *, status: int, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.status = status


def no_such_file(error: RefusedError, revision: str, words: str) -> bool:
    """Whether a branch lacks a file. Where the branch itself is hidden, the usual rules would be taken for its own.

    Args:
        words: of the forge, for a file that is not there.
    """
    return error.status == NOT_FOUND and (words in error.message or not revision.startswith("refs/heads/"))


class UnreachableError(PublishError):
    """The forge did not answer, or only with passing faults, for as long as perfbot was willing to try."""


@dataclass(frozen=True, slots=True)
class Note:
    """One comment of a merge request.

    Attributes:
        author: the name people are called by.
        author_key: what the forge's permission endpoint wants (a user id on GitLab, a login on GitHub).
        mine: written by the account perfbot acts as.
        created: ISO 8601, UTC.
        edited: its text is not the one it was created with, as far as the forge tells.
        internal: not everybody who sees the merge request sees it.
    """

    id: int
    author: str
    author_key: str
    body: str
    mine: bool
    created: str = ""
    edited: bool = False
    internal: bool = False


@dataclass(frozen=True, slots=True)
class MergeRequest:
    """A merge or pull request as the forge knows it: the only source for what its head is.

    Attributes:
        head: commit id at the tip of the source branch.
        merge_sha: the forge's own test merge of it into the target, or empty.
        target: name of the target branch.
        branch: name of the source branch, where it is needed to measure again; empty otherwise.
        fork: the source branch lives in another project.
        source: that project, where the forge names it; empty otherwise.
        updated: ISO 8601, UTC.
        description: what its author wrote.
    """

    number: int
    head: str
    target: str
    branch: str = ""
    merge_sha: str = ""
    fork: bool = False
    source: str = ""
    open: bool = True
    merged: bool = False
    updated: str = ""
    description: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Annotation:
    """A remark at a line of a file."""

    path: str
    line: int
    title: str
    message: str
    failing: bool = True


@dataclass(frozen=True, slots=True)
class Status:
    """What the forge shows beside a commit, and blocks merging by.

    Attributes:
        sha: the commit it is shown on.
        pipeline: id of the GitLab pipeline it belongs to; 0 when unknown.
        description: one line; forges cut it at 140 characters.
        summary: markdown, shown where the forge has room for it.
        rerun: offer a button that measures again, where the forge has one.
        order: of the run that speaks; None for what is no last word, such as "running".
        request: number of the merge request that it is about; a commit may be the head of several.
        held: what is said is a pass, and what is shown a failure: another merge request of this commit fails.
    """

    state: State
    name: str
    sha: str
    description: str
    pipeline: int = 0
    url: str = ""
    summary: str = ""
    annotations: tuple[Annotation, ...] = ()
    rerun: bool = True
    order: RunOrder | None = None
    request: int = 0
    held: bool = False

    @property
    def visible(self) -> State:
        """The state that the forge is to show."""
        return "failed" if self.held else self.state


@dataclass(frozen=True, slots=True)
class Shown:
    """A status as the forge shows it.

    Attributes:
        state: what the run said, also where it is held.
        order: of the run that spoke; None where it cannot be told.
        here: in the pipeline that was asked about; a commit may have several.
        request: number of the merge request that it is about; 0 where that cannot be told.
        held: a failure is shown, because of another merge request of this commit.
    """

    state: State
    description: str
    order: RunOrder | None = None
    here: bool = True
    request: int = 0
    held: bool = False

    @property
    def visible(self) -> State:
        """The state that the forge shows."""
        return "failed" if self.held else self.state


@dataclass(frozen=True, slots=True)
class Again:
    """What to measure again: the pinned head, and what the asker wants of it.

    Attributes:
        only: globs of benchmarks; empty for all.
        budget: seconds; 0 for the configured one.
    """

    head: str
    only: tuple[str, ...] = ()
    budget: float = 0.0


class Comments(Protocol):
    """The conversation of one merge request."""

    def notes(self) -> Sequence[Note]:
        """All comments that people wrote, over all pages, oldest first."""

    def get(self, number: int) -> Note | None:
        """One comment by its id, as it is now, however far the listing lags behind; None when it is gone."""

    def write(self, body: str, marker: str) -> Note:
        """Add a comment; ``marker`` is a text of ``body`` by which one is found whose answer was lost."""

    def edit(self, note: Note, body: str) -> None:
        """Replace a comment's text. Raises RefusedError with status 404 when it is gone."""

    def delete(self, note: Note) -> None:
        """Remove a comment; one that is gone already is no error."""

    def react(self, note: Note, reaction: Reaction) -> None:
        """Answer a comment with an emoji; twice is once."""

    def reactions(self, note: Note) -> frozenset[Reaction]:
        """The emojis perfbot itself has put on a comment."""


class Repository(Protocol):
    """Facts about the project that only the forge may state."""

    def merge_request(self, number: int) -> MergeRequest:
        """One merge request, as it is now."""

    def open_merge_requests(self, since: str) -> Sequence[MergeRequest]:
        """Open ones that something happened to after an ISO 8601 time."""

    def find(self, owner: str, branch: str) -> Sequence[int]:
        """Numbers of the open merge requests of a branch (of a fork's owner)."""

    def is_merge(self, commit: str, head: str) -> bool:
        """Whether a commit merges a head into something, as the forge's own test merges do."""

    def default_branch(self) -> str:
        """Name of the branch that changes are merged into."""

    def file_at(self, revision: str, path: str) -> str | None:
        """Text of a file at a commit, or a branch as ``refs/heads/NAME``; None when there is no such file.

        A bare name will not do: where a tag has it, too, the tag would be read.
        """

    def changed_files(self, number: int) -> tuple[str, ...] | None:
        """Paths a merge request changes, old and new names; None when the forge does not tell them all."""

    def may_write(self, author_key: str) -> bool:
        """Whether somebody may push to the project. Anything but a clear yes is no."""


class Statuses(Protocol):
    """Pass or fail beside a commit."""

    def show(self, status: Status) -> None:
        """Show a status; the last one shown of a name counts."""

    def shown(self, status: Status) -> Sequence[Shown]:
        """What is shown of this name on this commit, newest first, whichever merge request it is about."""

    def cut(self, description: str) -> str:
        """A description as the forge keeps it."""


class Runs(Protocol):
    """Measuring and publishing again, done by the forge's CI."""

    def in_flight(self, request: MergeRequest) -> bool:
        """Whether a measurement of this head is waiting or running."""

    def measure(self, request: MergeRequest, again: Again) -> str:
        """Start one; returns what was done, in words. Raises RefusedError when there is nothing to start."""

    def elsewhere(self, request: MergeRequest, again: Again) -> str:
        """Start one beside a run that is publishing right now; as :meth:`measure` else. Never of a fork's code."""

    def resume(self, request: MergeRequest, again: Again) -> bool:
        """Complete a start that was cut short between its requests; False where there is nothing to complete."""

    def publish(self, request: MergeRequest, job: int) -> str:
        """Repeat the job (GitLab) or workflow run (GitHub) that published the last verdict."""

    def began(self, run: tuple[int, int]) -> tuple[int, int]:
        """When what a run publishes began to be measured, in milliseconds since the epoch, and the attempt's id.

        Args:
            run: ids of pipeline and job, or of run and attempt.

        Returns:
            Zeros where the forge does not tell.
        """


@dataclass(frozen=True, slots=True)
class Forge:
    """A connected forge.

    Attributes:
        limit: bytes of the longest comment that perfbot writes there.
        lost: how many writing requests so far had no answer that was understood, and may be carried out yet.
        comments: the conversation of a merge request, by its number.
    """

    kind: ForgeKind
    repository: Repository
    statuses: Statuses
    runs: Runs
    limit: int
    lost: Callable[[], int]
    comments: Callable[[int], Comments]
