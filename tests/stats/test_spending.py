"""What the tries of a session spend of alpha."""

from __future__ import annotations

import pytest

from perfbot.stats.spending import share_of_try, spent_by


def test_all_tries_together_spend_alpha_and_no_more() -> None:
    assert spent_by(100_000) == pytest.approx(1, abs=1e-5)
    assert spent_by(100_000) < 1


def test_the_first_gets_most_and_each_less_than_the_one_before() -> None:
    shares = [share_of_try(number) for number in range(1, 200)]
    assert shares == sorted(shares, reverse=True)
    assert shares[0] > 0.6


@pytest.mark.parametrize("number", [0, -1])
def test_tries_are_counted_from_one(number: int) -> None:
    with pytest.raises(ValueError, match="counted from 1"):
        share_of_try(number)
