"""Twenty small Python benchmarks of differing character, shorter than 3 ms: what ``record.py`` records by default."""

from __future__ import annotations

import base64
import copy
import datetime as dt
import functools
import hashlib
import heapq
import itertools
import json
import re
import string
import struct
import textwrap
import zlib
from collections import Counter, namedtuple
from decimal import Decimal

WORDS = [f"{first}{second}{number}" for number in range(4) for first in "abcdefgh" for second in "klmnopqr"]
TEXT = " ".join(WORDS)
RECORDS = [
    {"id": n * 7919 % 1009, "name": f"name {n % 37}", "price": n % 90 + 0.5, "tags": WORDS[:4]} for n in range(60)
]
DOCUMENT = json.dumps(RECORDS)
NESTED = {"rows": [[n, str(n), (n, n + 1)] for n in range(40)], "more": {word: [word] for word in WORDS[:30]}}
PATTERN = re.compile(r"([a-d])(\w)(\d)")
TEMPLATE = string.Template("$name costs $price")
PACKED = struct.Struct("<IdH")
BLOCK = bytes(range(256)) * 64
Point = namedtuple("Point", "x y")


class Account:
    """Something with attributes and a method."""

    def __init__(self, owner: str) -> None:
        self.owner = owner
        self.balance = 0

    def deposit(self, amount: int) -> int:
        """Add to the balance."""
        self.balance += amount
        return self.balance


def dict_count() -> int:
    """Count words in a dictionary."""
    found: dict[str, int] = {}
    for word in WORDS:
        found[word] = found.get(word, 0) + 1
    return len(found)


def dict_merge() -> int:
    """Merge and invert dictionaries."""
    left = dict(zip(WORDS, range(len(WORDS)), strict=True))
    return len({value: key for key, value in (left | {"more": -1}).items()})


def sort_records() -> int:
    """Sort records by two keys."""
    return len(sorted(RECORDS, key=lambda record: (record["name"], record["id"])))


def heap() -> int:
    """Push to and pop from a heap."""
    queue: list[int] = []
    for number in range(300):
        heapq.heappush(queue, number * 7919 % 1009)
    return sum(heapq.heappop(queue) for _ in range(300))


def json_write() -> int:
    """Write JSON."""
    return len(json.dumps(RECORDS))


def json_read() -> int:
    """Read JSON."""
    return len(json.loads(DOCUMENT))


def regex_replace() -> int:
    """Replace groups by a regular expression."""
    return len(PATTERN.sub(r"\3\1\2", TEXT))


def regex_find() -> int:
    """Find all matches."""
    return len(PATTERN.findall(TEXT))


def text_split() -> int:
    """Split, strip, join."""
    return len("-".join(word.upper().strip("a") for word in TEXT.split()))


def text_format() -> int:
    """Format numbers and texts."""
    return sum(len(f"{number:>8d} {number / 7:10.3f} {'x':<6}") for number in range(200))


def text_template() -> int:
    """Fill templates."""
    return sum(len(TEMPLATE.substitute(record)) for record in RECORDS)


def text_wrap() -> int:
    """Wrap a paragraph."""
    return len(textwrap.wrap(TEXT, 60))


def objects() -> int:
    """Make objects and call their methods."""
    accounts = [Account(word) for word in WORDS]
    return sum(account.deposit(number) for number, account in enumerate(accounts))


def tuples() -> float:
    """Make named tuples and read their fields."""
    points = [Point(number, number + 1) for number in range(400)]
    return sum(point.x * point.y for point in points)


def recursion() -> int:
    """Recurse."""

    def fibonacci(number: int) -> int:
        return number if number < 2 else fibonacci(number - 1) + fibonacci(number - 2)

    return fibonacci(14)


def generators() -> int:
    """Chain generators."""
    numbers = itertools.chain.from_iterable((n, n * n) for n in range(500))
    return functools.reduce(lambda total, number: total + number % 7, numbers, 0)


def deep_copy() -> int:
    """Copy nested containers."""
    return len(copy.deepcopy(NESTED))


def packing() -> int:
    """Pack and unpack binary records."""
    data = b"".join(PACKED.pack(number, number / 3, number % 9) for number in range(200))
    return sum(fields[2] for fields in PACKED.iter_unpack(data))


def digests() -> int:
    """Hash, compress and encode bytes."""
    return len(base64.b64encode(zlib.compress(hashlib.sha256(BLOCK).digest() * 20, 6)))


def decimals() -> Decimal:
    """Decimal arithmetic and dates."""
    first = dt.date(2024, 1, 1)
    days = [first + dt.timedelta(days=number) for number in range(100)]
    return sum((Decimal(day.day) / Decimal(7) for day in days), Decimal(0)) + Counter(day.month for day in days)[1]


FUNCTIONS = (
    dict_count, dict_merge, sort_records, heap, json_write, json_read, regex_replace, regex_find, text_split,
    text_format, text_template, text_wrap, objects, tuples, recursion, generators, deep_copy, packing, digests,
    decimals,
)  # fmt: skip
"""All of them."""
