"""C programs that became slower, explained by callgrind and by perf: needs gcc and one or both of these."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from perfbot.measure.processes.commands import CommandSuite
from perfbot.measure.processes.explaining import ExplainingCommands
from perfbot.measure.processes.sampling_commands import perf_command
from perfbot.model import SIDES, Result
from perfbot.why.edits import Edits
from perfbot.why.explain import explain
from tests.workers import Sides

pytestmark = [pytest.mark.external, pytest.mark.timeout(240)]

PROGRAM = """\
#include <stdio.h>
int fold(int x) { volatile int s = 0; for (int i = 0; i < 20; i++) s += x ^ i; return s; }
int find(int n) { int s = 0; for (int i = 0; i < n; i++) s += fold(i); return s; }
int main(void) { int t = 0; for (int k = 0; k < 100; k++) t += find(100); printf("%d\\n", t); return 0; }
"""


JUMPS = """\
#include <stdio.h>
#include <stdlib.h>
static int *table;
int look(long n, long step) {
  int s = 0;
  for (long i = 0, at = 0; i < n; i++) { s += table[at]; at = (at + step) & 0x7fffff; }
  return s;
}
int rest(long n) { volatile long s = 0; for (long i = 0; i < n; i++) s += i % 7; return s; }
int main(void) { table = calloc(0x800000, 4); printf("%d %d\\n", look(6000000, 1), rest(9000000)); return 0; }
"""


def test_what_memory_makes_slower_is_named_where_perf_may_sample(tmp_path: Path) -> None:
    if perf_command(tmp_path) is None:
        pytest.skip("perf is not there, or may not sample")
    sides = Sides(tmp_path, Path(sys.executable))
    for side, step in zip(SIDES, ("1", "1031"), strict=True):
        sides.write({"program.c": JUMPS.replace("6000000, 1", f"6000000, {step}")}, sides=[side])
        build = ["gcc", "-O1", "-g", "-fno-inline", "program.c", "-o", "program"]
        subprocess.run(build, cwd=sides.tree(side), check=True)
    suite = sides.suite('harness = "command"\ncommands = { run = "./program" }')
    assert isinstance(suite, CommandSuite)
    explaining = ExplainingCommands(suite)
    rounds = list(explaining.observe(["run"], 60.0))
    assert "sampled by perf" in explaining.notes["run"]
    seconds = [sum(one.sides[side].seconds for one in rounds) / len(rounds) for side in SIDES]
    result = Result("s", "run", "time", "s", "lower", "regressed", base=seconds[0], head=seconds[1], change=1.0)
    assert explain(result, rounds, Edits(), {}, 1.0).parts[0].function == "look"


def test_the_function_that_was_edited_is_named(tmp_path: Path) -> None:
    sides = Sides(tmp_path, Path(sys.executable))
    for side, text in zip(SIDES, (PROGRAM, PROGRAM.replace("s += fold(i)", "s += fold(i) + fold(i + 1)")), strict=True):
        sides.write({"program.c": text}, sides=[side])
        build = ["gcc", "-O1", "-g", "-fno-inline", "program.c", "-o", "program"]
        subprocess.run(build, cwd=sides.tree(side), check=True)
    suite = sides.suite('harness = "command"\ncommands = { run = "./program" }')
    assert isinstance(suite, CommandSuite)
    rounds = list(ExplainingCommands(suite, instructions=True).observe(["run"], 120.0))
    result = Result("s", "run", "time", "s", "lower", "regressed", base=0.010, head=0.019, change=0.9)
    found = explain(result, rounds, Edits(head={"program.c": ((3, 3),)}), {}, 1.0)
    first = found.parts[0]
    assert (first.function, first.file, first.edited) == ("find", "program.c", True)
    assert (first.callee, first.callee_calls) == ("fold", (10_000, 20_000))
    assert found.explained == pytest.approx(0.009, rel=0.05)
