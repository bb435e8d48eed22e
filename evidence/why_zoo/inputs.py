"""Programs whose data, constants, packages or algorithms became dearer."""

from __future__ import annotations

from evidence.why_zoo.case import AROUND, Case, changed

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
