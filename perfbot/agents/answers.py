"""What the tools answer: records whose schemas the protocol tells, small enough for an agent to read. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import BaseModel, Field

from perfbot.claims.verdict import Verified
from perfbot.config import unit_of
from perfbot.explained import Explanation
from perfbot.model import Problem, Report, Result
from perfbot.pipeline.session import Session
from perfbot.reasons import words
from perfbot.render import view
from perfbot.render.escape import clean
from perfbot.units import format_quantity

MOST_RESULTS = 100
MOST_PROBLEMS = 10
MOST_CAUSES = 20
LONGEST_TEXT = 600
"""Characters of any text that code under test may have written."""


class Comparison(BaseModel):
    """One benchmark and metric."""

    benchmark: str
    metric: str
    verdict: str = Field(
        description="regressed, improved, unchanged, inconclusive, added, removed, failed, incomparable"
    )
    change_percent: float | None = Field(description="of head against base; below zero is less")
    interval_percent: tuple[float, float] | None = Field(
        description="of the change, allowing for every look and benchmark"
    )
    base: str
    head: str
    gate: str = Field(description="fail: a merge request with this would be blocked")
    reason: str
    file: str
    line: int


class Measured(BaseModel):
    """A working tree against a commit."""

    verdict: str = Field(description="pass, fail (something regressed by its threshold or more), error")
    base: str
    base_name: str
    results: list[Comparison]
    more_results: int = Field(description="unchanged ones that are not listed")
    problems: list[str]
    notes: list[str]
    seconds: float
    try_of_session: int
    alpha: float = Field(description="probability of any false alarm in this try; all tries of a session share one")


class ClaimFound(BaseModel):
    """What one benchmark says of a claim."""

    benchmark: str
    state: str
    change_percent: float | None
    interval_percent: tuple[float, float] | None
    why: str


class ClaimVerified(BaseModel):
    """A claim that was measured."""

    state: str = Field(description="true, false or undecided: only true may be repeated to others")
    claim: str
    found: list[ClaimFound]
    why: str
    problems: list[str]
    seconds: float
    try_of_session: int
    alpha: float


class Cause(BaseModel):
    """A function that surely contributes to a change."""

    function: str
    file: str
    line: int
    change: str = Field(description="of one call of the benchmark")
    interval: tuple[str, str]
    edited: bool = Field(description="the working tree edits its source")


class Explained(BaseModel):
    """Why one benchmark changed."""

    benchmark: str
    change: str = Field(description="of one call")
    causes: list[Cause]
    why_not: str = Field(description="why there is no explanation; empty where there is one")
    notes: list[str]


class Explanations(BaseModel):
    """Why benchmarks changed; only what surely changed is explained."""

    explained: list[Explained]
    measured: Measured


class Listed(BaseModel):
    """Benchmarks, as far as the sources tell without running them."""

    benchmarks: list[str]
    more: int
    unknown_suites: list[str] = Field(description="suites whose benchmarks only their tool knows")


class Tries(BaseModel):
    """What was tried, and what of alpha is spent."""

    began: str
    tries: int
    spent_percent: float
    next_try_percent: float = Field(description="of alpha; the first try of a session gets 61")
    last: list[str]


class Point(BaseModel):
    """One benchmark's past."""

    benchmark: str
    metric: str
    runs: int
    newest: str
    newest_commit: str
    changes: list[str]


class Past(BaseModel):
    """What the history says."""

    series: list[Point]
    more: int


def measured(report: Report, number: int) -> Measured:
    """A report, the telling results first."""
    ordered = sorted(report.results, key=lambda one: one.verdict == "unchanged")
    shown = ordered[:MOST_RESULTS]
    return Measured(
        verdict=report.verdict,
        base=report.change.base,
        base_name=text(report.change.base_name),
        results=[comparison(one) for one in shown],
        more_results=len(ordered) - len(shown),
        problems=problems(report.problems),
        notes=[text(note) for note in report.change.notes],
        seconds=round(report.seconds, 2),
        try_of_session=number,
        alpha=report.policy.alpha,
    )


