"""What a configuration means once it is read."""

import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import ValidationError

from perfbot import config
from perfbot.errors import ConfigError
from perfbot.model import MEMORY, TIME, Budget, Limit, Metric, Policy

EXAMPLE = """
[run]
budget = "5m"
when_changed = ["src/**", "*.toml", "!docs/"]
seed = 7

[gate]
threshold = "3%"
exact_threshold = "1 %"
alpha = 0.05
beta = 0.1

[[suite]]
name = "core"
harness = "pytest"
paths = ["benchmarks/"]
setup = ["pip install ."]
args = ["-k", "not slow"]
metrics = ["time", "memory"]
only = ["test_*"]
skip = ["test_slow[[]*"]
timeout = "20s"

[suite.env]
OMP_NUM_THREADS = "1"

[[suite]]
name = "cli"
harness = "command"
commands = { help = "mytool --help", parse = "mytool parse data.json" }

[[limit]]
match = "core/*"
threshold = "5%"

[[limit]]
match = "core/test_model_creation"
budget = { time = "0.5 ms", memory = "2 KiB", latency = "200 ms p95", throughput = ">= 5000 ops/s" }

[[limit]]
match = "cli/*"
metric = "time"
gate = false
"""


@pytest.fixture(scope="module")
def example():
    return config.parse(EXAMPLE, "perfbot.toml")


def test_quantities_are_in_base_units(example):
    assert (example.run.budget, example.run.seed) == (300, 7)
    assert example.suites[0].timeout == 20


def test_the_policy_is_the_record_that_judging_uses(example):
    assert example.policy == Policy(
        threshold=0.03,
        exact_threshold=0.01,
        alpha=0.05,
        beta=0.1,
        confirm="here",
        limits=(
            Limit("core/*", threshold=0.05),
            Limit(
                "core/test_model_creation",
                budgets=(
                    Budget("time", 0.0005, "0.5 ms"),
                    Budget("memory", 2048, "2 KiB"),
                    Budget("latency_p95", 0.2, "200 ms p95"),
                    Budget("throughput", 5000, ">= 5000 ops/s", "higher"),
                ),
            ),
            Limit("cli/*", "time", gate=False),
        ),
        origin="perfbot.toml",
    )


def test_the_last_matching_limit_wins_key_by_key(example):
    policy = example.policy
    assert policy.threshold_for("core/test_model_creation", TIME) == 0.05
    assert policy.budget_for("core/test_model_creation", MEMORY).bound == 2048
    assert policy.budget_for("core/other", MEMORY) is None
    assert not policy.gates("cli/help", TIME)
    assert policy.gates("cli/help", MEMORY)


def test_suites_are_of_their_harness_and_in_order(example):
    core, cli = example.suites
    assert isinstance(core, config.PytestSuite)
    assert isinstance(cli, config.CommandSuite)
    assert core.args == ("-k", "not slow")
    assert dict(core.env) == {"OMP_NUM_THREADS": "1"}
    assert list(cli.commands) == ["help", "parse"]


def test_records_are_frozen(example):
    with pytest.raises(ValidationError, match="frozen"):
        example.run.budget = 1
    with pytest.raises(TypeError):
        example.suites[0].env["X"] = "1"
    with pytest.raises(TypeError):
        example.suites[1].env["X"] = "1"


@pytest.mark.parametrize(
    ("changed", "concerned"),
    [
        (["src/a/b.py"], True),
        (["pyproject.toml", "docs/x.md"], True),
        (["docs/conf.toml"], False),
        (["README.md"], False),
        ([], False),
    ],
)
def test_changed_files_decide_whether_to_measure(example, changed, concerned):
    assert example.run.concerns(changed) is concerned


def test_without_patterns_every_change_is_measured():
    assert config.RunSettings().concerns(["README.md"])


@pytest.mark.parametrize(
    ("name", "wanted"), [("test_a", True), ("bench_a", False), ("test_slow[1]", False), ("test_slower", True)]
)
def test_only_and_skip_choose_benchmarks(example, name, wanted):
    assert example.suites[0].wants(name) is wanted


