"""What several machines say together of one comparison: nothing that one of them says alone. Pure.

A machine is a random effect: which functions share a cache line, which clock, which kernel is its own, and no number of
rounds taken on it averages that out. Two to four machines cannot tell how much machines differ (Student's t of one
degree of freedom at 1 in 3,000 is 1,900), so no variance between them is estimated in order to decide. Each machine's
rounds are judged by themselves at the whole of the comparison's alpha, and a verdict is what all of them say: a test
that rejects only where each of its parts does has the error rate of the least of them, whatever they have in common
(the intersection-union test; Berger 1982).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from statistics import fmean

import numpy as np

from perfbot.judge.gate import DECIDED
from perfbot.model import BudgetState, Comparison, Gate, Machine, Metric, Policy, Result, Verdict
from perfbot.overall import GeometricMean
from perfbot.reasons import MachinesSay, MachineWord, OneMachineAlone, Reason

LONGEST_KIND = 60
"""Characters of a machine's name in a row."""


def apart(comparison: Comparison, machines: int) -> list[Comparison | None]:
    """One comparison as each machine took it; None where that has no rounds of it."""
    parts = [tuple(one for one in comparison.rounds if one.machine == machine) for machine in range(machines)]
    return [replace(comparison, rounds=rounds) if rounds else None for rounds in parts]


def together(words: Sequence[Result | None], machines: Sequence[Machine], policy: Policy) -> Result:
    """One result out of what each machine's rounds say by themselves.

    Args:
        words: by machine, judged and gated; None where a machine did not measure it. At least one is not.
    """
    said = [(kind_of(machine), word) for machine, word in zip(machines, words, strict=True)]
    found = [word for word in words if word is not None]
    silent = len(found) < len(words)
    verdict: Verdict = "inconclusive" if silent and found[0].verdict in DECIDED else _verdict(found)
    base, head = _middle([one.base for one in found]), _middle([one.head for one in found])
    result = replace(
        found[0],
        verdict=verdict,
        base=base,
        head=head,
        change=change_of([one.change for one in found]),
        interval=hull([one.interval for one in found]),
        confidence=_confidence([one.confidence for one in found]),
        detectable=_resolution(found, verdict),
        error=_error(found),
        rounds=sum(one.rounds for one in found),
        seconds=sum(one.seconds for one in found),
        gate="pass" if silent else _gate([one.gate for one in found]),
        budget_state=_budget([one.budget_state for one in found]),
        notes=tuple(dict.fromkeys(note for one in found for note in one.notes)),
        raw=tuple(taken for one in found for taken in one.raw),
        reasons=_reasons(said, verdict),
    )
    return _decided_or_failed(result, policy)


def means_together(of_each: Sequence[Sequence[GeometricMean]]) -> tuple[GeometricMean, ...]:
    """Suites' geometric means that every machine has; one fails where it fails on each."""
    by_place = [{(one.suite, one.file): one for one in means} for means in of_each]
    shared = [place for place in by_place[0] if all(place in means for means in by_place)]
    return tuple(_mean([means[place] for means in by_place]) for place in shared)


def kind_of(machine: Machine) -> str:
    """A machine as rows call it: its processor."""
    cpu = " ".join(machine.runner.cpu.replace(";", ",").split()) or "unknown processor"
    return cpu if len(cpu) <= LONGEST_KIND else f"{cpu[: LONGEST_KIND - 1]}…"


# What all of them say -------------------------------------------------------------------------------------------


def _verdict(found: Sequence[Result]) -> Verdict:
    verdicts = {one.verdict for one in found}
    return verdicts.pop() if len(verdicts) == 1 else "inconclusive"


def _gate(gates: Sequence[Gate]) -> Gate:
    """What one machine lets pass fails on no other's word."""
    if "pass" in gates:
        return "pass"
    return "accepted" if "accepted" in gates else "fail"


def _budget(states: Sequence[BudgetState | None]) -> BudgetState | None:
    return states[0] if len(set(states)) == 1 else "unclear"


