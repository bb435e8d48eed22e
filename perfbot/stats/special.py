"""The functions of probability that deciding needs, in the words of this package; scipy computes them."""

from __future__ import annotations

import importlib
import importlib.util
import math
import sys
import threading
from functools import cache
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

USED = ("ndtr", "stdtrit", "fdtrc", "psi", "betaincinv")
"""Of scipy."""


_one_at_a_time = threading.Lock()
"""Held while the package is loaded, or a stand-in for it is in its place."""


def _scipy() -> Any:
    with _one_at_a_time:
        return _loaded()


@cache
def _loaded() -> Any:
    """The functions of ``scipy.special``, loaded when something has to be decided.

    They lie in one compiled module. What the package around it loads (of numpy: f2py, testing, random) takes twenty
    times as long, a fifth of a second of each verdict at one's desk, and is for other functions.
    """
    return _compiled() or _package()


def _whole() -> Any:
    with _one_at_a_time:
        return _package()


def _package() -> Any:
    import scipy.special  # noqa: PLC0415

    return scipy.special


def _compiled() -> ModuleType | None:
    """That module alone; None where scipy has it otherwise. Whoever imports the package later gets all of it."""
    package = "scipy.special"
    if package in sys.modules or (spec := importlib.util.find_spec("scipy")) is None:
        return None
    empty = ModuleType(package)
    empty.__path__ = [f"{folder}/special" for folder in spec.submodule_search_locations or ()]
    try:
        sys.modules[package] = empty
        found = importlib.import_module(f"{package}._ufuncs")
    except Exception:  # noqa: BLE001 - whatever it lacks, the whole package has
        return None
    finally:
        sys.modules.pop(package, None)
    return found if all(hasattr(found, name) for name in USED) else None


def normal_tail(values: Floats) -> Floats:
    """P(Z > values) of a standard normal Z."""
    tails: Floats = _scipy().ndtr(-np.asarray(values, dtype=float))
    return tails


def student_quantile(freedom: float, tail: float) -> float:
    """The t that Student's distribution exceeds with probability ``tail``, which is between 0 and 1/2.

    Args:
        freedom: degrees of freedom, above zero.
    """
    if not (freedom > 0 and 0 < tail <= 0.5):
        raise ValueError(f"a tail from 0 to 1/2, and degrees of freedom above 0, not {tail} and {freedom}")
    return -float(_scipy().stdtrit(freedom, tail))


def f_tail(between: float, within: float, ratio: float) -> float:
    """P(F > ratio) of Fisher's F with so many degrees of freedom above and below; infinite ratios have none."""
    return float(_scipy().fdtrc(between, within, max(ratio, 0.0))) if math.isfinite(ratio) else 0.0


def digamma(value: float) -> float:
    """The slope of the logarithm of the gamma function."""
    return float(_scipy().psi(value))


def polygamma(order: int, value: float) -> float:
    """The derivative of that order of :func:`digamma`."""
    return float(_whole().polygamma(order, value))  # it is in no compiled module


def proportion_interval(count: int, total: int, confidence: float) -> tuple[float, float]:
    """The exact interval of a proportion (Clopper & Pearson 1934), where ``count`` of ``total`` were seen."""
    share = (1 - confidence) / 2
    low = 0.0 if count == 0 else float(_scipy().betaincinv(count, total - count + 1, share))
    high = 1.0 if count == total else float(_scipy().betaincinv(count + 1, total - count, 1 - share))
    return low, high