def test_an_exact_parametrised_name_needs_no_quoting():
    (suite,) = config.parse(
        '[[suite]]\nname = "a"\nharness = "pytest"\npaths = ["b"]\nonly = ["test_x[1-2]"]', "perfbot.toml"
    ).suites
    assert suite.wants("test_x[1-2]")


def test_an_empty_file_is_the_defaults():
    empty = config.parse("", "perfbot.toml")
    assert empty.policy == Policy(origin="perfbot.toml", confirm="here")
    assert (empty.suites, empty.run.budget) == ((), 600)


@pytest.mark.parametrize(
    ("metric", "text", "budget"),
    [
        ("time", "<= 0.5 ms", Budget("time", 0.0005, "<= 0.5 ms")),
        ("time", "at most 1s", Budget("time", 1, "at most 1s")),
        ("throughput", "5000/s", Budget("throughput", 5000, "5000/s", "higher")),
        ("throughput", "≥  5000/s", Budget("throughput", 5000, "≥ 5000/s", "higher")),
        ("latency_p99.9", "1 s", Budget("latency_p99.9", 1, "1 s")),
        ("objects", "1,000", Budget("objects", 1000, "1,000")),
        ("score", ">= 0.9", Budget("score", 0.9, ">= 0.9", "higher")),
        ("heap", "2 MB", Budget("heap", 2e6, "2 MB")),
    ],
)
def test_budgets_know_the_unit_and_direction_of_their_metric(metric, text, budget):
    assert config.parse_budget(metric, text) == budget


def test_metrics_of_ones_own_have_no_known_unit():
    assert config.unit_of("score") == ("", None)
    assert config.unit_of("latency_p95") == ("s", "lower")
    assert Policy().threshold_for("a/b", Metric("score", "points")) == 0.02


class TestFinding:
    """Which file is read."""

    SUITE = '[[{prefix}suite]]\nname = "{name}"\nharness = "pyperf"\npaths = ["b.py"]\n'

    def test_perfbot_toml_comes_before_pyproject(self, tmp_path):
        (tmp_path / "perfbot.toml").write_text(self.SUITE.format(prefix="", name="own"))
        (tmp_path / "pyproject.toml").write_text(self.SUITE.format(prefix="tool.perfbot.", name="project"))
        found = config.load(None, tmp_path)
        assert (found.suites[0].name, found.where) == ("own", "perfbot.toml")

    def test_pyproject_is_read_otherwise(self, tmp_path):
        (tmp_path / "pyproject.toml").write_text(self.SUITE.format(prefix="tool.perfbot.", name="project"))
        found = config.load(None, tmp_path)
        assert (found.suites[0].name, found.policy.origin) == ("project", "pyproject.toml [tool.perfbot]")

    def test_a_pyproject_without_the_table_is_passed_over(self, tmp_path):
        (tmp_path / "pyproject.toml").write_text('[project]\nname = "x"\n')
        assert config.load(None, tmp_path) == config.Config()

    def test_nothing_is_the_defaults(self, tmp_path):
        assert config.load(None, tmp_path).where == "defaults"

    def test_an_explicit_file_wins(self, tmp_path):
        (tmp_path / "perfbot.toml").write_text(self.SUITE.format(prefix="", name="own"))
        other = tmp_path / "other.toml"
        other.write_text(self.SUITE.format(prefix="", name="other"))
        assert config.load(other, tmp_path).suites[0].name == "other"

    def test_an_explicit_file_must_be_there_and_speak_of_perfbot(self, tmp_path):
        with pytest.raises(ConfigError, match="no such file"):
            config.load(tmp_path / "none.toml", tmp_path)
        (tmp_path / "pyproject.toml").write_text("[project]\n")
        with pytest.raises(ConfigError, match=r"has no table \[tool.perfbot\]"):
            config.load(tmp_path / "pyproject.toml", tmp_path)

    def test_the_target_branch_is_read_by_whatever_reads_it(self):
        tree = {"pyproject.toml": '[tool.perfbot.gate]\nthreshold = "7%"\n'}
        found = config.find(tree.get, "at 60ab91e")
        assert found.policy.threshold == 0.07
        assert found.policy.origin == "pyproject.toml at 60ab91e [tool.perfbot]"

    def test_a_byte_order_mark_and_windows_line_ends_mean_nothing(self, tmp_path):
        (tmp_path / "perfbot.toml").write_bytes(b'\xef\xbb\xbf[run]\r\nbudget = "7m"\r\n')
        assert config.load(None, tmp_path).run.budget == 420

    def test_a_file_that_is_not_utf8_is_named(self, tmp_path):
        (tmp_path / "perfbot.toml").write_bytes(b'[run]\nbudget = "\xff"\n')
        with pytest.raises(ConfigError, match=r"perfbot\.toml: byte 16 is not UTF-8"):
            config.load(None, tmp_path)


