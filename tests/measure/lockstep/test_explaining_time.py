"""How long explaining takes, by a clock of its own: never longer than it may, whatever a round takes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from random import Random
from types import SimpleNamespace
from typing import Any, cast

import pytest

from perfbot.measure.lockstep import explaining
from perfbot.measure.lockstep.explaining import FEWEST_ROUNDS, LATE_SHARE, Explaining
from perfbot.measure.lockstep.known import Known
from perfbot.measure.lockstep.plan import Speed
from perfbot.measure.lockstep.suite import LockstepSuite
from perfbot.pipeline.explain import FIRST_SECONDS
from perfbot.why.profile import Observation


class Clock:
    now = 1000.0

    def monotonic(self) -> float:
        return self.now


class Rounds(Explaining):
    """Rounds that take ``beside`` and what they are given, by the clock."""

    def _round(self, names: Sequence[str], share: float, until: float) -> Iterator[Observation]:
        CLOCK.now += BESIDE[0] + share * len(names)
        yield from (Observation(name, {}) for name in names)


CLOCK, BESIDE = Clock(), [0.0]


def taken(monkeypatch: pytest.MonkeyPatch, beside: float, seconds: float, names: int = 1) -> tuple[float, int]:
    monkeypatch.setattr(explaining, "time", CLOCK)
    BESIDE[0] = beside
    every = [f"b{number}" for number in range(names)]
    known = Known(startup_seconds=0.2, speeds=dict.fromkeys(every, Speed(0.01, 0.01)))
    random = Random(1)  # noqa: S311 - an order, not a secret
    rounds = Rounds(cast("LockstepSuite", cast("Any", SimpleNamespace(known=known))), random)
    began, count = CLOCK.now, 0
    for _ in rounds.observe(every, seconds):
        count += 1
    return CLOCK.now - began, count // names


@pytest.mark.parametrize("beside", [0.1, 0.5, 1.0, 1.6, 2.4, 4.0, 9.0])
@pytest.mark.parametrize("names", [1, 4])
def test_it_ends_in_time(monkeypatch: pytest.MonkeyPatch, beside: float, names: int) -> None:
    seconds = FIRST_SECONDS + 7.0 * (names - 1)
    took, _ = taken(monkeypatch, beside, seconds, names)
    assert took <= seconds * (1 + LATE_SHARE) + 1e-6
    assert FIRST_SECONDS * (1 + LATE_SHARE) < 20


def test_rounds_that_take_long_are_still_enough_to_say_something(monkeypatch: pytest.MonkeyPatch) -> None:
    assert taken(monkeypatch, 0.5, 14.0)[1] >= 10
    assert taken(monkeypatch, 1.6, 14.0)[1] >= FEWEST_ROUNDS
