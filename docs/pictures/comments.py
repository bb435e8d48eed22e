"""The comments that are drawn: reports made by hand, so that each shows what it is about."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from perfbot.claims.described import judged_claims
from perfbot.history.records import Step, Subject, Trend
from perfbot.model import Acceptance, Control, Problem, Result
from perfbot.reasons import Accepted, Disturbed, MeanDiffers, TooFewRounds
from perfbot.render.comment import comment
from perfbot.render.jobs import JobVerdict, jobs_table
from perfbot.render.links import Links
from perfbot.render.trend_column import by_result
from tests.render.explanations import explained
from tests.render.samples import RUNNER, bare, counted, regression, report, result

FORGE = "https://forge.example/acme/widgets"
LINKS = Links(f"{FORGE}/report.html", history=f"{FORGE}/-/", source=f"{FORGE}/blob/f3c2d1a/")
CPU = replace(RUNNER, cpu="AMD EPYC 7763", cores=4, load=0.4)


def _trend(name: str, levels: tuple[float, ...], gain: float = 0.0) -> Trend:
    step = Step(5, "a" * 40, "1a2b3c4" + "d" * 33, "2026-01-01T00:00:00Z", gain, (gain, gain), 1e-9)
    subject = Subject("core", name, "time", "s", number=7)
    return Trend(subject, len(levels), 0.01, "m", 0.01, (step,) if gain else (), thumbnail=levels, threshold=0.02)


def blocked() -> str:
    """Three are slower."""
    seen = report(
        regression("test_parse_header", 0.38, base=857e-9, head=1.18e-6, file="benchmarks/test_core.py", line=12),
        regression("test_render_template", 0.071, base=13.4e-6, head=14.3e-6),
        regression("test_diff_lines", 0.032, base=7.09e-3, head=7.31e-3, reasons=(MeanDiffers(0.003, 0.032, None),)),
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
    return comment(seen, links=LINKS, trends=by_result(known), alerts=True)


def undecided() -> str:
    """The time ran out on a busy runner."""
    wide = [0.03 + i / 200 for i in range(27)]
    many = (
        result(f"test_io[{i}]", 0.01, "inconclusive", detectable=each, interval=(0.01 - each, 0.01 + each))
        for i, each in enumerate(wide)
    )
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


def accepted() -> str:
    """A known cost that somebody let pass, and something faster."""
    given = Acceptance(
        "core/validate", "checks that the standard asks for", "alice", "2026-01-02T03:00:00Z", change=0.12
    )
    seen = report(
        result("validate", 0.12, "regressed", gate="accepted",
               reasons=(Accepted("alice", "checks that the standard asks for"),)),
        result("solve", -0.22, "improved"), *_steady(20), acceptances=(given,), runner=CPU,
    )  # fmt: skip
    return comment(seen, links=LINKS, alerts=True)


def first_run() -> str:
    """The merge request that brings the benchmarks."""
    seen = report(*(bare(f"test_{name}", "added") for name in WORDS[:6]), runner=CPU, control=None)
    return comment(seen, links=LINKS, alerts=True)


def broken_suite() -> str:
    """Nothing could be measured."""
    output = (
        "Collecting widgets==2.0\nERROR: Could not find a version that satisfies widgets==9\n"
        "ERROR: No matching distribution found for widgets==9\n"
    )
    why = "set-up failed on head: `pip install .` ended with 1"
    broken = report(verdict="error", control=None, problems=(Problem("head: set-up", why, output),), runner=CPU)
    return comment(broken, links=LINKS, alerts=True)


def claims() -> str:
    """An author's words, held against what was measured."""
    seen = report(result("parse_large", -0.31, "improved"), result("solve", 0.002), *_steady(12), runner=CPU)
    words = "".join(f'[[claim]]\nthat = "{text}"\n\n' for text in (
        "core/parse_large is at least 20 % faster", "core/solve is at least 10 % faster", "core/gone is faster",
    ))  # fmt: skip
    return comment(seen, links=LINKS, alerts=True, claims=judged_claims(words, seen))


def nothing() -> str:
    """Nothing changed: what is seen most often."""
    return comment(report(*_steady(40), runner=CPU, seconds=62.0), links=LINKS, alerts=True)


def faster() -> str:
    """Only improvements."""
    seen = report(*(result(f"load_{i}", -0.06 - i / 20, "improved") for i in range(4)), *_steady(20), runner=CPU)
    return comment(seen, links=LINKS, alerts=True)


