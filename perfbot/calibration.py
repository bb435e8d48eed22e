"""What A/A runs say about each benchmark: how far its values stray, what can be seen, how often the rule was wrong."""

from __future__ import annotations

import json
import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median

from scipy.stats import binomtest

from perfbot.errors import ReportError
from perfbot.model import Report
from perfbot.report import write_text
from perfbot.units import format_duration, format_percentage

DECIDING_SHARE = 0.9
"""A suggested threshold is one that at least this share of the runs could have seen."""


@dataclass(frozen=True, slots=True)
class Observation:
    """One benchmark and metric in one A/A run; changes are fractions, seconds wall time."""

    name: str
    metric: str
    verdict: str
    change: float | None
    detectable: float | None
    rounds: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Setting:
    """What all runs of one calibration have in common; other settings cannot be mixed with it."""

    commit: str
    cpu: str
    cores: int
    python: str
    budget: float
    threshold: float
    alpha: float


@dataclass(frozen=True, slots=True)
class Calibration:
    """The A/A runs so far, in order."""

    setting: Setting
    runs: tuple[tuple[Observation, ...], ...]


@dataclass(frozen=True, slots=True)
class Normal:
    """What is normal for one benchmark: medians over runs, and the extremes of the changes seen."""

    name: str
    metric: str
    lowest: float
    highest: float
    rounds: float
    seconds: float
    detectable: float | None
    alarms: int
    undecided: int
    runs: int
    suggested: float | None


def setting_of(report: Report) -> Setting:
    """The commit, machine class and policy of an A/A run."""
    runner, policy = report.runner, report.policy
    machine = (runner.cpu, runner.cores, runner.python)
    return Setting(report.change.base, *machine, report.budget_seconds, policy.threshold, policy.alpha)


def observed(report: Report) -> tuple[Observation, ...]:
    """The measured benchmarks of an A/A run."""
    return tuple(
        Observation(r.name, r.metric, r.verdict, r.change, r.detectable, r.rounds, r.seconds)
        for r in report.results
        if r.change is not None
    )


def save(calibration: Calibration, path: Path) -> None:
    """Write all runs at once, atomically."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_text(json.dumps(asdict(calibration), indent=1) + "\n", path)


def load(path: Path) -> Calibration | None:
    """The runs kept in a file; None where there is none. Raises ReportError for a damaged one."""
    if not path.exists():
        return None
    try:
        found = json.loads(path.read_bytes())
        runs = tuple(tuple(Observation(**one) for one in run) for run in found["runs"])
        return Calibration(Setting(**found["setting"]), runs)
    except (ValueError, KeyError, TypeError) as error:
        raise ReportError(f"{path} is not a calibration: {error}", hint="Delete it to begin again.") from error


def false_alarms(calibration: Calibration) -> tuple[int, float, float]:
    """Runs with any alarm, and the exact (Clopper-Pearson) 95 % interval of their share."""
    count = sum(any(one.verdict in {"regressed", "improved"} for one in run) for run in calibration.runs)
    interval = binomtest(count, len(calibration.runs)).proportion_ci(0.95, method="exact")
    return count, float(interval.low), float(interval.high)


def summarise(calibration: Calibration) -> tuple[Normal, ...]:
    """What is normal for every benchmark, by name."""
    groups: dict[tuple[str, str], list[Observation]] = defaultdict(list)
    for run in calibration.runs:
        for one in run:
            groups[one.name, one.metric].append(one)
    return tuple(_normal(groups[key]) for key in sorted(groups))


def _normal(seen: Sequence[Observation]) -> Normal:
    changes = [one.change for one in seen if one.change is not None]
    visible = sorted(one.detectable for one in seen if one.detectable is not None)
    enough = math.ceil(DECIDING_SHARE * len(seen))
    return Normal(
        seen[0].name,
        seen[0].metric,
        min(changes),
        max(changes),
        median(one.rounds for one in seen),
        median(one.seconds for one in seen),
        median(visible) if visible else None,
        sum(one.verdict in {"regressed", "improved"} for one in seen),
        sum(one.verdict == "inconclusive" for one in seen),
        len(seen),
        max(1, math.ceil(round(visible[enough - 1] * 100, 6))) / 100 if len(visible) >= enough else None,
    )


def document(calibration: Calibration) -> str:
    """The calibration as markdown."""
    setting, (count, low, high) = calibration.setting, false_alarms(calibration)
    rows = [
        f"| `{one.name.replace('|', '¦').replace('`', 'ˋ')}` | {one.metric} "
        f"| {one.lowest:+.2%} to {one.highest:+.2%} | {one.rounds:g} | {format_duration(one.seconds)} "
        f"| {_share(one.detectable)} | {one.alarms} | {one.undecided} of {one.runs} | {_share(one.suggested)} |"
        for one in summarise(calibration)
    ]
    return "\n".join(
        [
            "# Calibration",
            "",
            (
                f"{len(calibration.runs)} A/A runs of {setting.commit[:10]} on {setting.cpu}, {setting.cores} cores, "
                f"Python {setting.python}; budget {format_duration(setting.budget)}, "
                f"threshold {format_percentage(setting.threshold)}."
            ),
            "",
            (
                f"Runs with a false alarm: {count} of {len(calibration.runs)} (95 % interval {low:.1%} to {high:.1%}; "
                f"nominal {setting.alpha:.1%})."
            ),
            "",
            "| benchmark | metric | changes seen | rounds | time | visible change | alarms | undecided | suggested |",
            "|---|---|---|---|---|---|---|---|---|",
            *rows,
            "",
            (
                f"Suggested threshold: the smallest whole percent that at least {DECIDING_SHARE:.0%} of the runs "
                "could have seen. Rounds, time and visible change are medians over the runs."
            ),
            "",
        ]
    )


def _share(value: float | None) -> str:
    return "–" if value is None else format_percentage(value)
