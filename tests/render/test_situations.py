"""Situations that are odd but true: what the first line says is what the verdict is, in the comment, log and page."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console

from perfbot.model import Control, Machine, Problem, Report, Result
from perfbot.reasons import Said
from perfbot.render import headline
from perfbot.render.comment import comment
from perfbot.render.page import page
from perfbot.render.terminal import terminal
from tests.render.samples import RUNNER, bare, regression, report, result

OVER = {"budget": "10 ms", "budget_state": "over"}
SITUATIONS: dict[str, tuple[Callable[[], Report], str]] = {
    "one": (lambda: report(result()), "⚪ no change in 1 benchmark"),
    "one undecided": (
        lambda: report(result("a", 0.011, "inconclusive", detectable=0.031)),
        "⚠️ no verdict for 1 benchmark: merging is not blocked",
    ),
    "all undecided": (
        lambda: report(*(result(f"t{i}", 0.01, "inconclusive") for i in range(3))),
        "⚠️ no verdict for any of 3 benchmarks: merging is not blocked",
    ),
    "nothing decided": (
        lambda: report(result("a", 0.011, "inconclusive"), verdict="error"),
        "⚠️ no verdict for 1 benchmark: merging is blocked",
    ),
    "undecided, and that fails": (
        lambda: report(result("a", 0.011, "inconclusive", gate="fail"), result("b")),
        "🔴 1 of 2 benchmarks is undecided (the policy wants a verdict): merging is blocked",
    ),
    "undecided and accepted": (
        lambda: report(result("a", 0.011, "inconclusive", gate="accepted"), result("b")),
        "🟡 1 of 2 benchmarks is undecided but accepted: merging is not blocked",
    ),
    "gone": (
        lambda: report(bare("a", "removed"), result("b")), "⚪ 1 of 2 benchmarks is gone: merging is not blocked",
    ),
    "gone, and that fails": (
        lambda: report(bare("a", "removed", gate="fail"), result("b")),
        "🔴 1 of 2 benchmarks is gone: merging is blocked",
    ),
    "gone and accepted": (
        lambda: report(bare("a", "removed", gate="accepted"), result("b")),
        "🟡 1 of 2 benchmarks is gone but accepted: merging is not blocked",
    ),
    "new": (lambda: report(bare("a", "added"), bare("b", "added")), "⚪ 2 benchmarks are new"),
    "broken on both": (
        lambda: report(bare("a", "failed", failed_side="both"), result("b")),
        "⚪ 1 of 2 benchmarks fails on both sides: merging is not blocked",
    ),
    "over budget, unchanged": (
        lambda: report(result("a", 0.001, gate="fail", **OVER), result("b")),
        "🔴 1 of 2 benchmarks is over its budget: merging is blocked",
    ),
    "over budget, does not gate": (
        lambda: report(result("a", 0.001, **OVER), result("b")),
        "🟡 1 of 2 benchmarks is over its budget but tolerated: merging is not blocked",
    ),
    "something broke": (
        lambda: report(result(), verdict="error", problems=(Problem("suite core, head", "the worker died"),)),
        "⚠️ no change in 1 benchmark, but not everything could be measured: merging is blocked",
    ),
    "only memory": (
        lambda: report(result("a", 0.2, "regressed", gate="fail", metric="memory", unit="B")),
        "🔴 1 benchmark takes more memory: merging is blocked",
    ),
    "all slower": (
        lambda: report(*(regression(f"p{i}") for i in range(2000))),
        "🔴 2,000 benchmarks are slower: merging is blocked",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", SITUATIONS)
def test_the_first_line_says_what_happened_and_whether_it_blocks(name: str) -> None:
    make, wanted = SITUATIONS[name]
    icon, _, sentence = wanted.partition(" ")
    assert comment(make()).splitlines()[0] == f"### {icon} perfbot: {sentence}"
    told = sentence.removesuffix(": merging is blocked").removesuffix(": merging is not blocked")
    assert printed(make()).splitlines()[-1] == f"{icon} {told}{': the gate fails' if make().verdict == 'fail' else ''}"
    assert told in re.sub("&[^;]*;", "", page(make()))


def test_faster_but_over_its_budget_is_no_red_faster() -> None:
    shown = comment(report(result("a", -0.1, "improved", gate="fail", **OVER)))
    assert "| 🔴\N{NO-BREAK SPACE}over\N{NO-BREAK SPACE}budget |" in shown.replace(
        "over budget", "over\N{NO-BREAK SPACE}budget"
    )
    assert "faster" not in shown


def test_what_has_to_be_decided_is_told_how() -> None:
    shown = comment(report(result("a", 0.011, "inconclusive", gate="fail", detectable=0.031)))
    assert "Fix it" not in shown
    assert "> **Why undecided?**" in shown
    assert "`perfbot run --budget 25m`" in shown or "`/rebench --budget 25m`" in shown


def test_machines_that_differ_are_not_helped_by_time() -> None:
    machines = (Machine(runner=RUNNER), Machine(runner=replace(RUNNER, cpu="Xeon")))
    shown = comment(report(result("a", 0.03, "inconclusive", reasons=(Said("machines differ"),)), machines=machines))
    assert "--budget" not in shown


def test_new_benchmarks_are_told_with_their_values() -> None:
    shown = comment(report(replace(bare("a", "added"), head=0.0118)))
    assert "11.8\N{NO-BREAK SPACE}ms" in shown
    assert "<summary>Added (1)</summary>" in shown


def test_a_name_in_any_script_is_accepted_by_a_command_that_shows_it() -> None:
    shown = comment(report(regression("測定[大|小]"), result("b")))
    assert "/perfbot accept core/測定?大?小? why" in shown


@pytest.mark.parametrize("name", ["測定" * 30, "🚀" * 50, "قياس" * 20, "x" * 200, "a`b|c", "é" * 70])
def test_rows_of_a_terminal_fit_whatever_a_name_is_made_of(name: str) -> None:
    lines = printed(report(regression(name), regression("short"), result("c"))).splitlines()
    assert all(cell_len(line) <= 80 for line in lines)
    assert all("11.8 → 16.3 ms" in line for line in lines[1:3])


_CHANGES = st.floats(-0.999999, 1e5) | st.sampled_from((0.0, -0.9999, 9999.0, 1e-9))
_VERDICTS = st.sampled_from((
    ("regressed", "fail"), ("regressed", "pass"), ("regressed", "accepted"), ("improved", "pass"),
    ("unchanged", "pass"), ("inconclusive", "pass"), ("inconclusive", "fail"), ("added", "pass"), ("removed", "pass"),
    ("removed", "fail"), ("failed", "pass"), ("failed", "fail"), ("incomparable", "pass"),
))  # fmt: skip
_METRICS = (("time", "s"), ("memory", "B"), ("throughput", "1/s"), ("instructions", "1"), ("x", "frames"))


@st.composite
def _results(draw: st.DrawFn) -> Result:
    (verdict, gate), (metric, unit) = draw(_VERDICTS), draw(st.sampled_from(_METRICS))
    name = draw(st.text(min_size=1, max_size=200))
    more = {"gate": gate, "metric": metric, "unit": unit, "better": "higher" if metric == "throughput" else "lower"}
    if verdict in ("added", "removed", "failed", "incomparable"):
        side = draw(st.sampled_from(("head", "base", "both"))) if verdict == "failed" else None
        return bare(name, verdict, reasons=(Said(draw(st.text(max_size=80))),), **more, failed_side=side)
    change, width = draw(_CHANGES), draw(st.floats(0, 0.5))
    base = draw(st.floats(1e-13, 1e7))
    ends = ((1 + change) * (1 - width) - 1, (1 + change) * (1 + width) - 1)
    budget = {"budget": "1 s", "budget_state": draw(st.sampled_from(("over", "within", "unclear", None)))}
    return result(name, change, verdict, count=2, base=base, head=base * (1 + change), interval=ends, **more, **budget)


@settings(max_examples=60, deadline=None)
@given(st.lists(_results(), max_size=12), st.booleans(), st.booleans(), st.sampled_from((1500, 65_536)))
def test_whatever_is_measured_every_view_says_its_verdict(
    results: list[Result], complete: bool, disturbed: bool, limit: int
) -> None:
    made = report(*results, complete=complete, control=Control(0.05, (0.03, 0.07), 12, disturbed))
    shown = comment(made, limit=limit)
    first = shown.splitlines()[0]
    assert len(shown.encode()) <= limit
    assert ("merging is blocked" in first) == (made.verdict != "pass")
    assert " ".join(printed(made).split()).endswith(": the gate fails") == (made.verdict == "fail")
    assert all(cell_len(line) <= 80 for line in printed(made).splitlines())
    words = headline.headline(made)
    counts = [int(number.replace(",", "")) for number in re.findall(r"(?<![\w.])\d[\d,]*", words)]
    assert all(0 < number <= len(results) for number in counts)
    assert words in page(made)


def printed(made: Report) -> str:
    """A report in a terminal of 80 columns."""
    stream = io.StringIO()
    terminal(made, Console(file=stream, width=80, highlight=False, markup=False, emoji=False))
    return stream.getvalue()
