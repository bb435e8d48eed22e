"""Tools that measure by themselves: a process a turn, in the right order, with what goes wrong told."""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path

import pytest

from perfbot.errors import MeasureError
from perfbot.measure.processes import tool_runs
from perfbot.measure.processes.reported import AT_ONCE, COUNTED, MEDIANS
from perfbot.measure.session import Measured, Placement
from perfbot.model import Metric
from tests.workers import PATIENCE, Sides, take

TOOL = f"{sys.executable} tool.py"

PROGRAM = """\
import json, os, sys
SIDE = os.path.basename(os.getcwd())
def say(text):
    with open(os.environ["LOG"], "a") as log: log.write(SIDE + " " + text + "\\n")
def results(**values):
    found = [{"name": name, "value": value, "unit": "ms"} for name, value in values.items()]
    text = json.dumps({"benchmarks": found})
    if len(sys.argv) > 2: open(sys.argv[2], "w").write(text)
    else: print(text)
say(" ".join(sys.argv[1:2]))
"""


def write(sides: Sides, *, base: str, head: str | None = None) -> None:
    """The program of each side, after the common part."""
    sides.write({"tool.py": PROGRAM + base}, sides=["base"])
    sides.write({"tool.py": PROGRAM + (base if head is None else head)}, sides=["head"])


def suite_of(line: str, *, harness: str = "json", more: str = "") -> str:
    """The keys of a suite that runs a tool."""
    return f'harness = "{harness}"\ncommand = {json.dumps(line)}\n{more}'


def test_one_process_measures_all_and_sides_are_next_to_each_other(sides: Sides) -> None:
    write(sides, base="results(a=1, b=2)", head="results(a=3, b=2)")
    taken = take(sides.suite(suite_of(TOOL)), rounds=6)
    assert taken.names == ["a", "b"]
    assert [(one.base, one.head) for one in taken.rounds("a")] == [((0.001,), (0.003,))] * 6
    order = [line.strip() for line in sides.logged()][2:]
    pairs = list(zip(order[::2], order[1::2], strict=True))
    assert all(set(pair) == {"base", "head"} for pair in pairs)
    assert all(pairs[index] == pairs[index + 1][::-1] for index in (0, 2, 4))


def test_a_filter_gives_each_benchmark_a_process_of_its_own(sides: Sides) -> None:
    write(sides, base="wanted = sys.argv[1]\nresults(**{n: 1 for n in ('a', 'b') if wanted in ('.', '^' + n + '$')})")
    taken = take(sides.suite(suite_of(f"{TOOL} {{filter}}")), rounds=1)
    assert taken.measured() == {"a", "b"}
    assert sorted(sides.logged()) == sorted(
        f"{side} {what}" for side in ("base", "head") for what in (".", "^a$", "^b$")
    )


def test_results_may_go_to_a_file(sides: Sides) -> None:
    write(sides, base="print('chatter')\nresults(a=1)")
    assert take(sides.suite(suite_of(f"{TOOL} x {{output}}"))).measured() == {"a"}


def test_a_wrong_choice_says_which_harness_fits(sides: Sides) -> None:
    write(sides, base="print('BenchmarkX 100 5 ns/op')")
    with pytest.raises(MeasureError, match=r'reports no benchmarks; harness = "go" reads that'):
        sides.suite(suite_of(TOOL, harness="libtest")).discover()
    with pytest.raises(MeasureError, match=r'something else than expected: .*; harness = "go" reads that'):
        sides.suite(suite_of(TOOL, harness="hyperfine")).discover()


def test_only_files_of_this_run_count(sides: Sides) -> None:
    old = '{"benchmarks": [{"name": "old", "value": 1, "unit": "s"}]}'
    sides.write({"out/old.json": old, "out/a.json": old})
    for side in ("base", "head"):
        for file in (sides.folder / side / "out").iterdir():
            os.utime(file, (1_000_000, 1_000_000))
    write(sides, base="sys.argv[1:] = ['x', 'out/a.json']\nresults(a=1)")
    assert take(sides.suite(suite_of(TOOL, more='output = ["out/*.json"]'))).names == ["a"]


