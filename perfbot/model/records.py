"""A change, what was measured of it, and what was judged: up to the report."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from perfbot.explained import Difference, Explanation
from perfbot.model.metric import Better, Metric, Rule
from perfbot.model.policy import Acceptance, Policy
from perfbot.overall import Culprit, GeometricMean, Reach
from perfbot.packed import Packed
from perfbot.reasons import Note, Reason

SCHEMA = "perfbot.report/2"

Side = Literal["base", "head"]
SIDES: tuple[Side, Side] = ("base", "head")

ForgeKind = Literal["gitlab", "github", "local"]
Verdict = Literal["regressed", "improved", "unchanged", "inconclusive", "added", "removed", "failed", "incomparable"]
Gate = Literal["pass", "fail", "accepted"]
RunVerdict = Literal["pass", "fail", "error"]
Status = Literal["measured", "added", "removed", "failed", "incomparable"]
BudgetState = Literal["within", "over", "unclear"]


@dataclass(frozen=True, slots=True)
class Change:
    """Two commits to compare, and where they were found.

    Attributes:
        base, head: full commit ids.
        base_name, head_name: what people call them ("merge base", "main", "v1.2"); may be empty.
        origin: how the change was found.
        project: path of the project on its forge ("group/name"); empty outside CI.
        merge_request: its number on the forge; 0 outside a merge request.
        target: the branch it would be merged into; empty when unknown.
        status_sha: the commit that the forge shows statuses on (differs from head in merged results).
        pipeline: the CI pipeline or run id; 0 when unknown.
        dirty: head includes uncommitted changes of the working tree.
        notes: sentences for the reader, such as how the base was chosen.
        aside: what was not as usual (another base, variables of a side): such a run decides nothing. Empty otherwise.
        subject, author: the first line of head's commit message, and who wrote it; empty when unknown.
    """

    base: str
    head: str
    base_name: str = ""
    head_name: str = ""
    origin: ForgeKind = "local"
    project: str = ""
    merge_request: int = 0
    target: str = ""
    status_sha: str = ""
    pipeline: int = 0
    dirty: bool = False
    notes: tuple[str, ...] = ()
    aside: str = ""
    subject: str = ""
    author: str = ""


def full_name(suite: str, benchmark: str) -> str:
    """What a benchmark is called outside its suite. A suite's name holds no slash, so the first one parts the two."""
    return f"{suite}/{benchmark}"


@dataclass(frozen=True, slots=True)
class Benchmark:
    """One benchmark of a suite. ``name`` is unique within ``suite`` and the same on both sides."""

    suite: str
    name: str
    file: str = ""
    line: int = 0
    source_changed: bool = False
    """The benchmark's own source differs between base and head."""
    new: bool = False
    """Base's own suite does not have it; where base can run it all the same, it is measured."""
    rewritten: bool = False
    """Its source differs, and each side ran its own."""

    @property
    def full_name(self) -> str:
        """``suite/benchmark``: what globs match and people read."""
        return full_name(self.suite, self.name)


@dataclass(frozen=True, slots=True)
class Round:
    """One fresh pair of processes, the unit of inference.

    Attributes:
        index: rounds of one run with the same index shared their processes.
        base, head: values in the metric's unit, in the order they were taken; the i-th of one side belongs
            with the i-th of the other. Equally long, never empty. Kept as :class:`perfbot.packed.Packed`.
        loops: calls a value was averaged over.
        seconds: wall time spent measuring it (start-up not included).
        core: the processor it was pinned to; −1 where it was not.
        clock: what the values were read from; ``cost`` is wall time less the time that other programs had the core.
        waited: seconds a call in which base and head waited for something other than the core; None where unknown.
        together: both sides ran at once on one core; otherwise they took turns.
        builds: numbers of the builds of base and head that met in it, from 0.
        confirming: taken under other conditions, once earlier rounds had shown a change; it had no part in showing it.
        reach: calls that each side had made in its process when the round ended; 0 where unknown.
        machine: which of the report's ``machines`` it was taken on, from 0.
    """

    index: int
    base: Sequence[float]
    head: Sequence[float]
    loops: int = 1
    seconds: float = 0.0
    core: int = -1
    clock: Literal["wall", "cpu", "count", "cost"] = "wall"
    together: bool = False
    waited: tuple[float, float] | None = None
    confirming: bool = False
    reach: int = 0
    builds: tuple[int, int] = (0, 0)
    machine: int = 0

    def __post_init__(self) -> None:
        for side in SIDES:
            object.__setattr__(self, side, Packed(getattr(self, side)))


@dataclass(frozen=True, slots=True)
class Comparison:
    """What measuring says about one benchmark and metric, before anybody judges it."""

    benchmark: Benchmark
    metric: Metric
    rounds: tuple[Round, ...] = ()
    status: Status = "measured"
    reasons: tuple[Reason, ...] = ()
    notes: tuple[Note, ...] = ()
    failed_side: Literal["", "base", "head", "both"] = ""


