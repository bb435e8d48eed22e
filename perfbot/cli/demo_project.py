"""A small project with a history of two commits, for people who want to see perfbot work before they believe it.

The second commit makes one function slower, one faster, and leaves four alone.
"""

from __future__ import annotations

import os
from pathlib import Path

from perfbot.git.command import Git

EXPECTED = {
    "test_find_customer": "regressed",
    "test_render": "improved",
    "test_parse": "unchanged",
    "test_total": "unchanged",
    "test_group": "unchanged",
    "test_checksum": "unchanged",
}
"""Verdicts that are right, by benchmark."""

CONFIG = """\
[gate]
threshold = "5%"          # the smallest change that matters; 2% by default, which takes a busy machine longer

[[suite]]
name = "shop"
harness = "pytest"
paths = ["benchmarks/test_shop.py"]
setup = []                # nothing to install: the package lies in the checkout
"""

SHOP = '''\
"""Orders of a shop."""

import zlib


def parse(lines):
    """Lines such as "17;book;3;12.50" as tuples."""
    rows = [line.split(";") for line in lines]
    return [(int(number), name, int(count), float(price)) for number, name, count, price in rows]


def total(orders):
    """What all orders cost together."""
    return sum(count * price for _, _, count, price in orders)


def group(orders):
    """Orders by what was bought."""
    found = {}
    for order in orders:
        found.setdefault(order[1], []).append(order)
    return found


def checksum(lines):
    """A number that changes with the text."""
    value = 0
    for line in lines:
        value = zlib.crc32(line.encode(), value)
    return value
'''

BEFORE = '''

def find_customer(customers, wanted):
    """The names of some customers, by their number."""
    by_number = dict(customers)
    return [by_number[number] for number in wanted]


def render(orders):
    """A receipt."""
    text = ""
    for number, name, count, price in orders:
        line = str(number).rjust(8) + " " + name.ljust(12) + str(count).rjust(4) + ("%.2f" % price).rjust(10)
        text = text + line + "\\n"
    return text
'''

AFTER = '''

def find_customer(customers, wanted):
    """The names of some customers, by their number, in the order they joined."""
    ranks = sorted((number, name) for number, name in customers)
    by_number = {number: name for number, name in ranks}
    return [by_number[number] for number in sorted(wanted)]


def render(orders):
    """A receipt."""
    return "".join(["%8d %-12s%4d%10.2f\\n" % order for order in orders])
'''

BENCHMARKS = """\
import pytest

import shop

LINES = [f"{n};item {n % 17};{n % 5};{n % 90}.50" for n in range(400)]
CUSTOMERS = [(n * 7919 % 1009, f"customer {n}") for n in range(1000)]


@pytest.fixture(scope="module")
def orders():
    return shop.parse(LINES)


def test_parse(benchmark):
    assert len(benchmark(shop.parse, LINES)) == 400


def test_total(benchmark, orders):
    assert benchmark(shop.total, orders) > 0


def test_group(benchmark, orders):
    assert len(benchmark(shop.group, orders)) == 17


def test_checksum(benchmark):
    benchmark(shop.checksum, LINES)


def test_find_customer(benchmark):
    assert benchmark(shop.find_customer, CUSTOMERS, [1, 5, 8]) is not None


def test_render(benchmark, orders):
    assert benchmark(shop.render, orders).count("\\n") == 400
"""


def build(folder: Path) -> None:
    """Make the project: a git repository with the branch ``main`` and, checked out, ``faster-receipts``."""
    git = Git(folder, _identity())
    git.text("init", "--quiet", "--initial-branch=main")
    files = {"perfbot.toml": CONFIG, "shop.py": SHOP + BEFORE, "benchmarks/test_shop.py": BENCHMARKS}
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    _commit(git, "Orders of a shop")
    git.text("switch", "--quiet", "--create", "faster-receipts")
    (folder / "shop.py").write_text(SHOP + AFTER)
    _commit(git, "Make receipts faster, list customers in the order they joined")


def _commit(git: Git, message: str) -> None:
    git.text("add", "--all")
    git.text("commit", "--quiet", "--message", message)


def _identity() -> dict[str, str]:
    person = {"NAME": "perfbot demo", "EMAIL": "demo@localhost", "DATE": "2026-01-01T12:00:00Z"}
    identity = {f"GIT_{role}_{key}": value for role in ("AUTHOR", "COMMITTER") for key, value in person.items()}
    return identity | {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