def test_files_that_were_not_written_are_said(sides: Sides) -> None:
    write(sides, base="")
    with pytest.raises(MeasureError, match=r"out/\*\.json: no such file was written"):
        sides.suite(suite_of(TOOL, more='output = ["out/*.json"]')).discover()
    with pytest.raises(MeasureError, match=r"no results to the file that \{output\} stands for"):
        sides.suite(suite_of(f"{TOOL} {{output}}")).discover()


def test_a_tool_that_fails_is_said_with_the_end_of_its_output(sides: Sides) -> None:
    write(sides, base="results(a=1)", head="sys.exit('no licence')")
    with pytest.raises(MeasureError, match=r"suite s, head: `.*tool\.py` ended with 1") as raised:
        sides.suite(suite_of(TOOL)).discover()
    assert "no licence" in raised.value.output


def test_a_benchmark_that_a_failing_head_loses_is_failed_and_not_removed(sides: Sides) -> None:
    write(sides, base="results(a=1, b=1)", head="results(a=1)\nprint('b crashed')\nsys.exit(3)")
    taken = take(sides.suite(suite_of(TOOL)), rounds=2)
    (lost,) = taken.discovery.settled
    assert (lost.benchmark.name, lost.status, lost.failed_side) == ("b", "failed", "head")
    (problem,) = taken.discovery.problems
    assert problem.fatal
    assert "b crashed" in problem.output
    assert len(taken.rounds("a")) == 2


def test_new_and_gone_benchmarks_are_told(sides: Sides) -> None:
    write(sides, base="results(a=1, old=1)", head="results(a=1, new=1)")
    settled = take(sides.suite(suite_of(TOOL)), rounds=0).discovery.settled
    assert {(one.benchmark.name, one.status) for one in settled} == {("new", "added"), ("old", "removed")}


def test_a_value_that_is_missing_later_fails_its_benchmark_alone(sides: Sides) -> None:
    write(sides, base="n = open(os.environ['LOG']).read().count('base')\nresults(a=1, **({'b': 1} if n < 3 else {}))",
          head="results(a=1, b=1)")  # fmt: skip
    taken = take(sides.suite(suite_of(TOOL)), rounds=3)
    assert len(taken.rounds("a")) == 3
    assert taken.failures()["b"].side == "base"
    assert "did not report time this time" in taken.failures()["b"].reason


def test_a_later_failure_of_the_tool_fails_what_it_should_have_measured(sides: Sides) -> None:
    write(sides, base="results(a=1)", head="results(a=1)\nsys.exit(open(os.environ['LOG']).read().count('head') > 2)")
    taken = take(sides.suite(suite_of(TOOL)), rounds=3)
    assert taken.failures()["a"].side == "head"
    assert "ended with 1" in taken.failures()["a"].reason


def test_exit_codes_that_mean_success_do(sides: Sides) -> None:
    write(sides, base="results(a=1)\nsys.exit(99)")
    taken = take(sides.suite(suite_of(TOOL, more="exit_codes = [0, 99]")))
    assert taken.measured() == {"a"}
    assert not taken.discovery.problems


def test_a_tool_that_hangs_is_ended(sides: Sides) -> None:
    write(sides, base="import time\ntime.sleep(60)")
    with pytest.raises(MeasureError, match="ran out of time after"):
        sides.suite(suite_of(TOOL, more='timeout = "0.3s"')).discover()


def test_metrics_are_chosen_and_corrected_by_the_configuration(sides: Sides) -> None:
    values = '{"benchmarks": [{"name": "a", "value": 1, "unit": "s"}, {"name": "a", "metric": "hits", "value": 5}]}'
    sides.write({"tool.py": f"print('''{values}''')"})
    taken = take(sides.suite(suite_of(TOOL, more='metrics = ["hits"]\nhigher = ["hits"]\nexact = ["hits"]')))
    assert [one.metric for one in taken.outcomes if isinstance(one, Measured)] == [
        Metric("hits", "1", "higher", "exact")
    ]


