"""The status says what the comment says, whoever else is publishing.

The comment is the record: what stands in its section about a head is what the status of that head shows, whole where
it is this run's own word, and as a line where a newer run spoke. Where no comment speaks (none was wanted, or it was
refused), the newest run's status is the record. Both are looked at again after each write; who finds that an older word
landed on a newer one puts the newer back.

Comments can be written by more than statuses can: every workflow of a repository comments as the same bot, and some
comment what a merge request's author wrote. So a newer run's pass that stands in a comment counts only where a status
bears it out; a failure counts as it stands.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from perfbot.forge.base import Shown, Status, Statuses
from perfbot.forge.body import Body, Section, put
from perfbot.forge.order import RunOrder, Told, outrun
from perfbot.forge.upsert import SETTLE
from perfbot.publish.shared_commit import held_back, of_request
from perfbot.render.escape import prose

NEVER = RunOrder()


@dataclass(slots=True)
class Agreement:
    """Brings one status to what the newest run said of its head.

    Args:
        status: what this run shows where it is the newest.
        said: the same as a word.
        section: the comment's part that belongs to it.
        lost: whether a request of this publication had no answer: carried out late, it may have written over the
            status that would bear out the comment.
        sleep: waits for the status of a run that has just told its comment.
        counts: whether another merge request, by its number, still has this head: its failure holds a pass back.

    Attributes:
        standing: what is shown in the end: this run's word or a newer one's.
        newer: what a status says that the comment does not: its word was overwritten by a request carried out late.
    """

    statuses: Statuses
    status: Status
    said: Told
    section: str
    lost: Callable[[], bool] = lambda: False
    sleep: Callable[[float], None] = time.sleep
    counts: Callable[[int], bool] = lambda number: True  # noqa: ARG005
    standing: Told = field(init=False)
    newer: Told | None = field(default=None, init=False)
    _wrote: Status | None = field(default=None, init=False)
    _shown: Sequence[Shown] = field(default=(), init=False)
    _every: Sequence[Shown] = field(default=(), init=False)
    _rumours: set[RunOrder] = field(default_factory=set, init=False)

    def __post_init__(self) -> None:
        self.standing = self.said

    @property
    def is_outrun(self) -> bool:
        """Whether a newer run has spoken."""
        return self.standing.order > self.said.order

    def look(self) -> Sequence[Shown]:
        """What is shown now, as far as it is about this merge request."""
        self._every = self.statuses.shown(self.status)
        self._shown = of_request(self._every, self.status.request)
        return self._shown

    def believed(self, body: Body) -> Body:
        """The comment as far as it counts: a pass that no status bears out is left out, after time for it to come."""
        part = body.section(self.section)
        spoken = part.spoken(self.said.head) if part is not None else None
        for seconds in (0.0,) if spoken in self._rumours else SETTLE:
            if self._counts(body) is body:
                return body
            self.sleep(seconds)
            self.look()
        counts = self._counts(body)
        if counts is not body and spoken is not None:
            self._rumours.add(spoken)
        return counts

    def _counts(self, body: Body) -> Body:
        part = body.section(self.section)
        newer = part is not None and outrun(self.said.order, part.spoken(self.said.head)) and not self.lost()
        return without_rumour(body, self.section, self.said.head, self._shown) if newer else body

    def bring(self, body: Body | None) -> bool:
        """Show what is not shown yet; whether nothing had to be.

        Args:
            body: the comment, in place; None where it is not to be had.
        """
        shown = self.look()
        section = self._counts(body).section(self.section) if body else None
        told = section.said if section is not None and section.said and section.said.head == self.said.head else None
        self.standing = told or newest_shown(shown, self.said)
        if told is not None and (newest := newest_shown(shown, told)) != told:
            self.newer = newest
            return False
        wanted = held_back(self._wanted(), self._every, self.counts)
        here = next((one for one in self._every if one.here), None)
        if self._is_shown(here, wanted):
            return True
        self.statuses.show(wanted)
        self._wrote = wanted
        return False

    def _wanted(self) -> Status:
        if self.standing == self.said:
            return self.status
        line = replace(self.status, state=self.standing.state, description=self.standing.words)
        return replace(line, summary="", annotations=(), order=self.standing.order)

    def _is_shown(self, here: Shown | None, wanted: Status) -> bool:
        if self._wrote == wanted and (here is None or here.order in (None, wanted.order)):
            return True  # however the forge may have changed its words; some do not tell at all
        if here is None or here.description != self.statuses.cut(wanted.description):
            return False
        alike = (here.state, here.order, here.held) == (wanted.state, wanted.order, wanted.held)
        return alike and here.request in (0, wanted.request)


def without_rumour(body: Body, section: str, head: str, shown: Sequence[Shown]) -> Body:
    """The comment without a section that tells of a pass, where no status says so."""
    part = body.section(section)
    if part is None or part.spoken(head) is None or is_borne_out(part, head, shown):
        return body
    return replace(body, sections=tuple(one for one in body.sections if one is not part))


def is_borne_out(part: Section, head: str, shown: Sequence[Shown]) -> bool:
    """Whether statuses say what a section says of a head; what fails needs no witness."""
    spoken, said = part.spoken(head), part.said
    if said is None or said.head != head or said.order != spoken:
        return any(one.order == spoken and one.state != "running" for one in shown)
    return said.state == "failed" or any(_same_word(one, said) for one in shown)


def _same_word(one: Shown, said: Told) -> bool:
    """By the run; by the words where a status has no address that could hold the run."""
    unknown = one.order is None and bool(one.description) and said.words.startswith(one.description)
    return one.state == said.state and (one.order == said.order or unknown)


def restored(body: Body, section: str, newer: Told | None) -> Body:
    """The comment with a newer run's word in it again, where only its status remembers that.

    A section that says nothing of that head is of an older one: statuses follow comments, never the other way round.
    """
    part = body.section(section)
    if newer is None or part is None or (part.spoken(newer.head) or NEVER) >= newer.order:
        return body
    text = f"### perfbot: {prose(newer.words)}\n\nAn older run has written over the table; the full report has it."
    return put(body, Section(section, newer.head, newer.order, text, said=newer))


def taken_back(
    status: Status, order: RunOrder, body: Body, section: str, head: str, shown: Sequence[Shown]
) -> Status | None:
    """What to show instead of "running" where a verdict stands that is no older: the word of who spoke.

    Args:
        status: the one that says "running".
        order: of the run that begins.
    """
    part = without_rumour(body, section, head, shown).section(section)
    in_comment = part.said if part is not None and part.said and part.said.head == head else None
    told = in_comment or newest_shown(shown, Told(head, RunOrder(), "failed", ""))
    running = next((one.state == "running" for one in shown if one.here), False)
    if not running or told.order < order or not told.order.moment:
        return None
    return replace(status, state=told.state, description=told.words, order=told.order)


def newest_shown(shown: Sequence[Shown], said: Told) -> Told:
    """What a newer run's status says, or else this run's own word."""
    words = [
        Told(said.head, one.order, "success" if one.state == "success" else "failed", one.description)
        for one in shown
        if one.order is not None and one.state != "running"
    ]
    best = max(words, key=lambda one: one.order, default=said)
    return best if best.order > said.order else said


def spoken(body: Body, section: str, head: str, shown: Sequence[Shown]) -> RunOrder | None:
    """The newest run that has spoken of a head, in the comment or by the status alone."""
    part = body.section(section)
    told = [one.order for one in shown if one.order is not None and one.state != "running"]
    in_comment = part.spoken(head) if part is not None else None
    return max([*told, in_comment] if in_comment else told, default=None)


def comes_late(order: RunOrder, body: Body, section: str, head: str, shown: Sequence[Shown]) -> bool:
    """Whether a newer run has spoken already."""
    return outrun(order, spoken(body, section, head, shown))


def begins_late(order: RunOrder, body: Body, section: str, head: str, shown: Sequence[Shown]) -> bool:
    """Whether this run, or a newer one, has spoken already."""
    standing = spoken(without_rumour(body, section, head, shown), section, head, shown)
    return standing is not None and standing >= order
