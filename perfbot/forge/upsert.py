"""One comment, whoever else is writing: find, merge, write, look again.

Forges offer no compare-and-swap on comments, so this is optimistic: every publisher changes only its own part of
the comment, reads the comment again right before and some time after writing, and repeats until what it reads
contains what it has to say. Comments that were created at the same moment are folded into the oldest. Two things
keep the old from overwriting the new: the merge request's head, asked of the forge before each write, and the
order of the runs, which stands in the comment. Both windows are one request long; CI set-ups close them by
letting one job a merge request publish at a time (``resource_group``, ``concurrency``).

Listings lag: a comment may be missing from them for seconds after it was made. So comments are read one by one under
their numbers, those that this publisher made among them, and who made one goes on looking for others for longer than
listings lag. Requests may be carried out after they were given up: who lost an answer looks once more after that.
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

LAG = 3.2
"""Seconds before a further look of who created the comment: others may have, unseen."""

LOST = 15.0
"""Seconds before a further look of who lost an answer: what it had asked for may be carried out so late."""

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
        beside: what has to agree with the comment, brought there whenever the comment is in place: given the body, it
            writes what is not yet so, and says whether all of it was.
        given_up: how many writing requests may be carried out yet, see :class:`perfbot.forge.base.Forge`.
        create: make the comment when there is none.
    """

    comments: Comments
    key: str
    change: Callable[[Body], Body]
    current: Callable[[], None] = lambda: None
    beside: Callable[[Body], bool] = lambda body: True  # noqa: ARG005
    given_up: Callable[[], int] = lambda: 0
    create: bool = True
    settle: Sequence[float] = SETTLE
    lag: float = LAG
    lost: float = LOST
    stagger: float = STAGGER
    sleep: Callable[[float], None] = time.sleep
    uniform: Callable[[float, float], float] = random.uniform
    _known: set[int] = field(default_factory=set, init=False)
    _created: int = field(default=0, init=False)
    _waited_for: int = field(default=0, init=False)
    _edited: bool = field(default=False, init=False)
    _beside: bool = field(default=False, init=False)

    def run(self) -> Outcome:
        """Write until it stays written.

        Raises:
            PublishError: the forge refuses, stays down, or others keep undoing what is written.
        """
        looks, self._waited_for = 0, self.given_up()
        for turn in range(MAX_TURNS):
            try:
                self.current()
            except SupersededError:
                return "superseded"
            mine = self._mine()
            if not mine and self._may_create():
                self._begin(turn)
                looks = 0
            elif mine and not self._settled(mine):
                self._bring(mine)
                self.sleep(self.uniform(0, 0.1 * min(turn + 1, 10)))
                looks = 0
            elif not self.beside(self._merged(mine)):
                self._beside, looks = True, 0
            else:
                wait = self._next_look(looks)
                if wait is None:
                    return self._outcome(mine)
                self.sleep(wait)
                looks += 1
        raise PublishError("Could not bring the comment to rest: others kept changing it.")

    def _mine(self) -> list[Note]:
        """perfbot's comments, oldest first, each read under its own number."""
        listed = {n.id for n in self.comments.notes() if n.mine and parse(n.body, self.key) is not None}
        found = [self.comments.get(number) for number in sorted(listed | self._known)]
        mine = [n for n in found if n is not None and n.mine and parse(n.body, self.key) is not None]
        self._known = {n.id for n in mine}
        return mine

    def _may_create(self) -> bool:
        wanted = self.change(Body(self.key))
        return self.create and self._created < MAX_CREATED and wanted != Body(self.key)

    def _begin(self, turn: int) -> None:
        """Create the comment: after a moment in which another may, or the listing shows what another made."""
        if turn == 0:
            self.sleep(self.uniform(0, self.stagger))
            return
        if self._created:
            self.sleep(self.lag)
            if self._mine():
                return
        self._known.add(self.comments.write(compose(self.change(Body(self.key))), marker(self.key)).id)
        self._created += 1

    def _merged(self, mine: Sequence[Note]) -> Body:
        bodies = [body for n in mine if (body := parse(n.body, self.key)) is not None]
        return merge(bodies or [Body(self.key)])

    def _wanted(self, mine: Sequence[Note]) -> Body:
        return self.change(self._merged(mine))

    def _settled(self, mine: Sequence[Note]) -> bool:
        return len(mine) == 1 and parse(mine[0].body, self.key) == self._wanted(mine)

    def _bring(self, mine: Sequence[Note]) -> None:
        """Write all into the oldest comment, and remove the others."""
        text = compose(self._wanted(mine))
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

    def _next_look(self, looks: int) -> float | None:
        """Seconds before the next look that must find everything in place; None after the last."""
        wrote = self._created or self._edited or self._beside
        waits = (*self.settle, *([self.lag] if self._created else [])) if wrote else ()
        if looks < len(waits):
            return waits[looks]
        if self.given_up() > self._waited_for:
            self._waited_for = self.given_up()
            return self.lost
        return None

    def _outcome(self, mine: Sequence[Note]) -> Outcome:
        if self._created:
            return "created"
        if self._edited:
            return "edited"
        return "unchanged" if mine else "none"