@dataclass(frozen=True, slots=True)
class Result:
    """One judged comparison. ``change``, ``interval`` and ``detectable`` are fractions; None where unknown.

    Attributes:
        base, head: what each side takes, in ``unit``, ``change`` apart: around the medians over rounds of the rounds'
            medians, or of their means where the means decide.
        interval: of ``change``, at ``confidence`` (which allows for all comparisons and all looks).
        detectable: the resolution: the smallest change that would have shown with the rounds there are.
        error: standard error of log(1 + ``change``) over the rounds, which allows for no other look or comparison.
        rounds: how many there are; ``raw`` holds them.
        seconds: wall time spent measuring.
        reasons: why it is what it is, and ``notes`` how it was measured, where that is unusual.
        budget: the limit on head as written, and ``budget_state`` how head stands to it.
    """

    suite: str
    benchmark: str
    metric: str
    unit: str
    better: Better
    verdict: Verdict
    base: float | None = None
    head: float | None = None
    change: float | None = None
    interval: tuple[float, float] | None = None
    confidence: float | None = None
    detectable: float | None = None
    error: float | None = None
    threshold: float | None = None
    rounds: int = 0
    seconds: float = 0.0
    gate: Gate = "pass"
    reasons: tuple[Reason, ...] = ()
    rule: Rule = "noisy"
    budget: str = ""
    budget_state: BudgetState | None = None
    file: str = ""
    line: int = 0
    source_changed: bool = False
    new: bool = False
    rewritten: bool = False
    failed_side: Literal["", "base", "head", "both"] = ""
    notes: tuple[Note, ...] = ()
    raw: tuple[Round, ...] = ()

    @property
    def full_name(self) -> str:
        """``suite/benchmark``: what globs match and people read."""
        return full_name(self.suite, self.benchmark)


def machine_class(cpu: str, cores: int, python: str) -> str:
    """The class of a machine: what must be equal before values or spreads of two runs may be compared."""
    minor = ".".join(python.split(".")[:2])
    return f"{cpu or 'unknown processor'}, {cores} cores" + (f", Python {minor}" if minor else "")


@dataclass(frozen=True, slots=True)
class Runner:
    """The machine that measured. Nothing here names the host."""

    cpu: str = ""
    cores: int = 0
    memory: int = 0
    """Bytes."""
    system: str = ""
    python: str = ""
    pinned: bool = False
    shared_layout: bool = False
    """Whether both sides of a round share an address-space layout."""
    load: float = 0.0
    """One-minute load average when measuring began."""
    governor: str = ""
    virtual: str = ""
    perfbot: str = ""


@dataclass(frozen=True, slots=True)
class Control:
    """Base against a second copy of base in the same rounds: it should not move."""

    change: float
    interval: tuple[float, float]
    rounds: int
    disturbed: bool


@dataclass(frozen=True, slots=True)
class Machine:
    """One of several machines whose rounds were joined: what its own report said of it."""

    runner: Runner = field(default_factory=Runner)
    control: Control | None = None
    seed: int = 0
    started: str = ""
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Problem:
    """Something went wrong somewhere, and what it means for the run."""

    where: str
    """``suite core, head: set-up`` or the like."""
    message: str
    output: str = ""
    fatal: bool = True
    """False: a warning; the verdict stands."""


@dataclass(frozen=True, slots=True)
class Shard:
    """Which part of the benchmarks a report holds: ``index`` of ``count``, from 1."""

    index: int
    count: int
    split: str = ""
    """Fingerprint of the times they were shared out by; empty where names alone decided."""


@dataclass(frozen=True, slots=True)
class Startup:
    """Wall time that starting one round of a suite took in the end, whatever was measured in it."""

    suite: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Report:
    """Everything a run found, enough to judge it again.

    Attributes:
        family: how many noisy comparisons share the run's ``alpha`` (the whole suite's, in a shard too).
        complete: False when the run was interrupted.
        policy_changed: the change edits the policy; its policy is shown, not obeyed.
        trend: one line about the history, or empty.
    """

    change: Change
    verdict: RunVerdict
    results: tuple[Result, ...] = ()
    problems: tuple[Problem, ...] = ()
    policy: Policy = field(default_factory=Policy)
    proposed_policy: Policy | None = None
    acceptances: tuple[Acceptance, ...] = ()
    runner: Runner = field(default_factory=Runner)
    control: Control | None = None
    started: str = ""
    """ISO 8601, UTC."""
    seconds: float = 0.0
    budget_seconds: float = 0.0
    family: int = 0
    seed: int = 0
    complete: bool = True
    shard: Shard | None = None
    trend: str = ""
    skipped: str = ""
    """Why nothing was measured although nothing is wrong; empty otherwise."""
    startups: tuple[Startup, ...] = ()
    geometric_means: tuple[GeometricMean, ...] = ()
    reach: Reach | None = None
    culprits: tuple[Culprit, ...] = ()
    """Which commits of the change did it, where that was looked for."""
    explanations: tuple[Explanation, ...] = ()
    """Why benchmarks changed, of those that were looked into."""
    differences: tuple[Difference, ...] = ()
    """What else differs between both sides, where something was looked into."""
    machines: tuple[Machine, ...] = ()
    """Where rounds of several machines were joined; empty otherwise."""
    schema: str = SCHEMA
