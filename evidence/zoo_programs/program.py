"""What a program of the zoo is: one source with blanks, how each side fills them, and what that does to its cost.

A new one takes a few lines::

    Program(
        "spread/every-second-call",
        WORK + '''
    calls = 0

    def bench():
        global calls
        calls += 1
        work($work if calls % 2 else 3000)
    ''',
        base={"work": 3000}, head={"work": 6000}, truth=1.5,
    )

``truth`` is mean cost of a call on head over that on base, in the time that a user waits, in the steady state. It
follows from the construction; ``python -m evidence.zoo --check-truth`` measures it with plain processes as well.
"""

from __future__ import annotations

import hashlib
import string
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from typing import Any

Truth = tuple[float, float]
"""Least and greatest that mean cost on head may be, over that on base."""

NOTHING: Truth = (1.0, 1.0)

EQUAL = "="
"""What the names of equal pairs end with."""

KNOWN_TO = 0.02
"""How well one counts what is around the work: a truth given as one number is that, give or take this share of the
change (of ×1.5 for instance 1.49 to 1.51)."""

WORK = '''
from itertools import repeat

def work(items):
    """Computes; twice the items cost twice as much: all numbers are of one size, and none is shared."""
    value = 1
    for _ in repeat(None, items):
        value = value * 5 % 1_000_003
    return value

'''

SPIN = '''
import time

def spin(seconds):
    """Computes until this thread has had the processor for so long."""
    end = time.thread_time() + seconds
    while time.thread_time() < end:
        pass

'''

IRRELEVANT = (
    '\n\ndef never_called(first, second=None):\n    """Nobody calls this."""\n    return [first, second]\n',
    "\n\n# A remark.\n# And one more, which is longer, and says no more than the first one did.\n",
    '\n\nLIMITS = {"small": 10, "large": 1000}\n',
    "\n\nclass Unused:\n    limit = 3\n\n    def method(self):\n        return self.limit\n",
    "\n\nimport textwrap  # not needed\n",
)
"""Ends of a Python file that cost nothing; the last one does where a whole process is measured."""

IRRELEVANT_C = "\n\nint never_called(int first) {\n    return first * 3 + 1;\n}\n"

DEFAULT_CONFIG = {
    "python": 'functions = { bench = "program:bench" }\n',
    "pytest": 'paths = ["test_program.py"]\n',
    "pyperf": 'paths = ["bench_program.py"]\n',
    "asv": 'paths = ["suite/"]\n',
    "command": 'commands = { bench = "python program.py" }\n',
}
"""What a suite's table says beside name, harness and set-up, where a program says nothing else."""

ADAPTERS: Mapping[str, Mapping[str, str]] = {
    "pytest": {"test_program.py": "import program\n\n\ndef test_bench(benchmark):\n    benchmark(program.bench)\n"},
    "pyperf": {
        "bench_program.py": "import pathlib, sys\n\nsys.path.insert(0, str(pathlib.Path(__file__).parent))\n"
        "import program\nimport pyperf\n\nrunner = pyperf.Runner()\nrunner.bench_func('bench', program.bench)\n"
    },
    "asv": {
        "asv.conf.json": '{"version": 1, "project": "zoo", "repo": ".", "benchmark_dir": "suite"}\n',
        "suite/__init__.py": "",
        "suite/benchmarks.py": "import pathlib, sys\n\nsys.path.insert(0, str(pathlib.Path(__file__).parents[1]))\n"
        "import program\n\n\ndef time_bench():\n    program.bench()\n",
    },
}
"""Files beside program.py that make it a suite of this harness."""


def range_of(truth: float | Truth) -> Truth:
    """The range that a truth stands for."""
    if isinstance(truth, tuple):
        return truth
    slack = KNOWN_TO * abs(truth - 1)
    return (truth - slack, truth + slack)


