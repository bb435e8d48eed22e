"""What the rounds of one comparison say: by how much the typical call differs, and what calls cost on the mean."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from perfbot.stats.rounds import Floats, by_length, estimate

LEVEL_SHARE = 4
"""A round's level is the value that one in so many of a side are faster than: slow calls do not move it."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """Estimates of several rounds, each of shape [..., round].

    Attributes:
        typical: log ratio of what is typical on both sides (:func:`perfbot.stats.rounds.round_ratios`).
        base, head: mean of each side's values, in units of the round's level, which both sides share; None where
            nothing is known but the typical ratio.
    """

    typical: Floats
    base: Floats | None = None
    head: Floats | None = None

    def __len__(self) -> int:
        return int(self.typical.shape[-1])

    def first(self, rounds: int) -> Evidence:
        """Only the first rounds."""
        return Evidence(
            self.typical[..., :rounds], *(None if side is None else side[..., :rounds] for side in self.means)
        )

    def chosen(self, rounds: NDArray[np.bool_]) -> Evidence:
        """Only some rounds."""
        return Evidence(
            self.typical[..., rounds], *(None if side is None else side[..., rounds] for side in self.means)
        )

    def and_then(self, later: Evidence) -> Evidence:
        """With more rounds of the same kind."""
        joined = [
            None if before is None or after is None else np.concatenate([before, after], axis=-1)
            for before, after in zip(self.means, later.means, strict=True)
        ]
        return Evidence(np.concatenate([self.typical, later.typical], axis=-1), *joined)

    def parted(self, lengths: Sequence[int]) -> Iterator[Evidence]:
        """One after the other, so many rounds each."""
        begin = 0
        for length in lengths:
            end = begin + length
            means = (None if side is None else side[..., begin:end] for side in self.means)
            yield Evidence(self.typical[..., begin:end], *means)
            begin = end

    def of(self, streams: NDArray[np.intp]) -> Evidence:
        """Some of several streams [stream, round]."""
        return Evidence(self.typical[streams], *(None if side is None else side[streams] for side in self.means))

    def slower(self, effect: float) -> Evidence:
        """As if every value of head were so much larger, a log ratio."""
        return Evidence(self.typical + effect, self.base, None if self.head is None else self.head * np.exp(effect))

    @property
    def means(self) -> tuple[Floats | None, Floats | None]:
        """Of base and of head."""
        return self.base, self.head


NOTHING = Evidence(np.empty(0), np.empty(0), np.empty(0))


def stacked(several: Sequence[Evidence]) -> Evidence:
    """Evidence of equally many rounds each, as [stream, round]."""
    means = [
        None if any(side is None for side in sides) else np.array(sides, dtype=float)
        for sides in zip(*(one.means for one in several), strict=True)
    ]
    return Evidence(np.array([one.typical for one in several], dtype=float), *means)


def evidence_of(
    bases: Sequence[Sequence[float]], heads: Sequence[Sequence[float]], value_seconds: Sequence[float] | None = None
) -> Evidence:
    """The evidence of some rounds; see :func:`perfbot.stats.rounds.round_ratios` for arguments and errors."""
    typical, base, head = (np.empty(len(bases)) for _ in range(3))
    for rounds, values in by_length(bases, heads):
        lasted = None if value_seconds is None else np.asarray(value_seconds)[rounds]
        typical[rounds] = estimate(values, lasted)
        lower = np.sort(values, axis=-1)[..., values.shape[-1] // LEVEL_SHARE]
        level = np.sqrt(lower[:, 0] * lower[:, 1])
        base[rounds], head[rounds] = values.mean(axis=-1).T / level
    return Evidence(typical, base, head)
