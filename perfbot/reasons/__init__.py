"""Why a benchmark was not measured, how it was measured, why it was judged as it was: values, and their words.

Whoever finds something out makes one of these values; :mod:`perfbot.reasons.words` says them, for whatever is read by
people. So what decides compares values, and a wording can change without changing what is decided.
"""

from __future__ import annotations

from typing import Annotated, Any

from perfbot.reasons.judging import (
    Accepted,
    BetterUnknown,
    Disturbed,
    FewCalls,
    Judgement,
    MachinesDiffer,
    MachinesSay,
    MachineWord,
    MeanDiffers,
    MeanWithin,
    MovesWithLayout,
    NoDirection,
    NoInterval,
    NoOtherRunner,
    NoRatio,
    NotConfirmed,
    NotFinite,
    NotGating,
    NotMeasured,
    OneMachineAlone,
    OneMachineOnly,
    OneSideWaits,
    OnlyMeanOverBudget,
    OwnVersions,
    TooFewRounds,
    Unsteady,
    WasZero,
    WorseThanAccepted,
)
from perfbot.reasons.measuring import (
    AnotherOrder,
    BaseCannotRun,
    BuildFailed,
    CallsFailed,
    ClosedItsPipe,
    CommandFailed,
    CountingFailed,
    Failure,
    GaveUp,
    Hangs,
    HeadsVersion,
    LaterCallsDiffer,
    LeftOutByConfiguration,
    NoSuchFile,
    NotAtHead,
    NotCalled,
    NotCounted,
    NotFresh,
    NotInHeadsFiles,
    NotReported,
    NotStarted,
    OutOfTurn,
    ProcessEnded,
    Rubbish,
    Said,
    Senseless,
    ServerFailed,
    SidesAtOnce,
    SkippedByHead,
    StillWarming,
    TakesTooLong,
    Threaded,
    Uncollected,
    UnitsDiffer,
    Unpinned,
    Unreadable,
    Unusual,
    Waits,
    WorksAside,
    with_output,
)


class _ByKind:
    """Has pydantic tell them apart by ``kind`` alone, and say nothing of what stands there instead."""

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> Any:
        from pydantic import Discriminator  # noqa: PLC0415 - costs 0.2 s, only where reports are read

        expected = "expected the kind of a reason that this version of perfbot knows"
        told = Discriminator("kind", custom_error_type="unknown_reason", custom_error_message=expected)
        return handler.generate_schema(Annotated[source, told])


Reason = Annotated[Failure | Judgement, _ByKind()]
"""Why a result is what it is."""

Note = Annotated[Unusual, _ByKind()]
"""How a result was measured, where that is unusual."""

__all__ = [
    "Accepted",
    "AnotherOrder",
    "BaseCannotRun",
    "BetterUnknown",
    "BuildFailed",
    "CallsFailed",
    "ClosedItsPipe",
    "CommandFailed",
    "CountingFailed",
    "Disturbed",
    "Failure",
    "FewCalls",
    "GaveUp",
    "Hangs",
    "HeadsVersion",
    "Judgement",
    "LaterCallsDiffer",
    "LeftOutByConfiguration",
    "MachineWord",
    "MachinesDiffer",
    "MachinesSay",
    "MeanDiffers",
    "MeanWithin",
    "MovesWithLayout",
    "NoDirection",
    "NoInterval",
    "NoOtherRunner",
    "NoRatio",
    "NoSuchFile",
    "NotAtHead",
    "NotCalled",
    "NotConfirmed",
    "NotCounted",
    "NotFinite",
    "NotFresh",
    "NotGating",
    "NotInHeadsFiles",
    "NotMeasured",
    "NotReported",
    "NotStarted",
    "Note",
    "OneMachineAlone",
    "OneMachineOnly",
    "OneSideWaits",
    "OnlyMeanOverBudget",
    "OutOfTurn",
    "OwnVersions",
    "ProcessEnded",
    "Reason",
    "Rubbish",
    "Said",
    "Senseless",
    "ServerFailed",
    "SidesAtOnce",
    "SkippedByHead",
    "StillWarming",
    "TakesTooLong",
    "Threaded",
    "TooFewRounds",
    "Uncollected",
    "UnitsDiffer",
    "Unpinned",
    "Unreadable",
    "Unsteady",
    "Waits",
    "WasZero",
    "WorksAside",
    "WorseThanAccepted",
    "with_output",
]
