"""Programs with something that became dearer."""

from __future__ import annotations

from evidence.why_zoo.case import AROUND, Case, changed

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

SHAPES = """
class Shape:
    def __init__(self, width, height):
        self.width = width
        self.height = height
        self.area = width * height


SHAPES = [Shape(number, number + 1) for number in range(100)]


def total(shapes):
    found = 0
    for shape in shapes:
        found += shape.area
    return found


def work():
    before()
    return after(total(SHAPES))
"""

COMPUTED = """        self.height = height

    @property
    def area(self):
        return sum([self.width] * self.height) if self.height < 8 else self.width * self.height
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

PROXY = """
class Real:
    def __init__(self):
        self.value = 3
        self.other = 4


class Proxy:
    def __init__(self, real):
        self.real = real
        self.value = real.value


PROXY = Proxy(Real())


def read(proxy):
    found = 0
    for _ in range(150):
        found += proxy.value
    return found


def work():
    before()
    return after(read(PROXY))
"""

POINTS = """
from dataclasses import dataclass


@dataclass
class Point:
    x: int
    y: int


def points():
    return [Point(number, number) for number in range(120)]


def work():
    before()
    return after(len(points()))
"""

VALIDATED = """    y: int

    def __post_init__(self):
        for name, kind in (("x", int), ("y", int)):
            value = getattr(self, name)
            if not isinstance(value, kind):
                raise TypeError(name)
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

ROWS = """
import os

with open(os.path.join(os.path.dirname(__file__), "rows.txt")) as file:
    ROWS = file.read().splitlines()


def parse(rows):
    found = 0
    for row in rows:
        name, _, value = row.partition("=")
        found += int(value)
    return found


def work():
    before()
    return after(parse(ROWS))
"""


def _rows(count: int) -> str:
    return "".join(f"name{number}={number}\n" for number in range(count))


DEPENDENCY = """
import perfbot_made_up


def work():
    before()
    return after(perfbot_made_up.squares(100))
"""

SQUARES = """
def squares(count):
    found = 0
    for number in range(count):
        found += number * number
    return found
"""

LIMITED = """
import os

LIMIT = 90


def check(numbers):
    found = 0
    for number in numbers:
        if number < LIMIT:
            found += 1
    return found


def work():
    before()
    return after(check(range(150)))
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

SORTED = """
WORDS = [f"word{number * 7919 % 251}" for number in range(250)]


def order(words):
    return sorted(words)


def work():
    before()
    return after(order(WORDS)[0])
"""

JOINED = """
PARTS = ["part" * 3] * 150


def build(parts):
    return "".join(parts)


def work():
    before()
    return after(len(build(PARTS)))
"""

COPIED = """
import copy

STATE = {"rows": [[number, str(number)] for number in range(6)]}


def snapshot(state):
    return dict(state)


def work():
    before()
    return after(len(snapshot(STATE)))
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

INHERITED = """
class Base:
    def handle(self, number):
        return number + 1


class Handler(Base):
    pass


HANDLER = Handler()


def work():
    before()
    found = 0
    for number in range(100):
        found += HANDLER.handle(number)
    return after(found)
"""

OVERRIDDEN = """class Handler(Base):
    def handle(self, number):
        checked = [number][0]
        return super().handle(checked)
"""

SMALLER = """
def cut(text, size):
    return [text[begin:begin + size] for begin in range(0, len(text), size)]


def work():
    before()
    parts = cut("abcdefgh" * 100, 8)
    return after(len(parts))
"""

BIGGER_INPUT = """
def total(numbers):
    found = 0
    for number in numbers:
        found += number * 3
    return found


def choose():
    return range(300)


def work():
    before()
    return after(total(choose()))
"""

SLOTS = """
class Point:
    __slots__ = ("x", "y", "z")

    def __init__(self, x):
        self.x = x
        self.y = x
        self.z = x


def points():
    return [Point(number) for number in range(200)]


def work():
    before()
    return after(len(points()))
"""

SETUP = """
class Setup:
    def __enter__(self):
        return self

    def __exit__(self, *_):
        return False


def guarded(number):
    with Setup():
        return number + 1


def work():
    before()
    return after(sum(guarded(number) for number in range(100)))
"""

SUBCLASSED = """
class Table(dict):
    pass


TABLE = Table({number: number for number in range(50)})


def look(table):
    found = 0
    for number in range(150):
        found += table[number % 50]
    return found


def work():
    before()
    return after(look(TABLE))
"""

EQUAL = """
class Item:
    def __init__(self, number):
        self.number = number

    def __eq__(self, other):
        return self.number == other.number

    def __hash__(self):
        return hash(self.number)


ITEMS = [Item(number) for number in range(60)]
KNOWN = set(ITEMS)


def common(items):
    return sum(item in KNOWN for item in items)


def work():
    before()
    return after(common([Item(number) for number in range(60)]))
"""

