"""What the rounds of one comparison say: by how much the typical call differs, and what calls cost on the mean."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from perfbot.stats.rounds import Floats, by_length, estimate

HALF_AT = 100
"""Values of a round that count for half of what they would if processes were all alike: disturbed values let a single
one stray by some ten times as much as processes do."""

LEVEL_SHARE = 4
"""A round's level is the value that one in so many of a side are faster than: slow calls do not move it."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """Estimates of several rounds, each of shape [..., round].

    Attributes:
        typical: log ratio of what is typical on both sides (:func:`perfbot.stats.rounds.round_ratios`).
        base, head: mean of each side's values, in units of the round's level, which both sides share; None where
            nothing is known but the typical ratio.
        weight: what a round's means count for, in any unit; None where all count alike.
    """

    typical: Floats
    base: Floats | None = None
    head: Floats | None = None
    weight: Floats | None = None

    def __len__(self) -> int:
        return int(self.typical.shape[-1])

    def first(self, rounds: int) -> Evidence:
        """Only the first rounds."""
        return self._each(lambda values: values[..., :rounds])

    def chosen(self, rounds: NDArray[np.bool_]) -> Evidence:
        """Only some rounds."""
        return self._each(lambda values: values[..., rounds])

    def and_then(self, later: Evidence) -> Evidence:
        """With more rounds of the same kind."""
        joined = [
            None if before is None or after is None else np.concatenate([before, after], axis=-1)
            for before, after in zip(self.means, later.means, strict=True)
        ]
        return Evidence(np.concatenate([self.typical, later.typical], axis=-1), *joined)

    def parted(self, lengths: Sequence[int]) -> Iterator[Evidence]:
        """One after the other, so many rounds each."""
        ends = np.cumsum(lengths, dtype=int).tolist()
        for begin, end in zip([0, *ends], ends, strict=False):
            yield self._each(lambda values, part=slice(begin, end): values[..., part])  # type: ignore[misc]

    def of(self, streams: NDArray[np.intp]) -> Evidence:
        """Some of several streams [stream, round]."""
        return self._each(lambda values: values[streams])

    def slower(self, effect: float) -> Evidence:
        """As if every value of head were so much larger, a log ratio."""
        head = None if self.head is None else self.head * np.exp(effect)
        return replace(self, typical=self.typical + effect, head=head)

    @property
    def is_of_single_values(self) -> bool:
        """Each round is one value a side, of which what is typical and the mean are the same."""
        if self.base is None or self.head is None:
            return False
        return bool(np.allclose(np.exp(self.typical) * self.base, self.head, rtol=1e-9, atol=0.0))

    @property
    def means(self) -> tuple[Floats | None, Floats | None, Floats | None]:
        """Of base and of head, and what they count for."""
        return self.base, self.head, self.weight

    def _each(self, part: Callable[[Floats], Floats]) -> Evidence:
        return Evidence(part(self.typical), *(None if values is None else part(values) for values in self.means))


NOTHING = Evidence(*(np.empty(0) for _ in range(4)))


def stacked(several: Sequence[Evidence]) -> Evidence:
    """Evidence of equally many rounds each, as [stream, round]."""
    means = [
        None if any(one is None for one in values) else np.array(values, dtype=float)
        for values in zip(*(one.means for one in several), strict=True)
    ]
    return Evidence(np.array([one.typical for one in several], dtype=float), *means)


def evidence_of(
    bases: Sequence[Sequence[float]], heads: Sequence[Sequence[float]], value_seconds: Sequence[float] | None = None
) -> Evidence:
    """The evidence of some rounds; see :func:`perfbot.stats.rounds.round_ratios` for arguments and errors.

    What makes means stray is a disturbed value now and then, up to where processes differ as a whole: a round counts
    for its values, and the more of them it has the less each one adds (:data:`HALF_AT`).
    """
    typical, base, head, weight = (np.empty(len(bases)) for _ in range(4))
    for rounds, values in by_length(bases, heads):
        lasted = None if value_seconds is None else np.asarray(value_seconds)[rounds]
        typical[rounds] = estimate(values, lasted)
        lower = np.sort(values, axis=-1)[..., values.shape[-1] // LEVEL_SHARE]
        level = np.sqrt(lower[:, 0] * lower[:, 1])
        base[rounds], head[rounds] = values.mean(axis=-1).T / level
        weight[rounds] = 1 / (1 / values.shape[-1] + 1 / HALF_AT)
    return Evidence(typical, base, head, weight)
