"""Programs whose calls became dearer, or more."""

from __future__ import annotations

from evidence.why_zoo.case import changed

RANK = """
def rank(number):
    total = number
    for turn in range(12):
        total += turn * number % 5
    return total


def work():
    before()
    found = [rank(number) for number in range(60)]
    return after(found[-1])
"""

TRACED = """
import functools
import time

SEEN = {}


def traced(function):
    @functools.wraps(function)
    def wrapper(*args, **kwargs):
        begin = time.perf_counter()
        try:
            return function(*args, **kwargs)
        finally:
            SEEN[function.__name__] = time.perf_counter() - begin
    return wrapper

"""

NUMBERS = """
def numbers():
    return [number * 2 for number in range(400)]


def work():
    before()
    found = 0
    for number in numbers():
        found += number
    return after(found)
"""

GENERATED = """def numbers():
    for number in range(400):
        if number >= 0:
            doubled = number * 2
            yield doubled + (number % 2) * 0
"""

LOOKUP = """
KNOWN = {number: str(number) for number in range(0, 400, 2)}


def lookup(number):
    return KNOWN.get(number, "")


def work():
    before()
    found = [lookup(number) for number in range(200)]
    return after(found[0])
"""

RAISED = """    try:
        return KNOWN[number]
    except KeyError:
        return ""
"""

WALK = """
TREE = (1, (2, (3, (4, (5, (6, (7, None))))), (8, None)), (9, (10, (11, None))))


def leaf(value):
    return value * 2 % 7


def walk(node, depth):
    if node is None or depth > 9:
        return 0
    value, *rest = node
    found = leaf(value)
    for part in rest:
        found += walk(part, depth + 1)
    return found


def work():
    before()
    return after(sum(walk(TREE, 0) for _ in range(12)))
"""

AWAITED = """
import asyncio


async def fetch(number):
    found = 0
    for turn in range(6):
        found += turn * number
    return found


async def gather():
    found = 0
    for number in range(60):
        found += await fetch(number)
    return found


LOOP = asyncio.new_event_loop()


def work():
    before()
    return after(LOOP.run_until_complete(gather()))
"""

CHECKSUM = """
import zlib

DATA = b"perfbot" * 60


def digest(rows):
    found = 0
    for number in range(rows):
        found ^= zlib.crc32(DATA)
    return found


def work():
    before()
    return after(digest(40))
"""

REGEX = """
import re

PATTERN = re.compile(r"[a-z]+=\\d+")
TEXT = "name=12; other=345; " * 30


def scan(text):
    return PATTERN.findall(text)


def work():
    before()
    return after(len(scan(TEXT)))
"""

LOGGED = """
import logging

LOG = logging.getLogger("perfbot.made.up")


def step(number):
    return number * 2 + 1


def work():
    before()
    found = 0
    for number in range(100):
        found += step(number)
    return after(found)
"""

LOCKED = """
import threading

LOCK = threading.RLock()
COUNTS = {}


def bump(name):
    COUNTS[name] = COUNTS.get(name, 0) + 1


def work():
    before()
    for number in range(200):
        bump(number % 7)
    return after(len(COUNTS))
"""

CACHED = """
import functools


@functools.lru_cache(maxsize=None)
def price(name):
    found = 0
    for turn in range(20):
        found += len(name) * turn
    return found


def bill():
    return sum(price(name) for name in ("tea", "milk", "bread") * 10)


def work():
    before()
    return after(bill())
"""

CALLED_BACK = """
def key(word):
    return word[-1]


WORDS = [f"word{number * 7919 % 251}" for number in range(120)]


def work():
    before()
    found = sorted(WORDS, key=key)
    return after(found[0])
"""

CLOSED = """
def outer(limit):
    def inner(number):
        return number % limit
    return inner


def work():
    before()
    inner = outer(5)
    return after(sum(map(inner, range(150))))
"""

SMALLER = """
def cut(text, size):
    return [text[begin:begin + size] for begin in range(0, len(text), size)]


def work():
    before()
    parts = cut("abcdefgh" * 100, 8)
    return after(len(parts))
"""

CALLS = (
    changed("decorator", TRACED + RANK, "def rank", "@traced\ndef rank", "rank", "traced.<locals>.wrapper"),
    changed("generator", NUMBERS, "def numbers():\n    return [number * 2 for number in range(400)]\n", GENERATED, "numbers"),
    changed("exception", LOOKUP, '    return KNOWN.get(number, "")\n', RAISED, "lookup"),
    changed("recursion", WALK, "    found = leaf(value)\n", "    found = leaf(value) + leaf(depth) + leaf(value + 1)\n", "walk"),
    changed("deeper recursion", WALK, "(3, (4, (5, (6, (7, None)))))", "(3, (4, (5, (6, (7, (1, (2, (3, (4, None)))))))))", "walk", "leaf"),
    changed("async", AWAITED, "range(6)", "range(12)", "fetch"),
    changed("compiled, more often", CHECKSUM, "        found ^= zlib.crc32(DATA)\n", "        found ^= zlib.crc32(DATA)\n        found ^= zlib.crc32(DATA, found)\n", "digest"),
    changed("regular expression", REGEX, '"[a-z]+=', '"(?:[a-z]|[a-z])+=', "scan"),
    changed("logging", LOGGED, "    return number * 2 + 1\n", '    LOG.debug("step %d", number)\n    return number * 2 + 1\n', "step"),
    changed("lock", LOCKED, "    COUNTS[name] = COUNTS.get(name, 0) + 1\n", "    with LOCK:\n        COUNTS[name] = COUNTS.get(name, 0) + 1\n", "bump"),
    changed("lost cache", CACHED, "@functools.lru_cache(maxsize=None)\n", "", "price"),
    changed("called back", CALLED_BACK, "    return word[-1]\n", "    return word[-1].lower().strip()\n", "key"),
    changed("closure", CLOSED, "        return number % limit\n", "        return divmod(number, limit)[1]\n", "outer.<locals>.inner"),
    changed("comprehension", SMALLER, "text[begin:begin + size] for", "text[begin:begin + size].upper().lower() for", "cut"),
)  # fmt: skip
