"""Why a benchmark changed, made by hand: two functions, one of them edited, and their flame graph."""

from __future__ import annotations

from dataclasses import replace

from perfbot.explained import Explanation, Frame, Part
from perfbot.model import Report
from tests.render.samples import report, result

FIND = Part(
    "find_customer", "shop.search", "shop/search.py", 25, 31, 4.1e-6, (3.8e-6, 4.4e-6), (1.2e-6, 5.3e-6), (1.0, 1.0),
    4.1e-6, "str.casefold", (1.0, 400.0), edited=True,
)  # fmt: skip
LINE = Part(
    "line", "shop.report", "<shop/report.py>", 40, 41, 0.9e-6, (0.5e-6, 1.3e-6), (2e-6, 2.9e-6), (40.0, 40.0), 0.9e-6,
    package="shop 1.0 → 1.1",
)  # fmt: skip
FLAME = (
    Frame(-1, "all", "", 10e-6, 15e-6),
    Frame(0, "search.find_customer", "shop/search.py:25", 2e-6, 6.1e-6, 0),
    Frame(0, "report.report", "shop/report.py:30", 8e-6, 8.9e-6),
    Frame(2, "report.line", "shop/report.py:40", 2e-6, 2.9e-6, 1),
)
WHY = Explanation(
    "core", "parse", "time", "s", 10e-6, 15e-6, 5.0e-6, (4.6e-6, 5.4e-6), (FIND, LINE), functions=31, rounds=10,
    samples=40_000, seconds=12.0, flame=FLAME,
)  # fmt: skip


def explained(why: Explanation = WHY, **more: object) -> Report:
    slower = result("parse", 0.5, "regressed", gate="fail", base=10e-6, head=15e-6)
    return replace(report(slower, verdict="fail"), explanations=(why,), **more)  # type: ignore[arg-type]
