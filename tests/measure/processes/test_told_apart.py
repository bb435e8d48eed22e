"""What tools report: which results are of one benchmark, and what cannot be compared."""

from __future__ import annotations

import json
import os
import time

import pytest

from perfbot.errors import MeasureError
from perfbot.measure.session import Measured, Placement
from perfbot.reasons import words
from tests.measure.processes.tools import COUNTED_TOOL, TOOL, suite_of
from tests.workers import PATIENCE, Sides, take


def settled(session: object) -> dict[str, tuple[str, str]]:
    """Status and reason of what needs no measuring."""
    found = session.discover().settled  # type: ignore[attr-defined]
    return {f"{one.benchmark.name} {one.metric.name}": (one.status, words.text(one.reasons)) for one in found}


def values(*entries: dict[str, object]) -> str:
    """A tool that prints perfbot's own format."""
    return f"print({json.dumps(json.dumps({'benchmarks': entries}))})"


def one(name: str, value: object = 1, unit: str = "s", **more: object) -> dict[str, object]:
    """An entry of perfbot's own format."""
    return {"name": name, "value": value, "unit": unit, **more}


def test_what_head_alone_does_not_tell_any_more_is_gone_and_costs_itself(sides: Sides) -> None:
    sides.write({"tool.py": values(one("a"), one("b"), one("c"))}, sides=["base"])
    sides.write({"tool.py": values(one("a"), one("b", "NaN"), one("c", better="more"))}, sides=["head"])
    session = sides.suite(suite_of(TOOL))
    assert settled(session) == {
        "b time": ("removed", "head: what it printed benchmarks[1] value: found 'NaN', expected a finite number"),
        "c time": (
            "removed",
            "head: what it printed benchmarks[2] better: found 'more', expected lower or higher",
        ),
    }
    assert take(session).measured() == {"a"}


def test_what_base_cannot_tell_is_not_comparable(sides: Sides) -> None:
    sides.write({"tool.py": values(one("a"), one("b", "NaN"), one("c"))}, sides=["base"])
    sides.write({"tool.py": values(one("a"), one("b"), one("c", "NaN"))}, sides=["head"])
    session = sides.suite(suite_of(TOOL))
    assert [status for status, _ in settled(session).values()] == ["incomparable", "removed"]


def hyperfine_like(*codes: int | None) -> str:
    """A tool that reports a command and the exit codes of its runs as hyperfine does."""
    found = {"command": "x", "median": 1.0, "user": 0.5, "system": 0.0, "exit_codes": codes}
    return f"print({json.dumps(json.dumps({'results': [found]}))})"


@pytest.mark.parametrize(
    ("base", "head", "status"),
    [
        ((0, 0), (1, 1), "failed"),
        ((0, 0), (None, 0), "failed"),
        ((1, 1), (0, 0), "incomparable"),
        ((1, 1), (1, 1), ""),
    ],
)
def test_calls_that_fail_more_often_are_not_faster(
    sides: Sides, base: tuple[int | None, ...], head: tuple[int | None, ...], status: str
) -> None:
    """A tool that is told to ignore failures measures them like all else."""
    sides.write({"tool.py": hyperfine_like(*base)}, sides=["base"])
    sides.write({"tool.py": hyperfine_like(*head)}, sides=["head"])
    session = sides.suite(suite_of(TOOL, harness="hyperfine"))
    found = settled(session)
    assert [one for one, _ in found.values()] == ([status] if status else [])
    if status == "failed":
        assert found["x time"][1].endswith("of its calls failed, 0 % on base")
    assert take(session).measured() == (set() if status else {"x"})


def test_calls_that_begin_to_fail_later_fail_the_benchmark(sides: Sides) -> None:
    sides.write({"tool.py": hyperfine_like(0)}, sides=["base"])
    counting = "import os\nopen(os.environ['LOG'], 'a').write('.')\nn = len(open(os.environ['LOG']).read())\n"
    late = f"{counting}if n < 2:\n    {hyperfine_like(0)}\nelse:\n    {hyperfine_like(1)}"
    sides.write({"tool.py": late}, sides=["head"])
    taken = take(sides.suite(suite_of(TOOL, harness="hyperfine")), rounds=2)
    (failed,) = taken.failures().values()
    assert (failed.name, failed.side) == ("x", "head")