def test_a_metric_that_nothing_reports_is_said_with_those_there_are(sides: Sides) -> None:
    write(sides, base="results(a=1)")
    with pytest.raises(MeasureError, match="no benchmark reports memory; there are time") as raised:
        sides.suite(suite_of(TOOL, more='metrics = ["memory"]')).discover()
    assert 'metrics = ["time"]' in raised.value.hint


def test_text_is_read_by_a_pattern(sides: Sides) -> None:
    sides.write({"tool.py": "print('parse took 3.5 ms, 1,200 nodes')\nprint('bye')"})
    pattern = r"pattern = '(?P<name>\w+) took (?P<time>[\d.]+) (?P<unit>\w+), (?P<nodes>[\d,]+) nodes'"
    more = f'{pattern}\nmetrics = ["time", "nodes"]\nunits = {{ nodes = "1" }}'
    taken = take(sides.suite(suite_of(TOOL, harness="regex", more=more)))
    found = {one.metric.name: one.round.head for one in taken.outcomes if isinstance(one, Measured)}
    assert found == {"time": (0.0035,), "nodes": (1200.0,)}


def test_a_round_that_would_end_too_late_is_not_begun(sides: Sides) -> None:
    write(sides, base="results(a=1)")
    session = sides.suite(suite_of(TOOL))
    take(session)
    assert list(session.measure_round(1, ["a"], time.monotonic())) == []
    assert list(session.measure_round(1, ["a"], time.monotonic() + PATIENCE)) != []


def test_files_and_folders_have_sizes(sides: Sides) -> None:
    sides.write({"lib/a.bin": "x" * 100, "lib/deep/b.bin": "y" * 11, "one.txt": "z"})
    sides.write({"lib/a.bin": "x" * 300}, sides=["head"])
    sides.write({"gone.txt": ""}, sides=["base"])
    text = 'harness = "size"\nsizes = { lib = "lib", bins = "lib/**/*.bin", gone = "gone.txt", never = "no" }'
    taken = take(sides.suite(text))
    assert [(one.base, one.head) for one in taken.rounds("lib")] == [((111.0,), (311.0,))]
    assert [(one.base, one.head) for one in taken.rounds("bins")] == [((111.0,), (311.0,))]
    assert {name: one.side for name, one in taken.failures().items()} == {"gone": "head", "never": "both"}


def test_a_build_has_a_time_and_makes_something(sides: Sides) -> None:
    sides.write({"source": "x" * 50})
    text = 'harness = "build"\ncommand = "cat source source > made"\nclean = "rm -f made"\nsizes = { made = "made" }'
    taken = take(sides.suite(text), rounds=2)
    assert taken.names == ["build", "made"]
    assert len(taken.rounds("build")) == 2
    assert [one.head for one in taken.rounds("made")] == [(100.0,), (100.0,)]
    assert [m.name for m in taken.discovery.own["build"]] == ["time"]


def test_a_build_that_fails_fails_what_it_makes(sides: Sides) -> None:
    sides.write({"Makefile": ""}, sides=["base"])
    text = 'harness = "build"\ncommand = "test -f Makefile"\nsizes = { made = "made" }'
    failures = take(sides.suite(text)).failures()
    assert {name: one.side for name, one in failures.items()} == {"build": "head", "made": "head"}


def test_where_tools_run_is_named_by_their_folder(sides: Sides) -> None:
    sides.write({"inner/tool.py": PROGRAM + "results(a=len(os.path.basename(os.getcwd())))"})
    taken = take(sides.suite(suite_of(TOOL, more='directory = "inner"')))
    assert taken.rounds("a")[0].head == (0.005,)
    assert Path(sides.tree("head"), "inner").is_dir()


