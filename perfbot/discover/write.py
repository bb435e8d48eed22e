"""The text of a first perfbot.toml, with comments where a person will want to change something."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Mapping, Sequence

from perfbot.config.suites import Suite
from perfbot.config.tools import ToolSuite
from perfbot.discover.detect import Found, Survey
from perfbot.discover.foreign import Foreign
from perfbot.discover.tool_suites import CATCH2
from perfbot.web import SCHEMA, docs

_HEAD = f"""\
#:schema {SCHEMA}
# perfbot measures the benchmarks of a change against those of the commit it started from.
# {docs("configuration")} explains every key; `perfbot doctor` checks this file.

[run]
budget = "10m"                  # wall clock for measuring, all suites together
# when_changed = ["src/**"]     # measure only changes that touch one of these (patterns as in .gitignore)

[gate]                          # obeyed as it stands in the target branch: a change cannot soften its own
threshold = "2%"                # the smallest change that matters
alpha = 0.01                    # probability of any false alarm in a run, all benchmarks together
"""

_NO_SUITE = """
# No suite was found that works as it stands. One looks like this:
# [[suite]]
# name = "core"                 # the benchmarks are called core/…
# harness = "pytest"            # tests that use the benchmark fixture, or are marked with it
# paths = ["benchmarks/"]
#
# [[suite]]
# name = "cli"
# harness = "command"           # any command line
# commands = { help = "mytool --help" }
"""

_OPTIONS = """\
# files = "each"                # each side's own benchmark files; by default head's run on both
# metrics = ["time", "memory"]
"""

MOST_SHOWN = 5
"""Scripts that are named in the file."""

_LIMIT = """
# [[limit]]                     # exceptions for some benchmarks; the last match wins
# match = "{suite}/*"
# threshold = "5%"
# budget = {{ time = "0.5 ms" }}  # an absolute limit on head
# gate = false                  # shown, but never fails the merge request
"""


def document(survey: Survey) -> str:
    """The whole file for what was found, ready to be read by :func:`perfbot.config.parse`."""
    parts = [_HEAD, *map(_suite, survey.found)]
    if not survey.found:
        parts += [_start(survey.start)] if survey.start else [_NO_SUITE]
    parts += [_command_hint(script) for script in survey.scripts[:1] if survey.found]
    parts += [_foreign(survey)] if survey.foreign else []
    parts += [_loose(survey.loose)] if survey.loose else []
    first = survey.found[0].suite if survey.found else survey.start
    parts.append(_LIMIT.format(suite=first.name if first else "core"))
    return "".join(parts)


def _suite(found: Found) -> str:
    count = f"{count_of(found.benchmarks, 'benchmark')} found, parameters not counted"
    comments = [f"# {comment}" for comment in (count, *found.notes)]
    lines = [f"{key} = {toml(value)}" for key, value in _keys(found.suite)]
    return "\n".join(["", *comments, "[[suite]]", *lines, ""]) + (
        "" if isinstance(found.suite, ToolSuite) else _OPTIONS
    )


def _start(suite: Suite) -> str:
    lines = [f"{key} = {toml(value)}" for key, value in _keys(suite)]
    told = ["# No benchmarks were found. This measures how the project starts;"]
    told += ["# `perfbot harnesses` shows what else there is."]
    return "\n".join(["", *told, "[[suite]]", *lines, ""]) + _OPTIONS


def _keys(suite: Suite) -> list[tuple[str, object]]:
    """Name and harness, then what differs from the default, in the order of the class."""
    given = {name: getattr(suite, name) for name in type(suite).model_fields if name in suite.model_fields_set}
    defaults = {name: field.default for name, field in type(suite).model_fields.items()}
    shown = {name: value for name, value in given.items() if value and value != defaults[name]}
    return [("name", suite.name), ("harness", suite.harness), *((k, v) for k, v in shown.items() if k not in _FIRST)]


_FIRST = ("name", "harness")


def _command_hint(script: str) -> str:
    return (
        "\n# The start of a command line can be watched too:\n# [[suite]]\n"
        f'# name = "cli"\n# harness = "command"\n# setup = ["pip install ."]\n'
        f"# commands = {{ help = {toml(f'{script} --help')} }}\n"
    )


def _foreign(survey: Survey) -> str:
    return "".join(map(_unfinished, survey.foreign))


CMAKE = '["cmake -S . -B build -DCMAKE_BUILD_TYPE=Release", "cmake --build build -j"]'
UNFINISHED = {
    "go": (
        '["go test -c -o bench.test ."]',
        "./bench.test -test.run ^$ -test.bench {filter} -test.benchtime {iterations}x",
    ),
    "criterion": (
        '["cargo bench --no-run"]',
        "cargo bench --bench NAME -- --noplot --nresamples 2000 --measurement-time 0.3 {filter}",
    ),
    "libtest": ('["cargo +nightly bench --no-run"]', "cargo +nightly bench -- {filter}"),
    "google_benchmark": (
        CMAKE,
        "build/NAME --benchmark_filter={filter} --benchmark_min_time=0.05 --benchmark_out={output}",
    ),
    "catch2": (CMAKE, f"build/NAME '[!benchmark]' {CATCH2}"),
    "jmh": (
        '["mvn -q -DskipTests package"]',
        "java -Djmh.ignoreLock=true -jar target/NAME.jar -f 1 -wi 3 -i 3 -rf json -rff {output}",
    ),
    "benchmarkdotnet": (
        '["dotnet build -c Release"]',
        "dotnet run -c Release --no-build -- --filter '*' --exporters fulljson",
    ),
    "vitest": ('["npm ci"]', "node_modules/.bin/vitest bench --run --outputJson {output}"),
    "benchmarkjs": ('["npm ci"]', "node FILE"),
}
"""Set-up and command of tools whose names and folders only a person knows."""


def _unfinished(entry: Foreign) -> str:
    setup, command = UNFINISHED[entry.harness]
    if entry.harness == "benchmarkjs":
        command = f"node {shlex.quote(entry.file)}"
    lines = [
        f"# {entry.tool}: {count_of(entry.benchmarks, 'benchmark')} in {json.dumps(entry.file)} …",
        f"# To be completed; `perfbot harnesses {entry.harness}` shows a table that works.",
        "# [[suite]]",
        f"# name = {toml(entry.harness)}",
        f"# harness = {toml(entry.harness)}",
        f"# setup = {setup}",
        f"# command = {toml(command)}",
    ]
    return "\n".join(["", *lines, ""])


def _loose(scripts: Sequence[str]) -> str:
    """A suite of scripts, to be uncommented: what they do without arguments, only a person knows."""
    first = scripts[0]
    name = re.sub(r"\W+", "_", first.removesuffix(".py").rpartition("/")[2])
    lines = [
        f"# {count_of(len(scripts), 'script')} may be a benchmark, measured as a whole by:",
        "# [[suite]]",
        '# name = "scripts"',
        '# harness = "command"           # or "regex", which reads the numbers that they print',
        '# setup = ["pip install ."]',
        f"# commands = {toml({name: f'python {shlex.quote(first)}'})}",
        *(f"# also seen: {json.dumps(script)}" for script in scripts[1:MOST_SHOWN]),
        *(["# …"] if len(scripts) > MOST_SHOWN else []),
    ]
    return "\n".join(["", *lines, ""])


def count_of(number: int, noun: str) -> str:
    """``1 script``, ``2 scripts``."""
    return f"{number} {noun}{'s' * (number != 1)}"


def toml(value: object) -> str:
    """A text, list of texts or table of texts as TOML."""
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{toml(key)} = {toml(text)}" for key, text in value.items()) + " }"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return f"[{', '.join(map(toml, value))}]"
    text = str(value)
    if '"' in text and "'" not in text and text.isprintable():
        return f"'{text}'"
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
