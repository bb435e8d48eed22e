"""How right the trends are: synthetic histories with known steps and drifts, found, missed, false, how late.

    python -m evidence.trend_truth --series 200 --seed 1
    python -m evidence.trend_truth --otava otava-venv/bin/python     # the same series, Apache Otava beside

Every history is of ``--points`` runs. A run's value scatters around the true level (``noise``), and its ratio
to the run before has an error of its own (``link``). perfbot is shown twice: with values and ratios, as it runs,
and with values alone, which is all that Otava can use. A step counts as found within ten runs of its place (``off
by`` says how near); what was found elsewhere is false. ``delay`` is how many runs after a step it was first seen,
by giving the history run by run. A ramp counts as found when a drift, or any step within it, was reported. Otava
runs in an environment of its own with its defaults (window 50, p < 0.001, any magnitude).
"""

from __future__ import annotations

import argparse
import json
import math
import subprocess
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from perfbot.history.records import Point, Series, Subject, Trend
from perfbot.history.trends import analyse

SUBJECT = Subject("core", "parse", "time", "s")
TOLERANCE = 10
"""Runs between a step and where it is said to be."""

OTAVA = """
import json, sys
from otava.analysis import compute_change_points
for line in sys.stdin:
    series = json.loads(line)
    points, _ = compute_change_points(series, window_len=50, max_pvalue=0.001, min_magnitude=0.0)
    print(json.dumps([int(point.index) for point in points]), flush=True)
"""

Noise = Callable[[np.random.Generator, int], NDArray[np.float64]]


@dataclass(frozen=True, slots=True)
class Scene:
    """A kind of history.

    ``steps`` and ``ramps`` are made for a length: places with sizes (fractions), and starts with ends and sizes.
    """

    name: str
    noise: float = 0.05
    link: float = 0.007
    kind: str = "gaussian"
    step: float = 0.0
    back: float = 0.0
    ramp: float = 0.0
    missing: float = 0.0
    machines: bool = False


SCENES = (
    Scene("nothing"),
    Scene("nothing, heavy tails", kind="heavy"),
    Scene("nothing, autocorrelated .4", kind="correlated"),
    Scene("nothing, bimodal", kind="bimodal"),
    Scene("nothing, 5 % outliers of 50 %", kind="outliers"),
    Scene("nothing, 30 % links missing", missing=0.3),
    Scene("nothing, machine changes twice", machines=True),
    Scene("step 1 %", step=0.01),
    Scene("step 2 %", step=0.02),
    Scene("step 3 %", step=0.03),
    Scene("step 5 %", step=0.05),
    Scene("step 5 %, 30 % links missing", step=0.05, missing=0.3),
    Scene("step 5 %, no links", step=0.05, missing=1.0),
    Scene("step 10 %, noise 10 %", step=0.10, noise=0.10),
    Scene("step 10 %, no links", step=0.10, missing=1.0),
    Scene("step 10 %, machine changes twice", step=0.10, machines=True),
    Scene("step 5 % taken back", step=0.05, back=0.05),
    Scene("step 10 % taken back, no links", step=0.10, back=0.10, missing=1.0),
    Scene("ramp to 10 %", ramp=0.10),
    Scene("ramp to 10 %, quiet values", ramp=0.10, noise=0.02),
    Scene("ramp to 20 %", ramp=0.20),
)


@dataclass(frozen=True, slots=True)
class Known:
    """A history and the truth about it: places of steps, range of the ramp (or None)."""

    series: Series
    steps: tuple[int, ...]
    ramp: tuple[int, int] | None


