"""What measuring says of a benchmark: how it was measured where that is unusual, and why it was not. Values alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Said:
    """What a program said: an error with its traceback, the end of an output, why a test skips itself.

    Of a report of version 1, which holds sentences alone, any reason.
    """

    text: str
    kind: Literal["said"] = "said"


@dataclass(frozen=True, slots=True)
class Waits:
    """It waits for something, as CPU time below wall time shows."""

    kind: Literal["waits"] = "waits"


@dataclass(frozen=True, slots=True)
class Threaded:
    """It computes in several threads."""

    kind: Literal["threaded"] = "threaded"


@dataclass(frozen=True, slots=True)
class WorksAside:
    """Its threads go on after calls have returned."""

    kind: Literal["works_aside"] = "works_aside"


@dataclass(frozen=True, slots=True)
class Exclusive:
    """Both sides want something that only one process can have, so that each ran alone."""

    kind: Literal["exclusive"] = "exclusive"


@dataclass(frozen=True, slots=True)
class Unpinned:
    """This system refuses to pin processes to a core."""

    kind: Literal["unpinned"] = "unpinned"


@dataclass(frozen=True, slots=True)
class LaterCallsDiffer:
    """Its first calls are not like later ones, so that rounds are longer."""

    calls: int
    """How many the first ones are."""
    compared_from: int = 0
    """The number of the first call that is compared; 0: all are."""
    kind: Literal["later_calls_differ"] = "later_calls_differ"


@dataclass(frozen=True, slots=True)
class StillWarming:
    """It went on changing until the end."""

    calls: int
    kind: Literal["still_warming"] = "still_warming"


@dataclass(frozen=True, slots=True)
class SidesAtOnce:
    """Both sides of a tool ran at once on one core."""

    by: Literal["wall times", "medians", "iterations"]
    """What CPU time a call was found by."""
    kind: Literal["sides_at_once"] = "sides_at_once"


@dataclass(frozen=True, slots=True)
class TakesTooLong:
    """A call takes longer than is left for it."""

    limit: float
    """Seconds."""
    calls: int
    """That it takes to decide, at least."""
    kind: Literal["takes_too_long"] = "takes_too_long"


@dataclass(frozen=True, slots=True)
class HeadsVersion:
    """It fails on both sides, or is skipped, in head's version and not in base's; what follows says how."""

    skipped: bool
    kind: Literal["heads_version"] = "heads_version"


@dataclass(frozen=True, slots=True)
class Uncollected:
    """The file of it could not be collected; what follows is the whole story."""

    raised: str
    kind: Literal["uncollected"] = "uncollected"


@dataclass(frozen=True, slots=True)
class BaseCannotRun:
    """It is new, and base cannot run it; what follows says why."""

    kind: Literal["base_cannot_run"] = "base_cannot_run"


@dataclass(frozen=True, slots=True)
class NotAtHead:
    """Head does not have it."""

    kind: Literal["not_at_head"] = "not_at_head"


@dataclass(frozen=True, slots=True)
class NotInHeadsFiles:
    """Head's version of the benchmark files does not have it."""

    kind: Literal["not_in_heads_files"] = "not_in_heads_files"


@dataclass(frozen=True, slots=True)
class SkippedByHead:
    """Head leaves it out."""

    why: str
    kind: Literal["skipped_by_head"] = "skipped_by_head"


@dataclass(frozen=True, slots=True)
class LeftOutByConfiguration:
    """The change's own configuration leaves it out."""

    kind: Literal["left_out_by_configuration"] = "left_out_by_configuration"


@dataclass(frozen=True, slots=True)
class Hangs:
    """A worker gave no sign in time."""

    kind: Literal["hangs"] = "hangs"


@dataclass(frozen=True, slots=True)
class Rubbish:
    """A worker wrote something else than agreed."""

    kind: Literal["rubbish"] = "rubbish"


@dataclass(frozen=True, slots=True)
class GaveUp:
    """A worker said that it cannot go on."""

    kind: Literal["gave_up"] = "gave_up"


@dataclass(frozen=True, slots=True)
class ClosedItsPipe:
    """A worker can no longer be talked to."""

    kind: Literal["closed_its_pipe"] = "closed_its_pipe"


@dataclass(frozen=True, slots=True)
class ProcessEnded:
    """A worker ended by itself."""

    how: str
    """As the system has it: ``ended with 3``, ``was killed by SIGSEGV``."""
    kind: Literal["process_ended"] = "process_ended"


