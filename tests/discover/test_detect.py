"""Suites found in working trees: the shapes that real projects have."""

import pytest

from perfbot import config
from perfbot.discover.detect import detect_suites, survey
from perfbot.discover.listing import list_suite
from perfbot.discover.tree import repository_top
from perfbot.discover.write import document

BENCH = "def test_x(benchmark): ...\n"
PLAIN = "def test_plain(): ...\n"
SCRIPT = 'import pyperf\nrunner = pyperf.Runner()\nrunner.bench_func("one", len, [])\n'
PACKAGE = '[project]\nname = "lib"\n'


def one(root):
    (suite,) = detect_suites(root)
    return suite


def test_a_folder_of_benchmarks_is_named_whole(plant):
    suite = one(plant({"bench/test_a.py": BENCH, "bench/sub/test_b.py": BENCH, "bench/data.py": "x = 1"}))
    assert isinstance(suite, config.PytestSuite)
    assert (suite.name, suite.paths, suite.setup) == ("bench", ("bench/",), None)


def test_files_that_pytest_does_not_collect_are_named_by_glob(plant):
    suite = one(plant({"benchmarks/bench_a.py": BENCH, "benchmarks/bench_b.py": BENCH, "benchmarks/util.py": ""}))
    assert suite.paths == ("benchmarks/bench_*.py",)


def test_a_folder_with_other_tests_is_not_named_whole(plant):
    suite = one(plant({"tests/test_speed.py": BENCH, "tests/test_other.py": PLAIN}))
    assert (suite.name, suite.paths) == ("benchmarks", ("tests/test_speed.py",))


def test_files_that_no_glob_tells_apart_are_listed(plant):
    suite = one(plant({f"tests/test_{name}.py": BENCH for name in "ab"} | {"tests/test_c.py": PLAIN}))
    assert suite.paths == ("tests/test_a.py", "tests/test_b.py")


def test_a_folder_inside_the_tests_is_found(plant):
    suite = one(plant({"tests/benchmarks/test_a.py": BENCH, "tests/test_other.py": PLAIN}))
    assert (suite.name, suite.paths) == ("benchmarks", ("tests/benchmarks/",))


def test_a_file_at_the_top_is_a_path_of_its_own(plant):
    suite = one(plant({"test_speed.py": BENCH, "test_other.py": PLAIN}))
    assert (suite.name, suite.paths) == ("benchmarks", ("test_speed.py",))


def test_benchmarks_inside_the_package_are_found(plant):
    suite = one(plant({"pyproject.toml": PACKAGE, "src/lib/testing/test_speed.py": BENCH}))
    assert suite.paths == ("src/lib/testing/",)
    assert suite.setup == ("pip install .",)


LIBRARY = """\
import pyperf
SIZE = 5
class Bench:
    def __init__(self): self.runner = pyperf.Runner()
    def run(self): self.runner.bench_func("one", len, [])
"""


@pytest.mark.parametrize(
    ("more", "runs"),
    [
        ("", False),
        ("import sys\nsys.path.insert(0, '.')\n", False),
        ("Bench().run()\n", True),
        ("def main(): Bench().run()\nif __name__ == '__main__':\n    main()\n", True),
        ("for _ in range(2):\n    bench = Bench()\n", True),
        ("with pyperf.Runner() as r: pass\nrunner = pyperf.Runner()\n", True),
    ],
)
def test_what_pyperf_scripts_import_is_no_script(plant, more, runs):
    found = detect_suites(plant({"lib/common.py": LIBRARY + more}))
    assert [suite.harness for suite in found] == (["pyperf"] if runs else [])


def test_pyperf_scripts_are_found(plant):
    suite = one(plant({"perf/bm_a.py": SCRIPT, "perf/bm_b.py": SCRIPT, "perf/common.py": "import pyperf"}))
    assert isinstance(suite, config.PyperfSuite)
    assert (suite.name, suite.paths) == ("perf", ("perf/bm_*.py",))


def test_scripts_of_a_package_are_named_by_a_glob_that_leaves_its_init_out(plant):
    suite = one(plant({"lib/benchmarks/__init__.py": "", "lib/benchmarks/a.py": SCRIPT, "lib/benchmarks/b.py": SCRIPT}))
    assert suite.paths == ("lib/benchmarks/[!_]*.py",)


@pytest.mark.parametrize("names", ['"benchmark"', '"size, benchmark"', '["size", "benchmark"]'])
def test_a_parameter_that_happens_to_be_called_benchmark_is_no_fixture(plant, names):
    code = f"import tool\n\n@tool.session\n@tool.parametrize({names}, [])\ndef bench(size, benchmark): ...\n"
    assert detect_suites(plant({"tasks.py": code})) == ()


