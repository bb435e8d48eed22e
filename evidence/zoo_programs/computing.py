"""Calls that compute, from 20 ns to 5 s: the plain case, and most of what suites hold."""

from __future__ import annotations

from evidence.zoo_programs.program import WORK, Program, Truth, scaled

_WORKING = WORK + "\ndef bench():\n    work($items)\n"

_LENGTHS = {"3us": 60, "50us": 1_200, "1ms": 24_000, "10ms": 240_000, "100ms": 2_400_000}


def _working(name: str, items: int, times: float, truth: float | Truth, *, slow: bool = False) -> Program:
    head = round(items * times)
    return Program(f"computing/{name}", _WORKING, {"items": items}, {"items": head}, truth, slow=slow)


_BASE = _working("3us", 60, 1.5, (1.35, 1.52))

_NANOSECONDS = Program(
    "computing/20ns",
    "numbers = [1, 2, 3]\n\ndef bench():\n    return numbers$steps\n",
    {"steps": ""},
    {"steps": "[0] + " + " + ".join(["numbers[1] * numbers[2]"] * 8)},
    truth=(2.0, 20.0),
)
"""Some 20 ns, and a few times that: what a call costs around it belongs to neither, so that the range is wide."""

_JSON = """
import json

ROWS = [{"id": number, "name": f"name {number % 7}", "tags": ["a", "b"], "price": number / 8} for number in range(400)]

def bench():
    return json.loads(json.dumps(ROWS[:$items]))
"""

_REGEX = """
import re

PATTERN = re.compile(r"(\\w+)@(\\w+)\\.org")
LINES = [f"somebody{number % 10}@example.org and others" for number in range(400)]

def bench():
    return [PATTERN.search(line).group(2) for line in LINES[:$items]]
"""

_HASH = """
import hashlib

BLOCK = bytes(range(256)) * 40

def bench():
    for _ in range($items):
        found = hashlib.sha256(BLOCK).digest()
    return found
"""

_DECIMAL = """
from decimal import Decimal
import datetime as dt

DAY = dt.date(2026, 1, 1)

def bench():
    total = Decimal(0)
    for number in range($items):
        total += Decimal((DAY + dt.timedelta(days=number % 300)).day) / Decimal(7)
    return total
"""

_EXCEPTIONS = """
def fail(number):
    raise ValueError(number)

def bench():
    seen = 0
    for number in range($items):
        try:
            fail(number)
        except ValueError as error:
            seen += error.args[0]
    return seen
"""

_GENERATORS = """
def numbers(items):
    yield from (number * 3 for number in range(items))

def even(source):
    for number in source:
        if number % 2 == 0:
            yield number

def bench():
    return sum(even(numbers($items)))
"""

_COROUTINES = """
async def leaf(number):
    return number + 1

async def middle(items):
    total = 0
    for number in range(items):
        total += await leaf(number)
    return total

def bench():
    try:
        middle($items).send(None)
    except StopIteration as stop:
        return stop.value
"""

_RECURSION = """
import sys

sys.setrecursionlimit(5000)

def down(depth):
    return 0 if depth == 0 else 1 + down(depth - 1)

def bench():
    for _ in range($items):
        down(400)
"""

_COMPRESS = """
import zlib

DATA = b"some text that is compressed, " * 16 + bytes(range(160))

def bench():
    for _ in range($items):
        found = zlib.compress(DATA)
    return found
"""

_CLASSES = """
class Account:
    def __init__(self, owner):
        self.owner = owner
        self.total = 0

    def add(self, amount):
        self.total += amount
        return self

def bench():
    for number in range($items):
        Account(number).add(1).add(2)
"""

_TEXT = """
def bench():
    words = [f"{number:>6d}-{number % 17:x}" for number in range($items)]
    return ",".join(word.strip().upper() for word in words)
"""


def _items(name: str, source: str, base: int, head: int, slack: float = 0.03) -> Program:
    times = head / base
    low, high = sorted((1 + (times - 1) * (1 - 2 * slack), times + abs(times - 1) * slack))
    return Program(f"computing/{name}", source, {"items": base}, {"items": head}, (low, high))


PROGRAMS: tuple[Program, ...] = (
    _NANOSECONDS,
    _BASE,
    _working("50us", 1_200, 1.1, (1.08, 1.105)),
    _working("1ms", 24_000, 1.1, 1.1),
    _working("10ms", 240_000, 1.05, (1.045, 1.055)),
    _working("100ms", 2_400_000, 1.1, 1.1),
    _working("2s", 48_000_000, 1.5, 1.5, slow=True),
    _working("5s", 110_000_000, 1.5, 1.5, slow=True),
    scaled(_BASE, "computing/halved", {"items": 30}, (0.49, 0.65)),
    Program("computing/a-tenth-less", _WORKING, {"items": 24_000}, {"items": 21_600}, 0.9, equals=False),
    Program("computing/three-percent-more", _WORKING, {"items": 24_000}, {"items": 24_960}, 1.04, equals=False),
    Program("computing/half-a-percent-more", _WORKING, {"items": 24_000}, {"items": 24_120}, 1.005, equals=False),
    _items("json", _JSON, 100, 150),
    _items("regex", _REGEX, 200, 260),
    _items("hash", _HASH, 10, 12),
    _items("decimal-and-dates", _DECIMAL, 100, 130),
    _items("exceptions", _EXCEPTIONS, 400, 500),
    _items("generators", _GENERATORS, 1_000, 1_250),
    _items("coroutines", _COROUTINES, 1_000, 1_300),
    _items("recursion", _RECURSION, 10, 13),
    _items("compress", _COMPRESS, 10, 12),
    _items("classes", _CLASSES, 500, 600),
    _items("text", _TEXT, 400, 500),
)