def draw(scene: Scene, points: int, rng: np.random.Generator) -> Known:
    """One history of a kind."""
    level, steps, ramp = _levels(scene, points, rng)
    values = level + scene.noise * _scatter(scene.kind, rng, points)
    machine = np.zeros(points, dtype=int)
    if scene.machines:
        changes = np.sort(rng.choice(np.arange(points // 6, 5 * points // 6), 2, replace=False))
        machine = np.searchsorted(changes, np.arange(points), side="right")
        values = values + np.array([0.0, 0.4, -0.2])[machine]
    ratio = np.diff(level, prepend=level[0]) + scene.link * rng.standard_normal(points)
    missing = rng.random(points) < scene.missing
    error = scene.link * np.sqrt(rng.chisquare(7, points) / 7)
    found = tuple(
        Point(i, f"c{i - 1}" if not missing[i] else f"gap{i}", f"c{i}", f"{i:06d}", f"m{machine[i]}",
              math.exp(values[i] - ratio[i]), math.exp(values[i]), float(ratio[i]), float(error[i]))
        for i in range(points)
    )  # fmt: skip
    return Known(Series(SUBJECT, found), steps, ramp)


def _levels(
    scene: Scene, points: int, rng: np.random.Generator
) -> tuple[NDArray[np.float64], tuple[int, ...], tuple[int, int] | None]:
    level = np.zeros(points)
    if scene.ramp:
        start, end = points // 4, points - 1
        level[start:] = math.log1p(scene.ramp) * np.arange(points - start) / (end - start)
        return level, (), (start, end)
    if not scene.step:
        return level, (), None
    first = int(rng.integers(points // 4, points // 2))
    level[first:] += math.log1p(scene.step)
    if not scene.back:
        return level, (first,), None
    second = first + points // 6
    level[second:] -= math.log1p(scene.back)
    return level, (first, second), None


def _scatter(kind: str, rng: np.random.Generator, points: int) -> NDArray[np.float64]:
    """Noise of unit standard deviation (outliers apart)."""
    plain = rng.standard_normal(points)
    if kind == "heavy":
        return rng.standard_t(3, points) / math.sqrt(3)
    if kind == "correlated":
        for i in range(1, points):
            plain[i] = 0.4 * plain[i - 1] + math.sqrt(1 - 0.16) * plain[i]
    elif kind == "bimodal":
        return np.where(rng.random(points) < 0.3, 1.5, -0.64) + 0.3 * plain
    elif kind == "outliers":
        plain = plain + np.where(rng.random(points) < 0.05, 10.0, 0.0)
    return plain


@dataclass(frozen=True, slots=True)
class Score:
    """Of one rule on one kind: shares of histories or steps; ``delay`` is a median of runs."""

    found: float
    false: float
    delay: float
    off: float


def score(histories: Sequence[Known], said: Sequence[Trend | Sequence[int]], delays: Sequence[float]) -> Score:
    """How right a rule was about histories of one kind."""
    hits = total = alarmed = 0
    off = []
    for known, answer in zip(histories, said, strict=True):
        places = [s.index for s in answer.steps] if isinstance(answer, Trend) else list(answer)
        drifted = isinstance(answer, Trend) and answer.drift is not None
        near = {p for p in places for s in known.steps if abs(p - s) <= TOLERANCE}
        hit = [min((abs(p - s) for p in places), default=10**6) for s in known.steps]
        hits += sum(distance <= TOLERANCE for distance in hit)
        off += [distance for distance in hit if distance <= TOLERANCE]
        total += len(known.steps)
        if known.ramp:
            start, end = known.ramp
            inside = [p for p in places if start <= p <= end]
            hits, total = hits + bool(inside or drifted), total + 1
            near |= set(inside)
        alarmed += bool(set(places) - near) or (drifted and not known.ramp)
    return Score(
        hits / total if total else math.nan,
        alarmed / len(histories),
        float(np.median(delays)) if len(delays) else math.nan,
        float(np.mean(off)) if off else math.nan,
    )


def values_alone(series: Series) -> Series:
    """The same history without its ratios."""
    bare = tuple(Point(p.run, "", p.head, p.started, p.machine, None, p.head_value) for p in series.points)
    return Series(series.subject, bare)


def delay(known: Known, places: Callable[[Series], Sequence[int]]) -> float:
    """Runs from the first step until it is first said, given run by run; infinite when it never is."""
    (start, *_) = known.steps
    for seen in range(1, 41):
        part = Series(known.series.subject, known.series.points[: start + seen])
        if any(abs(place - start) <= TOLERANCE for place in places(part)):
            return seen
    return math.inf


class Otava:
    """Apache Otava in its own environment, a line a series."""

    def __init__(self, python: Path) -> None:
        self.process = subprocess.Popen(
            [str(python), "-c", OTAVA], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def places(self, series: Series) -> list[int]:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps([point.head_value for point in series.points]) + "\n")
        self.process.stdin.flush()
        return list(json.loads(self.process.stdout.readline()))


def _ours(series: Series) -> list[int]:
    return [step.index for step in analyse(series).steps]


def evaluate(
    scene: Scene, count: int, points: int, seed: int, otava: Otava | None, delays: int
) -> Iterator[tuple[str, Score]]:
    """Each rule's score on one kind."""
    rng = np.random.default_rng([seed, SCENES.index(scene)])
    histories = [draw(scene, points, rng) for _ in range(count)]
    timed = [known for known in histories if known.steps][:delays]
    bare = [Known(values_alone(known.series), known.steps, known.ramp) for known in histories]
    bare_timed = [known for known in bare if known.steps][:delays]
    yield "perfbot", score(histories, [analyse(k.series) for k in histories], [delay(k, _ours) for k in timed])
    yield "values alone", score(bare, [analyse(k.series) for k in bare], [delay(k, _ours) for k in bare_timed])
    if otava:
        said = [otava.places(known.series) for known in bare]
        yield "otava", score(bare, said, [delay(known, otava.places) for known in bare_timed])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--series", type=int, default=200, help="histories of each kind (default 200)")
    parser.add_argument("--points", type=int, default=120, help="runs in a history (default 120)")
    parser.add_argument("--delays", type=int, default=40, help="histories whose delay is found (default 40)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--otava", type=Path, help="Python of an environment with apache-otava")
    parser.add_argument("--json", action="store_true", help="a line of JSON a row")
    given = parser.parse_args()
    otava = Otava(given.otava) if given.otava else None
    if not given.json:
        print("| history | rule | found | false alarm | delay | off by |\n|:--|:--|--:|--:|--:|--:|")
    for scene in SCENES:
        for rule, found in evaluate(scene, given.series, given.points, given.seed, otava, given.delays):
            if given.json:
                print(json.dumps({"history": scene.name, "rule": rule, **_finite(found)}))
            else:
                print(_row(scene.name, rule, found), flush=True)


def _finite(found: Score) -> dict[str, float | None]:
    values = {name: getattr(found, name) for name in ("found", "false", "delay", "off")}
    return {name: value if math.isfinite(value) else None for name, value in values.items()}


def _row(name: str, rule: str, found: Score) -> str:
    share = "–" if math.isnan(found.found) else f"{found.found:.0%}"
    late = "–" if math.isnan(found.delay) else ("never" if math.isinf(found.delay) else f"{found.delay:.0f}")
    off = "–" if math.isnan(found.off) else f"{found.off:.1f}"
    return f"| {name} | {rule} | {share} | {found.false:.1%} | {late} | {off} |"


if __name__ == "__main__":
    main()
