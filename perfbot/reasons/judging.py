"""Why a result was judged as it was. Values alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class MachineWord:
    """What one machine says by itself."""

    machine: str
    """Its processor."""
    measured: bool = True
    verdict: str = ""
    """Where machines disagree in it; else empty."""
    change: float | None = None


@dataclass(frozen=True, slots=True)
class NotMeasured:
    """There are no rounds, and nobody says why."""

    kind: Literal["not_measured"] = "not_measured"


@dataclass(frozen=True, slots=True)
class NotFinite:
    """A value is not a finite number."""

    kind: Literal["not_finite"] = "not_finite"


@dataclass(frozen=True, slots=True)
class NoRatio:
    """Values of zero or below have no ratio."""

    head_is: Literal["", "above", "below"] = ""
    """Where head is in every round; empty where that differs."""
    kind: Literal["no_ratio"] = "no_ratio"


@dataclass(frozen=True, slots=True)
class TooFewRounds:
    """There are fewer rounds than are ever decided on."""

    rounds: int
    needed: int
    kind: Literal["too_few_rounds"] = "too_few_rounds"


@dataclass(frozen=True, slots=True)
class NotConfirmed:
    """Fresh rounds do not bear out what the first ones had shown."""

    change: float
    rounds: int
    fresh: int
    """How many more there are; 0: there was no time for any."""
    agreeing: int
    kind: Literal["not_confirmed"] = "not_confirmed"


@dataclass(frozen=True, slots=True)
class FewCalls:
    """What is rarer than the calls that were made cannot have been seen."""

    calls: int
    kind: Literal["few_calls"] = "few_calls"


@dataclass(frozen=True, slots=True)
class MeanWithin:
    """Less is surely true of the mean than of what is typical."""

    bound: float
    calls: int
    """That were made, where they are few; else 0."""
    kind: Literal["mean_within"] = "mean_within"


@dataclass(frozen=True, slots=True)
class OneSideWaits:
    """How much of a call each side waits, seconds, where that differs."""

    side: str
    """The one that waits more."""
    waits: float
    cost: float
    other_waits: float
    other_cost: float
    kind: Literal["one_side_waits"] = "one_side_waits"


@dataclass(frozen=True, slots=True)
class MeanDiffers:
    """What is typical changed otherwise than the mean, which decides."""

    typical: float
    mean: float
    slow: tuple[float, float] | None
    """Share of slow calls on base and head, where they were seen and differ."""
    kind: Literal["mean_differs"] = "mean_differs"


@dataclass(frozen=True, slots=True)
class WasZero:
    """There is no relative change of what was 0 on base."""

    kind: Literal["was_zero"] = "was_zero"


@dataclass(frozen=True, slots=True)
class Unsteady:
    """An exact value differs from round to round."""

    kind: Literal["unsteady"] = "unsteady"


@dataclass(frozen=True, slots=True)
class NoDirection:
    """It moved, and nobody says whether that is good."""

    suite: str
    metric: str
    kind: Literal["no_direction"] = "no_direction"


@dataclass(frozen=True, slots=True)
class NotGating:
    """The policy lets it pass whatever it does."""

    kind: Literal["not_gating"] = "not_gating"


@dataclass(frozen=True, slots=True)
class OnlyMeanOverBudget:
    """What is typical keeps its budget, and the mean does not."""

    mean: float
    unit: str
    kind: Literal["only_mean_over_budget"] = "only_mean_over_budget"


@dataclass(frozen=True, slots=True)
class OwnVersions:
    """Each side ran its own version of the benchmark, so it does not gate."""

    kind: Literal["own_versions"] = "own_versions"


@dataclass(frozen=True, slots=True)
class Disturbed:
    """The runner was disturbed: base moved against itself."""

    change: float
    kind: Literal["disturbed"] = "disturbed"


@dataclass(frozen=True, slots=True)
class WorseThanAccepted:
    """It is surely worse than the change that somebody accepted."""

    change: float
    who: str
    kind: Literal["worse_than_accepted"] = "worse_than_accepted"


@dataclass(frozen=True, slots=True)
class Accepted:
    """Somebody accepted it."""

    who: str
    why: str
    kind: Literal["accepted"] = "accepted"


@dataclass(frozen=True, slots=True)
class MovesWithLayout:
    """The change depends on the builds that are compared: from the least to the most."""

    low: float
    high: float
    builds: int
    kind: Literal["moves_with_layout"] = "moves_with_layout"


@dataclass(frozen=True, slots=True)
class MachinesSay:
    """What each machine says, where that is news."""

    words: tuple[MachineWord, ...]
    kind: Literal["machines_say"] = "machines_say"


@dataclass(frozen=True, slots=True)
class OneMachineAlone:
    """A change that one machine sees alone does not count."""

    kind: Literal["one_machine_alone"] = "one_machine_alone"


@dataclass(frozen=True, slots=True)
class OneMachineOnly:
    """What one machine says of something that other ones were not asked about, for the change fails without it."""

    change: float | None
    kind: Literal["one_machine_only"] = "one_machine_only"


@dataclass(frozen=True, slots=True)
class BetterUnknown:
    """Nobody says which way of a metric is good, so that nothing can be claimed of it."""

    metric: str
    kind: Literal["better_unknown"] = "better_unknown"


@dataclass(frozen=True, slots=True)
class NoInterval:
    """There are too few rounds for an interval."""

    kind: Literal["no_interval"] = "no_interval"


@dataclass(frozen=True, slots=True)
class MachinesDiffer:
    """Machines say different things of a claim."""

    kind: Literal["machines_differ"] = "machines_differ"


@dataclass(frozen=True, slots=True)
class NoOtherRunner:
    """It was not confirmed on another runner."""

    because: Literal["each differs", "too long a name", "too many runs", "not remembered", "outrun", "not started"]
    detail: str = ""
    """How many runs, or what went wrong."""
    kind: Literal["no_other_runner"] = "no_other_runner"


Judgement = (
    NotMeasured
    | NotFinite
    | NoRatio
    | TooFewRounds
    | NotConfirmed
    | FewCalls
    | MeanWithin
    | OneSideWaits
    | MeanDiffers
    | WasZero
    | Unsteady
    | NoDirection
    | NotGating
    | OnlyMeanOverBudget
    | OwnVersions
    | Disturbed
    | WorseThanAccepted
    | Accepted
    | MovesWithLayout
    | MachinesSay
    | OneMachineAlone
    | OneMachineOnly
    | BetterUnknown
    | NoInterval
    | MachinesDiffer
    | NoOtherRunner
)
"""Why a result was judged as it was."""
