"""asv suites, in real workers: names, life cycle, kinds, what is left out."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from perfbot.errors import MeasureError
from perfbot.measure.session import Measured
from perfbot.model import TIME, Metric
from perfbot.reasons import words
from perfbot.worker import footprint
from perfbot.worker.asv_benchmarks import AsvCase, cases, modules
from tests.workers import PATIENCE, Sides, Taken, take

SUITE = 'harness = "asv"\npaths = ["benchmarks/"]'
CONF = '{\n  // where they are\n  "benchmark_dir": "benchmarks", /* and */ "repo": ".",\n}\n'


def write(sides: Sides, module: str, *, more: dict[str, str] | None = None) -> None:
    """One module of benchmarks on both sides."""
    files = {"asv.conf.json": CONF, "benchmarks/__init__.py": "", "benchmarks/things.py": module}
    sides.write({**files, **(more or {})})


def values(taken: Taken, name: str) -> list[tuple[Metric, tuple[float, ...], tuple[float, ...]]]:
    """What was measured of a benchmark: metric, base, head."""
    return [
        (one.metric, one.round.base, one.round.head)
        for one in taken.outcomes
        if isinstance(one, Measured) and one.name == name
    ]


def test_names_and_places_are_those_of_asv(sides: Sides) -> None:
    write(
        sides,
        "class Suite:\n"
        "    params = [[1, 2], ['a', object]]\n"
        "    param_names = ['n', 'what']\n"
        "    def time_pair(self, n, what): pass\n"
        "class TimeNothing:\n"
        "    def helper(self): pass\n"
        "def time_plain(): pass\n"
        "time_plain.params = [0.5]\n"
        "def TrackSize(): return 1\n"
        "def other(): pass\n"
        "def time_named(): pass\n"
        "time_named.benchmark_name = 'elsewhere.time_renamed'\n",
        more={"benchmarks/deep/__init__.py": "", "benchmarks/deep/er.py": "def time_x(): pass\n"},
    )
    found = take(sides.suite(SUITE), rounds=0).discovery
    assert sorted((b.name, b.file, b.line) for b in found.benchmarks) == [
        ("deep.er.time_x", "benchmarks/deep/er.py", 1),
        ("elsewhere.time_renamed", "benchmarks/things.py", 11),
        ("things.Suite.time_pair(1, 'a')", "benchmarks/things.py", 4),
        ("things.Suite.time_pair(1, <class 'object'>)", "benchmarks/things.py", 4),
        ("things.Suite.time_pair(2, 'a')", "benchmarks/things.py", 4),
        ("things.Suite.time_pair(2, <class 'object'>)", "benchmarks/things.py", 4),
        ("things.TrackSize", "benchmarks/things.py", 9),
        ("things.time_plain(0.5)", "benchmarks/things.py", 7),
    ]
    assert not found.problems


def test_set_up_and_tear_down_go_from_module_to_class_and_back(sides: Sides) -> None:
    log = "import os\ndef log(text):\n    with open(os.environ['LOG'], 'a') as f: f.write(text + '\\n')\n"
    write(
        sides,
        log + "def setup(*args): log('module up')\n"
        "def teardown(*args): log('module down')\n"
        "class Suite:\n"
        "    def setup(self): log('class up'); self.ready = 1\n"
        "    def time_x(self): assert self.ready\n"
        "    def teardown(self): log('class down')\n",
    )
    taken = take(sides.suite(SUITE))
    assert taken.measured() == {"things.Suite.time_x"}
    steps = sides.logged()
    assert sorted(steps) == sorted(["module up", "class up", "class down", "module down"] * 2)
    assert steps[0] == "module up"
    assert steps[-1] == "module down"


def test_a_fixed_number_gets_its_set_up_anew_before_each_batch(sides: Sides) -> None:
    write(
        sides,
        "class Suite:\n"
        "    number = 2\n"
        "    def setup(self): self.left = 2\n"
        "    def time_spends(self):\n"
        "        self.left -= 1\n"
        "        assert self.left >= 0\n"
        "    def teardown(self): assert self.left == 0\n",
    )
    assert take(sides.suite(SUITE)).measured() == {"things.Suite.time_spends"}


def test_what_setup_cache_made_is_made_once_a_side_and_read_anew_by_each(sides: Sides) -> None:
    write(
        sides,
        "import os\n"
        "class Suite:\n"
        "    params = [1, 2]\n"
        "    def setup_cache(self):\n"
        "        open('beside', 'w').write('x')\n"
        "        open(os.environ['LOG'], 'a').write('made\\n')\n"
        "        return [0]\n"
        "    def setup(self, cache, n):\n"
        "        assert cache == [0] and open('beside').read() == 'x'\n"
        "    def track_cache(self, cache, n):\n"
        "        cache.append(n)\n"
        "        return len(cache) + n\n",
    )
    taken = take(sides.suite(SUITE), rounds=2)
    assert sides.logged() == ["made", "made"]
    assert {values(taken, f"things.Suite.track_cache({n})")[1][2] for n in (1, 2)} == {(3.0,), (4.0,)}


def test_values_that_are_not_times_are_reported_with_their_metric(sides: Sides) -> None:
    write(
        sides,
        "class Suite:\n"
        "    def mem_list(self): return [0] * 1000\n"
        "    def peakmem_block(self): self.kept = bytearray(b'x') * (48 * 2**20)\n"
        "    def track_ratio(self): return -0.25\n"
        "    track_ratio.unit = 'share'\n"
        "    def track_duration(self): return 250\n"
        "    track_duration.unit = 'ms'\n"
        "    def track_described(self): return 0.5\n"
        "    track_described.unit = 'Seconds (lower is better)'\n",
    )
    taken = take(sides.suite(SUITE))
    ((metric, base, head),) = values(taken, "things.Suite.mem_list")
    assert metric == Metric("size", "B", rule="exact")
    assert base == head
    assert 8_000 <= base[0] <= 8_200
    ((metric, base, _),) = values(taken, "things.Suite.peakmem_block")
    assert metric == Metric("memory", "B")
    assert base[0] > 48 * 2**20
    assert values(taken, "things.Suite.track_ratio") == [(Metric("value", "share", rule="exact"), (-0.25,), (-0.25,))]
    assert values(taken, "things.Suite.track_duration") == [(Metric("value", "s"), (0.25,), (0.25,))]
    assert values(taken, "things.Suite.track_described") == [(Metric("value", "s"), (0.5,), (0.5,))]
    assert taken.discovery.own["things.Suite.track_ratio"] == (Metric("value", "share", rule="exact"),)


def test_the_peak_of_one_benchmark_does_not_show_in_another(sides: Sides) -> None:
    write(
        sides,
        "KEPT = []\n"
        "def mem_first(): KEPT.append(bytearray(b'x') * (64 * 2**20)); return 1\n"
        "def peakmem_second(): return 1\n",
    )
    ((_, base, _),) = values(take(sides.suite(SUITE)), "things.peakmem_second")
    assert base[0] < 64 * 2**20


def test_raw_statements_are_timed_in_a_python_of_their_own(sides: Sides) -> None:
    write(
        sides,
        "def timeraw_import():\n"
        "    return '''\n"
        "        assert 'decimal' not in sys.modules\n"
        "        import decimal\n"
        "    ''', 'import sys'\n",
    )
    taken = take(sides.suite(SUITE), rounds=1)
    assert taken.measured() == {"things.timeraw_import"}
    assert taken.discovery.metrics == (TIME,)


def test_what_asks_to_be_left_out_is(sides: Sides) -> None:
    write(
        sides,
        "class SkipNotImplemented(NotImplementedError): pass\n"
        "class Suite:\n"
        "    params = [1, 2, 3]\n"
        "    skip_params = [(3,)]\n"
        "    def setup(self, n):\n"
        "        if n == 2: raise NotImplementedError('not for two')\n"
        "    def time_x(self, n): pass\n"
        "def time_late(): raise SkipNotImplemented('changed its mind')\n"
        "def time_never(): pass\n"
        "time_never.skip_benchmark = True\n"
        "def track_nothing(): return float('nan')\n"
        "def time_unfinished(): raise NotImplementedError('a bug')\n",
    )
    taken = take(sides.suite(SUITE))
    assert taken.measured() == {"things.Suite.time_x(1)"}
    failures = taken.failures()
    assert {name: (one.skipped, one.side) for name, one in failures.items()} == {
        "things.Suite.time_x(2)": (True, "both"),
        "things.time_late": (True, "both"),
        "things.track_nothing": (True, "both"),
        "things.time_unfinished": (False, "both"),
    }
    assert words.text(failures["things.Suite.time_x(2)"].reasons) == "not for two"
    assert "a bug" in words.text(failures["things.time_unfinished"].reasons)


def test_one_broken_module_does_not_lose_the_others(sides: Sides) -> None:
    write(
        sides,
        "def time_x(): pass\n"
        "class Broken:\n    def __init__(self): raise ValueError('no')\n    def time_y(self): pass\n",
        more={"benchmarks/broken.py": "import a_module_that_is_not_there\n"},
    )
    found = take(sides.suite(SUITE), rounds=0).discovery
    assert [benchmark.name for benchmark in found.benchmarks] == ["things.time_x"]
    missing = (
        "ModuleNotFoundError: No module named 'a_module_that_is_not_there' "
        "(if a package brings a_module_that_is_not_there, `setup` must install it)"
    )
    lost = {one.benchmark.name: one for one in found.settled}
    assert {name: (one.status, one.failed_side) for name, one in lost.items()} == dict.fromkeys(
        ("benchmarks.broken", "things.Broken.time_y"), ("failed", "both")
    )
    assert missing in words.text(lost["benchmarks.broken"].reasons)
    assert "ValueError: no" in words.text(lost["things.Broken.time_y"].reasons)
    assert found.problems == ()


def test_a_round_imports_the_modules_of_its_benchmarks_alone(sides: Sides) -> None:
    log = "import os\nopen(os.environ['LOG'], 'a').write(__name__ + '\\n')\n"
    more = {f"benchmarks/{name}.py": log + "def track_it(): return 1\n" for name in ("dear", "sub/inner")}
    write(sides, "def track_one(): return 1\n", more={**more, "benchmarks/sub/__init__.py": ""})
    session = sides.suite(SUITE)
    found = [benchmark.name for benchmark in session.discover().benchmarks]
    assert sorted(found) == ["dear.track_it", "sub.inner.track_it", "things.track_one"]
    sides.log.unlink()
    taken = list(session.measure_round(0, ["sub.inner.track_it", "things.track_one"], time.monotonic() + PATIENCE))
    assert [outcome.name for outcome in taken if isinstance(outcome, Measured)] == found[1:]
    assert sides.logged() == ["benchmarks.sub.inner"] * 2


def test_a_suite_that_times_nothing_has_no_control(sides: Sides) -> None:
    write(sides, "def track_one(): return 1\n")
    session = sides.suite(SUITE)
    assert take(session).measured() == {"things.track_one"}
    assert session.control_round(2, time.monotonic() + 60) == ()


def test_a_death_in_a_copy_costs_one_benchmark(sides: Sides) -> None:
    write(
        sides,
        "import os\n"
        "def peakmem_dies(): os.kill(os.getpid(), 9)\n"
        "def peakmem_leaves(): os._exit(3)\n"
        "def peakmem_raises(): raise KeyError('gone')\n"
        "def track_one(): return 1\n",
    )
    taken = take(sides.suite(SUITE))
    assert taken.measured() == {"things.track_one"}
    reasons = {name: words.text(one.reasons) for name, one in taken.failures().items()}
    assert "killed by signal 9" in reasons["things.peakmem_dies"]
    assert "left by itself" in reasons["things.peakmem_leaves"]
    assert "KeyError: 'gone'" in reasons["things.peakmem_raises"]


def test_the_configuration_may_lie_in_a_folder_of_its_own(sides: Sides) -> None:
    sides.write({
        "asv_bench/asv.conf.json": '{"benchmark_dir": "suite"}',
        "asv_bench/suite/__init__.py": "",
        "asv_bench/suite/a.py": "from .common import value\ndef track_a(): return value\n",
        "asv_bench/suite/common.py": "value = 7\n",
    })  # fmt: skip
    text = 'harness = "asv"\nconfig = "asv_bench/asv.conf.json"\npaths = ["asv_bench/suite/"]'
    assert [value for _, value, _ in values(take(sides.suite(text)), "a.track_a")] == [(7.0,)]


def test_a_configuration_that_is_none_is_said(sides: Sides) -> None:
    sides.write({"asv.conf.json": "[1]"})
    with pytest.raises(
        MeasureError, match=r"suite s, base: asv\.conf\.json cannot be read: expected a table"
    ) as raised:
        sides.suite('harness = "asv"')
    assert raised.value.side == "base"


def test_a_missing_folder_of_benchmarks_is_said(sides: Sides) -> None:
    sides.write({"asv.conf.json": "{}"})
    with pytest.raises(MeasureError) as raised:
        take(sides.suite('harness = "asv"'))
    assert "the folder of asv's benchmarks is missing" in raised.value.message + raised.value.output


def test_a_longer_time_limit_of_a_benchmark_counts(sides: Sides) -> None:
    write(sides, "def time_x(): pass\ntime_x.timeout = 900\n")
    suite = sides.suite(SUITE + '\ntimeout = "20s"')
    take(suite, rounds=0)
    assert suite.timeout == 900  # type: ignore[attr-defined]


def test_benchmarks_run_in_a_folder_of_their_own(sides: Sides) -> None:
    write(sides, "import os\ndef track_files():\n    open('left', 'w').close()\n    return len(os.listdir())\n")
    taken = take(sides.suite(SUITE), rounds=2)
    assert [head for _, _, head in values(taken, "things.track_files")] == [(1.0,), (1.0,)]
    assert not list(Path(sides.folder).glob("*/left"))


def test_equal_texts_of_parameters_are_numbered() -> None:
    module = type("Module", (), {"__name__": "pack.mod"})()

    def time_x(value: object) -> None: ...

    time_x.params = [["a", "a", "b"]]  # type: ignore[attr-defined]
    module.time_x = time_x
    found: list[AsvCase] = list(cases(module, lambda *_: pytest.fail("a problem")))
    assert [case.name for case in found] == ["mod.time_x('a' (0))", "mod.time_x('a' (1))", "mod.time_x('b')"]


def test_a_package_that_cannot_be_imported_is_a_problem() -> None:
    told: list[tuple[str, str]] = []
    assert list(modules("a_package_that_is_not_there", lambda *problem: told.append(problem))) == []
    assert told == [
        ("a_package_that_is_not_there", "ModuleNotFoundError: No module named 'a_package_that_is_not_there'")
    ]


def test_the_size_of_another_copy_leaves_out_what_copies_share() -> None:
    shared = bytearray(100_000)
    assert footprint.size_of_another([shared] * 10) < 1_000
    assert footprint.size_of_another(bytearray(100_000)) >= 100_000