GO_LIKE = "import time\nwork()\nprint('BenchmarkX \\t 100\\t 5.000 ns/op\\t 8 B/op')\n"
BUSY = "def work():\n    end = time.process_time() + 0.1\n    while time.process_time() < end: pass\n"
IDLE = "def work():\n    time.sleep(0.2)\n"


def measured_on_a_core(sides: Sides, work: str, more: str = "") -> list[Measured]:
    """One round of a tool that prints what Go would, bound to one core."""
    sides.write({"tool.py": "import time\n" + work + GO_LIKE})
    session = sides.suite(suite_of(TOOL, harness="go", more='metrics = ["time", "allocated"]\n' + more))
    names = [benchmark.name for benchmark in session.discover().benchmarks]
    place = Placement(min(os.sched_getaffinity(0)))
    outcomes = session.measure_round(0, names, time.monotonic() + PATIENCE, place)
    return [one for one in outcomes if isinstance(one, Measured)]


def test_tools_that_compute_run_at_once_and_are_compared_by_cpu_time(sides: Sides) -> None:
    timed, counted = measured_on_a_core(sides, BUSY)
    assert (timed.round.together, timed.round.clock) == (True, "cpu")
    assert all(0 < value < 5e-9 for value in (*timed.round.base, *timed.round.head))
    assert timed.notes == (AT_ONCE,)
    assert (counted.round.base, counted.round.clock, counted.notes) == ((8.0,), "wall", ())


COUNTED_TOOL = """\
import os, sys, time
iterations = int(sys.argv[2])
say = open(os.environ["LOG"], "a").write
say(f"{os.path.basename(os.getcwd())} {iterations}\\n")
end = time.process_time() + iterations * FACTOR * 1e-5
while time.process_time() < end: pass
print(f"BenchmarkX {iterations} 777 ns/op 8 B/op")
"""


def test_tools_that_run_given_iterations_are_compared_by_their_processes_cpu_time(sides: Sides) -> None:
    """What the tool reports, the same on both sides here, has no part in it."""
    for side, factor in (("base", "1"), ("head", "2")):
        sides.write({"tool.py": COUNTED_TOOL.replace("FACTOR", factor)}, sides=[side])  # type: ignore[list-item]
    text = suite_of(f"{TOOL} {{filter}} {{iterations}}", harness="go", more='metrics = ["time", "allocated"]')
    session = sides.suite(text)
    assert [benchmark.name for benchmark in session.discover().benchmarks] == ["X"]
    place = Placement(min(os.sched_getaffinity(0)))
    for index in range(2):
        outcomes = session.measure_round(index, ["X"], time.monotonic() + PATIENCE, place)
        timed, counted = (one for one in outcomes if isinstance(one, Measured))
    assert (timed.round.together, timed.round.clock, timed.notes) == (True, "cpu", (COUNTED,))
    assert timed.round.head[0] / timed.round.base[0] == pytest.approx(2, rel=0.3)
    assert timed.round.base[0] == pytest.approx(1e-5, rel=0.3)
    assert (counted.round.base, counted.round.clock) == ((8.0,), "wall")
    last = [line.split() for line in sides.logged()[-4:]]
    assert sorted(last) == [["base", "1"], ["base", str(timed.round.loops + 1)],
                            ["head", "1"], ["head", str(timed.round.loops + 1)]]  # fmt: skip


def test_a_tool_that_fails_when_it_runs_many_iterations_is_said(sides: Sides) -> None:
    sides.write({"tool.py": COUNTED_TOOL.replace("FACTOR", "1") + "sys.exit(iterations > 1)\n"})
    session = sides.suite(suite_of(f"{TOOL} {{filter}} {{iterations}}", harness="go"))
    session.discover()
    place = Placement(min(os.sched_getaffinity(0)))
    (outcome,) = session.measure_round(0, ["X"], time.monotonic() + PATIENCE, place)
    assert isinstance(outcome, Measured), "a single iteration succeeds, and is measured in turns or at once"
    assert outcome.round.loops == 1


