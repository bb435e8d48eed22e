"""Tools that measure by themselves: a process a turn, in the right order, with what goes wrong told."""

from __future__ import annotations

import json
import os
import socket
import time
from pathlib import Path

import pytest

from perfbot.errors import MeasureError
from perfbot.measure.processes import tool_runs
from perfbot.measure.session import Measured, Placement
from perfbot.model import SIDES, Metric
from perfbot.reasons import Exclusive, SidesAtOnce, words
from tests.measure.processes.tools import COUNTED_TOOL, PROGRAM, TOOL, suite_of, write
from tests.workers import PATIENCE, Sides, take


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
    assert raised.value.side == "head"


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
    assert "did not report time this time" in words.text(taken.failures()["b"].reasons)


def test_a_later_failure_of_the_tool_fails_what_it_should_have_measured(sides: Sides) -> None:
    write(sides, base="results(a=1)", head="results(a=1)\nsys.exit(open(os.environ['LOG']).read().count('head') > 2)")
    taken = take(sides.suite(suite_of(TOOL)), rounds=3)
    assert taken.failures()["a"].side == "head"
    assert "ended with 1" in words.text(taken.failures()["a"].reasons)


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


def test_a_link_is_as_large_as_what_it_leads_to_inside(sides: Sides, tmp_path: Path) -> None:
    (tmp_path / "outside").write_text("o" * 9)
    sides.write({"lib.so.1": "x" * 100, "lib/a": "y" * 7})
    for side in SIDES:
        tree = sides.tree(side)
        for name, target in {
            "lib.so": "lib.so.1",
            "folder": "lib",
            "out": tmp_path / "outside",
            "self": "self",
        }.items():
            (tree / name).symlink_to(target)
        (tree / "lib/b").symlink_to("../lib.so.1")
    text = (
        'harness = "size"\nsizes = { so = "lib.so", both = "lib.so*", folder = "folder", out = "out", self = "self" }'
    )
    taken = take(sides.suite(text))
    sizes = {name: taken.rounds(name)[0].head for name in ("so", "both", "folder")}
    assert sizes == {"so": (100.0,), "both": (100.0,), "folder": (7.0,)}
    assert set(taken.failures()) == {"out", "self"}


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
    assert timed.notes == (SidesAtOnce("wall times"),)
    assert (counted.round.base, counted.round.clock, counted.notes) == ((8.0,), "wall", ())


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
    assert (timed.round.together, timed.round.clock, timed.notes) == (True, "cpu", (SidesAtOnce("iterations"),))
    assert 1.4 < timed.round.head[0] / timed.round.base[0] < 3
    assert 0.5e-5 < timed.round.base[0] < 2e-5
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
    assert (timed.round.together, timed.notes) == (True, (SidesAtOnce("medians" if plain else "wall times"),))
    if plain:
        assert [*timed.round.base, *timed.round.head] == pytest.approx([float(base) / 1e3, float(head) / 1e3])
    else:
        assert timed.round.base[0] < 0.9 * float(base) / 1e3, "it had half of the core, or less"


def google_like(wall: float, cpu: float, name: str = "x") -> str:
    """A tool that computes for a while and reports times as Google Benchmark does."""
    one = {"name": name, "run_type": "iteration", "real_time": wall, "cpu_time": cpu, "time_unit": "ns"}
    return f"import time\n{BUSY}work()\nprint({json.dumps({'benchmarks': [one]})!r})\n"


@pytest.mark.parametrize(
    ("name", "base", "head", "own"),
    [
        ("x", 50, 49, True),
        ("x", 50, 5, False),  # most of it was another thread's
        ("x", 900, 49, False),  # or of other calls
        ("x/manual_time", 50, 49, False),
    ],
)
def test_a_tools_own_cpu_time_stands_for_its_wall_time(
    sides: Sides, monkeypatch: pytest.MonkeyPatch, name: str, base: float, head: float, own: bool
) -> None:
    """Where it fits to the share of the core on both sides."""
    monkeypatch.setattr(tool_runs, "_share", lambda usage: 0.5)
    for side, cpu in (("base", base), ("head", head)):
        sides.write({"tool.py": google_like(100, cpu, name)}, sides=[side])  # type: ignore[list-item]
    session = sides.suite(suite_of(TOOL, harness="google_benchmark"))
    (found,) = (benchmark.name for benchmark in session.discover().benchmarks)
    place = Placement(min(os.sched_getaffinity(0)))
    (timed,) = session.measure_round(0, [found], time.monotonic() + PATIENCE, place)
    assert isinstance(timed, Measured)
    assert (timed.round.together, timed.round.clock, timed.notes) == (True, "cpu", (SidesAtOnce("wall times"),))
    taken = (*timed.round.base, *timed.round.head)
    assert taken == pytest.approx((base * 1e-9, head * 1e-9) if own else (50e-9, 50e-9))


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


LOCKED = BUSY + "import os\nos.mkdir('../lock')\nimport atexit\natexit.register(os.rmdir, '../lock')\n"
LISTENS = (
    BUSY + "import socket\ntaken = socket.socket()\ntaken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)\n"
    "taken.bind(('127.0.0.1', CHOSEN))\ntaken.listen()\n"
)


def test_tools_that_fail_beside_the_other_side_run_alone(sides: Sides) -> None:
    timed, _ = measured_on_a_core(sides, LOCKED)
    assert (timed.round.together, timed.anew, timed.notes) == (False, True, (Exclusive(),))


def test_tools_that_listen_on_one_port_run_alone(sides: Sides) -> None:
    """Nobody fails: what asks for it would find either side's."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    timed, _ = measured_on_a_core(sides, LISTENS.replace("CHOSEN", str(port)))
    assert (timed.round.together, timed.notes) == (False, (Exclusive(),))