@dataclass(frozen=True, slots=True)
class NotStarted:
    """A worker could not be started."""

    program: str
    error: str
    kind: Literal["not_started"] = "not_started"


@dataclass(frozen=True, slots=True)
class NotFresh:
    """A worker had loaded something of the checkout before it was asked for."""

    kind: Literal["not_fresh"] = "not_fresh"


@dataclass(frozen=True, slots=True)
class OutOfTurn:
    """A worker answered what nobody had asked."""

    event: str
    kind: Literal["out_of_turn"] = "out_of_turn"


@dataclass(frozen=True, slots=True)
class AnotherOrder:
    """A worker has its benchmarks in another order than the other side's."""

    kind: Literal["another_order"] = "another_order"


@dataclass(frozen=True, slots=True)
class NotCalled:
    """It reports a value instead of being called, so that there is nothing to count in."""

    kind: Literal["not_called"] = "not_called"


@dataclass(frozen=True, slots=True)
class NotCounted:
    """Nothing was counted."""

    because: Literal["no valgrind", "no time", "too slow", "no answer"]
    kind: Literal["not_counted"] = "not_counted"


@dataclass(frozen=True, slots=True)
class CountingFailed:
    """It broke while it was counted."""

    told: str
    kind: Literal["counting_failed"] = "counting_failed"


@dataclass(frozen=True, slots=True)
class Senseless:
    """A value that cannot be computed with."""

    side: str
    found: str
    kind: Literal["senseless"] = "senseless"


@dataclass(frozen=True, slots=True)
class CommandFailed:
    """A command did not end as it should; what follows is the end of its output."""

    command: str
    how: str
    during: Literal["", "prepare", "valgrind"] = ""
    kind: Literal["command_failed"] = "command_failed"


@dataclass(frozen=True, slots=True)
class NotReported:
    """A tool reported it before, and not this time; what follows is the end of its output."""

    metrics: tuple[str, ...]
    kind: Literal["not_reported"] = "not_reported"


@dataclass(frozen=True, slots=True)
class Unreadable:
    """What a tool reported on one side cannot be compared."""

    side: str
    told: str
    kind: Literal["unreadable"] = "unreadable"


@dataclass(frozen=True, slots=True)
class UnitsDiffer:
    """Both sides report it in different units."""

    metric: str
    base: str
    head: str
    kind: Literal["units_differ"] = "units_differ"


@dataclass(frozen=True, slots=True)
class CallsFailed:
    """So many more of one side's calls ended in errors that times say nothing."""

    share: float
    other: float
    """The share on the other side, ``side``."""
    side: str
    kind: Literal["calls_failed"] = "calls_failed"


@dataclass(frozen=True, slots=True)
class NoSuchFile:
    """No file is meant."""

    glob: str
    kind: Literal["no_such_file"] = "no_such_file"


@dataclass(frozen=True, slots=True)
class BuildFailed:
    """What it would look at was not built."""

    kind: Literal["build_failed"] = "build_failed"


@dataclass(frozen=True, slots=True)
class ServerFailed:
    """The server of one side did not answer; what follows is the end of its output."""

    closed: bool
    """It closed the connection; otherwise it took too long."""
    ended: bool
    kind: Literal["server_failed"] = "server_failed"


Unusual = Said | Waits | Threaded | WorksAside | Exclusive | Unpinned | LaterCallsDiffer | StillWarming | SidesAtOnce
"""How a benchmark was measured."""


Failure = (
    Said
    | TakesTooLong
    | HeadsVersion
    | Uncollected
    | BaseCannotRun
    | NotAtHead
    | NotInHeadsFiles
    | SkippedByHead
    | LeftOutByConfiguration
    | Hangs
    | Rubbish
    | GaveUp
    | ClosedItsPipe
    | ProcessEnded
    | NotStarted
    | NotFresh
    | OutOfTurn
    | AnotherOrder
    | NotCalled
    | NotCounted
    | CountingFailed
    | Senseless
    | CommandFailed
    | NotReported
    | Unreadable
    | UnitsDiffer
    | CallsFailed
    | NoSuchFile
    | BuildFailed
    | ServerFailed
)
"""Why a benchmark was not measured, or only on one side."""


def with_output(reason: Failure, output: str) -> tuple[Failure, ...]:
    """A reason, and the end of what was printed, where anything was."""
    said = output.rstrip()
    return (reason, Said(said)) if said else (reason,)
