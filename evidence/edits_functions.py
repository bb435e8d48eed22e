"""The functions of which suites of edits are drawn, as the texts that they are."""

from __future__ import annotations

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
