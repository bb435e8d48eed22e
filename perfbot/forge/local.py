"""A forge made of files, for use outside CI: what would have been said, to read and to test with.

::

    FOLDER/comments/1.md    one file a comment
    FOLDER/status.json      name → what was shown last
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from perfbot.forge.base import (
    NOT_FOUND,
    Again,
    Forge,
    MergeRequest,
    Note,
    Reaction,
    RefusedError,
    Shown,
    Status,
)
from perfbot.forge.order import RunOrder

LIMIT = 1_000_000
"""Characters."""


def connect(folder: Path, root: Path, head: str = "") -> Forge:
    """A forge in ``folder`` for the checkout at ``root``, whose merge request has the given head."""
    return Forge(
        kind="local",
        repository=LocalRepository(root, head),
        statuses=LocalStatuses(folder),
        runs=LocalRuns(),
        limit=LIMIT,
        lost=lambda: 0,
        comments=lambda number: LocalComments(folder),  # noqa: ARG005
    )


@dataclass(frozen=True, slots=True)
class LocalComments:
    """Comments as numbered files; all are perfbot's own."""

    folder: Path

    @property
    def _comments(self) -> Path:
        return self.folder / "comments"

    def _file(self, note: Note) -> Path:
        return self._comments / f"{note.id}.md"

    def notes(self) -> Sequence[Note]:
        """All comments by number."""
        numbers = sorted(int(f.stem) for f in self._comments.glob("*.md") if f.stem.isdigit())
        return [self._note(n, (self._comments / f"{n}.md").read_text("utf-8")) for n in numbers]

    def _note(self, number: int, body: str) -> Note:
        return Note(id=number, author="perfbot", author_key="perfbot", body=body, mine=True)

    def get(self, number: int) -> Note | None:
        """One comment."""
        file = self._comments / f"{number}.md"
        return self._note(number, file.read_text("utf-8")) if file.is_file() else None

    def write(self, body: str, marker: str) -> Note:
        """Add a file."""
        del marker
        self._comments.mkdir(parents=True, exist_ok=True)
        number = max((n.id for n in self.notes()), default=0) + 1
        note = self._note(number, body)
        self._file(note).write_text(body, "utf-8")
        return note

    def edit(self, note: Note, body: str) -> None:
        """Replace a file's text."""
        if not self._file(note).exists():
            raise RefusedError(f"{self._file(note)} is gone.", status=NOT_FOUND)
        self._file(note).write_text(body, "utf-8")

    def delete(self, note: Note) -> None:
        """Remove a file."""
        self._file(note).unlink(missing_ok=True)

    def react(self, note: Note, reaction: Reaction) -> None:
        """Leave an empty file beside the comment."""
        (self._comments / f"{note.id}.{reaction}").touch()

    def reactions(self, note: Note) -> frozenset[Reaction]:
        """The files beside the comment."""
        every: tuple[Reaction, ...] = ("seen", "done", "refused")
        return frozenset(r for r in every if (self._comments / f"{note.id}.{r}").exists())


@dataclass(frozen=True, slots=True)
class LocalRepository:
    """The checkout itself, and whoever owns it."""

    root: Path
    head: str

    def merge_request(self, number: int) -> MergeRequest:
        """The one there is."""
        return MergeRequest(number=number, head=self.head, target="")

    def open_merge_requests(self, since: str) -> Sequence[MergeRequest]:
        """None: there is nobody to comment."""
        del since
        return ()

    def is_merge(self, commit: str, head: str) -> bool:
        """Nobody merges here."""
        del commit, head
        return False

    def find(self, owner: str, branch: str) -> Sequence[int]:
        """The one there is."""
        del owner, branch
        return (1,)

    def default_branch(self) -> str:
        """Not known here."""
        return ""

    def file_at(self, revision: str, path: str) -> str | None:
        """The working tree's file, whatever the revision."""
        del revision
        file = self.root / path
        return file.read_text("utf-8") if file.is_file() else None

    def changed_files(self, number: int) -> tuple[str, ...] | None:
        """Not known here."""
        del number
        return None

    def may_write(self, author_key: str) -> bool:
        """Whoever can run perfbot here may."""
        del author_key
        return True


@dataclass(frozen=True, slots=True)
class LocalStatuses:
    """The last status of each name, in one file."""

    folder: Path

    def show(self, status: Status) -> None:
        """Write it down."""
        shown = self._all()
        shown[status.name] = dataclasses.asdict(status)
        self.folder.mkdir(parents=True, exist_ok=True)
        self._file.write_text(json.dumps(shown, indent=2, ensure_ascii=False) + "\n", "utf-8")

    def shown(self, status: Status) -> Sequence[Shown]:
        """What was written down for this commit."""
        found = self._all().get(status.name)
        if found is None or found["sha"] != status.sha:
            return ()
        order = RunOrder(**found["order"]) if found.get("order") else None
        return (Shown(found["state"], found["description"], order),)

    def cut(self, description: str) -> str:
        """Nothing is cut."""
        return description

    @property
    def _file(self) -> Path:
        return self.folder / "status.json"

    def _all(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self._file.read_text("utf-8")) if self._file.exists() else {}
        return found


class LocalRuns:
    """There is no CI here."""

    def in_flight(self, request: MergeRequest) -> bool:
        """Never."""
        del request
        return False

    def measure(self, request: MergeRequest, again: Again) -> str:
        """Not possible."""
        del request, again
        raise RefusedError("There is no CI to measure again.", status=NOT_FOUND, hint="Run: perfbot run")

    def elsewhere(self, request: MergeRequest, again: Again) -> str:
        """Not possible."""
        return self.measure(request, again)

    def resume(self, request: MergeRequest, again: Again) -> bool:
        """Nothing was started."""
        del request, again
        return False

    def began(self, run: tuple[int, int]) -> tuple[int, int]:
        """Not known here."""
        del run
        return 0, 0

    def publish(self, request: MergeRequest, job: int) -> str:
        """Not possible."""
        del request, job
        raise RefusedError("There is no CI to publish again.", status=NOT_FOUND, hint="Run: perfbot publish")
