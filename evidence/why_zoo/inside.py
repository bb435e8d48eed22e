"""Programs whose time goes to something written in C that they call: with Python called back from there, and without."""

from __future__ import annotations

from evidence.why_zoo.case import changed

PICKLED = """
import pickle


class Row:
    kind = "row"

    def __init__(self, number):
        self.number, self.name, self.before, self.after = number, str(number), number - 1, number + 1


ROWS = [Row(number) for number in range(120)]
SAVED = pickle.dumps(ROWS)


def save():
    return pickle.dumps(ROWS)


def restore():
    return pickle.loads(SAVED)


def work():
    before()
    return after(len(CALL()))
"""

SAVING, RESTORING = PICKLED.replace("CALL()", "save()"), PICKLED.replace("CALL()", "restore()")

SLOTS = '    __slots__ = ("number", "name", "before", "after")\n'

STATE = """
    def __getstate__(self):
        return {name: value for name, value in self.__dict__.items() if not name.startswith("_")}
"""

REDUCED = """
    def __reduce__(self):
        return Row, (self.number,)
"""

SET_STATE = """
    def __setstate__(self, state):
        for name, value in state.items():
            setattr(self, name, value)
"""

COPIED = """
import copy


class Row:
    kind = "row"

    def __init__(self, number):
        self.number, self.name = number, str(number)

    def __deepcopy__(self, memo):
        return self


ROWS = [Row(number) for number in range(30)]


def snapshot():
    return copy.deepcopy(ROWS)


def work():
    before()
    return after(len(snapshot()))
"""

HOOK = """
    def __deepcopy__(self, memo):
        return self
"""

DEEP_HOOK = """
    def __deepcopy__(self, memo):
        made = Row(self.number)
        for name in ("number", "name"):
            setattr(made, name, copy.deepcopy(getattr(self, name), memo))
        return made
"""

ENCODED = """
import json

POINTS = [complex(number, 1) for number in range(100)]


def plain(value):
    return [value.real, value.imag]


def encode():
    return json.dumps(POINTS, default=plain)


def work():
    before()
    return after(len(encode()))
"""

ASKED = """
import sqlite3

BASE = sqlite3.connect(":memory:")
BASE.execute("create table row (number integer)")
BASE.executemany("insert into row values (?)", [(number,) for number in range(80)])


def score(number):
    return number * 3 % 7


BASE.create_function("score", 1, score)


def ask():
    return BASE.execute("select sum(score(number)) from row").fetchone()[0]


def work():
    before()
    return after(ask())
"""

COMPARED = """
import functools

WORDS = [f"word{number * 7919 % 61}" for number in range(60)]


def compare(one, other):
    return (one > other) - (one < other)


def order():
    return sorted(WORDS, key=functools.cmp_to_key(compare))


def work():
    before()
    return after(order()[0])
"""

REPLACED = """
import re

NUMBERS = re.compile(r"[0-9]+")
TEXT = " ".join(f"item {number}" for number in range(80))


def double(found):
    return str(int(found[0]) * 2)


def rewrite():
    return NUMBERS.sub(double, TEXT)


def work():
    before()
    return after(len(rewrite()))
"""

ORDERED = """
class Row:
    def __init__(self, number):
        self.number = number

    def __lt__(self, other):
        return self.number < other.number


ROWS = [Row(number * 7919 % 61) for number in range(60)]


def order():
    return sorted(ROWS)


def work():
    before()
    return after(order()[0].number)
"""

MATCHED = """
import re

PATTERN = re.compile(r"[a-z]+=[0-9]+$")
LINES = [f"someword{number}" * 3 for number in range(60)]


def find():
    return [line for line in LINES if PATTERN.search(line)]


def work():
    before()
    return after(len(find()))
"""

MEMBERS = """
KNOWN = frozenset(range(0, 400, 2))


def count():
    return sum(number in KNOWN for number in range(100))


def work():
    before()
    return after(count())
"""

INSIDE = (
    changed("pickled by slots", SAVING, '    kind = "row"\n', SLOTS, "save"),
    changed("unpickled from text", RESTORING, "SAVED = pickle.dumps(ROWS)", "SAVED = pickle.dumps(ROWS, protocol=0)", "restore"),
    changed("unpickled by its constructor", RESTORING, '    kind = "row"\n', REDUCED, "Row.__init__", "restore"),
    changed("pickled by a method", SAVING, '    kind = "row"\n', f'    kind = "row"\n{STATE}', "Row.__getstate__"),
    changed("unpickled by a method", RESTORING, '    kind = "row"\n', f'    kind = "row"\n{SET_STATE}', "Row.__setstate__"),
    changed("copied without a hook", COPIED, HOOK, "", "Row.__deepcopy__"),
    changed("copied by a hook", COPIED.replace(HOOK, ""), '    kind = "row"\n', f'    kind = "row"\n{DEEP_HOOK}', "Row.__deepcopy__"),
    changed("json default", ENCODED, "[value.real, value.imag]", "[float(str(value.real)), float(str(value.imag))]", "plain"),
    changed("sqlite function", ASKED, "number * 3 % 7", "sum(divmod(number * 3, 7)) % 7", "score"),
    changed("comparing", COMPARED, "(one > other) - (one < other)", "(one.lower() > other.lower()) - (one.lower() < other.lower())", "compare"),
    changed("substituting", REPLACED, "str(int(found[0]) * 2)", 'format(int(found.group(0).strip()) * 2, "d")', "double"),
    changed("less than", ORDERED, "self.number < other.number", "(self.number, 0) < (other.number, 0)", "Row.__lt__"),
    changed("pattern", MATCHED, "[a-z]+=[0-9]+$", "[a-z]*[a-z0-9]+=[0-9]+$", "find"),
    changed("members", MEMBERS, "frozenset(range(0, 400, 2))", "list(range(0, 400, 2))", "count"),
)  # fmt: skip
