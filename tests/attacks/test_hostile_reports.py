"""A report that means harm costs itself alone: refused small and soon, in words that quote none of it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from perfbot.config.load import parse
from perfbot.errors import ConfigError, ReportError
from perfbot.report import dumps, loads, read
from tests.render.samples import everything, typical

MIB = 1024 * 1024


def document() -> Any:
    return json.loads(dumps(everything()))


def with_(place: str, value: object) -> Callable[[], str]:
    def make() -> str:
        found = document()
        *steps, last = [int(step) if step.isdigit() else step for step in place.split(".")]
        inner = found
        for step in steps:
            inner = inner[step]
        inner[last] = value
        return json.dumps(found)

    return make


def many_results() -> str:
    found = document()
    one = {**found["results"][0], "raw": []}
    found["results"] = [{**one, "benchmark": f"b{number}"} for number in range(50_001)]
    return json.dumps(found)


def many_rounds() -> str:
    found = document()
    one = found["results"][0]["raw"][0]
    found["results"][0]["raw"] = [{**one, "index": number} for number in range(5_001)]
    return json.dumps(found)


def many_pairs() -> str:
    """The 520 KB that took a service down."""
    found = document()
    side = [1.0] * 65_000
    found["results"][0]["raw"][0] |= {"base": side, "head": side}
    return json.dumps(found, separators=(",", ":"))


TOO_MUCH = {
    "pairs of one round": many_pairs,
    "rounds of one result": many_rounds,
    "results": many_results,
    "shards": with_("shard", {"index": 1, "count": 10**9}),
    "shards beyond all numbers": with_("shard", {"index": 1, "count": 10**30}),
    "a name": with_("results.0.benchmark", "n" * 5_000),
    "a suite's name": with_("results.0.suite", "n" * 5_000),
    "a metric's name": with_("results.0.metric", "n" * 5_000),
    "a unit": with_("results.0.unit", "n" * 5_000),
    "a file's name": with_("results.0.file", "n" * 5_000),
    "a reason": with_("results.0.reasons", [{"kind": "said", "text": "n" * 300_000}]),
    "notes of one result": with_("results.0.notes", [{"kind": "unpinned"}] * 2_000),
    "reasons of one result": with_("results.0.reasons", [{"kind": "hangs"}] * 2_000),
    "a reason's number": with_("results.0.reasons", [{"kind": "few_calls", "calls": 2**70}]),
    "problems": with_("problems", [{"where": "w", "message": "m"}] * 20_001),
    "a project's name": with_("change.project", "n" * 5_000),
    "a branch's name": with_("change.target", "n" * 5_000),
    "notes of the change": with_("change.notes", ["n"] * 20_001),
    "limits": with_("policy.limits", [{"match": "*"}] * 20_001),
    "acceptances": with_("acceptances", [{"match": "*", "reason": "r", "who": "w", "when": ""}] * 20_001),
    "a pipeline": with_("change.pipeline", 10**30),
    "a pipeline of 2^63": with_("change.pipeline", 2**63),
    "a merge request of 2^31": with_("change.merge_request", 2**31),
    "a negative merge request": with_("change.merge_request", -1),
    "a negative pipeline": with_("change.pipeline", -1),
    "a seed": with_("seed", 2**64),
    "cores": with_("runner.cores", 2**40),
    "memory": with_("runner.memory", 2**70),
    "a round's index": with_("results.0.raw.0.index", 2**70),
    "loops": with_("results.0.raw.0.loops", 2**70),
    "a core": with_("results.0.raw.0.core", 2**40),
    "rounds as a number": with_("results.0.rounds", 2**70),
    "a line": with_("results.0.line", 2**40),
    "a family": with_("family", 2**70),
    "a moment that is none": with_("started", "yesterday"),
    "a moment of another age": with_("started", "99999-01-01T00:00:00Z"),
    "a moment with a NUL": with_("started", "2026-01-01T00:00:00\0Z"),
    "an acceptance of no moment": with_("acceptances", [{"match": "*", "reason": "r", "who": "w", "when": "soon"}]),
    "a depth without end": lambda: '{"schema":"perfbot.report/1","x":' + "[" * 100_000 + "]" * 100_000 + "}",
    "an object's depth without end": lambda: (
        '{"schema":"perfbot.report/1","x":' + '{"a":' * 100_000 + "1" + "}" * 100_001
    ),
    "a number of a million digits": lambda: '{"schema":"perfbot.report/1","seed":' + "9" * 1_000_000 + "}",
}


@pytest.mark.parametrize("attempt", TOO_MUCH)
def test_too_much_of_anything_is_refused(attempt: str) -> None:
    with pytest.raises(ReportError) as caught:
        loads(TOO_MUCH[attempt](), "report.json", 64 * MIB)
    assert len(caught.value.message) < 400


READ = """\
import resource, sys
from perfbot.errors import ReportError
from perfbot.report import loads
import perfbot.judge.verdict
loads(open(sys.argv[2]).read(), "first")
now = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (now + int(sys.argv[3]), -1))
try:
    loads(open(sys.argv[1], "rb").read(), "report.json", 64 << 20)
