"""A small tool that reports what it is told to, and suites that run it."""

from __future__ import annotations

import json
import sys

from tests.workers import Sides

TOOL = f"{sys.executable} tool.py"

PROGRAM = """\
import json, os, sys
SIDE = os.path.basename(os.getcwd())
def say(text):
    with open(os.environ["LOG"], "a") as log: log.write(SIDE + " " + text + "\\n")
def results(**values):
    found = [{"name": name, "value": value, "unit": "ms"} for name, value in values.items()]
    text = json.dumps({"benchmarks": found})
    if len(sys.argv) > 2: open(sys.argv[2], "w").write(text)
    else: print(text)
say(" ".join(sys.argv[1:2]))
"""


def write(sides: Sides, *, base: str, head: str | None = None) -> None:
    """The program of each side, after the common part."""
    sides.write({"tool.py": PROGRAM + base}, sides=["base"])
    sides.write({"tool.py": PROGRAM + (base if head is None else head)}, sides=["head"])


def suite_of(line: str, *, harness: str = "json", more: str = "") -> str:
    """The keys of a suite that runs a tool."""
    return f'harness = "{harness}"\ncommand = {json.dumps(line)}\n{more}'


COUNTED_TOOL = """\
import os, sys, time
iterations = int(sys.argv[2])
say = open(os.environ["LOG"], "a").write
say(f"{os.path.basename(os.getcwd())} {iterations}\\n")
end = time.process_time() + iterations * FACTOR * 1e-5
while time.process_time() < end: pass
print(f"BenchmarkX {iterations} 777 ns/op 8 B/op")
"""
