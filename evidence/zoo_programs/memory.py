"""Freeing, garbage, allocation and working sets: cost that falls between calls, or depends on where things lie."""

from __future__ import annotations

from evidence.zoo_programs.program import SPIN, WORK, Program

_FINALISER = (
    SPIN
    + """
class Result:
    def __del__(self):
        spin($freeing)

def bench():
    spin($making)
    return Result()
"""
)

_NESTED = """
def bench():
    for _ in range($times):
        rows = [[number, [number]] for number in range(500)]
    return rows
"""

_RESULT = """
def bench():
    return [[number] for number in range($rows)]
"""

_CYCLES = """
class Node:
    def __init__(self):
        self.me = self

def bench():
    for _ in range($nodes):
        Node()
"""

_COLLECT = """
import gc

keep = [[number] for number in range($kept)]

def bench():
    gc.collect()
"""

_BUFFERS = """
def bench():
    for _ in range(4):
        block = bytearray(2_000_000)
        block[::4096] = bytes(len(block[::4096]))
    return block
"""

_COPIES = """
FROM = bytes(400_000)
TO = bytearray(400_000)

def bench():
    for _ in range($times):
        TO[:] = FROM
"""

_WORKING_SET = """
import random

rng = random.Random(1)
order = list(range(1000, 1000 + $size))
rng.shuffle(order)
table = {key: [key] for key in range(1000, 1000 + $size)}

def bench():
    total = 0
    for _ in range($passes):
        for key in order:
            total += table[key][0]
    return total
"""

_GROWS = (
    WORK
    + """
calls = 0
kept = []

def bench():
    global calls
    calls += 1
    kept.append([calls])
    work($items)
"""
)

_COLLECTED_SOMETIMES = """
class Node:
    pass

def bench():
    for _ in range(300):
        node = Node()
        node.other = Node()
        node.other.back = node
"""

PROGRAMS: tuple[Program, ...] = (
    Program(
        "memory/a-finaliser",
        _FINALISER,
        {"making": 0.0005, "freeing": 0.0005},
        {"freeing": 0.001},
        truth=(1.48, 1.52),
    ),
    Program(
        "memory/a-finaliser-alone",
        _FINALISER,
        {"making": 0.00002, "freeing": 0.001},
        {"freeing": 0.002},
        truth=(1.95, 2.0),
    ),
    Program("memory/a-finaliser-of-3-ms", _FINALISER, {"making": 0.003, "freeing": 0.001}, {"freeing": 0.004}, 1.75),
    Program("memory/nested-lists", _NESTED, {"times": 10}, {"times": 13}, (1.27, 1.32)),
    Program("memory/a-large-result", _RESULT, {"rows": 20_000}, {"rows": 30_000}, (1.35, 1.7)),
    Program("memory/cycles", _CYCLES, {"nodes": 1000}, {"nodes": 1500}, (1.42, 1.58)),
    Program("memory/collections", _COLLECT, {"kept": 20_000}, {"kept": 60_000}, (1.5, 3.0)),
    Program("memory/cycles-of-two", _COLLECTED_SOMETIMES),
    Program("memory/buffers", _BUFFERS),
    Program("memory/copies", _COPIES, {"times": 4}, {"times": 6}, (1.45, 1.52)),
    Program("memory/in-the-first-cache", _WORKING_SET, {"size": 100, "passes": 40}, {"passes": 52}, (1.27, 1.32)),
    Program("memory/in-the-second-cache", _WORKING_SET, {"size": 4_000, "passes": 2}, {"passes": 3}, (1.45, 1.52)),
    Program("memory/beyond-the-caches", _WORKING_SET, {"size": 300_000, "passes": 1}, {"passes": 2}, (1.85, 2.1)),
    Program("memory/keeps-something-of-each-call", _GROWS, {"items": 2_000}, {"items": 2_400}, (1.17, 1.21)),
)
