"""Programs that were written otherwise and cost what they did: nobody is to be blamed."""

from __future__ import annotations

from evidence.why_zoo.case import AROUND, Case, changed

SHOP = """
def fold(text):
    found = 0
    for turn in range(40):
        found += turn * len(text)
    return found


def line(number):
    total = number
    for turn in range(100):
        total += turn * number % 5
    return total


def report():
    return [line(number) for number in range(12)]


def find(text):
    found = 0
    for turn in range(300):
        found += turn * 7 % 3
    for turn in range(300):
        found += turn * 5 % 4
    return found + fold(text)


def work():
    before()
    report()
    return after(find("perfbot"))
"""

SPLIT = """def first():
    found = 0
    for turn in range(300):
        found += turn * 7 % 3
    return found


def second():
    found = 0
    for turn in range(300):
        found += turn * 5 % 4
    return found


def find(text):
    return first() + second() + fold(text)
"""

FIND = SHOP[SHOP.index("def find") : SHOP.index("\n\ndef work")]
LINE = SHOP[SHOP.index("def line") : SHOP.index("\n\ndef report")]

CLASS = """class Shop:
    def report(self):
        return [line(number) for number in range(12)]


SHOP = Shop()
"""

REPORT = SHOP[SHOP.index("def report") : SHOP.index("\n\ndef find")]

LOOP_OF = "    total = number\n    for turn in range(100):\n        total += turn * number % 5\n    return total\n"

MERGED = """def report():
    found = []
    for number in range(12):
        total = number
        for turn in range(100):
            total += turn * number % 5
        found.append(total)
    return found
"""

ALIKE = (
    Case("renamed", SHOP + AROUND, SHOP.replace("line(", "row_of(") + AROUND),
    Case("renamed, two", SHOP + AROUND, SHOP.replace("line(", "row_of(").replace("fold(", "folded(") + AROUND),
    Case("swapped names", SHOP + AROUND, SHOP.replace("line(", "x_(").replace("fold(", "line(").replace("x_(", "fold(") + AROUND),
    Case(
        "moved", SHOP + AROUND, "from moved_line import line\n" + SHOP.replace(LINE, "") + AROUND,
        files={"moved_line.py": ("", LINE)},
    ),
    Case(
        "moved and renamed", SHOP + AROUND, "from moved_row import row as row\n" + SHOP.replace(LINE, "").replace("line(", "row(") + AROUND,
        files={"moved_row.py": ("", LINE.replace("line(", "row("))},
    ),
    changed("split", SHOP, FIND, SPLIT),
    Case("merged", SHOP.replace(FIND, SPLIT) + AROUND, SHOP + AROUND),
    changed("drawn in", SHOP, REPORT, MERGED),
    Case("drawn out", SHOP.replace(REPORT, MERGED) + AROUND, SHOP + AROUND),
    Case("made a method", SHOP + AROUND, SHOP.replace(REPORT, CLASS).replace("    report()\n", "    SHOP.report()\n") + AROUND),
    changed("other order", SHOP, "    report()\n    return after(find(\"perfbot\"))\n", "    found = find(\"perfbot\")\n    report()\n    return after(found)\n"),
    changed("comprehension to loop", SHOP, "    return [line(number) for number in range(12)]\n", "    found = []\n    for number in range(12):\n        found.append(line(number))\n    return found\n"),
    changed("renamed locals, hints", SHOP, LOOP_OF, LOOP_OF.replace("total", "summed").replace("turn in", "index in").replace("turn *", "index *")),
    changed("doc string", SHOP, "def find(text):\n", 'def find(text):\n    """Find something."""\n'),
    changed("thin decorator", SHOP, "def line(number):", "def same(function):\n    return function\n\n\n@same\ndef line(number):"),
    changed("early return", SHOP, "    found = 0\n    for turn in range(40):", "    if text is None:\n        return 0\n    found = 0\n    for turn in range(40):"),
)  # fmt: skip