def vitest_like(milliseconds: str) -> str:
    """A tool that computes for a while and reports a median as vitest does."""
    one = {"name": "x", "median": float(milliseconds), "hz": 1}
    text = json.dumps({"files": [{"groups": [{"fullName": "g", "benchmarks": [one]}]}]})
    return f"import time\n{BUSY}work()\nprint({text!r})\n"


@pytest.mark.parametrize(("base", "head", "plain"), [("0.5", "0.9", True), ("0.5", "1.5", False), ("5", "6", False)])
def test_medians_of_short_calls_stay_as_they_are_on_both_sides(sides: Sides, base: str, head: str, plain: bool) -> None:
    for side, text in (("base", base), ("head", head)):
        sides.write({"tool.py": vitest_like(text)}, sides=[side])  # type: ignore[list-item]
    session = sides.suite(suite_of(TOOL, harness="vitest"))
    (name,) = (benchmark.name for benchmark in session.discover().benchmarks)
    place = Placement(min(os.sched_getaffinity(0)))
    (timed,) = session.measure_round(0, [name], time.monotonic() + PATIENCE, place)
    assert isinstance(timed, Measured)
    assert (timed.round.together, timed.notes) == (True, (MEDIANS if plain else AT_ONCE,))
    if plain:
        assert [*timed.round.base, *timed.round.head] == pytest.approx([float(base) / 1e3, float(head) / 1e3])
    else:
        assert timed.round.base[0] < 0.9 * float(base) / 1e3, "it had half of the core, or less"


def test_tools_that_wait_take_turns_by_wall_time(sides: Sides, monkeypatch: pytest.MonkeyPatch) -> None:
    seconds = iter(range(1000))
    monkeypatch.setattr(tool_runs, "idle_seconds", lambda core: float(next(seconds)))
    timed, _ = measured_on_a_core(sides, IDLE)
    assert (timed.round.together, timed.round.base) == (False, (pytest.approx(5e-9),))


def test_a_core_that_does_not_exist_was_never_idle() -> None:
    assert tool_runs.idle_seconds(min(os.sched_getaffinity(0))) > 0
    assert tool_runs.idle_seconds(1_000_000) == 0


def test_tools_that_are_not_pinned_take_turns(sides: Sides) -> None:
    timed, _ = measured_on_a_core(sides, BUSY, "pin = false")
    assert (timed.round.together, timed.round.core, timed.round.head) == (False, -1, (pytest.approx(5e-9),))


def settled(session: object) -> dict[str, tuple[str, str]]:
    """Status and reason of what needs no measuring."""
    found = session.discover().settled  # type: ignore[attr-defined]
    return {f"{one.benchmark.name} {one.metric.name}": (one.status, one.reason) for one in found}


def values(*entries: dict[str, object]) -> str:
    """A tool that prints perfbot's own format."""
    return f"print({json.dumps(json.dumps({'benchmarks': entries}))})"


def one(name: str, value: object = 1, unit: str = "s", **more: object) -> dict[str, object]:
    """An entry of perfbot's own format."""
    return {"name": name, "value": value, "unit": unit, **more}


def test_what_one_side_cannot_tell_is_not_comparable_and_costs_itself(sides: Sides) -> None:
    sides.write({"tool.py": values(one("a"), one("b"), one("c"))}, sides=["base"])
    sides.write({"tool.py": values(one("a"), one("b", "NaN"), one("c", better="more"))}, sides=["head"])
    session = sides.suite(suite_of(TOOL))
    assert settled(session) == {
        "b time": ("incomparable", "head: what it printed benchmarks[1] value: found 'NaN', expected a finite number"),
        "c time": (
            "incomparable",
            "head: what it printed benchmarks[2] better: found 'more', expected lower or higher",
        ),
    }
    assert take(session).measured() == {"a"}


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
        "a v": ("incomparable", "base reports v in B, head in s"),
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
