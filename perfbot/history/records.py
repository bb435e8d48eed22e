"""The records of the history: what the store gives, trends look at, alerts tell and pages show.

Frozen, like those of :mod:`perfbot.model`, and without any knowledge of databases or pictures. Moments are
ISO 8601 in UTC with seconds (``2026-11-23T19:47:14Z``), which sort as text. Changes are fractions unless a
name says ``log``.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import Literal

from perfbot.model import Better, Budget, Policy, Rule, RunVerdict, full_name

Kind = Literal["merge-request", "branch", "calibration"]
KINDS: tuple[Kind, ...] = ("merge-request", "branch", "calibration")


@dataclass(frozen=True, slots=True)
class Command:
    """A command somebody gave in a comment, and what became of it. ``delivery`` names the forge's event."""

    delivery: str
    merge_request: int
    who: str
    text: str
    outcome: str
    moment: str


@dataclass(frozen=True, slots=True)
class Run:
    """One kept run.

    Attributes:
        number: the store's own number of it.
        branch: the branch it ran for: the target branch of a merge request, or the branch itself.
        machine: the class of machine that measured (processor, cores, Python), never its name.
        used: counts for baselines and trends; ``why`` says why not.
        subject, author: of head's commit; empty when unknown.
    """

    number: int
    project: str
    kind: Kind
    branch: str
    base: str
    head: str
    started: str
    seconds: float
    verdict: RunVerdict
    machine: str
    merge_request: int = 0
    results: int = 0
    used: bool = True
    why: str = ""
    subject: str = ""
    author: str = ""


@dataclass(frozen=True, slots=True)
class Subject:
    """What a series is about: one metric of one benchmark. ``number`` is the store's own; 0 outside it."""

    suite: str
    benchmark: str
    metric: str
    unit: str
    better: Better = "lower"
    rule: Rule = "noisy"
    number: int = 0

    @property
    def full_name(self) -> str:
        """``suite/benchmark``: what globs match and people read."""
        return full_name(self.suite, self.benchmark)

    @property
    def page(self) -> str:
        """What its page is called: the same in every history of the project, and safe as a file's name."""
        shown = self.full_name if self.metric == "time" else f"{self.full_name} {self.metric}"
        key = repr((self.suite, self.benchmark, self.metric, self.unit, self.better, self.rule))
        return f"{slug(shown, 60)}-{hashlib.sha256(key.encode(errors='replace')).hexdigest()[:10]}"


def slug(text: str, longest: int) -> str:
    """What is left of a text in a file's name: ASCII letters, digits, dots, dashes; it tells nothing apart."""
    return re.sub(r"[^A-Za-z0-9._]+", "-", text).strip("-.")[:longest] or "benchmark"


@dataclass(frozen=True, slots=True)
class Point:
    """One run's word about a series.

    Attributes:
        run: number of the run.
        base, head: commits compared; chained ratios joins runs whose base is an earlier run's head.
        started: when measuring began.
        machine: class of machine; values of different classes are never compared.
        base_value, head_value: typical values in the series' unit.
        log_change, log_error: log(head/base) and its standard error; None where only values are known.
        verdict: the run's verdict on it.
    """

    run: int
    base: str
    head: str
    started: str
    machine: str
    base_value: float | None
    head_value: float | None
    log_change: float | None = None
    log_error: float | None = None
    verdict: str = "unchanged"


@dataclass(frozen=True, slots=True)
class Series:
    """The points of one subject on one branch, oldest first; only of runs that count."""

    subject: Subject
    points: tuple[Point, ...]


LinkKind = Literal["measured", "bridged", "broken"]
"""How a level follows from the one before it: by a measured ratio, by the levels around, or not at all."""


@dataclass(frozen=True, slots=True)
class Level:
    """One commit of a series' way.

    Attributes:
        factor: against the first; ``low`` and ``high`` at 95 %, since the start or the last break.
        link: where the change from the point before comes from.
    """

    point: Point
    factor: float
    low: float
    high: float
    link: LinkKind = "measured"


