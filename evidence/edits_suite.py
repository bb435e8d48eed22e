"""Suites of varied benchmarks, drawn by seed: what ``edits.py`` makes its irrelevant edits to.

Each benchmark is a small function of one of some fifty characters, with sizes of its own; a suite of eighty has each
of them once or twice. They lie in a few modules, with data beside them, as suites do.
"""

from __future__ import annotations

import string
from collections.abc import Mapping
from random import Random

IMPORTS = """\
import base64
import binascii
import bisect
import collections
import copy
import csv
import dataclasses
import datetime as dt
import decimal
import difflib
import fnmatch
import functools
import hashlib
import heapq
import html
import io
import itertools
import json
import math
import operator
import pickle
import random
import re
import shlex
import string
import struct
import textwrap
import urllib.parse
import zlib

"""

FUNCTIONS = r"""
def compress_small():
    return zlib.compress(DATA[:$small])


def compress_text():
    return zlib.compress(TEXT[:$large].encode(), 6)


def decompress():
    return zlib.decompress(PACKED)


def crc():
    return [zlib.crc32(DATA[:$small]) for _ in range($few)]


def json_write():
    return json.dumps(ROWS[:$rows])


def json_read():
    return json.loads(DOCUMENT)


def pickle_rows():
    return pickle.loads(pickle.dumps(ROWS[:$rows]))


def regex_find():
    return PATTERN.findall(TEXT[:$large])


def regex_replace():
    return PATTERN.sub(r'\2', TEXT[:$large])


def dict_churn():
    table = {}
    for number in range($many):
        table[number * 7919 % 1009] = number
    return len([table.pop(key) for key in list(table)])


def dict_delete():
    table = dict.fromkeys(range($many))
    for number in range(0, $many, 2):
        del table[number]
    return table


def list_churn():
    rows = []
    for number in range($many):
        rows.append(number)
        if number % 3 == 0:
            rows.pop(0)
    return rows


def list_insert():
    rows = []
    for number in range($rows):
        rows.insert(0, number)
    return rows


def string_join():
    return ','.join(str(number) for number in range($many))


def string_concatenate():
    text = ''
    for number in range($many):
        text += chr(97 + number % 26)
    return text


def split_and_strip():
    return [word.strip('ab').title() for word in TEXT[:$large].split()]


def format():
    return [f'{number:>8d}|{number / 7:.3f}' for number in range($rows)]


def parse_csv():
    return list(csv.reader(io.StringIO(TABLE)))


def parse_numbers():
    return sum(float(word) for word in NUMBERS)


def parse_arguments():
    return [shlex.split("run --name 'a b' --level 3 file") for _ in range($few)]


def parse_url():
    return [urllib.parse.urlsplit(f'https://example.org:80/a/{number}?q=1#x') for number in range($few)]


def sort_key():
    return sorted(ROWS, key=lambda row: (row['name'], -row['id']))


def sort_numbers():
    return sorted(SHUFFLED[:$many])


def heap():
    heap = []
    for number in SHUFFLED[:$rows]:
        heapq.heappush(heap, number)
    return [heapq.heappop(heap) for _ in range(len(heap))]


def bisect():
    return [bisect.bisect(SORTED, number) for number in SHUFFLED[:$many]]


def struct():
    data = b''.join(RECORD.pack(number, number / 3, number % 9) for number in range($rows))
    return list(RECORD.iter_unpack(data))


def dates():
    return [(DAY + dt.timedelta(days=number)).isoformat() for number in range($rows)]


def parse_dates():
    return [dt.datetime.strptime('2026-03-04 05:06', '%Y-%m-%d %H:%M') for _ in range($few)]


def decimals():
    return sum((decimal.Decimal(number) / 7 for number in range($rows)), decimal.Decimal(0))


def hash_small():
    return [hashlib.sha256(DATA[:$small]).hexdigest() for _ in range($few)]


def hash_large():
    return hashlib.sha1(DATA * 20).digest()


def base64():
    return base64.b64decode(base64.b64encode(DATA * $few))


def recursion():
    def down(depth):
        return 0 if depth == 0 else 1 + down(depth - 1)
    return [down($deep) for _ in range(3)]


def fibonacci():
    def number(index):
        return index if index < 2 else number(index - 1) + number(index - 2)
    return number($fib)


def objects():
    points = [Point(number, number + 1) for number in range($rows)]
    return sum(point.x * point.y for point in points)


def classes():
    account = Account()
    for number in range($many):
        account.add(number)
    return account.total


def allocation():
    return [[number, [number], (number,)] for number in range($rows)]


def cycles():
    for number in range($rows):
        node = Account()
        node.me = node
    return node


def big_buffer():
    block = bytearray($big)
    block[::512] = b'x' * len(block[::512])
    return bytes(block)


def memory_view():
    view = memoryview(DATA * 10)
    return [bytes(view[number : number + 16]) for number in range($rows)]


def deep_copy():
    return copy.deepcopy(ROWS[:$few])


def generators():
    numbers = itertools.chain.from_iterable((n, n * n) for n in range($many))
    return sum(number % 7 for number in numbers)


def counter():
    return collections.Counter(TEXT[:$large]).most_common(5)


def sets():
    return set(SHUFFLED[:$many]) & set(SORTED[::2])


def matrix():
    return [[sum(a * b for a, b in zip(row, column)) for column in zip(*SQUARE)] for row in SQUARE]


def floats():
    return sum(math.sin(number) * math.sqrt(number) for number in range($many))


def big_integers():
    return pow(3, $many, 10**40 + 7) + sum(3**number for number in range($few))


def exceptions():
    seen = 0
    for number in range($rows):
        try:
            [][number]
        except IndexError:
            seen += 1
    return seen


def escape():
    return html.unescape(html.escape(TEXT[:$large] + '<&>'))


def difference():
    return difflib.SequenceMatcher(None, TEXT[:120], TEXT[40:160]).ratio()


def template():
    return [TEMPLATE.substitute(row) for row in ROWS[:$rows]]


def wrap():
    return textwrap.wrap(TEXT[:$large], 60)


def random_numbers():
    rng = random.Random(3)
    return [rng.randrange(100) for _ in range($rows)]


def reduce():
    return functools.reduce(operator.xor, SHUFFLED[:$many])


def match_names():
    return [word for word in TEXT[:$large].split() if fnmatch.fnmatch(word, 'b*[0-9]')]


def replace_fields():
    return [dataclasses.replace(SHAPE, width=number) for number in range($few)]
"""
"""One of each character; the blanks are sizes, drawn anew for each benchmark."""

