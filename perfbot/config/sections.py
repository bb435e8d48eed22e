"""The tables beside the suites: ``[run]``, ``[gate]`` and ``[publish]``."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from pydantic import Field, StrictBool, StrictInt

from perfbot.config.fields import Duration, PathPattern, Percentage, Probability, VariableName
from perfbot.config.patterns import touches
from perfbot.config.record import Record
from perfbot.model import OnGate, Policy


class RunSettings(Record):
    """``[run]``: how long to measure, and when."""

    budget: Duration = 600.0
    """Wall clock for measuring, all suites together; set-up comes on top."""

    when_changed: tuple[PathPattern, ...] = ()
    """Measure only when the change touches one of these files (patterns as in .gitignore); none: always."""

    only_reached: StrictBool = False
    """Measure nothing but benchmarks that run something of the change, where it edits Python alone; read from the
    target branch."""

    seed: StrictInt | None = Field(default=None, ge=0)
    """Makes the order of measuring reproducible; drawn anew for each run when not given."""

    def concerns(self, changed: Iterable[str]) -> bool:
        """Whether a change of these files (relative to the repository) is to be measured at all."""
        return touches(self.when_changed, changed)


_SHIPPED = Policy()


class Why(Record):
    """``[why]``: looking into what became slower or faster, after the verdicts and without any influence on them."""

    enabled: StrictBool = True
    """Find out which functions a change goes back to."""

    most: StrictInt = Field(default=10, ge=1, le=100)
    """How many benchmarks to look into: what fails the merge request first."""

    share: Percentage = 0.25
    """How long that may take, as a share of ``[run] budget``, on top of it."""


class Bisect(Record):
    """``[bisect]``: which commit of a merge request did it, without any influence on verdicts."""

    auto: StrictBool = True
    """Look for it by itself where a merge request of several commits regressed and budget is left."""

    least: Duration = 30.0
    """Of the budget that has to be left for that; set-up of the commits comes on top."""

    most: StrictInt = Field(default=5, ge=1, le=50)
    """Benchmarks to look for: those that fail the merge request, the worst first."""


class Gate(Record):
    """``[gate]``: what decides. Read from the target branch, never from the change it judges."""

    threshold: Percentage = _SHIPPED.threshold
    """The smallest change that matters, for metrics that are noisy (time)."""

    exact_threshold: Percentage = _SHIPPED.exact_threshold
    """The same for metrics that are exact (instructions, allocated memory, object counts)."""

    alpha: Probability = Field(default=_SHIPPED.alpha, gt=0, le=0.5)
    """Probability of any false alarm in a run, all benchmarks together."""

    beta: Probability = Field(default=_SHIPPED.beta, gt=0, le=0.5)
    """Probability of calling a change of exactly the threshold "unchanged"."""

    confirm: Literal["no", "here", "runner"] = "here"
    """Where a change is measured again, in fresh rounds, before it counts: nowhere, in the same run, or there and then
    on another runner, too: publishing has the measuring job started once more, and red is what both runs say."""

    undecided: Literal["pass", "fail"] = "pass"
    """What the gate makes of benchmarks that could not be decided."""
    removed: OnGate = _SHIPPED.removed
    """What becomes of a change after which benchmarks are gone: removed, left out by the configuration, or skipped on
    head alone. Somebody may accept it in a comment."""

    rewritten: OnGate = _SHIPPED.rewritten
    """What becomes of a regression where head rewrote the benchmark and each side ran its own version."""

    broken_on_both: OnGate = _SHIPPED.broken_on_both
    """What becomes of a change beside benchmarks that fail on both sides alike."""

    suite_threshold: Percentage | None = None
    """Growth of a suite's geometric mean of times that fails, whatever single benchmarks say; not given: none does."""


class Publish(Record):
    """``[publish]``: how much to say in a merge request. Read from the target branch."""

    comment: Literal["always", "on-change"] = "always"
    """Comment on every merge request, or begin to only when something changed."""

    commands_per_hour: StrictInt = Field(default=6, ge=1, le=100)
    """How many re-runs people may ask for in one merge request within an hour."""

    command_env: tuple[VariableName, ...] = Field(default=(), examples=[["FAST_PATH", "WORKERS"]])
    """Variables that a comment may set for a run that decides nothing, as in `/rebench --env head:FAST_PATH=1`."""

    command_bench: StrictBool = False
    """Let people who may write have a statement measured on both sides, as in `/perfbot bench parse(TEXT)`. It runs
    where the merge request's own code runs, and decides nothing."""

    claims: StrictBool = False
    """Judge the `[[claim]]` tables of a merge request's description, and show what came of it. They gate nothing."""