@pytest.mark.parametrize(("base", "head", "failing"), [(0, 0.2, True), (0, 0.005, False), (0.2, 0.25, False)])
def test_requests_that_fail_fast_are_not_faster(sides: Sides, base: float, head: float, failing: bool) -> None:
    for side, share in (("base", base), ("head", head)):
        duration = {"med": 5, "p(95)": 8}
        summary = {"metrics": {"http_req_duration": duration, "http_req_failed": {"value": share, "passes": 1}}}
        sides.write({"tool.py": f"print({json.dumps(json.dumps(summary))})"}, sides=[side])  # type: ignore[list-item]
    session = sides.suite(suite_of(TOOL, harness="k6", more='metrics = ["latency_p95", "rate"]'))
    expected = {"http_req_duration latency_p95": ("failed", "20 % of its calls failed, 0 % on base")}
    assert settled(session) == (expected if failing else {})
    assert "http_req_failed" in take(session).measured()


WRITES = """\
import json, os, sys
what = {what!r}
out = sys.argv[1]
{{"pipe": lambda: os.mkfifo(out), "zeros": lambda: os.symlink("/dev/zero", out), "folder": lambda: os.mkdir(out),
  "printed pipe": lambda: (os.unlink(out[:-3] + "printed"), os.mkfifo(out[:-3] + "printed"), os.mkfifo(out))}}[what]()
"""


@pytest.mark.parametrize("what", ["pipe", "zeros", "folder", "printed pipe"])
def test_what_is_no_file_is_not_waited_for(sides: Sides, what: str) -> None:
    sides.write({"tool.py": WRITES.format(what=what)})
    session = sides.suite(suite_of(TOOL + " {output}"))
    for _ in range(2):
        with pytest.raises(MeasureError, match=r"no plain file|wrote no results"):
            session.discover()


def test_negative_numbers_of_the_users_own_are_measured(sides: Sides) -> None:
    sides.write({"tool.py": values(one("a", -5, "1", metric="delta"), one("b", -5, "ms"))})
    session = sides.suite(suite_of(TOOL, more='metrics = ["time", "delta"]'))
    assert [status for status, _ in settled(session).values()] == ["incomparable"]
    assert take(session).rounds("a")[0].head == (-5.0,)


def test_a_bad_value_that_nobody_asked_for_costs_nothing(sides: Sides) -> None:
    sides.write({"tool.py": values(one("a"), one("a", "NaN", "%", metric="hits"))})
    session = sides.suite(suite_of(TOOL))
    assert settled(session) == {}
    assert take(session).measured() == {"a"}


def test_sides_that_report_in_other_units_or_metrics_are_not_compared(sides: Sides) -> None:
    more = 'metrics = ["time", "v", "w"]'
    sides.write({"tool.py": values(one("a"), one("a", unit="B", metric="v"), one("a", metric="w"))}, sides=["base"])
    sides.write({"tool.py": values(one("a"), one("a", unit="s", metric="v"))}, sides=["head"])
    session = sides.suite(suite_of(TOOL, more=more))
    assert settled(session) == {
        "a v": ("removed", "base reports v in B, head in s"),
        "a w": ("removed", ""),
    }
    assert take(session).measured() == {"a"}


def test_names_are_those_of_both_sides_together(sides: Sides) -> None:
    """Head adds a package whose last element is that of another one: base's benchmark is still the same one."""
    packages = {"x/util": 100, "y/util": 900}

    def tool(*names: str) -> str:
        return "".join(f"print('pkg: {name}\\nBenchmarkParse \\t 10\\t {packages[name]} ns/op')\n" for name in names)

    sides.write({"tool.py": tool("x/util")}, sides=["base"])
    sides.write({"tool.py": tool("x/util", "y/util")}, sides=["head"])
    taken = take(sides.suite(suite_of(TOOL, harness="go", more="pin = false")))
    assert taken.names == ["x/util.Parse"]
    assert [(one.benchmark.name, one.status) for one in taken.discovery.settled] == [("y/util.Parse", "added")]
    assert [(one.base, one.head) for one in taken.rounds("x/util.Parse")] == [
        ((pytest.approx(100e-9),), (pytest.approx(100e-9),))
    ]


def test_a_regression_of_one_of_two_with_one_name_is_seen(sides: Sides) -> None:
    def tool(slow: int) -> str:
        text = "".join(
            f"pkg: m/{package}/util\\nBenchmarkParse \\t 10\\t {value} ns/op\\n"
            for package, value in (("client", 100), ("server", slow))
        )
        return f"print({text!r}.replace(chr(92) + 'n', chr(10)).replace(chr(92) + 't', chr(9)))"

    sides.write({"tool.py": tool(900)}, sides=["base"])
    sides.write({"tool.py": tool(9000)}, sides=["head"])
    taken = take(sides.suite(suite_of(f"{TOOL} {{filter}}", harness="go", more="pin = false")))
    factors = {name: taken.rounds(name)[0].head[0] / taken.rounds(name)[0].base[0] for name in taken.names}
    assert factors == {"client/util.Parse": pytest.approx(1), "server/util.Parse": pytest.approx(10)}


