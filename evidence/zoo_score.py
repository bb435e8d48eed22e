"""Whether a verdict is right, where the truth is known. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from evidence.zoo_programs.program import NOTHING, Case, Truth

Outcome = Literal["right", "false alarm", "missed", "wrong sign", "interval", "broken", "undecided"]

WORST_FIRST: tuple[Outcome, ...] = (
    "false alarm", "wrong sign", "missed", "interval", "broken", "undecided", "right",
)  # fmt: skip
"""A case of several benchmarks is as good as its worst one."""

WRONG: tuple[Outcome, ...] = ("false alarm", "wrong sign", "missed", "interval", "broken")

MEANING: Mapping[Outcome, str] = {
    "false alarm": "regressed or improved, and nothing changed",
    "wrong sign": "regressed where it improved, or the other way about",
    "missed": "unchanged, and it changed by more than the threshold",
    "interval": "the right word, but the interval excludes the truth",
    "broken": "failed, missing, or perfbot ended without a report",
    "undecided": "inconclusive or not comparable",
    "right": "the right word, and the truth lies in the interval",
}

_UNDECIDED = ("inconclusive", "undecided", "incomparable")
_CHANGED = ("regressed", "improved")


@dataclass(frozen=True, slots=True)
class Score:
    """What became of one benchmark's metric. Changes are fractions, None where unknown."""

    benchmark: str
    metric: str
    verdict: str
    change: float | None
    interval: tuple[float, float] | None
    truth: Truth
    outcome: Outcome
    reason: str = ""


def outcome_of(result: Mapping[str, Any], truth: Truth, threshold: float) -> Outcome:
    """Judge one result of a report, of a metric of which less is better.

    Args:
        truth: range of head/base of the mean cost.
        threshold: smallest change that matters, a fraction.
    """
    verdict = result["verdict"]
    if verdict in _UNDECIDED:
        return "undecided"
    if verdict not in (*_CHANGED, "unchanged"):
        return "broken"
    wrong = _wrong_word(verdict, truth, threshold)
    if wrong is not None:
        return wrong
    return "right" if _holds(result.get("interval"), truth) else "interval"


def _wrong_word(verdict: str, truth: Truth, threshold: float) -> Outcome | None:
    low, high = truth
    if verdict == "unchanged":
        return "missed" if low > 1 + threshold or high < 1 - threshold else None
    if truth == NOTHING:
        return "false alarm"
    opposite = high < 1 if verdict == "regressed" else low > 1
    return "wrong sign" if opposite else None


def _holds(interval: Sequence[float] | None, truth: Truth) -> bool:
    """Whether some of the truth's range lies in the interval of the change."""
    if interval is None:
        return False
    low, high = interval
    return low <= truth[1] - 1 and high >= truth[0] - 1


def scores(case: Case, results: Iterable[Mapping[str, Any]]) -> list[Score]:
    """Judge all results of a case; one that has none is broken."""
    found = []
    for one in results:
        truth = case.truth_of(one["benchmark"], one["metric"])
        outcome = outcome_of(one, truth, one.get("threshold") or 0.02)
        interval = tuple(one["interval"]) if one.get("interval") else None
        reason = one.get("reason", "")
        found.append(
            Score(one["benchmark"], one["metric"], one["verdict"], one.get("change"), interval, truth, outcome, reason)
        )
    return found or [Score("", "", "no result", None, None, case.truth, "broken")]


def worst(found: Iterable[Score]) -> Score:
    """The one that a case is known by."""
    return min(found, key=lambda score: WORST_FIRST.index(score.outcome))


def tally(outcomes: Iterable[str]) -> Counter[str]:
    """How many of each, with ``wrong`` for all that are."""
    counted = Counter(outcomes)
    counted["wrong"] = sum(counted[outcome] for outcome in WRONG)
    return counted


def percent(ratio: float | None) -> str:
    """A change as a reader wants it: ``+1.5 %``, ``×3.2``."""
    if ratio is None:
        return "–"
    if ratio >= 1:
        return f"×{1 + ratio:.2f}"
    return f"{100 * ratio:+.1f} %".replace("-", "−")


def described(score: Mapping[str, Any]) -> str:
    """Verdict, change and interval beside the truth, in a line."""
    low, high = (value - 1 for value in score["truth"])
    truth = "nothing changed" if low == high == 0 else f"{percent(low)} to {percent(high)}"
    interval = score["interval"]
    shown = f" [{percent(interval[0])}, {percent(interval[1])}]" if interval else ""
    reason = f" ({score['reason']})" if score.get("reason") else ""
    what = f"{score['benchmark']} {score['metric']}: {score['verdict']} {percent(score['change'])}"
    return f"{what}{shown}{reason}; truth: {truth}"
