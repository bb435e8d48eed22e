"""Every mistake: its text, and that all of a file's mistakes are told at once."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perfbot import config
from perfbot.config.load import check_tables
from perfbot.errors import ConfigError

SUITE = '[[suite]]\nname = "core"\nharness = "pytest"\npaths = ["b"]\n'
COMMAND = '[[suite]]\nname = "cli"\nharness = "command"\n'


def refused(text):
    with pytest.raises(ConfigError) as caught:
        config.parse(text, "perfbot.toml")
    assert caught.value.exit_code == 2
    assert "perfbot doctor" in caught.value.hint
    return caught.value.message


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('[run]\nbudget = "10"', '[run] budget: found "10", expected a duration such as "90s", "10m", "1h30m" or'),
        ("[run]\nbudget = 600", '[run] budget: found 600, a number without a unit; write "600s".'),
        ('[run]\nbudget = "0s"', '[run] budget: found "0s", expected more than zero.'),
        ("[run]\nbudget = true", "[run] budget: expected a duration such as"),
        ('[run]\nbugdet = "1m"', "[run] bugdet: unknown key (did you mean `budget`?); expected any of"),
        ("[run]\nzzz = 1", "[run] zzz: unknown key; expected any of budget, when_changed, only_reached, seed"),
        ("[run]\nseed = 1.5", "[run] seed: found 1.5, expected a whole number."),
        ("[run]\nseed = -1", "[run] seed: found -1, expected greater than or equal to 0."),
        ('[run]\nwhen_changed = "src/**"', '[run] when_changed: found "src/**", expected a list, such as ["…"].'),
        ('[run]\nwhen_changed = ["!"]', '[run] when_changed[0]: "!" is not a pattern as in .gitignore'),
        ("[gate]\nthreshold = 0.02", '[gate] threshold: found 0.02, a number without a unit; write "2%".'),
        ("[gate]\nthreshold = 2", '[gate] threshold: found 2, a number without a unit; write "2%".'),
        ('[gate]\nthreshold = "150%"', "[gate] threshold: expected less than 100%"),
        ('[gate]\nalpha = "1%"', '[gate] alpha: found "1%", expected a probability such as 0.01, without quotes.'),
        ("[gate]\nalpha = 0", "[gate] alpha: found 0, expected greater than 0."),
        ("[gate]\nalpha = nan", "[gate] alpha: found nan, expected a finite number."),
        ("[gate]\nbeta = 0.9", "[gate] beta: found 0.9, expected less than or equal to 0.5."),
        ("[gates]", "gates: unknown key (did you mean `gate`?); expected any of run, bisect, why, gate, "),
        ("run = 3", "run: found 3, expected a table."),
        ('[suite]\nname = "a"', "suite: found a table, expected tables: write [[suite]], with two brackets"),
        ("limit = [1]", "[[limit]] number 1: found 1, expected a table."),
        ('[[suite]]\nname = "a"', '[[suite]] "a": `harness` is missing; expected one of pytest, pyperf, asv, python'),
        ('[[suite]]\nharness = "pytset"', '[[suite]] number 1: harness: found "pytset", expected one of pytest'),
        ('[[suite]]\nharness = "pytset"', '(did you mean "pytest"?).'),
        ("[[suite]]\nharness = 3", "[[suite]] number 1: harness: found 3, expected one of"),
        ('[[suite]]\nharness = "pytest"\npaths = ["b"]', "[[suite]] number 1 name: is missing; expected stands before"),
        ('[[suite]]\nname = "a"\nharness = "pytest"', '[[suite]] "a" paths: is missing; expected files, folders or'),
        (SUITE.replace('["b"]', "[]"), '[[suite]] "core" paths: found an empty list, expected at least one entry.'),
        (SUITE.replace('"core"', '"a/b"'), '[[suite]] "a/b" name: found "a/b", expected letters, digits'),
        (SUITE.replace('"b"', '"/b"'), '[[suite]] "core" paths[0]: "/b" must be relative to the repository'),
        (SUITE.replace('"b"', '"a/../../b"'), '[[suite]] "core" paths[0]: "a/../../b" must be relative'),
        (SUITE.replace('"b"', '"b::t"'), '[[suite]] "core" paths[0]: "b::t" names a single benchmark'),
        (SUITE.replace('"b"', '""'), '[[suite]] "core" paths[0]: an empty path; write "." for the top'),
        (SUITE + 'path = ["c"]', '[[suite]] "core" path: unknown key (did you mean `paths`?)'),
        (SUITE + "commands = {}", '[[suite]] "core" commands: unknown key'),
        (SUITE + 'files = "both"', '[[suite]] "core" files: found "both", expected "head" or "each".'),
        (SUITE + 'setup = "pip install ."', '[[suite]] "core" setup: found "pip install .", expected a list'),
        (SUITE + 'setup = [" "]', '[[suite]] "core" setup[0]: found an empty text.'),
        (SUITE + "python = 3.12", '[[suite]] "core" python: found 3.12, expected text in quotes.'),
        (SUITE + "timeout = -3", '[[suite]] "core" timeout: found -3, a number without a unit; write "3s".'),
        (SUITE + 'metrics = ["tiem"]', '[[suite]] "core" metrics: found "tiem", expected some of time, cpu, time_p95'),
        (SUITE + 'metrics = ["time", "time"]', '[[suite]] "core" metrics: names a metric twice.'),
        (SUITE + "metrics = []", '[[suite]] "core" metrics: found an empty list, expected at least one entry.'),
        (SUITE + 'only = ["t[1"]', '[[suite]] "core" only[0]: "t[1" opens a bracket and does not close it'),
        (SUITE + 'skip = [""]', '[[suite]] "core" skip[0]: an empty pattern matches nothing.'),
        (SUITE + "env = { A = 1 }", '[[suite]] "core" env: found A = 1, expected text in quotes: A = "1".'),
        (SUITE + "env = { A = true }", '[[suite]] "core" env: found A = true, expected text in quotes: A = "true".'),
        (SUITE + 'env = ["A=1"]', '[[suite]] "core" env: found a list of 1, expected a table'),
        (COMMAND, '[[suite]] "cli" commands: is missing; expected a table { name = "command line" }.'),
        (COMMAND + "commands = {}", '[[suite]] "cli" commands: found an empty table, expected at least one entry.'),
        (COMMAND + 'commands = { a = "x" }\nexit_codes = ["0"]', '"cli" exit_codes[0]: found "0", expected a whole'),
        (
            '[[suite]]\nname = "a"\nharness = "python"\nfunctions = { f = "pkg.f" }',
            '[[suite]] "a" functions: f: found "pkg.f", expected "package.module:callable".',
        ),
        (SUITE * 2, 'two suites are called "core"; expected a name of its own for each.'),
        ("[[limit]]\ngate = false", "[[limit]] number 1 match: is missing; expected pattern for `"),
        ('[[limit]]\nmatch = "a/*"', '[[limit]] "a/*": says nothing: expected `threshold`, `budget` or `gate`.'),
        ('[[limit]]\nmatch = "a/*"\ngate = "no"', '[[limit]] "a/*" gate: found "no", expected true or false.'),
        ('[[limit]]\nmatch = "a/*"\nbudget = {}', '[[limit]] "a/*" budget: found an empty table, expected at least'),
        (
            '[[limit]]\nmatch = "a/*"\nbudget = { time = "2 KiB", latency = "1 s" }',
            (
                'budget: time: found "2 KiB", expected a duration such as "90s", "10m", "1h30m" or "0.5 ms"; '
                'latency: which quantile? Write "200 ms p95", or latency_p95 = "200 ms".'
            ),
        ),
        (
            '[[limit]]\nmatch = "a/*"\nbudget = { time = ">= 1 s" }',
            'budget: time: found ">= 1 s", but of time lower is better: a budget is at most (<=) something.',
        ),
        (
            '[[limit]]\nmatch = "a/*"\nbudget = { time = "1 s p95" }',
            'budget: time: found "1 s p95", expected a duration',
        ),
        (
            '[[limit]]\nmatch = "a/*"\nmetric = "memory"\nbudget = { time = "1 s" }',
            '[[limit]] "a/*": is about memory alone, so its budget for time would never be used.',
        ),
        (
            SUITE + '[[limit]]\nmatch = "test_x*"\ngate = false',
            (
                '[[limit]] number 1 match: "test_x*" can match no benchmark, for they are called suite/benchmark; '
                'expected a pattern such as "core/test_x*" or "*/test_x*" (suites: core).'
            ),
        ),
        (SUITE + '[[limit]]\nmatch = "croe/*"\ngate = false', '"croe/*" can match no benchmark'),
        ("[run\n", "perfbot.toml: is not TOML: Expected ']' at the end of a table declaration (at line 1, column 5)"),
        ("a = 1\na = 2", "perfbot.toml: is not TOML: Cannot overwrite a value (at"),
    ],
)
def test_a_mistake_is_told_by_file_key_finding_and_expectation(text, message):
    told = refused(text)
    assert message in told
    assert told.startswith("perfbot.toml: ")
    assert told.endswith(".") or "TOML" in told


@pytest.mark.parametrize("match", ["*", "core/*", "core*", "*/test_x", "c*", "[ac]ore/x", "core/test_x[[]1]", "?ore/a"])
def test_patterns_that_can_match_are_accepted(match):
    assert config.parse(f'{SUITE}[[limit]]\nmatch = "{match}"\ngate = false', "perfbot.toml").policy.limits


def test_all_mistakes_are_told_at_once_the_most_important_first():
    text = (
        '[run]\nbudget = 3\n[gate]\nbtea = 0.1\n[[suite]]\nname = "a"\nharness = "nose"\n'
        '[[suite]]\nname = "b"\nharness = "pytest"\n'
    )
    lines = refused(text).splitlines()
    assert [line.split(": ", 2)[1] for line in lines] == [
        '[[suite]] "a"',
        "[gate] btea",
        '[[suite]] "b" paths',
        "[run] budget",
    ]
    assert all(line.startswith("perfbot.toml: ") and line.endswith(".") for line in lines)


def test_long_values_are_shortened():
    told = refused(f'[[suite]]\nname = "a"\nharness = "{"x" * 500}"')
    assert "…" in told
    assert len(told) < 400


def test_in_pyproject_the_table_is_named(tmp_path):
    (tmp_path / "pyproject.toml").write_text("[tool.perfbot.run]\nbudget = 1\n")
    with pytest.raises(ConfigError, match=r"pyproject.toml \[tool.perfbot\]: \[run\] budget: found 1"):
        config.load(None, tmp_path)


def test_pyproject_tables_that_are_no_tables_are_told(tmp_path):
    (tmp_path / "pyproject.toml").write_text("[tool]\nperfbot = 3\n")
    with pytest.raises(ConfigError, match=r"\[tool.perfbot\]: found 3, expected a table"):
        config.load(None, tmp_path)


SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
ANYTHING = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
KEYS = st.sampled_from(["name", "harness", "paths", "commands", "env", "match", "budget", "gate", "setup", "metrics"])
TABLES = st.dictionaries(KEYS, ANYTHING | st.sampled_from(["pytest", "command", "asv", "core"]), max_size=5)


@settings(deadline=None)
@given(
    st.fixed_dictionaries(
        {},
        optional={
            "run": ANYTHING,
            "gate": ANYTHING,
            "suite": ANYTHING | st.lists(TABLES, max_size=3),
            "limit": ANYTHING | st.lists(TABLES, max_size=3),
        },
    )
)
def test_whatever_is_in_the_file_it_is_read_or_told(tables):
    told = ""
    try:
        check_tables(tables, "perfbot.toml")
    except ConfigError as error:
        told = error.message
    assert all(line.startswith("perfbot.toml: ") for line in told.splitlines())