SLOWER = (
    changed("decorator", TRACED + RANK, "def rank", "@traced\ndef rank", "rank", "traced.<locals>.wrapper"),
    changed("property", SHAPES, "        self.height = height\n        self.area = width * height\n", COMPUTED, "Shape.area"),
    changed("generator", NUMBERS, "def numbers():\n    return [number * 2 for number in range(400)]\n", GENERATED, "numbers"),
    changed("exception", LOOKUP, '    return KNOWN.get(number, "")\n', RAISED, "lookup"),
    changed("recursion", WALK, "    found = leaf(value)\n", "    found = leaf(value) + leaf(depth) + leaf(value + 1)\n", "walk"),
    changed("deeper recursion", WALK, "(3, (4, (5, (6, (7, None)))))", "(3, (4, (5, (6, (7, (1, (2, (3, (4, None)))))))))", "walk", "leaf"),
    changed("async", AWAITED, "range(6)", "range(12)", "fetch"),
    changed("compiled, more often", CHECKSUM, "        found ^= zlib.crc32(DATA)\n", "        found ^= zlib.crc32(DATA)\n        found ^= zlib.crc32(DATA, found)\n", "digest"),
    changed("regular expression", REGEX, '"[a-z]+=', '"(?:[a-z]|[a-z])+=', "scan"),
    changed("getattr", PROXY, "        self.value = real.value\n", "\n    def __getattr__(self, name):\n        return getattr(self.real, name)\n", "Proxy.__getattr__"),
    changed("validation", POINTS, "    y: int\n", VALIDATED, "Point.__post_init__", "Point.__init__", "__init__", "__create_fn__.<locals>.__init__"),
    changed("logging", LOGGED, "    return number * 2 + 1\n", '    LOG.debug("step %d", number)\n    return number * 2 + 1\n', "step"),
    changed("lock", LOCKED, "    COUNTS[name] = COUNTS.get(name, 0) + 1\n", "    with LOCK:\n        COUNTS[name] = COUNTS.get(name, 0) + 1\n", "bump"),
    Case("data file", ROWS + AROUND, ROWS + AROUND, ("parse",), {"rows.txt": (_rows(100), _rows(190))}),
    Case(
        "dependency", DEPENDENCY + AROUND, DEPENDENCY + AROUND, ("squares",),
        {
            "site-packages/perfbot_made_up.py": (SQUARES, SQUARES.replace("number * number", "number ** 2 + abs(number)")),
            "site-packages/perfbot_made_up-1.dist-info/METADATA": (
                "Metadata-Version: 2.1\nName: perfbot-made-up\nVersion: 1.0\n",
                "Metadata-Version: 2.1\nName: perfbot-made-up\nVersion: 1.1\n",
            ),
        },
        {"perfbot-made-up": "1.0 → 1.1"},
    ),
    changed("constant made a function", LIMITED + "\n\ndef limit():\n    return int(os.environ.get('LIMIT_OF_IT', 90))\n", "number < LIMIT:", "number < limit():", "check"),
    changed("lost cache", CACHED, "@functools.lru_cache(maxsize=None)\n", "", "price"),
    changed("sorting key", SORTED, "sorted(words)", "sorted(words, key=lambda word: word.lower())", "order"),
    changed("concatenation", JOINED, '    return "".join(parts)\n', '    found = ""\n    for part in parts:\n        found = part + found\n    return found\n', "build"),
    changed("deep copy", COPIED, "    return dict(state)\n", "    return copy.deepcopy(state)\n", "snapshot"),
    changed("called back", CALLED_BACK, "    return word[-1]\n", "    return word[-1].lower().strip()\n", "key"),
    changed("closure", CLOSED, "        return number % limit\n", "        return divmod(number, limit)[1]\n", "outer.<locals>.inner"),
    changed("override", INHERITED, "class Handler(Base):\n    pass\n", OVERRIDDEN, "Handler.handle"),
    changed("comprehension", SMALLER, "text[begin:begin + size] for", "text[begin:begin + size].upper().lower() for", "cut"),
    changed("bigger input", BIGGER_INPUT, "range(300)", "range(700)", "total"),
    changed("slots", SLOTS, '    __slots__ = ("x", "y", "z")\n\n', "", "points", "Point.__init__"),
    changed("context", SETUP, "        return self\n", "        self.names = {str(number) for number in range(2)}\n        return self\n", "Setup.__enter__"),
    changed("subclass", SUBCLASSED, "    pass\n", "    def __getitem__(self, key):\n        return super().__getitem__(key)\n", "Table.__getitem__"),
    changed("hash", EQUAL, "hash(self.number)", "hash((type(self).__name__, self.number))", "Item.__hash__"),
)  # fmt: skip