ASV = """
{
    // asv allows comments
    "version": 1,
    "project": "lib", /* and these */
    "project_url": "https://example.org/lib//x",
    "benchmark_dir": "speed",
    "matrix": {
        "req": {"numpy": ["1.26", "2.0"], "pip+rich": [], "six": [null]},
        "env_nobuild": {"PYTHONHASHSEED": ["0"], "OMP_NUM_THREADS": ["1"], "MODE": ["a", "b"]},
    },
}
"""


def test_asv_in_a_subfolder_with_comments_is_found(plant):
    root = plant(
        {
            "pyproject.toml": PACKAGE,
            "asv/asv.conf.json": ASV,
            "asv/speed/core.py": "class TimeX:\n    def time_it(self): ...",
        }
    )
    suite = one(root)
    assert isinstance(suite, config.AsvSuite)
    assert (suite.name, suite.config, suite.paths) == ("speed", "asv/asv.conf.json", ("asv/speed/",))
    assert suite.setup == ("pip install .", "pip install numpy rich six")
    assert dict(suite.env) == {"OMP_NUM_THREADS": "1"}
    assert list_suite(suite, root).benchmarks == ("core.TimeX.time_it",)


@pytest.mark.parametrize(
    ("conf", "paths"),
    [('{"benchmark_dir": "speed"}', ("asv/speed",)), ('{"benchmark_dir": "none"}', ()), ("{", ())],
)
def test_without_paths_asv_has_the_folder_that_its_file_names(plant, conf, paths):
    root = plant({"asv/asv.conf.json": conf, "asv/speed/core.py": ""})
    text = '[[suite]]\nname = "a"\nharness = "asv"\nconfig = "asv/asv.conf.json"'
    assert config.parse(text, "perfbot.toml").suites[0].benchmark_paths(root) == paths


def test_an_asv_file_that_is_damaged_is_passed_over(plant):
    assert detect_suites(plant({"asv.conf.json": "{"})) == ()


def test_projects_in_one_repository_become_suites_of_their_own(plant):
    root = plant(
        {
            "libs/one/pyproject.toml": PACKAGE,
            "libs/one/bench/test_a.py": BENCH,
            "libs/two/setup.py": "",
            "libs/two/bench/test_a.py": BENCH,
        }
    )
    assert [(suite.name, suite.directory, suite.paths) for suite in detect_suites(root)] == [
        ("one", "libs/one", ("libs/one/bench/",)),
        ("two", "libs/two", ("libs/two/bench/",)),
    ]


def test_names_are_unique(plant):
    root = plant({"bench/test_a.py": BENCH, "bench/script.py": SCRIPT})
    assert [suite.name for suite in detect_suites(root)] == ["bench", "bench-pyperf"]


def test_packages_of_one_last_element_are_named_by_more_of_their_folders(plant):
    go = 'import "testing"\nfunc BenchmarkF(b *testing.B) {}\n'
    files = {f"{folder}/x_test.go": go for folder in ("a/util", "b/util", "b/other", "x/in/side", "y/in/side")}
    found = {suite.directory: suite.name for suite in detect_suites(plant({"go.mod": "module m\n", **files}))}
    assert found == {
        "a/util": "a-util",
        "b/util": "b-util",
        "b/other": "other",
        "x/in/side": "x-in-side",
        "y/in/side": "y-in-side",
    }


def test_odd_folder_names_become_names(plant):
    assert one(plant({"my bench!/test_a.py": BENCH})).name == "my-bench"


@pytest.mark.parametrize(
    "folder", [".hidden", "node_modules/x", "build/lib", "venv/lib", "x.egg-info", "__pycache__", ".venv/lib"]
)
def test_what_belongs_to_somebody_else_is_not_looked_at(plant, folder):
    assert detect_suites(plant({f"{folder}/test_a.py": BENCH})) == ()


def test_environments_and_nested_repositories_are_not_looked_at(plant):
    files = {"env/pyvenv.cfg": "", "env/test_a.py": BENCH, "sub/.git": "gitdir: x", "sub/test_a.py": BENCH}
    assert detect_suites(plant(files)) == ()


def test_extras_that_the_benchmarks_import_are_installed(plant):
    pyproject = PACKAGE + '[project.optional-dependencies]\nperf = ["numpy"]\nyaml = ["pyyaml"]\nother = ["x"]\n'
    root = plant({"pyproject.toml": pyproject, "bench/conftest.py": "import yaml", "bench/test_a.py": BENCH})
    assert one(root).setup == ('pip install ".[perf,yaml]"',)


