"""How many tries of one session share one probability of a false alarm. Pure.

Whoever tries a hundred edits finds a "faster" one among them by chance, unless the tries pay for each other. The k-th
try gets ``6 / (pi k)²`` of alpha; all of them, however many, add up to it. The sum bounds the probability of any false
alarm whatever the edits have to do with each other, and whatever made somebody stop or go on (Boole's inequality: each
try is measured anew, so its own error is kept whatever was seen before).
"""

from __future__ import annotations

import math


def share_of_try(number: int) -> float:
    """The share of alpha that the ``number``-th try of a session gets, from 1.

    >>> round(share_of_try(1), 3), round(share_of_try(10), 5)
    (0.608, 0.00608)
    """
    if number < 1:
        raise ValueError(f"tries are counted from 1, not {number}")
    return 6 / (math.pi * number) ** 2


def spent_by(tries: int) -> float:
    """The share that so many tries have spent together."""
    return sum(map(share_of_try, range(1, tries + 1)))
