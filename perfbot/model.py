"""The records that flow through the house: change → measured comparisons → judged results → report.

All are frozen, hold tuples, and know nothing of files, processes or clocks. Quantities are in base units
(seconds, bytes, counts, operations a second) unless a name says otherwise; changes are fractions:
head/base − 1.
"""

from __future__ import annotations

import fnmatch
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from perfbot.explained import Difference, Explanation
from perfbot.overall import GeometricMean, Reach
from perfbot.packed import Packed

SCHEMA = "perfbot.report/1"

Side = Literal["base", "head"]
SIDES: tuple[Side, Side] = ("base", "head")

ForgeKind = Literal["gitlab", "github", "local"]
Better = Literal["lower", "higher", "unknown"]
Rule = Literal["noisy", "exact"]
Verdict = Literal["regressed", "improved", "unchanged", "inconclusive", "added", "removed", "failed", "incomparable"]
Gate = Literal["pass", "fail", "accepted"]
RunVerdict = Literal["pass", "fail", "error"]
OnGate = Literal["pass", "fail"]
Status = Literal["measured", "added", "removed", "failed", "incomparable"]
BudgetState = Literal["within", "over", "unclear"]
Confirm = Literal["no", "here"]


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
class Metric:
    """What is measured. ``unit`` is ``s``, ``B``, ``1`` (a count), ``1/s``, or one of the user's own."""

    name: str
    unit: str
    better: Better = "lower"
    rule: Rule = "noisy"


TIME = Metric("time", "s")
MEMORY = Metric("memory", "B")


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
    reason: str = ""
    notes: tuple[str, ...] = ()
    failed_side: Literal["", "base", "head", "both"] = ""


@dataclass(frozen=True, slots=True)
class Budget:
    """An absolute limit on head: at most ``bound`` where lower is better, at least where higher is."""

    metric: str
    bound: float
    text: str
    """As the user wrote it."""
    better: Better = "lower"


@dataclass(frozen=True, slots=True)
class Limit:
    """Policy for the benchmarks whose ``suite/name`` matches a glob; the last match wins, key by key."""

    match: str
    metric: str = ""
    """Only this metric; empty for all."""
    threshold: float | None = None
    budgets: tuple[Budget, ...] = ()
    gate: bool | None = None
    """False: shown, but never fails the merge request."""

    def matches(self, benchmark: str, metric: str) -> bool:
        """Whether this limit speaks about ``suite/name`` and a metric."""
        named = benchmark == self.match or fnmatch.fnmatchcase(benchmark, self.match)
        return named and self.metric in ("", metric)


@dataclass(frozen=True, slots=True)
class Policy:
    """What decides. Comes from the target branch, never from the change it judges.

    Attributes:
        threshold: smallest change that matters for noisy metrics, a fraction.
        exact_threshold: the same for exact metrics (instructions, allocated memory, counts).
        alpha: probability of any false alarm in a run, all comparisons together.
        beta: probability of calling a change of exactly the threshold "unchanged".
        limits: exceptions, in the order of the file.
        confirm: where a change is measured again before it counts as one; ``no`` takes the first decision's word.
        undecided: what the gate makes of a benchmark that could not be decided.
        origin: where it was read ("perfbot.toml at 60ab91e", "defaults").
        removed: what becomes of benchmarks that base has and head has not, or leaves out.
        rewritten: what becomes of regressions where each side ran its own version of the benchmark.
        broken_on_both: what becomes of benchmarks that fail on both sides alike.
        suite_threshold: the growth of a suite's geometric mean of times that fails the gate; None: none does.
    """

    threshold: float = 0.02
    exact_threshold: float = 0.005
    alpha: float = 0.01
    beta: float = 0.05
    limits: tuple[Limit, ...] = ()
    origin: str = "defaults"
    confirm: Confirm = "no"
    undecided: Literal["pass", "fail"] = "pass"
    removed: OnGate = "fail"
    rewritten: OnGate = "pass"
    broken_on_both: OnGate = "pass"
    suite_threshold: float | None = None

    def threshold_for(self, benchmark: str, metric: Metric) -> float:
        """The smallest change that matters to ``suite/name`` under ``metric``, a fraction."""
        found = self.exact_threshold if metric.rule == "exact" else self.threshold
        for limit in self.limits:
            if limit.threshold is not None and limit.matches(benchmark, metric.name):
                found = limit.threshold
        return found

    def gates(self, benchmark: str, metric: Metric) -> bool:
        """Whether a regression of ``suite/name`` may fail the merge request."""
        found = True
        for limit in self.limits:
            if limit.gate is not None and limit.matches(benchmark, metric.name):
                found = limit.gate
        return found

    def budget_for(self, benchmark: str, metric: Metric) -> Budget | None:
        """The absolute limit on ``suite/name`` under ``metric``, if any."""
        found = None
        for limit in self.limits:
            if limit.matches(benchmark, metric.name):
                found = next((b for b in limit.budgets if b.metric == metric.name), found)
        return found


@dataclass(frozen=True, slots=True)
class Acceptance:
    """A known cost, accepted by a person for one merge request."""

    match: str
    reason: str
    who: str
    when: str
    """ISO 8601, UTC."""
    head: str = ""
    change: float | None = None
    """The measured change when it was accepted; a worse one is no longer accepted."""
    note: int = 0
    """Id of the comment that accepted it, which the forge is asked about; 0 for none."""


@dataclass(frozen=True, slots=True)
class Result:
    """One judged comparison. ``change``, ``interval`` and ``detectable`` are fractions; None where unknown.

    Attributes:
        base, head: what each side takes, in ``unit``, ``change`` apart: around the medians over rounds of the rounds'
            medians, or of their means where the means decide.
        interval: of ``change``, at ``confidence`` (which allows for all comparisons and all looks).
        detectable: the smallest change that could have been seen with the rounds there are.
        error: standard error of log(1 + ``change``) over the rounds, which allows for no other look or comparison.
        rounds: how many there are; ``raw`` holds them.
        seconds: wall time spent measuring.
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
    reason: str = ""
    rule: Rule = "noisy"
    budget: str = ""
    budget_state: BudgetState | None = None
    file: str = ""
    line: int = 0
    source_changed: bool = False
    new: bool = False
    rewritten: bool = False
    failed_side: Literal["", "base", "head", "both"] = ""
    notes: tuple[str, ...] = ()
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
    explanations: tuple[Explanation, ...] = ()
    """Why benchmarks changed, of those that were looked into."""
    differences: tuple[Difference, ...] = ()
    """What else differs between both sides, where something was looked into."""
    schema: str = SCHEMA
