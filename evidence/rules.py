"""How other tools decide, given the pooled values of both sides: their own code where it is installed.

pyperf, asv and pytest-benchmark are Python packages, and their functions are called. benchstat, hyperfine's
script, github-action-benchmark and Tachometer are not: their published rules are reimplemented, and the names
say so. Each rule gets two samples of seconds and says which way head differs from base, if it says so at all.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Rule = Callable[[Floats, Floats], int]
"""+1 slower, −1 faster, 0 not called different."""


def pyperf_compare_to(base: Floats, head: Floats) -> int:
    """Student's t-test at 95 % on all values."""
    from pyperf._utils import is_significant

    significant, _ = is_significant(base.tolist(), head.tolist())
    return _sign(head.mean() - base.mean()) if significant else 0


def asv_continuous(base: Floats, head: Floats) -> int:
    """Different by Mann–Whitney at .002 (or by intervals, when values are few), and by a factor of 1.1."""
    from asv._stats import is_different
    from asv_runner.statistics import compute_stats

    (base_time, base_stats), (head_time, head_stats) = (compute_stats(list(x), 1) for x in (base, head))
    ratio = head_time / base_time
    if 1 / 1.1 <= ratio <= 1.1 or not is_different(list(head), list(base), head_stats, base_stats):
        return 0
    return _sign(ratio - 1)


def pytest_benchmark_mean_5(base: Floats, head: Floats) -> int:
    """``--benchmark-compare-fail=mean:5%``; the same asked backwards for a gain."""
    from pytest_benchmark.utils import PercentageRegressionCheck

    check = PercentageRegressionCheck("mean", 5)
    before, after = {"mean": float(base.mean())}, {"mean": float(head.mean())}
    return int(bool(check.fails(after, before))) - int(bool(check.fails(before, after)))


def benchstat(base: Floats, head: Floats) -> int:
    """Mann–Whitney U at .05; the difference of the medians gives the direction."""
    from scipy.stats import mannwhitneyu

    significant = mannwhitneyu(base, head).pvalue < 0.05
    return _sign(np.median(head) - np.median(base)) if significant else 0


def hyperfine_welch(base: Floats, head: Floats) -> int:
    """``scripts/welch_ttest.py``: Welch's t-test at .05."""
    from scipy.stats import ttest_ind

    significant = ttest_ind(base, head, equal_var=False).pvalue < 0.05
    return _sign(head.mean() - base.mean()) if significant else 0


def github_action_benchmark(threshold: float) -> Rule:
    """``alert-threshold``: the ratio of two numbers, whatever their spread."""

    def rule(base: Floats, head: Floats) -> int:
        ratio = head.mean() / base.mean()
        return int(ratio > threshold) - int(1 / ratio > threshold)

    return rule


def tachometer(base: Floats, head: Floats) -> int:
    """The 95 % interval of the relative difference of means (delta method, Student) excludes 0."""
    from scipy.stats import t

    relative = head.mean() / base.mean() - 1
    spread = np.sqrt(
        head.var(ddof=1) / len(head) / base.mean() ** 2
        + head.mean() ** 2 * base.var(ddof=1) / len(base) / base.mean() ** 4
    )
    return _sign(relative) if abs(relative) > t.ppf(0.975, len(base) + len(head) - 2) * spread else 0


def _sign(difference: float) -> int:
    return int(np.sign(difference))


RULES: dict[str, tuple[Rule, Sequence[str]]] = {
    "pyperf compare_to": (pyperf_compare_to, ("pyperf",)),
    "asv continuous": (asv_continuous, ("asv", "asv_runner")),
    "pytest-benchmark mean:5%": (pytest_benchmark_mean_5, ("pytest_benchmark",)),
    "benchstat (reimplemented)": (benchstat, ()),
    "hyperfine welch_ttest (reimplemented)": (hyperfine_welch, ()),
    "github-action-benchmark 200 % (reimplemented)": (github_action_benchmark(2.0), ()),
    "github-action-benchmark 110 % (reimplemented)": (github_action_benchmark(1.1), ()),
    "Tachometer, one look (reimplemented)": (tachometer, ()),
}
"""Every rule, and the packages it calls."""


def missing(name: str) -> list[str]:
    """Packages that a rule needs and this environment does not have."""
    return [package for package in RULES[name][1] if importlib.util.find_spec(package) is None]