def test_extras_that_the_projects_own_modules_import_are_installed(plant):
    extras = '[project.optional-dependencies]\nfast = ["quickjson>=1"]\nslow = ["snail"]\n'
    suite = one(plant({
        "pyproject.toml": PACKAGE + extras,
        "src/lib/__init__.py": "try:\n    import snail\nexcept ImportError: pass\ndef f():\n    import snail\n",
        "src/lib/conv/__init__.py": "",
        "src/lib/conv/quick.py": "from lib.conv import base\n",
        "src/lib/conv/base.py": "import quickjson, lib.conv.quick, nobody_knows\n",
        "bench/test_a.py": "from lib.conv.quick import Converter\n" + BENCH,
    }))  # fmt: skip
    assert suite.setup == ('pip install ".[fast]"',)


def test_requirements_files_of_the_benchmarks_are_installed(plant):
    root = plant({"setup.py": "", "bench/requirements.txt": "rich\n", "bench/test_a.py": "import rich\n" + BENCH})
    (found,) = survey(root).found
    assert found.suite.setup == ("pip install .", "pip install -r bench/requirements.txt")
    assert found.notes == ()


def test_what_nothing_declares_is_said_and_not_guessed(plant):
    (found,) = survey(plant({"setup.py": "", "bench/test_a.py": "import mystery, bench_util\n" + BENCH})).found
    assert found.notes == ("imports bench_util, mystery, which no requirement of the project names: add it to setup",)


FOREIGN = {
    "pkg/x_test.go": "package x\nfunc BenchmarkA(b *testing.B) {}\nfunc BenchmarkB(b *testing.B) {}\n",
    "benches/a.rs": "use criterion::Criterion;\nfn f(c: &mut Criterion) { c.bench_function(1) }\n",
    "old/b.rs": "#[bench]\nfn b(b: &mut Bencher) {}\n",
    "cc/a.cpp": "#include <benchmark/benchmark.h>\nBENCHMARK(BM_x);\nBENCHMARK(BM_y)->Arg(8);\n",
    "cc/b.cpp": '#include "catch2/catch.hpp"\n  BENCHMARK("x") {};\n',
    "j/A.java": "import org.openjdk.jmh.annotations.*;\n@Benchmark\n@BenchmarkMode\n",
    "s/A.cs": "using BenchmarkDotNet.Attributes;\n[Benchmark]\n[Benchmark(Baseline = true)]\n",
    "src/a.bench.ts": "import { bench } from 'vitest'\nbench('a', f)\n",
    "old.js": "const B = require('benchmark'); new B.Suite().add('a', f).add('b', g)\n",
}


def test_other_languages_are_recognised(plant):
    found = {entry.tool: (entry.benchmarks, entry.file) for entry in survey(plant(FOREIGN)).foreign}
    assert found == {
        "Go": (2, "pkg/x_test.go"),
        "criterion": (1, "benches/a.rs"),
        "Rust's libtest": (1, "old/b.rs"),
        "Google Benchmark": (2, "cc/a.cpp"),
        "Catch2": (1, "cc/b.cpp"),
        "JMH": (1, "j/A.java"),
        "BenchmarkDotNet": (2, "s/A.cs"),
        "vitest": (1, "src/a.bench.ts"),
        "benchmark.js": (2, "old.js"),
    }


@pytest.mark.parametrize("files", [{"b/test_a.py": BENCH}, {"b/a.py": SCRIPT}, {"asv.conf.json": "{}"}])
def test_a_project_that_does_not_run_on_this_python_gets_another(plant, files):
    project = {"pyproject.toml": PACKAGE + 'requires-python = "==3.8.*"\n'}
    assert one(plant({**project, **files})).python == "3.8"


def test_what_asv_installs_itself_is_not_missed(plant):
    conf = '{"matrix": {"req": {"odd-name2": []}}}'
    (found,) = survey(plant({"asv.conf.json": conf, "benchmarks/a.py": "import odd\ndef time_x(): ..."})).found
    assert found.suite.setup == ("pip install odd-name2",)
    assert found.notes == ()


def test_scripts_that_may_be_benchmarks_are_named(plant):
    folder = plant({
        "bench.py": "import timeit",
        "maint/benchmark/parse.py": 'if __name__ == "__main__":\n    print(1)\n',
        "maint/benchmark/data.py": "x = 1",
        "src/lib/workbench.py": "import timeit",
        "perf/bm_a.py": SCRIPT,
        "tests/test_bench_tool.py": "import timeit",
    })  # fmt: skip
    seen = survey(folder)
    assert seen.loose == ("bench.py", "maint/benchmark/parse.py")
    text = document(seen)
    assert '# commands = { "bench" = "python bench.py" }\n# also seen: "maint/benchmark/parse.py"\n' in text


