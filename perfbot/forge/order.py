"""Which of several runs of one head is the newer: one order, for the comment, the status and the service.

Numbers of pipelines and runs do not tell: "Re-run all jobs" of an older run measures later than the newer run did.
So the moment comes first at which measuring began, as the forge says; a report's own word counts where the forge does
not tell, and never for more than the present moment. Only what runs *said* stands in the way of older ones: a run that
has merely begun may never end.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal

from perfbot.units import milliseconds

Ended = Literal["success", "failed"]

_DIGITS = 18
"""Of one number; more than any forge's ids have."""


@dataclass(frozen=True, slots=True, order=True)
class RunOrder:
    """A run's place among the runs of its head.

    Attributes:
        moment: milliseconds since the epoch at which what it publishes began to be measured; 0 when unknown.
        run: id of the pipeline (GitLab) or workflow run (GitHub).
        attempt: id of the measuring job (GitLab) or number of the attempt (GitHub).
        spoken: which of several words of one run is the last: milliseconds at which it was said; 0 for none yet.
    """

    moment: int = 0
    run: int = 0
    attempt: int = 0
    spoken: int = 0

    def __str__(self) -> str:
        parts = (self.moment, self.run, self.attempt, *([self.spoken] if self.spoken else []))
        return ".".join(map(str, parts))

    def is_of(self, other: RunOrder) -> bool:
        """Whether both are words of one run."""
        return replace(other, spoken=self.spoken) == self

    def at(self, now: int, standing: Iterable[RunOrder | None]) -> RunOrder:
        """As the run speaks now: after all that it has said, whatever the clocks of its jobs were."""
        earlier = (one.spoken + 1 for one in standing if one is not None and replace(one, spoken=0) == self)
        return replace(self, spoken=max(now, *earlier, 1))


@dataclass(frozen=True, slots=True)
class Told:
    """What a run said of a head: the last word until a newer run speaks.

    Attributes:
        state: of the status that belongs to it.
        words: the status' line.
    """

    head: str
    order: RunOrder
    state: Ended
    words: str


def read_order(text: str) -> RunOrder | None:
    """An order as :meth:`RunOrder.__str__` writes it; None for anything else."""
    parts = text.split(".")
    if len(parts) not in (3, 4) or not all(p.isascii() and p.isdecimal() and len(p) <= _DIGITS for p in parts):
        return None
    return RunOrder(*map(int, parts))


def place_among(run: tuple[int, int], *, forge: int = 0, started: str = "", now: int) -> RunOrder:
    """The order of a run.

    Args:
        run: ids, see :class:`RunOrder`.
        forge: the moment that the forge tells, in milliseconds; 0 when it does not.
        started: what the report says, ISO 8601: never believed beyond ``now``.
        now: milliseconds since the epoch.
    """
    return RunOrder(forge or min(milliseconds(started) or now, now), *run)


def outrun(order: RunOrder, standing: RunOrder | None) -> bool:
    """Whether a newer run has spoken, or the same one later: that may speak again when a known cost was accepted."""
    return standing is not None and standing > order
