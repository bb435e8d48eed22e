"""What is worth telling about a branch, as conditions that hold or no longer do. Pure: who is told stands elsewhere.

A condition has a key that stays the same while it holds, so it is told once and armed again when it ends. A change
point is counted, not named by its commit: when later runs move it to a neighbouring commit, it is still the same
news.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal

from perfbot.history.records import Step, Subject, Trend, worse
from perfbot.model import Report, Result
from perfbot.units import format_change, format_interval, format_quantity
from perfbot.words import comparative

Kind = Literal["regression", "change point", "drift", "budget", "failing"]

DRIFT_LIMIT = 0.05
"""Loss since the last release that is told."""

REARM = 0.8
"""A drift is over when it is below this share of its limit, so that it does not ring at every run around it."""


@dataclass(frozen=True, slots=True)
class Condition:
    """Something that holds.

    Attributes:
        key: the same as long as it holds.
        title, body: plain text, with numbers and commits.
    """

    kind: Kind
    key: str
    title: str
    body: str


@dataclass(frozen=True, slots=True)
class Watch:
    """What to look at.

    Attributes:
        trends: of all subjects of the branch.
        report: the newest run of the branch, whether it counts or not; None when there is none.
        held: keys that hold already.
        link: the address of a subject's page, or of the newest run's; empty where there is none.
    """

    branch: str
    trends: Sequence[Trend]
    report: Report | None = None
    held: frozenset[str] = frozenset()
    drift_limit: float = DRIFT_LIMIT
    link: Callable[[Subject | None], str] = field(default=lambda _subject: "")


def conditions(watch: Watch) -> tuple[Condition, ...]:
    """Everything that holds now: failures first, then budgets, regressions, change points, drifts."""
    return (*_failing(watch), *_of_the_newest_run(watch), *_change_points(watch), *_drifts(watch))


def _failing(watch: Watch) -> Iterator[Condition]:
    report = watch.report
    if report is None or (report.verdict != "error" and report.complete):
        return
    why = "; ".join(f"{p.where}: {p.message}" for p in report.problems if p.fatal) or "no reason given"
    yield Condition(
        "failing", "failing",
        f"perfbot could not measure {watch.branch}",
        _body(f"{report.change.head[:10]}: {why[:500]}", watch.link(None)),
    )  # fmt: skip


def _of_the_newest_run(watch: Watch) -> Iterator[Condition]:
    report = watch.report
    if report is None or report.verdict == "error" or not report.complete:
        return
    if report.control is not None and report.control.disturbed:
        return
    known = {(trend.subject.full_name, trend.subject.metric): trend.subject for trend in watch.trends}
    stepped = {
        (trend.subject.full_name, trend.subject.metric) for trend in watch.trends
        if any(step.first == report.change.head for step in trend.steps)
    }  # fmt: skip
    for result in report.results:
        place = (result.full_name, result.metric)
        link = watch.link(known.get(place))
        if result.budget_state == "over":
            yield _over_budget(result, report, link)
        if result.verdict == "regressed" and result.gate == "fail" and place not in stepped:
            yield _regression(result, report, watch.branch, link)


def _over_budget(result: Result, report: Report, link: str) -> Condition:
    value = "" if result.head is None else format_quantity(result.head, result.unit)
    return Condition(
        "budget", f"budget:{result.full_name}:{result.metric}",
        f"{result.full_name} is over its budget: {value} of {result.budget}",
        _body(f"At {report.change.head[:10]}, {result.metric}.", link),
    )  # fmt: skip


def _regression(result: Result, report: Report, branch: str, link: str) -> Condition:
    change = "" if result.change is None else format_change(result.change)
    interval = "" if result.interval is None else f" {format_interval(*result.interval)}"
    return Condition(
        "regression", f"regression:{result.full_name}:{result.metric}:{report.change.head[:16]}",
        f"{result.full_name} regressed on {branch}: {change}{interval}",
        _body(f"{report.change.base[:10]} → {report.change.head[:10]}, {result.metric}, {result.rounds} rounds.", link),
    )  # fmt: skip


def _change_points(watch: Watch) -> Iterator[Condition]:
    for trend in watch.trends:
        subject = trend.subject
        losses = [step for step in trend.told_steps if worse(subject, step.change)]
        if not losses or _taken_back(trend.steps, losses[-1]):
            continue
        last = losses[-1]
        yield Condition(
            "change point", f"step:{subject.full_name}:{subject.metric}:{len(losses)}",
            f"{subject.full_name} {_became(subject, last.change)} on {watch.branch}",
            _body(
                f"{format_interval(*last.interval)} between {last.after[:10]} and {last.first[:10]} "
                f"({last.started[:10]}), {subject.metric}.",
                watch.link(subject),
            ),
        )  # fmt: skip


UNDONE = 0.5
"""Share of a loss that later steps must have given back for it to be no news any more."""


def _taken_back(steps: Sequence[Step], loss: Step) -> bool:
    later = sum(math.log1p(step.change) for step in steps if step.index > loss.index)
    return later / math.log1p(loss.change) <= -UNDONE


def _drifts(watch: Watch) -> Iterator[Condition]:
    for trend in watch.trends:
        since, subject = trend.since, trend.subject
        if since is None or not trend.lost():
            continue
        key = f"drift:{subject.full_name}:{subject.metric}:{since.name}"
        limit = watch.drift_limit * (REARM if key in watch.held else 1)
        if abs(since.change) < limit:
            continue
        start = since.name or f"{since.commit[:10]} ({since.moment[:10]})"
        yield Condition(
            "drift", key,
            f"{subject.full_name}: {format_change(since.change)} since {start}",
            _body(
                f"{format_interval(*since.interval)} over {since.links} runs of {watch.branch}, {subject.metric}, "
                f"by chained ratios.",
                watch.link(subject),
            ),
        )  # fmt: skip


def _became(subject: Subject, change: float) -> str:
    """ "became slower by +5 %", "takes more instructions: +5 %"."""
    words = comparative(subject.metric, subject.unit, subject.better, worse=worse(subject, change))
    return words.became(format_change(change))


def _body(text: str, link: str) -> str:
    return f"{text}\n{link}" if link else text


@dataclass(frozen=True, slots=True)
class News:
    """What to tell now, and which keys begin and end to hold."""

    raised: tuple[Condition, ...]
    ended: tuple[str, ...]


def news(holding: Iterable[Condition], held: Iterable[str]) -> News:
    """What is new against what was told before."""
    now = {condition.key: condition for condition in holding}
    before = set(held)
    raised = tuple(condition for key, condition in now.items() if key not in before)
    return News(raised, tuple(sorted(before - now.keys())))
