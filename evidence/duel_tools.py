"""The tools that ``duel.py`` compares: how each is run, as its documentation says, and what its output means.

Each gets two checkouts of the same repository and a number that says how much to measure, and answers with the
verdicts that it gives by itself. Parsing is pure; the captured outputs that it is tested with are in
tests/captured/duel.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from evidence.duel_project import CHANGES
from evidence.rules import hyperfine_welch
from perfbot.process import Finished, run

SLOWER, FASTER, SAME, CANNOT_TELL = "slower", "faster", "same", "cannot tell"
"""What a tool may say of a benchmark. One that it does not mention it did not call changed."""

Verdicts = dict[str, str]
"""By benchmark."""

LONGEST_SECONDS = 1800.0

PACKAGES = ("pyperf", "pytest", "pytest-benchmark", "asv", "virtualenv")
"""What the tools' own environment has; asv makes another one by virtualenv."""

PERFBOT_SAYS = {"regressed": SLOWER, "improved": FASTER, "unchanged": SAME}


class ToolFailed(Exception):
    """A tool gave no verdicts; the text is the end of what it printed."""


@dataclass(frozen=True, slots=True)
class Kit:
    """Where everything lies.

    Attributes:
        folder: has ``repo`` and a checkout of each branch; scratch files go there, too.
        calls: of each benchmark in a command of a tenth of a second.
        budget: perfbot's, such as "60s".
    """

    folder: Path
    calls: Mapping[str, int]
    budget: str

    @property
    def python(self) -> Path:
        """The interpreter that has the other tools."""
        return self.folder / "tools" / "bin" / "python"

    @property
    def env(self) -> dict[str, str]:
        """The tools see little of the caller's environment, and a home of their own."""
        kept = {
            name: os.environ[name] for name in ("LANG", "PIP_CERT", "SSL_CERT_FILE", "TMPDIR") if name in os.environ
        }
        kept |= {name: value for name, value in os.environ.items() if name.startswith("PIP_")}
        path = f"{self.folder / 'tools' / 'bin'}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
        return {**kept, "PATH": path, "HOME": str(self.folder / "home"), "PERFBOT_CACHE": str(self.folder / "cache")}

    def scratch(self, name: str) -> Path:
        """A folder that is empty."""
        folder = self.folder / "scratch" / name
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        return folder

    def run(self, argv: Sequence[str | Path], cwd: str, codes: Sequence[int] = (0,), **env: str) -> str:
        """Run a command and return what it printed.

        Raises:
            ToolFailed: it ended with none of ``codes``.
        """
        finished: Finished = run(
            [str(word) for word in argv], cwd=self.folder / cwd, env={**self.env, **env}, timeout=LONGEST_SECONDS
        )
        if finished.timed_out or finished.code not in codes:
            raise ToolFailed(f"{argv[0]} {finished.ending}\n{finished.output}")
        return finished.output


@dataclass(slots=True)
class Answer:
    """Verdicts by what the tool's rule is called in the table, and what it printed."""

    verdicts: dict[str, Verdicts]
    output: str = ""


Runner = Callable[[Kit, str, int], Answer]
"""Given the head branch and how much to measure."""


@dataclass(frozen=True, slots=True)
class Tool:
    """A competitor.

    Attributes:
        rows: what its rules are called in the table.
        amount: the option that says how much to measure.
        least: amount that makes any sense.
        program: must be on the PATH; otherwise it is in the tools' environment.
    """

    name: str
    rows: tuple[str, ...]
    run: Runner
    amount: str = ""
    least: int = 1
    program: str = ""


# perfbot ----------------------------------------------------------------------------------------------------------


def run_perfbot(kit: Kit, head: str, _: int) -> Answer:
    """``perfbot run``; it decides by itself how much to measure."""
    report = kit.scratch("perfbot") / "report.json"
    argv = [
        sys.executable,
        "-m",
        "perfbot",
        "run",
        f"main..{head}",
        "--no-why",
        "--report",
        report,
        "--budget",
        kit.budget,
    ]
    output = kit.run(argv, "repo", codes=(0, 1))
    return Answer({"perfbot run": parse_perfbot(json.loads(report.read_text()))}, output)