CHARACTERS: Mapping[str, str] = {
    text.partition("(")[0]: "def " + text for text in ("\n" + FUNCTIONS).split("\ndef ")[1:]
}
"""Functions by character."""

DATA = r"""WORDS = [f"{chr(97 + number % 26)}{chr(97 + number % 7)}{number * 31 % 97}" for number in range($words)]
TEXT = " ".join(WORDS * 4)
DATA = bytes(number * number % 251 for number in range($bytes))
PACKED = zlib.compress(TEXT.encode())
ROWS = [
    {"id": number * 7919 % 1009, "name": word, "price": number / 8, "tags": WORDS[:3]}
    for number, word in enumerate(WORDS[:150])
]
DOCUMENT = json.dumps(ROWS[:$rows])
TABLE = "\n".join(f"{number},name {number},{number / 3:.2f}" for number in range($rows))
NUMBERS = [f"{number / 7:.5f}" for number in range($rows)]
SORTED = list(range(0, 4000, 3))
SHUFFLED = [number * 7919 % 4001 for number in range(4000)]
SQUARE = [[row * column % 10 for column in range(9)] for row in range(9)]
PATTERN = re.compile(r"([a-f])(\w)(\d+)")
RECORD = struct.Struct("<IdH")
TEMPLATE = string.Template("$$name costs $$price")
DAY = dt.date(2026, 1, 1)
Point = collections.namedtuple("Point", "x y")


@dataclasses.dataclass(frozen=True)
class Shape:
    width: int
    height: int


class Account:
    def __init__(self):
        self.total = 0

    def add(self, amount):
        self.total += amount


SHAPE = Shape(1, 2)
"""

MODULES = 4


def _sizes(rng: Random) -> dict[str, int]:
    return {
        "few": rng.randint(3, 20),
        "rows": rng.randint(20, 150),
        "many": rng.randint(100, 1500),
        "small": rng.randint(40, 900),
        "large": rng.randint(300, 3000),
        "deep": rng.randint(100, 700),
        "fib": rng.randint(8, 15),
        "big": rng.choice((100_000, 400_000, 1_500_000)),
        "words": rng.randint(150, 400),
        "bytes": rng.randint(600, 4000),
    }


def suite(size: int, seed: int, harness: str = "python") -> dict[str, str]:
    """The files of a suite: modules, perfbot.toml, and a test file where pytest runs it.

    Args:
        size: how many benchmarks.
        harness: ``python`` or ``pytest``.
    """
    rng = Random(seed)
    wanted = [
        name for _ in range(size // len(CHARACTERS) + 1) for name in rng.sample(sorted(CHARACTERS), len(CHARACTERS))
    ]
    modules: dict[str, list[str]] = {f"shop_{number}": [] for number in range(min(MODULES, size))}
    names: list[tuple[str, str]] = []
    for number, character in enumerate(wanted[:size]):
        module = f"shop_{number % len(modules)}"
        name = f"{character}_{number}"
        body = string.Template(CHARACTERS[character]).substitute(_sizes(rng))
        modules[module].append(body.replace(f"def {character}(", f"def {name}(", 1))
        names.append((module, name))
    files = {
        f"{module}.py": "\n\n".join([IMPORTS + string.Template(DATA).substitute(_sizes(rng)), *functions])
        for module, functions in modules.items()
    }
    return {**files, **_harness(names, harness), "requirements.txt": "", "install.py": INSTALL}


def _harness(names: list[tuple[str, str]], harness: str) -> dict[str, str]:
    setup = 'setup = ["python install.py"]\n'
    if harness == "python":
        functions = ", ".join(f'{name} = "{module}:{name}"' for module, name in names)
        table = f"functions = {{ {functions} }}\n"
        return {"perfbot.toml": f'[[suite]]\nname = "shop"\nharness = "python"\n{setup}{table}'}
    imports = "".join(f"import {module}\n" for module in sorted({module for module, _ in names}))
    tests = "".join(f"\n\ndef test_{name}(benchmark):\n    benchmark({module}.{name})\n" for module, name in names)
    config = f'[[suite]]\nname = "shop"\nharness = "pytest"\n{setup}paths = ["test_shop.py"]\n'
    return {"perfbot.toml": config, "test_shop.py": imports + tests}


INSTALL = '''\
"""Puts what requirements.txt names into the environment: packages of one empty module, of no use to anybody."""

import pathlib
import sysconfig

target = pathlib.Path(sysconfig.get_paths()["purelib"])
for name in pathlib.Path("requirements.txt").read_text().split():
    (target / name).mkdir(exist_ok=True)
    (target / name / "__init__.py").write_text("")
    about = target / f"{name}-1.0.dist-info"
    about.mkdir(exist_ok=True)
    (about / "METADATA").write_text(f"Metadata-Version: 2.1\\nName: {name}\\nVersion: 1.0\\n")
'''
