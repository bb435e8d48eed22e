"""The same kinds of change as suites of each harness hold them."""

from __future__ import annotations

from evidence.zoo_programs.program import NOTHING, SPIN, WORK, Program

_WORKING = WORK + "\ndef bench():\n    work($items)\n"
_CYCLE = (
    WORK
    + """
calls = 0

def bench():
    global calls
    calls += 1
    work($rare if calls % 10 == 0 else 5000)
"""
)

_PARAMETRISED = (
    WORK + "\nSLOWER = $slower\n\ndef bench(number):\n    work(400 * (2 if number % 30 == 3 and SLOWER else 1))\n"
)
_PARAMETRISED_TEST = """
import program
import pytest


@pytest.mark.parametrize("number", range(300))
def test_many(benchmark, number):
    benchmark(program.bench, number)
"""

_PEDANTIC_TEST = """
import program


def test_consumes(benchmark):
    benchmark.pedantic(program.consume, setup=lambda: (([*range(2000)],), {}), rounds=30)


def test_iterations(benchmark):
    benchmark.pedantic(program.bench, rounds=20, iterations=5, warmup_rounds=1)
"""
_PEDANTIC = (
    WORK
    + """
def consume(items):
    while items:
        items.pop()
    work($items)

def bench():
    work($items)
"""
)

_CLASS_TEST = """
import program
import pytest


class TestStore:
    @pytest.fixture(autouse=True)
    def made(self):
        self.rows = list(range(50))

    def test_method(self, benchmark):
        benchmark(program.bench)

    def test_lambda(self, benchmark):
        benchmark(lambda: program.bench())

    @pytest.mark.benchmark
    def test_marked(self):
        program.bench()
"""

_PYPERF = """
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import program
import pyperf
import time


def timed(loops):
    begin = time.perf_counter()
    for _ in range(loops):
        program.bench()
    return time.perf_counter() - begin


async def asynchronous():
    program.bench()


runner = pyperf.Runner()
runner.bench_func("function", program.bench)
runner.bench_time_func("timed", timed)
runner.bench_async_func("async", asynchronous)
runner.timeit("statement", "program.bench()", globals={"program": program})
"""

_ASV = """
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parents[1]))
import program


class TimeSuite:
    params = [1, 2]

    def setup(self, times):
        self.rows = list(range(100))

    def time_params(self, times):
        for _ in range(times):
            program.bench()


def mem_rows():
    return program.rows()


def track_count():
    return len(program.rows())
"""

_COMMAND = SPIN + "\nspin($spin)\nif $sleep:\n    time.sleep($sleep)\n"
_SHELL = (
    SPIN
    + """
import subprocess
import sys

if len(sys.argv) > 1:
    spin(float(sys.argv[1]))
else:
    subprocess.run(["/bin/sh", "-c", f"{sys.executable} program.py $spin; true"], check=True)
"""
)
_IMPORT = "import package.core\n"
_CORE = WORK + "work($items)\n"

_PRINTS = (
    WORK
    + """
import time

begin = time.perf_counter()
for _ in range(20):
    work($items)
print(f"work: {(time.perf_counter() - begin) / 20 * 1e6:.3f} us")
"""
)

_SERVER = (
    SPIN
    + """
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer

class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        if self.path.startswith("/work"):
            spin($spin)
            if $sleep:
                time.sleep($sleep)
        body = b"ok"
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments):
        pass

HTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
"""
)
_HTTP = """start = "python program.py {port}"
concurrency = 1
metrics = ["latency_p50"]

[[suite.requests]]
name = "work"
path = "/work"
"""

_MEMORY = """
class Row:
    def __init__(self, number):
        self.numbers = [number] * 10

def bench():
    return [Row(number) for number in range($rows)]
"""