def parse_perfbot(report: Mapping[str, Any]) -> Verdicts:
    """Verdicts of its report."""
    return {result["benchmark"]: PERFBOT_SAYS.get(result["verdict"], CANNOT_TELL) for result in report["results"]}


def count_instructions(kit: Kit) -> dict[str, float]:
    """The true size of each change, counted by perfbot with valgrind; nothing where there is none."""
    report = kit.scratch("counted") / "report.json"
    argv = [
        sys.executable,
        "-m",
        "perfbot",
        "run",
        "main..changed",
        "--no-why",
        "--config",
        "counted.toml",
        "--report",
        report,
    ]
    kit.run(argv, "repo", codes=(0, 1, 3))
    results = json.loads(report.read_text())["results"]
    return {one["benchmark"]: one["change"] for one in results if one["change"] is not None}


# pyperf -----------------------------------------------------------------------------------------------------------

PYPERF_ROW = "pyperf compare_to"


def run_pyperf(kit: Kit, head: str, amount: int) -> Answer:
    """All of base, then all of head, with its own numbers of values and warm-ups in short batches."""
    folder = kit.scratch("pyperf")
    for side in ("main", head):
        argv = [kit.python, "for_pyperf/bench_work.py", "-q", "-p", str(amount), "-o", folder / f"{side}.json"]
        kit.run([*argv, "--min-time", "0.01"], side)
    output = kit.run([kit.python, "-m", "pyperf", "compare_to", folder / "main.json", folder / f"{head}.json"], ".")
    return Answer({PYPERF_ROW: parse_pyperf(output)}, output)


def parse_pyperf(output: str) -> Verdicts:
    """``name: Mean +- std dev: [a] … -> [b] …: 1.05x slower``; what is hidden is not significant."""
    found = re.findall(r"^(\w+): Mean .*: [\d.]+x (slower|faster)$", output, re.MULTILINE)
    return dict(found)


# pytest-benchmark -------------------------------------------------------------------------------------------------

PYTEST_LIMITS = (5, 2)
BACKWARDS = """\
import json, sys
from pytest_benchmark.utils import PercentageRegressionCheck
base, head = ({b["name"]: b["stats"] for b in json.load(open(path))["benchmarks"]} for path in sys.argv[1:3])
checks = {limit: PercentageRegressionCheck("mean", int(limit)) for limit in sys.argv[3].split(",")}
print(json.dumps({limit: [n for n in base if check.fails(base[n], head[n])] for limit, check in checks.items()}))
"""
"""It fails regressions alone: a gain is what its own check fails when the sides are exchanged."""


def run_pytest_benchmark(kit: Kit, head: str, amount: int) -> Answer:
    """Save base's results, then compare head with them, failing what its documentation's limit fails."""
    folder = kit.scratch("pytest")
    common = ["-m", "pytest", "-q", "for_pytest", "-p", "no:cacheprovider", f"--benchmark-storage=file://{folder}"]
    common += [f"--benchmark-max-time={amount / 1000}", "--benchmark-columns=mean"]
    kit.run([kit.python, *common, "--benchmark-save=base"], "main", PYTHONPATH=".")
    fails = [f"--benchmark-compare-fail=mean:{limit}%" for limit in PYTEST_LIMITS]
    argv = [kit.python, *common, "--benchmark-save=head", "--benchmark-compare=0001", *fails]
    output = kit.run(argv, head, codes=(0, 1), PYTHONPATH=".")
    saved = [next(folder.rglob(f"*_{side}.json")) for side in ("base", "head")]
    limits = ",".join(map(str, PYTEST_LIMITS))
    gains = json.loads(kit.run([kit.python, "-c", BACKWARDS, *saved, limits], "."))
    return Answer(
        {pytest_row(limit): parse_pytest_benchmark(output, limit, gains[str(limit)]) for limit in PYTEST_LIMITS}, output
    )


def pytest_row(limit: int) -> str:
    """Its name in the table."""
    return f"pytest-benchmark compare, mean:{limit}%"