def test_ci_is_found(plant):
    root = plant({".gitlab-ci.yml": "", ".github/workflows/b.yaml": "", ".github/workflows/a.yml": ""})
    assert survey(root).ci == (".github/workflows/a.yml", ".github/workflows/b.yaml", ".gitlab-ci.yml")


@pytest.mark.parametrize(
    "files",
    [
        {},
        FOREIGN,
        {"bench/test_a.py": "import mystery\n" + BENCH, "perf/run.py": SCRIPT, "asv.conf.json": "{}"},
        {"pyproject.toml": PACKAGE + '[project.scripts]\n"odd\\"name" = "x:y"\n', "bench/test_a.py": BENCH},
        {"pyproject.toml": PACKAGE + '[dependency-groups]\nx = ["rich>1"]\n', "b/test_a.py": "import rich\n" + BENCH},
        {"asv.conf.json": ASV.replace('"numpy"', '"a\'b\\\\\\"c $(x)"')},
    ],
)
def test_what_is_written_is_read_as_what_was_found(plant, files):
    seen = survey(plant(files))
    assert config.parse(document(seen), "perfbot.toml").suites == tuple(found.suite for found in seen.found)


def test_the_written_examples_are_valid_once_uncommented(plant):
    text = document(survey(plant({"bench/test_a.py": BENCH, "pyproject.toml": '[project]\nscripts = { t = "x:y" }\n'})))
    tables = [line.removeprefix("# ") for line in text.splitlines() if " = " in line or line.startswith(("[", "# ["))]
    read = config.parse("\n".join(tables), "perfbot.toml")
    assert [suite.harness for suite in read.suites] == ["pytest", "command"]
    assert read.policy.limits[0].gate is False


class TestListing:
    def suite(self, text):
        return config.parse(f'[[suite]]\nname = "a"\n{text}', "perfbot.toml").suites[0]

    def test_pytest_reads_files_as_given_and_folders_as_pytest_does(self, plant):
        root = plant({"b/test_a.py": BENCH, "b/bench_b.py": BENCH, "b/other.py": BENCH, "b/test_broken.py": "def ("})
        listing = list_suite(self.suite('harness = "pytest"\npaths = ["b", "b/bench_b.py"]'), root)
        assert set(listing.benchmarks) == {"test_a.py::test_x", "bench_b.py::test_x"}
        assert len(listing.benchmarks) == 2
        assert listing.problems[0].startswith("b/test_broken.py is no Python that Python 3.")

    def test_pyperf_says_which_file_is_no_script(self, plant):
        root = plant({"a.py": SCRIPT, "b.py": "x = 1"})
        listing = list_suite(self.suite('harness = "pyperf"\npaths = ["*.py"]'), root)
        assert listing.benchmarks == ("a.py::one",)
        assert listing.problems == ("b.py makes no pyperf.Runner",)

    @pytest.mark.parametrize(
        ("files", "problem"),
        [
            ({}, "asv.conf.json cannot be read: "),
            ({"asv.conf.json": "{"}, "asv.conf.json cannot be read: "),
            ({"asv.conf.json": "[]"}, "asv.conf.json cannot be read: expected a table"),
            ({"asv.conf.json": "{}"}, "asv.conf.json names the benchmark_dir benchmarks, which is not there"),
        ],
    )
    def test_asv_says_what_is_wrong_with_its_file(self, plant, files, problem):
        (found,) = list_suite(self.suite('harness = "asv"'), plant(files)).problems
        assert found.startswith(problem)

    def test_the_configuration_itself_lists_callables_and_commands(self, plant):
        root = plant({})
        assert list_suite(self.suite('harness = "python"\nfunctions = { f = "a:b" }'), root).benchmarks == ("f",)
        assert list_suite(self.suite('harness = "command"\ncommands = { c = "true" }'), root).benchmarks == ("c",)


def test_the_top_of_a_repository_is_found_from_below(plant):
    root = plant({".git/HEAD": "", "a/b/c.txt": ""})
    assert repository_top(root / "a" / "b") == root.resolve()


def test_outside_a_repository_the_folder_itself_is_the_top(plant):
    assert repository_top(plant({"a/x": ""}) / "a").name == "a"


DEEP = "[" * 100_000


@pytest.mark.parametrize("name", ["asv.conf.json", "package.json", "pyproject.toml", "Cargo.toml"])
def test_a_file_nested_without_end_hides_nothing_else(plant, name):
    """A working tree is anybody's."""
    root = plant({name: DEEP if name.endswith("json") else f"x = {DEEP}", "bench/test_a.py": BENCH})
    assert "bench" in {suite.name for suite in detect_suites(root)}