def comparison(result: Result) -> Comparison:
    """One result."""
    base, head = ("" if value is None else format_quantity(value, result.unit) for value in (result.base, result.head))
    return Comparison(
        benchmark=text(result.full_name),
        metric=text(result.metric),
        verdict=result.verdict,
        change_percent=_percent(result.change),
        interval_percent=_percents(result.interval),
        base=base,
        head=head,
        gate=result.gate,
        reason=text(view.why(result, whole=True)),
        file=text(result.file),
        line=result.line,
    )


def explanations(report: Report, number: int) -> Explanations:
    """What is known about why."""
    return Explanations(
        explained=[_explained(one) for one in report.explanations[:MOST_RESULTS]], measured=measured(report, number)
    )


def _explained(one: Explanation) -> Explained:
    causes = [
        Cause(
            function=text(part.function),
            file=text(part.file),
            line=part.hot or part.line,
            change=format_quantity(part.change, one.unit),
            interval=(format_quantity(part.interval[0], one.unit), format_quantity(part.interval[1], one.unit)),
            edited=part.edited,
        )
        for part in one.parts[:MOST_CAUSES]
    ]
    return Explained(
        benchmark=text(f"{one.suite}/{one.benchmark}"),
        change=format_quantity(one.change, one.unit),
        causes=causes,
        why_not=text(one.reason),
        notes=[text(note) for note in one.notes],
    )


def verified(found: Verified, report: Report, number: int) -> ClaimVerified:
    """A claim with what its benchmarks say."""
    said = [
        ClaimFound(
            benchmark=text(one.name),
            state=one.state,
            change_percent=_percent(one.change),
            interval_percent=_percents(one.interval),
            why=text(words.text(one.reasons)) or _value(found, one.low, one.high),
        )
        for one in found.found[:MOST_RESULTS]
    ]
    return ClaimVerified(
        state=found.state,
        claim=found.claim.text,
        found=said,
        why=text(found.why),
        problems=problems(report.problems),
        seconds=round(report.seconds, 2),
        try_of_session=number,
        alpha=report.policy.alpha,
    )


def _value(found: Verified, low: float | None, high: float | None) -> str:
    if found.claim.subject != "value" or low is None or high is None:
        return ""
    unit = unit_of(found.claim.metric)[0]
    return f"head: {format_quantity(low, unit)} to {format_quantity(high, unit)}"


def tries(session: Session) -> Tries:
    """A session."""
    last = [
        f"{one.when} alpha {one.alpha:.2g}: {one.improved} improved, {one.regressed} regressed of {one.benchmarks} "
        f"{text(one.asked)}"
        for one in session.tries[-10:]
    ]
    return Tries(
        began=session.began,
        tries=len(session.tries),
        spent_percent=round(100 * session.spent, 2),
        next_try_percent=round(100 * session.next_share, 4),
        last=last,
    )


def problems(several: Sequence[Problem]) -> list[str]:
    """What went wrong, with the end of what was printed."""
    told = [
        f"{one.where}: {one.message}" + (f"\n{one.output[-LONGEST_TEXT:]}" if one.output else "") for one in several
    ]
    rest = [f"and {len(told) - MOST_PROBLEMS} more"] if len(told) > MOST_PROBLEMS else []
    return [*("\n".join(map(text, one.splitlines())) for one in told[:MOST_PROBLEMS]), *rest]


def text(untrusted: str) -> str:
    """One line of what code under test may have written, without anything that is not shown."""
    return clean(untrusted)[:LONGEST_TEXT]


def _percent(fraction: float | None) -> float | None:
    return None if fraction is None else round(100 * fraction, 3)


def _percents(ends: tuple[float, float] | None) -> tuple[float, float] | None:
    return None if ends is None else (round(100 * ends[0], 3), round(100 * ends[1], 3))
