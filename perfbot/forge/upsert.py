"""One comment, whoever else is writing: find, merge, write, look again.

Forges offer no compare-and-swap on comments, so this is optimistic: every publisher changes only its own part of
the comment, reads the comment again right before and some time after writing, and repeats until what it reads
contains what it has to say. Comments that were created at the same moment are folded into the oldest. Two things
keep the old from overwriting the new: the merge request's head, asked of the forge before each write, and the
order of the runs, which stands in the comment. Both windows are one request long; CI set-ups close them by
letting one job a merge request publish at a time (``resource_group``, ``concurrency``).
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal

from perfbot.errors import PublishError
from perfbot.forge.base import NOT_FOUND, Comments, Note, RefusedError
from perfbot.forge.body import Body, compose, marker, merge, parse

Outcome = Literal["created", "edited", "unchanged", "none", "superseded"]

SETTLE = (0.4, 1.6)
"""Seconds between the last write and each of the looks that must find everything in place."""

STAGGER = 0.8
"""Seconds: a first comment waits a random part of this, so that publishers that start together do not all
create one."""

MAX_TURNS = 60
MAX_CREATED = 2
"""Times one publisher creates the comment: again when somebody deleted it meanwhile, but only once."""


class SupersededError(Exception):
    """The merge request has a newer head: nothing may be written about this one."""


@dataclass(slots=True)
class Upsert:
    """Brings one change into the comment of a merge request.

    Args:
        comments: the conversation.
        key: which of perfbot's comments (several set-ups can share a merge request).
        change: pure; the body with this publisher's part in it, given the body as found. Returning it as it was
            means there is nothing to do.
        current: raises :class:`SupersededError` when the merge request's head has moved on.
        create: make the comment when there is none.
    """

    comments: Comments
    key: str
    change: Callable[[Body], Body]
    current: Callable[[], None] = lambda: None
    create: bool = True
    settle: Sequence[float] = SETTLE
    stagger: float = STAGGER
    sleep: Callable[[float], None] = time.sleep
    uniform: Callable[[float, float], float] = random.uniform
    _created: int = field(default=0, init=False)
    _edited: bool = field(default=False, init=False)

    def run(self) -> Outcome:
        """Write until it stays written.

        Raises:
            PublishError: the forge refuses, stays down, or others keep undoing what is written.
        """
        looks = 0
        for turn in range(MAX_TURNS):
            try:
                self.current()
            except SupersededError:
                return "superseded"
            mine = self._mine()
            if not mine and not self._may_create():
                return self._outcome()
            if not mine and turn == 0:
                self.sleep(self.uniform(0, self.stagger))
                continue
            if self._settled(mine):
                if looks == len(self.settle) or not (self._created or self._edited):
                    return self._outcome()
                self.sleep(self.settle[looks])
                looks += 1
                continue
            looks = 0
            self._write(mine)
            self.sleep(self.uniform(0, 0.1 * min(turn + 1, 10)))
        raise PublishError("Could not bring the comment to rest: others kept changing it.")

    def _mine(self) -> list[Note]:
        return [n for n in self.comments.notes() if n.mine and parse(n.body, self.key) is not None]

    def _may_create(self) -> bool:
        wanted = self.change(Body(self.key))
        return self.create and self._created < MAX_CREATED and wanted != Body(self.key)

    def _wanted(self, mine: Sequence[Note]) -> Body:
        bodies = [body for n in mine if (body := parse(n.body, self.key)) is not None]
        return self.change(merge(bodies or [Body(self.key)]))

    def _settled(self, mine: Sequence[Note]) -> bool:
        return len(mine) == 1 and parse(mine[0].body, self.key) == self._wanted(mine)

    def _write(self, mine: Sequence[Note]) -> None:
        text = compose(self._wanted(mine))
        if not mine:
            self._created += 1
            self.comments.write(text, marker(self.key))
            return
        first, *others = mine
        try:
            if first.body.strip() != text.strip():
                self.comments.edit(first, text)
                self._edited = True
        except RefusedError as error:
            if error.status != NOT_FOUND:
                raise
            return
        for other in others:
            self.comments.delete(other)

    def _outcome(self) -> Outcome:
        if self._created:
            return "created"
        if self._edited:
            return "edited"
        return "unchanged" if self._mine() else "none"
