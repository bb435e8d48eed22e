"""The comments that are drawn: reports made by hand, so that each shows what it is about."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from perfbot.history.records import Step, Subject, Trend
from perfbot.render.comment import comment
from perfbot.render.course import courses
from perfbot.render.jobs import JobVerdict, jobs_table
from perfbot.render.links import Links
from tests.render.samples import RUNNER, regression, report, result

FORGE = "https://forge.example/acme/widgets"
LINKS = Links(f"{FORGE}/report.html", history=f"{FORGE}/-/", source=f"{FORGE}/blob/f3c2d1a/")
CPU = replace(RUNNER, cpu="AMD EPYC 7763", cores=4, load=0.4)


def _trend(name: str, levels: tuple[float, ...], gain: float = 0.0) -> Trend:
    step = Step(5, "a" * 40, "1a2b3c4" + "d" * 33, "2026-01-01T00:00:00Z", gain, (gain, gain), 1e-9)
    subject = Subject("core", name, "time", "s", number=7)
    return Trend(subject, len(levels), 0.01, "m", 0.01, (step,) if gain else (), course=levels, threshold=0.02)


def blocked() -> str:
    """Three are slower."""
    seen = report(
        regression("test_parse_header", 0.38, base=857e-9, head=1.18e-6, file="benchmarks/test_core.py", line=12),
        regression("test_render_template", 0.071, base=13.4e-6, head=14.3e-6),
        regression("test_diff_lines", 0.032, base=7.09e-3, head=7.31e-3, notes=("typical +0.3 %, mean +3.2 %",)),
        *(result(f"test_walk[{index}]", 0.001 * (index % 5 - 2)) for index in range(37)),
        runner=CPU,
        seconds=62.0,
        trend="Since v2.3, 2 of 40 became slower, core/test_parse_header most: +6.4 %.",
    )
    known = [
        _trend("test_parse_header", (1, 1, 0.99, 1, 1.01, 1, 0.99, 1.01, 1, 1, 1.02, 1, 1, 1.01)),
        _trend("test_render_template", (1.08, 1.08, 1.07, 1.08, 1, 1, 1, 0.99, 1, 1, 1.01, 1, 1, 1), -0.07),
        _trend("test_diff_lines", (1, 1, 1, 1, 1, 1, 1, 1.03, 1.03, 1.03, 1.04, 1.03, 1.03, 1.03)),
    ]
    return comment(seen, links=LINKS, courses=courses(known), alerts=True)


def undecided() -> str:
    """The time ran out on a busy runner."""
    many = (result(f"test_io[{i}]", 0.01, "inconclusive", detectable=0.03 + i / 200) for i in range(27))
    steady = (result(f"test_walk[{index}]", 0.001) for index in range(13))
    seen = report(*many, *steady, runner=replace(CPU, load=12.0), seconds=640.0)
    return comment(seen, links=LINKS, alerts=True)


def many() -> str:
    """Sixty rows: one common cause, and more than a table shows."""
    cause = (regression(f"serialize_{i}", 0.03 + i / 80) for i in range(24))
    others = (regression(f"{word}_step", 0.025 + i / 300) for i, word in enumerate(WORDS))
    faster = (result(f"load_{i}", -0.1 - i / 100, "improved") for i in range(12))
    seen = report(*cause, *others, *faster, result("walk"), runner=CPU)
    return comment(seen, links=LINKS, alerts=True)


WORDS = (
    "parse", "walk", "hash", "solve", "index", "merge", "split", "pack", "fold", "scan",
    "trim", "sort", "join", "copy", "emit", "read", "plan", "bind", "cast", "lift",
)  # fmt: skip


def matrix() -> str:
    """Three jobs."""
    jobs = (
        JobVerdict("Python 3.11", "blocks", {"core/test_parse_header": 0.38, "core/test_diff_lines": 0.032}),
        JobVerdict("Python 3.12", "blocks", {"core/test_parse_header": 0.35}),
        JobVerdict("Python 3.13", "passes"),
    )
    first = report(regression("test_parse_header"), regression("test_diff_lines", 0.032), result("walk"), runner=CPU)
    return f"{jobs_table(jobs)}\n\n{comment(first, links=LINKS, title='Python 3.11', alerts=True)}"


COMMENTS: dict[str, Callable[[], str]] = {
    "blocked": blocked, "undecided": undecided, "many": many, "matrix": matrix,
}  # fmt: skip
