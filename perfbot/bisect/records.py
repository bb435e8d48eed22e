"""What a search is given, and what it answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

SCHEMA = "perfbot.bisect/1"

Kind = Literal["commit", "range", "none", "open", "spread", "failed"]


@dataclass(frozen=True, slots=True)
class CommonRound:
    """One benchmark in one round, by commit: logs of what a call costs, on a scale that the round's commits share.

    Attributes:
        typical: of what is typical.
        means: of the means.
    """

    typical: Mapping[int, float]
    means: Mapping[int, float]


@dataclass(frozen=True, slots=True)
class Goal:
    """What an answer has to keep to.

    Attributes:
        threshold: the smallest step that matters, a fraction.
        alpha: probability that any commit or range that is named has no part in the change.
        beta: probability of saying that nothing changed where the change is exactly the threshold.
        steps: commits measured between two others when the search narrows: 3 is quickest where their environments cost
            little, 1 where they cost more than measuring.
        most_rounds: rounds that one question may take.
    """

    threshold: float = 0.02
    alpha: float = 0.01
    beta: float = 0.05
    steps: int = 3
    most_rounds: int = 60


@dataclass(frozen=True, slots=True)
class Step:
    """Where the cost steps.

    Attributes:
        after, at: the last commit before the step that was measured, and the first one after it.
        change: by what factor less one.
        interval: of it.
        rounds: with both commits in them; ``agreeing`` of ``fresh`` ones, taken to confirm it, point the same way.
        proven: fresh rounds bear it out.
    """

    after: int
    at: int
    change: float
    interval: tuple[float, float]
    rounds: int
    fresh: int = 0
    agreeing: int = 0
    proven: bool = False

    @property
    def single(self) -> bool:
        """It is one commit's."""
        return self.at == self.after + 1


@dataclass(frozen=True, slots=True)
class Answer:
    """What is known of one benchmark.

    Attributes:
        kind: ``commit``: each step is proven to be one commit's; ``range``: some lie somewhere between two commits;
            ``none``: base and head are alike, and nothing between them was seen to differ; ``spread``: they differ, and
            no step by itself matters; ``open``: too few rounds to say; ``failed``: an end could not be measured.
        steps: in the order of the line.
        change, interval: from base to head.
        by_mean: what calls cost on the mean is what changed, not what is typical.
        lost: commits that could not be measured.
        measured: commits that were.
        rounds: with any commit.
        why: a clause that explains what is not known.
    """

    kind: Kind
    steps: tuple[Step, ...] = ()
    change: float | None = None
    interval: tuple[float, float] | None = None
    by_mean: bool = False
    lost: tuple[int, ...] = ()
    measured: tuple[int, ...] = ()
    rounds: int = 0
    why: str = ""


@dataclass(frozen=True, slots=True)
class Commit:
    """One of a line. ``parents`` and ``tree`` are full ids; ``when`` is ISO 8601."""

    id: str
    subject: str = ""
    author: str = ""
    when: str = ""
    parents: tuple[str, ...] = ()
    tree: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """Commits one after the other, the one that the search begins after first.

    Attributes:
        left_out: commits that change nothing that is measured.
        notes: sentences for the reader.
    """

    commits: tuple[Commit, ...]
    left_out: int = 0
    notes: tuple[str, ...] = ()

    @property
    def last(self) -> int:
        """The number of the last one."""
        return len(self.commits) - 1


@dataclass(frozen=True, slots=True)
class Found:
    """The answer about one benchmark and metric.

    Attributes:
        name: ``suite/benchmark``.
    """

    name: str
    metric: str
    better: str
    answer: Answer


@dataclass(frozen=True, slots=True)
class Merged:
    """What a merge brought along: a range to look into, and how many commits that are."""

    commit: str
    spec: str
    count: int


@dataclass(frozen=True, slots=True)
class Bisection:
    """What ``perfbot bisect`` found.

    Attributes:
        found: an answer for each benchmark.
        merges: of the commits that are named.
        lost: why commits could not be measured, by their ids.
        problems: sentences.
        seconds: of wall time, set-up included; ``processes`` measured.
        complete: False where it was stopped, or time was up.
    """

    line: Line
    found: tuple[Found, ...]
    alpha: float
    threshold: float
    merges: tuple[Merged, ...] = ()
    lost: tuple[tuple[str, str], ...] = ()
    problems: tuple[str, ...] = ()
    seconds: float = 0.0
    processes: int = 0
    complete: bool = True
    schema: str = SCHEMA