PROGRAMS: tuple[Program, ...] = (
    Program("harness/pytest", _WORKING, {"items": 5_000}, {"items": 6_000}, 1.2, harness="pytest"),
    Program("harness/pytest-1-in-10", _CYCLE, {"rare": 5_000}, {"rare": 30_000}, (1.47, 1.51), harness="pytest"),
    Program(
        "harness/parametrised-by-300",
        _PARAMETRISED,
        {"slower": False},
        {"slower": True},
        NOTHING,
        others={f"*test_many[[]{number}]": (1.9, 2.0) for number in range(3, 300, 30)},
        harness="pytest",
        files={"test_program.py": _PARAMETRISED_TEST},
        plain="-",
    ),
    Program(
        "harness/pedantic",
        _PEDANTIC,
        {"items": 5_000},
        {"items": 10_000},
        (1.6, 2.0),
        harness="pytest",
        files={"test_program.py": _PEDANTIC_TEST},
    ),
    Program(
        "harness/classes-and-marks",
        _WORKING,
        {"items": 5_000},
        {"items": 6_000},
        (1.15, 1.21),
        harness="pytest",
        files={"test_program.py": _CLASS_TEST},
    ),
    Program(
        "harness/pyperf",
        _WORKING,
        {"items": 5_000},
        {"items": 6_000},
        (1.18, 1.21),
        harness="pyperf",
        files={"bench_program.py": _PYPERF},
    ),
    Program("harness/pyperf-1-in-10", _CYCLE, {"rare": 5_000}, {"rare": 30_000}, (1.47, 1.51), harness="pyperf"),
    Program(
        "harness/asv",
        _WORKING + "\ndef rows():\n    return list(range(1000, 1000 + $rows))\n",
        {"items": 5_000, "rows": 1_000},
        {"items": 6_000, "rows": 1_200},
        (1.18, 1.21),
        harness="asv",
        files={"suite/benchmarks.py": _ASV},
    ),
    Program(
        "harness/asv-1-in-10",
        _CYCLE,
        {"rare": 5_000},
        {"rare": 30_000},
        (1.47, 1.51),
        harness="asv",
    ),
    Program("harness/a-command", _COMMAND, {"spin": 0.08, "sleep": 0}, {"spin": 0.12}, (1.3, 1.5), harness="command"),
    Program(
        "harness/a-command-sleeps",
        _COMMAND,
        {"spin": 0.04, "sleep": 0},
        {"spin": 0.02, "sleep": 0.08},
        (1.5, 2.3),
        harness="command",
        equals=False,
    ),
    Program(
        "harness/a-command-waits",
        _COMMAND,
        {"spin": 0.005, "sleep": 0.05},
        {"sleep": 0.07},
        (1.15, 1.38),
        harness="command",
    ),
    Program("harness/a-shell-in-a-command", _SHELL, {"spin": 0.05}, {"spin": 0.1}, (1.2, 1.9), harness="command"),
    Program(
        "harness/import-time",
        _IMPORT,
        {"items": 1_500_000},
        {"items": 2_250_000},
        (1.25, 1.5),
        harness="command",
        files={"package/__init__.py": "", "package/core.py": _CORE},
    ),
    Program(
        "harness/a-tool-read-by-regex",
        _PRINTS,
        {"items": 20_000},
        {"items": 26_000},
        (1.28, 1.31),
        harness="regex",
        config="""command = "python program.py"\npattern = '(?P<name>\\w+): (?P<time>[0-9.]+) (?P<unit>us)'\n""",
        plain="import subprocess, sys\nsaid = subprocess.check_output([sys.executable, 'program.py'])\n"
        "print(float(said.split()[1]) / 1e6)\n",
    ),
    Program(
        "harness/a-server",
        _SERVER,
        {"spin": 0.001, "sleep": 0},
        {"spin": 0.002},
        (1.4, 2.0),
        harness="http",
        config=_HTTP,
        plain="-",
    ),
    Program(
        "harness/a-server-sleeps",
        _SERVER,
        {"spin": 0.001, "sleep": 0},
        {"spin": 0.0005, "sleep": 0.003},
        (1.7, 3.6),
        harness="http",
        config=_HTTP,
        plain="-",
        equals=False,
    ),
    Program(
        "harness/memory-of-a-call",
        _MEMORY,
        {"rows": 5_000},
        {"rows": 10_000},
        (1.9, 2.1),
        others={"*:memory": (1.0, 2.0)},
        config='functions = { bench = "program:bench" }\nmetrics = ["allocated", "footprint", "objects", "memory"]\n',
        plain="-",
    ),
    Program(
        "harness/memory-of-a-command",
        "block = bytearray(b'x' * $size)\n",
        {"size": 60_000_000},
        {"size": 90_000_000},
        (1.3, 1.55),
        harness="command",
        config='commands = { bench = "python program.py" }\nmetrics = ["memory"]\n',
        plain="-",
    ),
)
