"""Recorded rounds: reading them, and drawing suites of any size from them.

A file holds, for each schedule S: ``S_w`` wall nanoseconds [round, benchmark, side (0 base, 1 head), pair];
``S_start`` start-up seconds, one a round where a pair of processes served the whole suite, otherwise
[round, benchmark]; ``S_meas`` measuring seconds [round, benchmark]. Both sides ran the same code. Where it
was recorded too, ``S_c`` holds CPU nanoseconds in the shape of ``S_w``, and ``S_discard`` how many calls [benchmark]
each turn threw away.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from perfbot.stats.evidence import Evidence, evidence_of, stacked
from perfbot.stats.rounds import centre, hodges_lehmann

Floats = NDArray[np.float64]
Clock = Literal["wall", "cpu", "cost"]

ARRAYS: dict[Clock, str] = {"wall": "w", "cpu": "c", "cost": "o"}

BLOCK = 5
"""Rounds drawn together: neighbours in time stay neighbours."""

NOT_DISCARDED = 2
"""First pairs of a round that are left out where the schedule did not discard the cold call of each turn."""

STREAMS_AT_ONCE = 4000
"""Bounds the memory of one draw to some 100 MB."""


@dataclass(frozen=True, slots=True)
class Ratios:
    """Estimates of log(head/base), each [round, benchmark]: as a run makes them, and Hodges–Lehmann of the pairs."""

    shipped: Floats
    pairs: Floats
    base: Floats | None = None
    head: Floats | None = None
    """Mean costs of the sides, in units of each round's level; None: only what is typical is judged."""

    def spread_out(self, factor: float) -> Ratios:
        """Scale the benchmarks so that the noisiest is ``factor`` times noisier than the quietest."""
        if factor == 1:
            return self
        spread = robust_spread(self.shipped)
        wanted = np.exp(np.log(spread).mean()) * np.geomspace(factor**-0.5, factor**0.5, len(spread))
        factors = wanted / spread
        means = (None if side is None else side**factors for side in (self.base, self.head))
        return Ratios(self.shipped * factors, self.pairs * factors, *means)


@dataclass(frozen=True, slots=True)
class Recording:
    """One schedule of a file.

    Attributes:
        seconds: [round, benchmark, side, pair] of each value.
        start: start-up seconds of a round; [benchmark] where each benchmark has processes of its own.
        shared: one pair of processes served all benchmarks of a round.
        measuring: seconds a round spends on each benchmark.
    """

    schedule: str
    seconds: Floats
    start: Floats
    shared: bool
    measuring: Floats

    def ratios(self) -> Ratios:
        """Estimates of log(head/base) of every round and benchmark."""
        logs = np.log(self.seconds)
        pairs = logs[:, :, 1] - logs[:, :, 0]
        found = [
            evidence_of(one[:, 0].tolist(), one[:, 1].tolist(), np.median(one[:, 0], axis=-1).tolist())
            for one in self.seconds
        ]
        every = stacked(found)
        return Ratios(every.typical, np.array([hodges_lehmann(one) for one in pairs]), every.base, every.head)

    def centres(self) -> Floats:
        """What a run would make of every round and benchmark if it knew nothing but the log ratios of the pairs."""
        logs = np.log(self.seconds)
        return np.array([centre(one) for one in logs[:, :, 1] - logs[:, :, 0]])


def schedules(path: Path) -> list[str]:
    """Names of the schedules in a file."""
    with np.load(path) as file:
        return [name.removesuffix("_w") for name in file.files if name.endswith("_w")]


def clocks(path: Path, schedule: str) -> list[Clock]:
    """The clocks that a schedule was recorded by; a run compares short calls by the last one."""
    with np.load(path) as file:
        return [clock for clock, letter in ARRAYS.items() if f"{schedule}_{letter}" in file.files]


def read(path: Path, schedule: str, skip: int | None = None, clock: Clock = "wall") -> Recording:
    """Read one schedule.

    Args:
        skip: pairs of each round that are left out. By default none where cold calls were thrown away when it was
            recorded, which the file tells or the schedule's name (``…d``).
        clock: CPU time is not in every file.
    """
    with np.load(path) as file:
        if skip is None:
            discarded = file[f"{schedule}_discard"].all() if f"{schedule}_discard" in file.files else False
            skip = 0 if discarded or schedule.endswith("d") else NOT_DISCARDED
        start = file[f"{schedule}_start"].astype(float)
        return Recording(
            schedule=schedule,
            seconds=np.maximum(file[f"{schedule}_{ARRAYS[clock]}"][..., skip:], 1) * 1e-9,
            start=start.mean(axis=0),
            shared=start.ndim == 1,
            measuring=file[f"{schedule}_meas"].astype(float).mean(axis=0),
        )


@dataclass(frozen=True, slots=True)
class Draw:
    """Some suites: which recorded rounds each benchmark of each suite lives through.

    Attributes:
        benchmarks: [suite, benchmark] of the recording.
        rounds: [suite, benchmark, n] of the recording.
        swapped: the same shape; base and head change places.
    """

    benchmarks: NDArray[np.intp]
    rounds: NDArray[np.intp]
    swapped: NDArray[np.bool_]

    def streams(self, ratios: Floats) -> Floats:
        """Streams of log ratios, [suite, benchmark, n], without any true change."""
        drawn = ratios[self.rounds, self.benchmarks[..., None]]
        return np.where(self.swapped, -drawn, drawn)

    def evidence(self, ratios: Ratios) -> Evidence:
        """What the rounds of all streams say, [stream, n], without any true change."""
        flat = self.rounds.reshape(-1, self.rounds.shape[-1])
        at = (flat, self.benchmarks.reshape(-1, 1))
        swapped = self.swapped.reshape(flat.shape)
        typical = np.where(swapped, -ratios.shipped[at], ratios.shipped[at])
        if ratios.base is None or ratios.head is None:
            return Evidence(typical)
        base, head = ratios.base[at], ratios.head[at]
        return Evidence(typical, np.where(swapped, head, base), np.where(swapped, base, head))


def draw_suites(
    recorded: tuple[int, int], size: int, suites: int, n_max: int, rng: np.random.Generator
) -> Iterator[Draw]:
    """Draw suites by block bootstrap, the sides of each round swapped at random: an exact A/A.

    Benchmarks of one suite share rounds as they did when recorded; a suite larger than the recorded one is made
    of several that do not.

    Args:
        recorded: rounds and benchmarks there are.
        size: benchmarks of each suite.
        n_max: rounds of each stream.
    """
    at_once = max(1, STREAMS_AT_ONCE // size)
    for first in range(0, suites, at_once):
        yield _draw(recorded, size, min(at_once, suites - first), n_max, rng)


def _draw(recorded: tuple[int, int], size: int, suites: int, n_max: int, rng: np.random.Generator) -> Draw:
    there, kinds = recorded
    parts = -(-size // kinds)
    blocks = -(-n_max // BLOCK)
    starts = rng.integers(0, there, (suites, parts, blocks))
    rounds = ((starts[..., None] + np.arange(BLOCK)) % there).reshape(suites, parts, -1)[..., :n_max]
    swapped = rng.random((suites, parts, n_max)) < 0.5
    part = np.arange(size) // kinds
    order = rng.permuted(np.tile(np.arange(kinds), (suites, parts, 1)), axis=-1).reshape(suites, -1)
    return Draw(order[:, :size], rounds[:, part], swapped[:, part])


def robust_spread(ratios: Floats) -> Floats:
    """The standard deviation that the median absolute ratio would belong to, [benchmark]."""
    spread: Floats = 1.4826 * np.median(np.abs(ratios), axis=0)
    return spread
