"""Functions of probability, against scipy's."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import fdtrc, stdtrit

from perfbot.stats.special import f_tail, normal_tail, proportion_interval, student_quantile


def test_normal_tails() -> None:
    from scipy.stats import norm  # a second

    values = np.linspace(-9, 37, 4_000).reshape(40, 100)
    np.testing.assert_allclose(normal_tail(values), norm.sf(values), rtol=1e-12)
    assert normal_tail(np.array(0.0)) == 0.5


@settings(max_examples=300)
@given(st.floats(1.0, 400), st.floats(1e-12, 0.4))
def test_students_quantiles(freedom: float, tail: float) -> None:
    assert student_quantile(freedom, tail) == pytest.approx(-stdtrit(freedom, tail), rel=1e-11)


@pytest.mark.parametrize("freedom", [2.5, 3, 4, 5.5, 9, 20, 57.5, 119, 239])
def test_quantiles_that_decide(freedom: float) -> None:
    for tail in (0.5, 0.05, 0.025, 0.01, 0.005, 1e-3, 1e-4, 1e-5, 1e-7, 1e-10):
        assert student_quantile(freedom, tail) == pytest.approx(-stdtrit(freedom, tail), rel=1e-11, abs=1e-12)


@pytest.mark.parametrize(("freedom", "tail"), [(0, 0.1), (5, 0), (5, 0.6), (-1, 0.1), (5, float("nan"))])
def test_what_is_no_quantile(freedom: float, tail: float) -> None:
    with pytest.raises(ValueError, match="degrees of freedom"):
        student_quantile(freedom, tail)


@pytest.mark.parametrize("total", [1, 2, 7, 40, 300])
def test_proportions(total: int) -> None:
    from scipy.stats import binomtest

    for count in {0, 1, total // 3, total - 1, total}:
        wanted = binomtest(count, total).proportion_ci(0.95, method="exact")
        assert proportion_interval(count, total, 0.95) == pytest.approx((wanted.low, wanted.high), abs=1e-9)


@settings(max_examples=200)
@given(st.integers(1, 60), st.integers(1, 400), st.floats(0, 1e4))
def test_tails_of_f(between: int, within: int, ratio: float) -> None:
    assert f_tail(between, within, ratio) == pytest.approx(float(fdtrc(between, within, ratio)), rel=1e-9, abs=1e-14)
    assert f_tail(between, within, float("inf")) == 0


LOADED_ALONE = """
import sys
from perfbot.stats import special
values = special.student_quantile(7.5, 1e-3), special.f_tail(3, 5.0, 2.0), special.digamma(2.5)
assert "scipy.special" not in sys.modules and "numpy.f2py" not in sys.modules
more = special.polygamma(1, 2.5)
import scipy.special, scipy.stats
ours = special._loaded()
assert scipy.special.ndtr is ours.ndtr and scipy.special.logsumexp
assert values == (-scipy.special.stdtrit(7.5, 1e-3), scipy.special.fdtrc(3, 5.0, 2.0), scipy.special.digamma(2.5))
assert more == scipy.special.polygamma(1, 2.5)
"""

WITHOUT_IT = """
import importlib
from perfbot.stats import special
load = importlib.import_module
importlib.import_module = lambda name: 1 / 0 if name.endswith("_ufuncs") else load(name)
assert special.student_quantile(7.5, 1e-3) > 0
assert special._loaded().__name__ == "scipy.special"
"""


@pytest.mark.parametrize("script", [LOADED_ALONE, WITHOUT_IT], ids=["alone", "another layout"])
def test_the_package_around_the_functions_is_not_loaded(script: str) -> None:
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