def parse_pytest_benchmark(output: str, limit: int, gains: Sequence[str]) -> Verdicts:
    """``test_work[name] (0001_base) - Field 'mean' has failed PercentageRegressionCheck: 7.1 > 5.0``."""
    failed = r"^\ttest_work\[(\w+)\] .* has failed PercentageRegressionCheck: [\d.einf+-]+ > ([\d.]+)$"
    slower = {name for name, over in re.findall(failed, output, re.MULTILINE) if float(over) == limit}
    faster = {name.removeprefix("test_work[").removesuffix("]") for name in gains}
    return dict.fromkeys(slower, SLOWER) | dict.fromkeys(faster, FASTER)


# asv --------------------------------------------------------------------------------------------------------------

ASV_ROWS = ("asv continuous, factor 1.1", "asv compare, factor 1.02")


def run_asv(kit: Kit, head: str, amount: int) -> Answer:
    """Both commits interleaved, with its default factor; then its comparison of the same results with perfbot's 2 %."""
    shutil.rmtree(kit.folder / "asv" / "results", ignore_errors=True)
    asv: list[str | Path] = [kit.python, "-m", "asv"]
    kit.run([*asv, "machine", "--yes"], "repo")
    # 1 says that something became slower
    argv = [*asv, "continuous", "--interleave-rounds", "-a", f"repeat={amount}", "main", head]
    output = kit.run(argv, "repo", codes=(0, 1))
    if "BENCHMARKS" not in output:
        raise ToolFailed(output)
    strict = kit.run([*asv, "compare", "--factor", "1.02", "main", head], "repo")
    return Answer(dict(zip(ASV_ROWS, map(parse_asv, (output, strict)), strict=True)), f"{output}\n{strict}")


def parse_asv(output: str) -> Verdicts:
    """``| + | 34.7±0.3μs | 36.2±0.2μs | 1.04 | benchmarks.time_name |``: + is slower, − is faster."""
    rows = re.findall(r"^\|\s*([+-])\s*\|.*\|\s*benchmarks\.time_(\w+)\s*\|$", output, re.MULTILINE)
    return {name: SLOWER if sign == "+" else FASTER for sign, name in rows}


# hyperfine --------------------------------------------------------------------------------------------------------

HYPERFINE_ROW = "hyperfine, welch_ttest.py (reimplemented)"


def run_hyperfine(kit: Kit, head: str, amount: int) -> Answer:
    """Both commands in one call, a benchmark at a time; its own repository's script decides about the times."""
    file = kit.scratch("hyperfine") / "times.json"
    verdicts: Verdicts = {}
    outputs = []
    for name in CHANGES:
        lines = [
            f"{sys.executable} -S {kit.folder / side / 'command.py'} {name} {kit.calls[name]}"
            for side in ("main", head)
        ]
        argv = ["hyperfine", "-N", "--style", "basic", "--warmup", "1", "--runs", str(amount), "--export-json", file]
        outputs.append(kit.run([*argv, *lines], "."))
        verdicts |= parse_hyperfine(name, json.loads(file.read_text()))
    return Answer({HYPERFINE_ROW: verdicts}, "\n".join(outputs))


def parse_hyperfine(name: str, exported: Mapping[str, Any]) -> Verdicts:
    """The rule of its ``scripts/welch_ttest.py`` on the times that it exported."""
    base, head = (np.array(result["times"]) for result in exported["results"])
    called = hyperfine_welch(base, head)
    return {name: SLOWER if called > 0 else FASTER} if called else {}


TOOLS = (
    Tool("perfbot", ("perfbot run",), run_perfbot),
    Tool("pyperf", (PYPERF_ROW,), run_pyperf, "--processes", 2),
    Tool(
        "pytest-benchmark", tuple(map(pytest_row, PYTEST_LIMITS)), run_pytest_benchmark, "--benchmark-max-time (ms)", 20
    ),
    Tool("asv", ASV_ROWS, run_asv, "repeat", 2),
    Tool("hyperfine", (HYPERFINE_ROW,), run_hyperfine, "--runs", 2, "hyperfine"),
)
"""perfbot first: its time is what the others get."""