@dataclass(frozen=True, slots=True)
class Program:
    """One program, a base and a head of it, and the truth about their costs.

    Attributes:
        name: ``kind/what``, unique.
        source: of ``program.py``, with ``$blanks``; ``bench()`` in it is measured.
        base, head: what the blanks hold on each side.
        truth: head/base of mean cost: a number, or the least and the greatest that it may be.
        others: truths of benchmarks (or ``benchmark:metric``) for which ``truth`` does not hold, by pattern.
        equals: whether the zoo also has base against base with an edit that costs nothing.
        harness: perfbot's name for what runs it.
        config: the suite's table, where the harness's usual one will not do.
        gate: lines for the table ``[gate]``.
        files: more files of both sides, by path, with blanks.
        setup: commands of the suite's set-up.
        edited: the file whose end the equal pair's edit is put at.
        plain: a script that prints seconds a call, for ``--check-truth``; empty times ``bench()``, "-" cannot be
            checked.
        warm: seconds of calls that such a check throws away first.
        slow: takes minutes.
    """

    name: str
    source: str
    base: Mapping[str, Any] = field(default_factory=dict)
    head: Mapping[str, Any] = field(default_factory=dict)
    truth: float | Truth = 1.0
    others: Mapping[str, float | Truth] = field(default_factory=dict)
    equals: bool = True
    harness: str = "python"
    config: str = ""
    gate: str = ""
    files: Mapping[str, str] = field(default_factory=dict)
    setup: tuple[str, ...] = ()
    edited: str = "program.py"
    plain: str = ""
    warm: float = 0.05
    slow: bool = False

    @property
    def kind(self) -> str:
        """The first part of its name."""
        return self.name.partition("/")[0]


@dataclass(frozen=True, slots=True)
class Case:
    """A program as perfbot gets it: files of both sides, and what is true of each benchmark."""

    name: str
    base: Mapping[str, str]
    head: Mapping[str, str]
    truth: Truth
    others: Mapping[str, Truth]
    program: Program

    def truth_of(self, benchmark: str, metric: str) -> Truth:
        """What is true of a benchmark's metric; the last pattern that matches counts."""
        found = self.truth
        for pattern, truth in self.others.items():
            if benchmark == pattern or fnmatchcase(f"{benchmark}:{metric}", pattern) or fnmatchcase(benchmark, pattern):
                found = truth
        return found

    @property
    def changed(self) -> bool:
        """Whether anything costs more or less on head."""
        return any(truth != NOTHING for truth in (self.truth, *self.others.values()))

    @property
    def slower(self) -> bool:
        """Whether something may cost more on head, so that the gate may fail."""
        return any(high > 1 for _, high in (self.truth, *self.others.values()))

    @property
    def is_equal_pair(self) -> bool:
        """Whether the sides differ by an edit that costs nothing."""
        return self.name.endswith(EQUAL)


def cases_of(program: Program) -> list[Case]:
    """The change, where there is one, and the equal pair, where it is wanted."""
    base = _files(program, program.base)
    head = _files(program, {**program.base, **program.head})
    found = []
    truths = {pattern: range_of(truth) for pattern, truth in program.others.items()}
    if base != head:
        found.append(Case(program.name, base, head, range_of(program.truth), truths, program))
    if program.equals:
        same = {**base, program.edited: base[program.edited] + _edit(program)}
        nothing = dict.fromkeys(truths, NOTHING)
        found.append(Case(program.name + EQUAL, base, same, NOTHING, nothing, program))
    return found


def _edit(program: Program) -> str:
    """One of the edits that cost nothing; always the same one for a program."""
    if program.edited.endswith(".c"):
        return IRRELEVANT_C
    fitting = IRRELEVANT[:-1] if program.harness == "command" else IRRELEVANT
    return fitting[hashlib.sha256(program.name.encode()).digest()[0] % len(fitting)]


def _files(program: Program, blanks: Mapping[str, Any]) -> dict[str, str]:
    wanted = {"program.py": program.source, **ADAPTERS.get(program.harness, {}), **program.files}
    filled = {path: string.Template(text).safe_substitute(blanks) for path, text in wanted.items()}
    return {**filled, "perfbot.toml": _config(program)}


def _config(program: Program) -> str:
    commands = ", ".join(f"'{command}'" for command in program.setup)
    gate = f"[gate]\n{program.gate}\n" if program.gate else ""
    table = program.config or DEFAULT_CONFIG[program.harness]
    return f'{gate}[[suite]]\nname = "zoo"\nharness = "{program.harness}"\nsetup = [{commands}]\n{table}'


def scaled(program: Program, name: str, head: Mapping[str, Any], truth: float | Truth) -> Program:
    """The same program with another head, without a second equal pair."""
    return replace(program, name=name, head=head, truth=truth, equals=False)
