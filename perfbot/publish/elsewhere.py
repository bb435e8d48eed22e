"""``[gate] confirm = "runner"``: what would be red by one machine's word is asked of another one first.

The run that finds it says so in the comment, leaves the status at "running", and has the measuring job started again.
Whichever run of this head publishes next joins its rounds' word with what the comment remembers: red is what both say.
What only the newer one says is asked about in its turn. Where nobody can be asked, one machine's word decides, as with
``confirm = "here"``.

The memory is a hidden line of a comment, which others may write under perfbot's name. So it never lets anything pass: a
change that stands there is red sooner, and one that does not is asked about.
"""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from perfbot.errors import PublishError
from perfbot.forge.base import Again
from perfbot.forge.body import MAX_ASKED, Body, Section
from perfbot.forge.first_word import FirstRed, FirstWord, first_word
from perfbot.forge.order import RunOrder, Told, outrun
from perfbot.judge.gate import gate_of
from perfbot.judge.machines import change_of, kind_of, together
from perfbot.model import Machine, Metric, Policy, Problem, Report, Result, Runner
from perfbot.overall import GeometricMean
from perfbot.publish.fitting import fitted
from perfbot.publish.publisher import Publisher, remembered
from perfbot.reasons import NoOtherRunner, OneMachineOnly
from perfbot.render import headline

WAITS = "merging waits for another runner's word"
BANNER = "One runner says so. It is measured on another one: what that does not say, too, blocks nothing."

MOST_TURNS = 2
"""How often another machine is asked about one head: what shows something new each time then decides by itself."""

WHOLE = "geometric mean"
"""In place of a metric: a suite as a whole."""

Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Settled:
    """What is to be published.

    Attributes:
        report: with what other machines say of it.
        waits: it was published, as one that waits; another machine is asked.
        pipeline: in which an earlier run waits for what is said now; 0 for none.
    """

    report: Report
    waits: bool = False
    pipeline: int = 0


def settle(publisher: Publisher, own: Report, per_hour: int) -> Settled:
    """Weigh a judged report against the first word, and ask another machine where this is the first.

    Args:
        per_hour: how many runs may be asked for within an hour.
    """
    if own.policy.confirm != "runner" or own.machines or publisher.place.kind == "local":
        return Settled(own)
    body, head, order = publisher.body(), publisher.request.head, publisher.order()
    part = body.section(publisher.section)
    if part is not None and _is_outrun(order, part.spoken(head)):
        return Settled(own)
    remembered = part.first if part is not None and part.head == head else None
    is_own = remembered is not None and part is not None and part.run.is_of(order)
    before = None if is_own else remembered
    weighed = _with_first(own, before) if before is not None else own
    new = _new(weighed, before)
    pipeline = before.pipeline if before is not None else 0
    if not new:
        return Settled(weighed, pipeline=pipeline)
    keys = {_key(one) for one in new}
    if _fails_anyway(weighed, keys):
        return Settled(_held(weighed, keys), pipeline=pipeline)
    turn = remembered.turn if remembered is not None and is_own else 1 + (before.turn if before is not None else 0)
    first = first_word(turn, kind_of(Machine(own.runner)), publisher.place.pipeline, [_remembered(one) for one in new])
    why = _not_asked(first, body, publisher, per_hour) or _told(publisher, weighed, first)
    why = why or _asked(publisher, again=is_own or _beside(body, publisher.section, head, order))
    return Settled(_by_one(weighed, new, why), pipeline=pipeline) if why else Settled(weighed, waits=True)


def _is_outrun(order: RunOrder, standing: RunOrder | None) -> bool:
    """Whether another run, a newer one, has spoken; what this one said before it may say otherwise now."""
    return standing is not None and not standing.is_of(order) and outrun(order, standing)


def close(publisher: Publisher, settled: Settled, report: Report, *, passes: bool) -> None:
    """The pipeline of the run that waited shows what became of it; where it cannot, it stays as it is."""
    if not settled.pipeline or settled.pipeline == publisher.place.pipeline:
        return
    status = publisher.status("success" if passes else "failed", headline.sentence(report))
    with contextlib.suppress(PublishError):
        publisher.forge.statuses.show(publisher.unless_held(replace(status, pipeline=settled.pipeline)))


