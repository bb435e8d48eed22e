"""Programs whose data, constants, packages or algorithms became dearer."""

from __future__ import annotations

from evidence.why_zoo.case import AROUND, Case, changed


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

INPUTS = (
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
    changed("sorting key", SORTED, "sorted(words)", "sorted(words, key=lambda word: word.lower())", "order"),
    changed("concatenation", JOINED, '    return "".join(parts)\n', '    found = ""\n    for part in parts:\n        found = part + found\n    return found\n', "build"),
    changed("deep copy", COPIED, "    return dict(state)\n", "    return copy.deepcopy(state)\n", "snapshot"),
    changed("bigger input", BIGGER_INPUT, "range(300)", "range(700)", "total"),
)  # fmt: skip
