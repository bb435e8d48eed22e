"""A reduced ``python -m evidence.machines``; the table is in docs/decision-rule.md."""

from __future__ import annotations

import numpy as np
import pytest

from evidence.confirmed import NOISES
from evidence.machines import WORLDS, shares


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("nothing, machines alike", [0.0, 0.0, 0.0]),
        ("+5 % on the first machine alone", [1.0, 0.0, 0.0]),
        ("+5 %, machines alike", [1.0, 1.0, 1.0]),
    ],
)
def test_red_is_what_every_machine_says(name: str, expected: list[float]) -> None:
    world = next(one for one in WORLDS if one.name == name)
    assert list(shares(NOISES["Gaussian"], world, 1, np.random.default_rng(1))) == pytest.approx(expected)