# What both say --------------------------------------------------------------------------------------------------


def _with_first(own: Report, before: FirstWord) -> Report:
    """The report, in which what was red before is what both machines say."""
    machines = (Machine(Runner(cpu=before.machine)), Machine(own.runner))
    red = {(one.name, one.metric): one for one in before.found}
    results = tuple(
        _both(red[_key(one)], one, machines, own.policy) if _key(one) in red else one for one in own.results
    )
    means = tuple(_both_means(red.get(_key(one)), one) for one in own.geometric_means)
    present = {*map(_key, results), *map(_key, own.geometric_means)}
    lost = tuple(
        Problem(
            one.name, f"{one.metric} was worse on {before.machine}, and the run that was to confirm it is without it."
        )
        for key, one in red.items()
        if key not in present and one.metric != WHOLE
    )
    return _judged(own, results, means, (*own.problems, *lost))


def _both(first: FirstRed, own: Result, machines: Sequence[Machine], policy: Policy) -> Result:
    if own.verdict in ("failed", "removed"):
        return own
    known = first.change is not None and first.low is not None and first.high is not None
    word = replace(
        own, verdict="inconclusive" if first.over and not known else "regressed", gate="fail", base=first.base,
        head=first.head, change=first.change, interval=(first.low or 0.0, first.high or 0.0) if known else None,
        budget_state="over" if first.over else own.budget_state, reasons=(), error=None, rounds=0, seconds=0.0, raw=(),
        confidence=own.confidence or 1 - policy.alpha,
    )  # fmt: skip
    return together([word, own if own.raw else None], machines, policy)


def _both_means(first: FirstRed | None, own: GeometricMean) -> GeometricMean:
    if first is None or own.file or first.change is None or first.low is None or first.high is None:
        return own
    low, high = min(first.low, own.interval[0]), max(first.high, own.interval[1])
    change = change_of([first.change, own.change])
    return replace(own, change=own.change if change is None else change, interval=(low, high))


# What one says --------------------------------------------------------------------------------------------------


def _key(one: Result | GeometricMean | FirstRed) -> Key:
    if isinstance(one, GeometricMean):
        return f"{one.suite} {one.file}".strip(), WHOLE
    return (one.name if isinstance(one, FirstRed) else one.full_name), one.metric


def _parts(report: Report) -> tuple[Result | GeometricMean, ...]:
    """All that a gate speaks of."""
    return (*report.results, *report.geometric_means)


def _new(report: Report, before: FirstWord | None) -> list[Result | GeometricMean]:
    """What fails by noisy rounds of this machine alone."""
    known = {(one.name, one.metric) for one in before.found} if before is not None else set()
    every = _parts(report)
    return [one for one in every if one.gate == "fail" and _by_rounds(one) and _key(one) not in known]


def _by_rounds(one: Result | GeometricMean) -> bool:
    """Whether a noisy machine can be why; broken benchmarks and counts are not asked about again."""
    if isinstance(one, GeometricMean):
        return True
    return one.rule == "noisy" and bool(one.raw) and (one.verdict == "regressed" or one.budget_state == "over")


def _held(report: Report, keys: Collection[Key]) -> Report:
    """The report without what one machine alone says of some comparisons."""
    results = tuple(_unheard(one, report.policy) if _key(one) in keys else one for one in report.results)
    means = tuple(replace(one, gate="pass") if _key(one) in keys else one for one in report.geometric_means)
    return _judged(report, results, means, report.problems)


def _unheard(one: Result, policy: Policy) -> Result:
    strict = policy.undecided == "fail" and policy.gates(one.full_name, Metric(one.metric, one.unit))
    return replace(
        one,
        verdict="inconclusive" if one.verdict == "regressed" else one.verdict,
        budget_state="unclear" if one.budget_state == "over" else one.budget_state,
        gate="fail" if strict and one.verdict == "regressed" else "pass",
        reasons=(*one.reasons, OneMachineOnly(one.change)),
    )