@dataclass(frozen=True, slots=True)
class Way:
    """How a series came along, one entry a commit, oldest first: what two commits are compared by.

    Attributes:
        runs: the number of the run that measured each commit last.
        logs: level against the first, as log; ``variances`` of it, since the start or the last break.
        breaks: the indices whose link to the one before nothing bridges.
    """

    runs: tuple[int, ...]
    logs: tuple[float, ...]
    variances: tuple[float, ...]
    breaks: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Stop:
    """A commit that runs of a branch measured, in the order of the branch.

    Attributes:
        started: when it was measured first.
        runs: numbers of the runs that measured it.
    """

    head: str
    started: str
    runs: tuple[int, ...]
    subject: str = ""
    author: str = ""


@dataclass(frozen=True, slots=True)
class Release:
    """A tag and when its commit was made."""

    name: str
    commit: str
    moment: str


@dataclass(frozen=True, slots=True)
class Step:
    """A change point: the level moved between two measured commits.

    Attributes:
        index: of the first point after it.
        after, first: the commits it lies between: good one, and the first that shows it.
        change: relative size; ``interval`` of it, at 95 %.
        evidence: probability of so clear a step anywhere in a series without any.
    """

    index: int
    after: str
    first: str
    started: str
    change: float
    interval: tuple[float, float]
    evidence: float


@dataclass(frozen=True, slots=True)
class Drift:
    """A change too slow for any single run, over ``first`` to ``last`` (commits).

    ``change`` is the whole of it, a fraction; ``interval`` at 95 %; ``points`` how many runs it spans.
    """

    first: str
    last: str
    since: str
    change: float
    interval: tuple[float, float]
    points: int


@dataclass(frozen=True, slots=True)
class Since:
    """Chained ratios from a release, or the first point, to the last: "+6.4 % since v2.3".

    ``missing`` links had no measured ratio and were bridged by values of one machine class, or not at all
    (``broken``: the chain starts after the last such gap).
    """

    name: str
    commit: str
    moment: str
    change: float
    interval: tuple[float, float]
    links: int
    missing: int = 0
    broken: bool = False


@dataclass(frozen=True, slots=True)
class Trend:
    """What the history says about one series.

    Attributes:
        points: how many points it rests on.
        latest: last value on head, in the unit; ``machine`` it was measured on.
        noise: standard deviation of a run's log value around its level (robust); None below three points.
        steps: change points, oldest first;  ``drift``: slow change since the last of them, if clear.
        since: the chain from the newest release, or from the first point.
        thumbnail: levels against the first by chained ratios (factors), thinned for a small picture.
        budget: the absolute limit that the newest run was judged by, if there is one.
        threshold: the smallest change that mattered to the newest run; None where no run says.
    """

    subject: Subject
    points: int
    latest: float | None
    machine: str
    noise: float | None
    steps: tuple[Step, ...] = ()
    drift: Drift | None = None
    since: Since | None = None
    thumbnail: tuple[float, ...] = ()
    updated: str = ""
    budget: Budget | None = None
    threshold: float | None = None

    def matters(self, change: float) -> bool:
        """Whether a change is as large as its metric's threshold: nothing smaller is told or coloured anywhere."""
        usual = Policy()
        default = usual.exact_threshold if self.subject.rule == "exact" else usual.threshold
        threshold = default if self.threshold is None else self.threshold
        return not -threshold < change < threshold

    @property
    def told_steps(self) -> tuple[Step, ...]:
        """The change points that matter, oldest first."""
        return tuple(step for step in self.steps if self.matters(step.change))

    def lost(self) -> bool:
        """Whether it surely became worse since the release, or the first point, by as much as matters."""
        since = self.since
        if since is None or not worse(self.subject, since.change):
            return False
        low, high = since.interval
        return not low <= 0 <= high and self.matters(since.change)


def worse(subject: Subject, change: float) -> bool:
    """Whether a change of this sign is a loss for the subject."""
    return {"lower": change > 0, "higher": change < 0, "unknown": False}[subject.better]


def tone_of(subject: Subject, change: float) -> Literal["good", "bad", ""]:
    """How a change of this sign is coloured: not at all where nobody knows which direction is better."""
    if subject.better == "unknown":
        return ""
    return "bad" if worse(subject, change) else "good"
