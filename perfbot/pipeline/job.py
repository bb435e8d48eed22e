"""What is asked for, and what it was understood to mean."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from perfbot.calibration.planning import Planning, Source
from perfbot.claims.grammar import Claim
from perfbot.config import Config, Suite
from perfbot.explained import Difference, Explanation
from perfbot.measure.discovering import Earlier
from perfbot.model import Change, Control, Policy, Problem, Shard
from perfbot.model.aside import Setting
from perfbot.pipeline.session import Counted


@dataclass(frozen=True, slots=True)
class Request:
    """What the command line asks for, and the surroundings it was typed in."""

    repo: Path
    environ: Mapping[str, str]
    cache: Path
    config: Path | None = None
    spec: str = ""
    base: str = ""
    head: str = ""
    dirty: bool = False
    given: tuple[Suite, ...] = ()
    """Suites to run instead of the configured ones."""
    aside: str = ""
    """What is not as usual about it, in words, besides base and variables: a statement of somebody's comment."""
    suites: tuple[str, ...] = ()
    only: tuple[str, ...] = ()
    budget: float | None = None
    threshold: float | None = None
    seed: int | None = None
    shard: Shard | None = None
    force: bool = False
    """Measure although the change touches nothing that is measured."""
    same: bool = False
    """Base and head may be one commit: an A/A run."""
    bisect: bool | None = None
    """Look for the commit that did it: always, never, or (None) as configured."""
    settings: tuple[Setting, ...] = ()
    """Variables for set-up and benchmarks, beside those of the suites."""
    fresh: bool = False
    """Begin a session of tries anew."""
    afresh: bool = False
    """Set the working tree up as CI does, whatever earlier runs left."""
    why: bool | None = None
    """Look into what changed; None: as the configuration says."""
    more: bool = False
    """Go on from the last run of this change: its rounds count."""
    claim: Claim | None = None
    """Decide this, and measure nothing but what it is about."""
    calibration: Source | None = None
    """Where earlier A/A runs may be found, to plan with."""


@dataclass(frozen=True, slots=True)
class Continued:
    """What is taken over from the last run. Empty where none is continued."""

    rounds: Earlier = field(default_factory=dict)
    names: frozenset[str] = frozenset()
    """Benchmarks that it measured, ``suite/benchmark``; empty: whatever is wanted."""
    control: Control | None = None
    seconds: float = 0.0
    budget: float = 0.0

    def narrowed(self, wanted: Callable[[str], bool]) -> Callable[[str], bool]:
        """Only what the last run measured, as its share of false alarms was planned for that."""
        return (lambda name: name in self.names and wanted(name)) if self.names else wanted


@dataclass(frozen=True, slots=True)
class Job:
    """A request that was understood: which commits, which suites, whose policy."""

    repo: Path
    change: Change
    config: Config
    suites: tuple[Suite, ...]
    policy: Policy
    proposed: Policy | None
    budget: float
    seed: int
    planning: Planning = field(default_factory=Planning)
    notes: tuple[str, ...] = ()
    skip: str = ""
    expected: tuple[Suite, ...] = ()
    """The suites of the target branch's configuration; none where the change is no merge request."""
    continued: Continued = field(default_factory=Continued)
    only_reached: bool = False
    """Only what runs something of the change is measured."""
    listed: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """Of suites of which no other file has to be read: the benchmarks that are asked for, with their files."""
    counted: Counted = field(default_factory=Counted)
    """The try of a session that it is."""


@dataclass(slots=True)
class Explained:
    """What is known so far of why something changed; survives an interruption."""

    explanations: list[Explanation] = field(default_factory=list)
    differences: list[Difference] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


def asks_why(config: Config, request: Request) -> bool:
    """Whether what changed is looked into after the verdicts; by itself not where somebody waits for the next try."""
    usual = config.why.enabled and not (request.same or request.claim or request.dirty)
    return usual if request.why is None else request.why