except ReportError as error:
    print(error.message[:100])
"""

LARGE = {
    "32 million numbers": lambda: b'{"schema":"perfbot.report/2","x":[' + b"0," * 32_000_000 + b"0]}",
    "32 million numbers in a round": lambda: (
        b'{"schema":"perfbot.report/1","results":[{"raw":[{"index":0,"head":[1],"base":['
        + b"1," * 32_000_000
        + b"1]}]}]}"
    ),
    "16 million empty lists": lambda: b'{"schema":"perfbot.report/1","x":[' + b"[]," * 16_000_000 + b"[]]}",
    "10 million objects": lambda: b'{"schema":"perfbot.report/1","x":[' + b'{"":0},' * 8_000_000 + b"0]}",
}


@pytest.mark.parametrize("attempt", LARGE)
def test_64_mib_of_json_are_refused_in_a_quarter_of_a_gibibyte(attempt: str, tmp_path: Path) -> None:
    (tmp_path / "large").write_bytes(LARGE[attempt]())
    (tmp_path / "small").write_text(dumps(typical()))
    argv = [sys.executable, "-c", READ, str(tmp_path / "large"), str(tmp_path / "small"), str(256 * MIB)]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr[-600:]
    assert "large" in done.stdout or "values" in done.stdout


# Nothing of a file is quoted --------------------------------------------------------------------------------------

SECRET = "glpat-of-somebody-else"


@pytest.mark.parametrize(
    "text",
    [
        SECRET,
        f'"{SECRET}"',
        f'{{"schema": "{SECRET}"}}',
        f'{{"schema": "perfbot.report/1", "verdict": "{SECRET}"}}',
        f'{{"schema": "perfbot.report/1", "change": {{"base": "{SECRET}", "head": "{SECRET}"}}}}',
        f'["{SECRET}"]',
        f'{{"{SECRET}": 1}}',
        f"schema = {SECRET}",
    ],
)
def test_what_is_no_report_is_not_quoted(text: str) -> None:
    with pytest.raises(ReportError) as caught:
        loads(text, "report.json")
    assert SECRET[:8] not in str(caught.value)


@pytest.mark.parametrize("place", ["verdict", "change.base", "results.0.verdict", "results.0.unit", "results.1.gate"])
def test_a_wrong_text_is_not_quoted(place: str) -> None:
    with pytest.raises(ReportError) as caught:
        loads(with_(place, SECRET if place != "results.0.unit" else [SECRET])(), "report.json")
    assert SECRET not in str(caught.value)


def link(folder: Path, kind: str) -> Path:
    secret = folder / "elsewhere" / "secret"
    secret.parent.mkdir()
    secret.write_text(SECRET)
    (folder / "elsewhere" / "report.json").write_text(dumps(typical()))
    path = folder / "artifact" / "report.json"
    path.parent.mkdir()
    if kind == "a link to a file":
        path.symlink_to(secret)
    elif kind == "a link to a report":
        path.symlink_to(folder / "elsewhere" / "report.json")
    elif kind == "a link to nothing":
        path.symlink_to(folder / "nowhere")
    elif kind == "a link to itself":
        path.symlink_to(path)
    elif kind == "a folder's link":
        path.parent.rmdir()
        path.parent.symlink_to(folder / "elsewhere")
    elif kind == "a pipe":
        os.mkfifo(path)
    elif kind == "a folder":
        path.mkdir()
    else:
        path.symlink_to("/dev/zero")
    return path


@pytest.mark.parametrize(
    "kind",
    ["a link to a file", "a link to a report", "a link to nothing", "a link to itself", "a folder's link", "a pipe",
     "a folder", "a device"],
)  # fmt: skip
def test_only_plain_files_are_reports(tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """As ``perfbot publish artifact/report.json``, in a job that unpacked what the measuring one had made."""
    link(tmp_path, kind)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ReportError) as caught:
        read(Path("artifact/report.json"), 64 * MIB)
    assert SECRET not in str(caught.value)


# Configurations ---------------------------------------------------------------------------------------------------

CONFIGS = {
    "a dotted key": ".".join("a" * 40_000) + " = 1",
    "a dotted key with spaces": " . ".join("a" * 40_000) + " = 1",
    "a dotted key in quotes": ".".join(['"a"'] * 40_000) + " = 1",
    "a dotted key in single quotes": ".".join(["'a'"] * 40_000) + " = 1",
    "a dotted header": "[" + ".".join("a" * 40_000) + "]",
    "a dotted header of a list": "[[" + ".".join("a" * 40_000) + "]]",
    "a dotted key of an inline table": "a = {" + ".".join("a" * 40_000) + " = 1}",
    "a dotted key after another": "b = 1\n" + "\n".join(".".join("a" * 200) + f".b{n} = 1" for n in range(300)),
    "lists in lists": "a = " + "[" * 50_000 + "]" * 50_000,
    "tables in tables": "a = " + "{a=" * 20_000 + "1" + "}" * 20_000,
    "a mebibyte": "# " + "x" * MIB,
    "a number of many digits": "a = " + "9" * 500_000,
    "a string without an end": 'a = "' + "x" * 500_000,
    "many suites": "\n".join(f'[[suite]]\nname = "s{n}"\nharness = "nothing"' for n in range(8_000)),
    "many unknown keys": "\n".join(f"key{n} = 1" for n in range(20_000)),
    "many limits": "\n".join('[[limit]]\nmatch = "*"\nthreshold = "x"' for n in range(8_000)),
}

PARSE = """\
import resource, sys
from perfbot.config.load import parse
from perfbot.errors import ConfigError
resource.setrlimit(resource.RLIMIT_CPU, (8, 8))
try:
    parse(open(sys.argv[1]).read(), "perfbot.toml")
except ConfigError as error:
    sys.exit(0 if len(error.message) < 20_000 else f"a message of {len(error.message)} characters")
"""


@pytest.mark.parametrize("attempt", CONFIGS)
def test_a_configuration_cannot_keep_the_parser_busy(attempt: str, tmp_path: Path) -> None:
    """Within eight seconds of processor time, start-up included; a hostile key of 80 KB took 43."""
    file = tmp_path / "perfbot.toml"
    file.write_text(CONFIGS[attempt])
    done = subprocess.run([sys.executable, "-c", PARSE, str(file)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, (done.returncode, done.stderr[-300:])


def test_ordinary_keys_are_no_attack() -> None:
    parse('[run]\nbudget = "1m"\n# a.b.c.d.e.f.g.h\n', "perfbot.toml")
    with pytest.raises(ConfigError):
        parse("a.b.c.d.e.f = 1", "perfbot.toml")