class TestTree:
    """What a suite means in a checkout."""

    def suite(self, text, name="perfbot.toml"):
        return config.parse(f'[[suite]]\nname = "a"\n{text}', name).suites[0]

    @pytest.fixture
    def tree(self, tmp_path):
        (tmp_path / "bench").mkdir()
        for name in ("bench_b.py", "bench_a.py", "helper.py"):
            (tmp_path / "bench" / name).touch()
        return tmp_path

    def test_globs_are_expanded_in_order(self, tree):
        suite = self.suite('harness = "pyperf"\npaths = ["bench/bench_*.py", "bench/bench_a.py", "none.py"]')
        assert suite.benchmark_paths(tree) == ("bench/bench_a.py", "bench/bench_b.py")
        assert suite.unmatched_paths(tree) == ("none.py",)

    def test_paths_that_match_nothing_are_an_error(self, tree):
        found = config.parse(
            '[[suite]]\nname = "a"\nharness = "pytest"\npaths = ["bench", "benhc/*.py"]', "perfbot.toml"
        )
        with pytest.raises(ConfigError) as caught:
            config.check_paths(found, tree)
        assert caught.value.exit_code == 2
        assert caught.value.message == (
            'perfbot.toml: [[suite]] "a" paths: "benhc/*.py" matches nothing in the repository; '
            "expected an existing file, folder or glob."
        )

    @pytest.mark.parametrize(
        ("files", "setup"),
        [
            ({}, ()),
            ({"setup.py": ""}, ("pip install .",)),
            ({"pyproject.toml": '[project]\nname = "x"'}, ("pip install .",)),
            ({"pyproject.toml": "[build-system]\nrequires = []"}, ("pip install .",)),
            ({"pyproject.toml": "[tool.ruff]"}, ()),
            ({"pyproject.toml": "no toml"}, ()),
        ],
    )
    def test_a_python_suite_installs_what_can_be_installed(self, tree, files, setup):
        for name, text in files.items():
            (tree / name).write_text(text)
        assert self.suite('harness = "pytest"\npaths = ["bench"]').setup_for(tree) == setup

    def test_set_up_looks_in_the_working_folder(self, tree):
        (tree / "bench" / "setup.py").touch()
        assert self.suite('harness = "pytest"\npaths = ["bench"]').setup_for(tree) == ()
        inner = self.suite('harness = "pytest"\npaths = ["bench"]\ndirectory = "bench"')
        assert inner.setup_for(tree) == ("pip install .",)

    def test_set_up_as_written_is_kept_even_when_empty(self, tree):
        (tree / "setup.py").touch()
        assert self.suite('harness = "pytest"\npaths = ["bench"]\nsetup = []').setup_for(tree) == ()

    @pytest.mark.parametrize(
        ("text", "needs"),
        [
            ('commands = { a = "./build/x" }', False),
            ('commands = { a = "./build/x" }\nsetup = ["make python-free"]', False),
            ('commands = { a = "python x.py" }', True),
            ('commands = { a = "env python3.12 -m x" }', True),
            ('commands = { a = "mytool" }\nsetup = ["pip install ."]', True),
            ('commands = { a = "mytool" }\nsetup = ["make && uv sync"]', True),
            ('commands = { a = "mytool" }\nprepare = "python clean.py"', True),
            ('commands = { a = "mytool" }\npython = "3.12"', True),
        ],
    )
    def test_commands_that_call_python_get_an_environment(self, text, needs):
        assert self.suite(f'harness = "command"\n{text}').needs_python is needs


def test_the_command_line_can_import_what_it_needs_without_pydantic():
    code = "import sys, perfbot.units, perfbot.errors, perfbot.model; print('pydantic' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=Path.cwd())
    assert done.stdout.strip() == "False"