def _decided_or_failed(result: Result, policy: Policy) -> Result:
    """Machines that contradict each other leave it undecided, which is not good enough where the policy says so."""
    gates = policy.gates(result.full_name, Metric(result.metric, result.unit))
    wanted = policy.undecided == "fail" and result.verdict == "inconclusive" and result.gate == "pass"
    return replace(result, gate="fail") if wanted and gates else result


# Numbers ----------------------------------------------------------------------------------------------------------


def change_of(changes: Sequence[float | None]) -> float | None:
    """The geometric mean of the machines' ratios; each counts the same, for the machine is what is drawn."""
    known = [one for one in changes if one is not None and one > -1]
    return math.expm1(fmean(map(math.log1p, known))) if len(known) == len(changes) else None


def hull(intervals: Sequence[tuple[float, float] | None]) -> tuple[float, float] | None:
    """From the lowest to the highest end: it holds what each machine's own interval holds."""
    known = [one for one in intervals if one is not None]
    if len(known) < len(intervals):
        return None
    return min(low for low, _ in known), max(high for _, high in known)


def _confidence(each: Sequence[float | None]) -> float | None:
    """That all intervals hold (Bonferroni)."""
    known = [one for one in each if one is not None]
    return max(0.0, 1 - sum(1 - one for one in known)) if len(known) == len(each) else None


def _resolution(found: Sequence[Result], verdict: Verdict) -> float | None:
    """Of the machine that sees least; where they contradict each other, nothing below what one of them saw shows."""
    seen = [one.detectable for one in found]
    if verdict == "inconclusive":
        seen += [abs(one.change) for one in found if one.change is not None]
    known = [one for one in seen if one is not None]
    return max(known) if len(known) == len(seen) else None


def _error(found: Sequence[Result]) -> float | None:
    """Of the mean over machines: what their rounds say, or how far they are apart, whichever is more."""
    errors = [one.error for one in found if one.error is not None]
    logs = [math.log1p(one.change) for one in found if one.change is not None and one.change > -1]
    if min(len(errors), len(logs)) < len(found):
        return None
    if len(found) == 1:
        return errors[0]
    within = math.sqrt(sum(error**2 for error in errors)) / len(found)
    return max(within, float(np.std(logs, ddof=1)) / math.sqrt(len(found)))


def _middle(values: Sequence[float | None]) -> float | None:
    """Between machines of different speed; the ratio of two such is that of the changes."""
    known = [one for one in values if one is not None]
    if len(known) < len(values):
        return None
    return math.exp(fmean(map(math.log, known))) if min(known) > 0 else fmean(known)


def _mean(each: Sequence[GeometricMean]) -> GeometricMean:
    change, interval = change_of([one.change for one in each]), hull([one.interval for one in each])
    return replace(
        each[0],
        benchmarks=min(one.benchmarks for one in each),
        change=change if change is not None else each[0].change,
        interval=interval or each[0].interval,
        confidence=_confidence([one.confidence for one in each]) or 0.0,
        rounds=min(one.rounds for one in each),
        gate="fail" if all(one.gate == "fail" for one in each) else "pass",
    )


# Reasons --------------------------------------------------------------------------------------------------------


def _reasons(said: Sequence[tuple[str, Result | None]], verdict: Verdict) -> tuple[Reason, ...]:
    """What each machine says where that is news: of changes, and where they disagree."""
    found = [word for _, word in said if word is not None]
    shared = tuple(reason for reason in found[0].reasons if all(reason in one.reasons for one in found))
    if verdict == "unchanged":
        return shared
    told = MachinesSay(tuple(_word(kind, one, with_verdict=verdict == "inconclusive") for kind, one in said))
    alone = verdict == "inconclusive" and any(one.verdict in ("regressed", "improved") for one in found)
    return (*shared, told, *((OneMachineAlone(),) if alone else ()))


def _word(kind: str, word: Result | None, *, with_verdict: bool) -> MachineWord:
    if word is None:
        return MachineWord(kind, measured=False)
    return MachineWord(kind, verdict=word.verdict if with_verdict else "", change=word.change)