def mixed() -> str:
    """Time, memory, counts and throughput; changes from tiny to ten thousand times."""
    seen = report(
        regression("test_query", 9999.0, base=1.2e-6, head=12e-3, interval=(9700.0, 10300.0)),
        counted("test_query", "instructions", 0.0061, "regressed", gate="fail"),
        regression("test_import", 0.09, metric="memory", unit="B", base=41.2e6, head=44.9e6, interval=(0.08, 0.1)),
        regression("test_serve", -0.24, metric="throughput", unit="1/s", better="higher", base=5010.0, head=3808.0,
                   interval=(-0.26, -0.22)),
        result("test_cache", -0.9998, "improved", base=0.31, head=62e-6, interval=(-0.99983, -0.99977)),
        *_steady(9), runner=CPU,
    )  # fmt: skip
    return comment(seen, links=LINKS, alerts=True)


def names() -> str:
    """Names as nobody should give them, but some do: very long, of another direction, with parameters."""
    seen = report(
        regression("test_" + "a_very_long_description_of_what_is_measured_" * 4 + "end[case-1]", 0.11),
        regression("test_" + "a_very_long_description_of_what_is_measured_" * 4 + "end[case-2]", 0.09),
        regression("test_قياس_الأداء[كبير]", 0.07), regression("test_測定[大きい入力|1]", 0.05),
        *_steady(9), runner=CPU,
    )  # fmt: skip
    return comment(seen, links=LINKS, alerts=True)


def cut_off() -> str:
    """A run that was ended half way."""
    found = (bare(f"test_io[{i}]", "inconclusive", rounds=2, reasons=(TooFewRounds(2, 6),)) for i in range(11))
    seen = report(regression("test_parse_header", 0.38), *found, *_steady(8), complete=False, runner=CPU, seconds=95.0)
    return comment(seen, links=LINKS, alerts=True)


def five_hundred() -> str:
    """Rows without an end, on the smaller forge."""
    rows = (regression(f"{word}_{i}[{WORDS[i % 20]}]", 0.03 + i / 300) for i in range(25) for word in WORDS)
    return comment(report(*rows, *_steady(3), runner=CPU), links=LINKS, alerts=True, limit=65_536)


def explained_why() -> str:
    """A red row with the functions behind it, unfolded."""
    seen = replace(explained(), runner=CPU, results=(*explained().results, *_steady(12)))
    return _unfolded(comment(seen, links=LINKS, alerts=True), "Why")


def waits() -> str:
    """One runner says slower, and merging waits for what another says."""
    seen = report(regression("test_parse_header", 0.38), *_steady(9), runner=CPU)
    return comment(seen, links=LINKS, alerts=True, waits="another runner measures it again")


def disturbed() -> str:
    """A runner that moved base against itself."""
    moved = Control(0.05, (0.03, 0.07), 12, disturbed=True)
    seen = report(
        result("parse", 0.08, "inconclusive", reasons=(Disturbed(0.05),)), *_steady(9), control=moved, runner=CPU
    )
    return comment(seen, links=LINKS, alerts=True)


def must_be_decided() -> str:
    """A policy that lets nothing undecided pass; a budget that is exceeded by what did not change."""
    seen = report(
        result("test_io", 0.011, "inconclusive", detectable=0.031, gate="fail"),
        result("test_load", 0.001, gate="fail", budget="10 ms", budget_state="over"), *_steady(9), runner=CPU,
    )  # fmt: skip
    return comment(seen, links=LINKS, alerts=True)


def _unfolded(text: str, title: str) -> str:
    return text.replace(f"<details><summary>{title}", f"<details open><summary>{title}")


def _steady(count: int) -> list[Result]:
    return [result(f"test_walk[{index}]", 0.001 * (index % 5 - 2)) for index in range(count)]


COMMENTS: dict[str, Callable[[], str]] = {
    "blocked": blocked, "undecided": undecided, "many": many, "matrix": matrix, "accepted": accepted,
    "first-run": first_run, "broken-suite": broken_suite, "claims": claims, "nothing": nothing, "faster": faster,
    "explained": explained_why, "waits": waits, "disturbed": disturbed, "must-be-decided": must_be_decided,
    "mixed": mixed, "names": names, "cut-off": cut_off, "five-hundred": five_hundred,
}  # fmt: skip