def _fails_anyway(report: Report, keys: Collection[Key]) -> bool:
    """Whether it fails whatever another machine says of some comparisons."""
    others = any(one.gate == "fail" and _key(one) not in keys for one in _parts(report))
    return others or any(one.fatal for one in report.problems) or not report.complete


def _judged(
    report: Report, results: tuple[Result, ...], means: tuple[GeometricMean, ...], problems: tuple[Problem, ...]
) -> Report:
    verdict = gate_of(results, problems, complete=report.complete, skipped=report.skipped, means=means)
    return replace(report, results=results, geometric_means=means, problems=problems, verdict=verdict)


def _by_one(report: Report, new: Sequence[Result | GeometricMean], why: NoOtherRunner) -> Report:
    """One machine's word after all, with the reason for it."""
    keys = {_key(one) for one in new}
    results = tuple(replace(one, reasons=(*one.reasons, why)) if _key(one) in keys else one for one in report.results)
    return replace(report, results=results)


# Asking ---------------------------------------------------------------------------------------------------------


def _remembered(one: Result | GeometricMean) -> FirstRed:
    low, high = one.interval or (None, None)
    if isinstance(one, GeometricMean):
        return FirstRed(*_key(one), over=False, base=None, head=None, change=one.change, low=low, high=high)
    over = one.budget_state == "over" and one.verdict != "regressed"
    return FirstRed(*_key(one), over, one.base, one.head, one.change, low, high)


def _not_asked(first: FirstWord, body: Body, publisher: Publisher, per_hour: int) -> NoOtherRunner | None:
    """Why nobody is asked; None where somebody may be."""
    if first.turn > MOST_TURNS:
        return NoOtherRunner("each differs")
    if not first.found:
        return NoOtherRunner("too long a name")
    since = datetime.fromtimestamp(publisher.clock(), UTC) - timedelta(hours=1)
    if sum(moment >= since.strftime("%Y-%m-%dT%H:%M:%S") for moment in body.asked) >= per_hour:
        return NoOtherRunner("too many runs", str(per_hour))
    return None


def _told(publisher: Publisher, report: Report, first: FirstWord) -> NoOtherRunner | None:
    """Say that it waits, status first; why not, where the comment does not hold it in the end."""
    waiting = replace(publisher, waits=WAITS)
    words, head = f"{headline.headline(report)}: {WAITS}", publisher.request.head
    status = waiting.status("running", words)
    shown = publisher.shown(status)
    now = publisher.clock()
    order = publisher.order().at(round(now * 1000), (one.order for one in shown))
    said = Told(head, order, "failed", words)
    part = Section(
        publisher.section, head, order, "", state="stale", banner=BANNER, job=publisher.place.job,
        failing=remembered(report), said=said, first=first,
    )  # fmt: skip
    moment = datetime.fromtimestamp(now, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    text = functools.cache(functools.partial(waiting.text, report))

    def change(body: Body) -> Body:
        found = body.section(part.name)
        if found is not None and found.said == said and found.first is not None:
            return body
        asked = body.asked if moment in body.asked else (*body.asked, moment)[-MAX_ASKED:]
        return fitted(replace(body, asked=asked), part, text, waiting.room)

    try:
        publisher.forge.statuses.show(status)
        publisher.upsert(change, create=True)
        stands = publisher.body().section(part.name)
    except PublishError as error:
        return NoOtherRunner("not remembered", error.message.rstrip("."))
    remembers = stands is not None and stands.said == said and stands.first is not None
    return None if remembers else NoOtherRunner("outrun")


def _beside(body: Body, section: str, head: str, order: RunOrder) -> bool:
    """Whether another section of the same run waits, and has asked for all of them."""
    return any(
        one.first is not None and one.head == head and one.run.run == order.run and one.name != section
        for one in body.sections
    )


def _asked(publisher: Publisher, *, again: bool) -> NoOtherRunner | None:
    """Have the measuring job started once more; why not, where it cannot be.

    Args:
        again: this run may have asked before.
    """
    request, runs = publisher.request, publisher.forge.runs
    try:
        if not (again and runs.in_flight(request)):
            runs.elsewhere(request, Again(request.head))
    except PublishError as error:
        return NoOtherRunner("not started", error.message.rstrip("."))
    return None
