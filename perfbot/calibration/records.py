"""A/A runs of one commit, kept as JSON: what of them is worth keeping, written whole, and read with distrust."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from perfbot.errors import ReportError
from perfbot.judge.ratios import ratios_of
from perfbot.model import Report, Result, Rule, Startup, Verdict, machine_class
from perfbot.report import write_text
from perfbot.stats.location import spread

if TYPE_CHECKING:
    from pydantic import TypeAdapter

DEFAULT_PATH = ".perfbot/calibration.json"

MAX_BYTES = 64 * 1024 * 1024
"""Larger files are refused: 2,000 benchmarks in 100 runs take less."""


@dataclass(frozen=True, slots=True)
class Observation:
    """One benchmark and metric in one A/A run; changes are fractions.

    Attributes:
        threshold: the smallest change that mattered.
        rounds, seconds: taken until it was decided or the budget ended; wall time without start-up.
        spread: standard deviation of a round's log ratio; None for exact metrics.
    """

    name: str
    metric: str
    rule: Rule
    verdict: Verdict
    change: float
    detectable: float | None
    threshold: float
    rounds: int
    seconds: float
    spread: float | None


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
    beta: float

    @property
    def machine(self) -> str:
        """The class of machine that the spreads hold for."""
        return machine_class(self.cpu, self.cores, self.python)


@dataclass(frozen=True, slots=True)
class CalibrationRun:
    """One A/A run. ``family``: comparisons that shared its false alarm probability."""

    started: str
    family: int
    observations: tuple[Observation, ...]
    startups: tuple[Startup, ...] = ()


@dataclass(frozen=True, slots=True)
class Calibration:
    """The A/A runs so far, in order; at least one. ``project`` is the path on the forge, empty outside CI."""

    setting: Setting
    runs: tuple[CalibrationRun, ...]
    project: str = ""

    @property
    def moment(self) -> str:
        """When its newest run began, ISO 8601."""
        return max(run.started for run in self.runs)


def setting_of(report: Report) -> Setting:
    """The commit, machine class and policy of an A/A run."""
    runner, policy = report.runner, report.policy
    machine = (runner.cpu, runner.cores, runner.python)
    return Setting(report.change.base, *machine, report.budget_seconds, policy.threshold, policy.alpha, policy.beta)


def run_of(report: Report) -> CalibrationRun:
    """What is kept of an A/A run: the benchmarks that were measured."""
    seen = tuple(_observed(result, result.change) for result in report.results if result.change is not None)
    return CalibrationRun(report.started, report.family, seen, report.startups)


def _observed(result: Result, change: float) -> Observation:
    noisy = result.rule == "noisy" and all(min(*one.base, *one.head) > 0 for one in result.raw)
    return Observation(
        result.full_name,
        result.metric,
        result.rule,
        result.verdict,
        change,
        result.detectable,
        result.threshold or 0.0,
        result.rounds,
        result.seconds,
        spread(ratios_of(result.raw, result.unit)) if noisy and result.raw else None,
    )


def dumps(calibration: Calibration) -> str:
    """The calibration as JSON text."""
    return json.dumps(asdict(calibration), indent=1) + "\n"


def loads(text: str | bytes, where: str) -> Calibration:
    """Read a calibration that anybody may have written.

    Raises:
        ReportError: it is none; ``where`` names it in the message.
    """
    from pydantic import ValidationError  # noqa: PLC0415 - costs 0.2 s, only where calibrations are read

    if len(text) > MAX_BYTES:
        raise ReportError(f"{where} is not a calibration: more than {MAX_BYTES:,} bytes")
    try:
        found: Calibration = _adapter().validate_json(text, strict=True)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
        place = ".".join(map(str, first["loc"])) or "the document"
        raise ReportError(f"{where} is not a calibration: {place}: {first['msg']}") from None
    if wrong := next(_contradictions(found), ""):
        raise ReportError(f"{where} is not a calibration: {wrong}")
    return found


def save(calibration: Calibration, path: Path) -> None:
    """Write all runs at once, atomically."""
    write_text(dumps(calibration), path)


def load(path: Path) -> Calibration | None:
    """The runs kept in a file; None where there is none. Raises ReportError for a damaged one."""
    if not path.exists():
        return None
    try:
        return loads(path.read_bytes(), str(path))
    except OSError as error:
        raise ReportError(f"{path} cannot be read: {error.strerror or error}") from error
    except ReportError as error:
        raise ReportError(error.message, hint="Delete it to begin again.") from error


@lru_cache
def _adapter() -> TypeAdapter[Any]:
    from pydantic import TypeAdapter  # noqa: PLC0415

    return TypeAdapter(Calibration)


def _contradictions(found: Calibration) -> Iterator[str]:
    if not found.runs:
        yield "it holds no run"
    setting = found.setting
    if not (0 < setting.budget < math.inf and 0 < setting.alpha < 1 and 0 < setting.beta < 1):
        yield "its budget or error probabilities are none"
    for index, run in enumerate(found.runs):
        for one in run.observations:
            numbers = (one.change, one.detectable, one.threshold, one.seconds, one.spread)
            if not all(value is None or math.isfinite(value) for value in numbers) or one.change <= -1:
                yield f"run {index + 1}: {one.name!a}: a number is not finite, or a change is below −100 %"
            if min(one.rounds, one.seconds, one.threshold, one.spread or 0.0, one.detectable or 0.0) < 0:
                yield f"run {index + 1}: {one.name!a}: a number is below 0"
        if not all(0 <= start.seconds < math.inf for start in run.startups):
            yield f"run {index + 1}: a start-up is no time"