def test_two_results_of_one_name_are_refused_with_both_places(sides: Sides) -> None:
    sides.write({"tool.py": values(one("a"), one("a", 10), one("b"))})
    session = sides.suite(suite_of(TOOL))
    (reason,) = (reason for _, reason in settled(session).values())
    assert "what it printed benchmarks[0] and what it printed benchmarks[1]" in reason
    assert take(session).measured() == {"b"}


def test_files_tell_results_apart_where_nothing_else_does(sides: Sides) -> None:
    for name, value in (("x", 1), ("y", 9)):
        sides.write({f"out/{name}.json": json.dumps({"benchmarks": [one("a", value)]})})
    touch = "import os\nfor n in ('x', 'y'): os.utime(f'out/{n}.json')"
    sides.write({"tool.py": touch})
    taken = take(sides.suite(suite_of(TOOL, more='output = ["out/*.json"]')))
    assert taken.names == ["out/x.json: a", "out/y.json: a"]
    assert [taken.rounds(name)[0].head for name in taken.names] == [(1.0,), (9.0,)]


def test_result_files_may_lie_above_the_folder_that_a_suite_runs_in(sides: Sides) -> None:
    write_above = "import os\nos.makedirs('../target', exist_ok=True)\nopen('../target/r.json', 'w').write(TEXT)"
    text = json.dumps(json.dumps({"benchmarks": [one("a")]}))
    sides.write({"member/tool.py": f"TEXT = {text}\n{write_above}"})
    session = sides.suite(suite_of(TOOL, more='directory = "member"\noutput = ["target/*.json"]'))
    assert take(session).measured() == {"a"}


def test_benchmarks_that_report_nothing_that_was_asked_for_are_named(sides: Sides) -> None:
    sides.write({"tool.py": values(one("a"), one("b", metric="nodes", unit="1"))})
    (problem,) = sides.suite(suite_of(TOOL)).discover().problems
    assert not problem.fatal
    assert "left out, for they report none of time: b (nodes)" in problem.message


def test_what_cannot_be_read_at_all_is_a_warning_beside_the_rest(sides: Sides) -> None:
    sides.write({"tool.py": values(one("a"), {"value": 1})})
    (problem,) = sides.suite(suite_of(TOOL)).discover().problems
    assert (problem.where, problem.fatal) == ("suite s", False)
    assert 'expected the key "name"' in problem.message


def test_a_benchmark_that_one_side_could_not_be_read_for_is_not_new(sides: Sides) -> None:
    cut = json.dumps({"benchmarks": [one("a")]}) + '\n{"benchmarks": [{"na'
    sides.write({"tool.py": values(one("a"), one("b"))}, sides=["head"])
    sides.write({"tool.py": f"print({cut!r})"}, sides=["base"])
    ((name, (status, reason)),) = settled(sides.suite(suite_of(TOOL))).items()
    assert (name, status) == ("b time", "failed")
    assert "document 2" in reason


def test_a_direction_may_be_given_for_one_benchmark_alone(sides: Sides) -> None:
    sides.write({"tool.py": values(one("good", 5, "%", metric="v"), one("bad", 5, "%", metric="v"))})
    more = 'metrics = ["v"]\nhigher = ["good/v"]\nlower = ["b*/v"]'
    metrics = sides.suite(suite_of(TOOL, more=more)).discover().own
    assert {name: one.better for name, (one,) in metrics.items()} == {"good": "higher", "bad": "lower"}


def test_iterations_are_not_counted_where_a_process_runs_more_than_one_benchmark(sides: Sides) -> None:
    text = COUNTED_TOOL.replace("FACTOR", "1") + "print(f'BenchmarkX-2 {iterations} 777 ns/op 8 B/op')\n"
    sides.write({"tool.py": text})
    session = sides.suite(suite_of(f"{TOOL} {{filter}} {{iterations}}", harness="go"))
    assert [benchmark.name for benchmark in session.discover().benchmarks] == ["X", "X-2"]
    place = Placement(min(os.sched_getaffinity(0)))
    (outcome,) = session.measure_round(0, ["X"], time.monotonic() + PATIENCE, place)
    assert isinstance(outcome, Measured)
    assert outcome.round.loops == 1
