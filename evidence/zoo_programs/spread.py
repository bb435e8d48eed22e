"""Calls that do not all cost the same: the mean moves where the typical call does not, or the other way about."""

from __future__ import annotations

from evidence.zoo_programs.program import NOTHING, WORK, Program

_EVERY = (
    WORK
    + """
calls = 0

def bench():
    global calls
    calls += 1
    work($rare if calls % $period == 0 else $usual)
"""
)

_RANDOM_RARE = (
    WORK
    + """
import random

def bench():
    work($rare if random.random() < $share else $usual)
"""
)

_CACHE = (
    WORK
    + """
import random

def bench():
    if random.random() < $hits:
        work(1000)
    else:
        work(2000)
"""
)

_LRU = (
    WORK
    + """
import functools
import random

@functools.lru_cache(maxsize=$room)
def costly(key):
    work(4000)
    return key

def bench():
    costly(random.randrange(100))
    work(1000)
"""
)

_EXPONENTIAL = (
    WORK
    + """
import random

def bench():
    work(int(random.expovariate(1 / $mean)))
"""
)

_LOGNORMAL = (
    WORK
    + """
import random

def bench():
    work(int($scale * random.lognormvariate(0, 1)))
"""
)

_PHASES = (
    WORK
    + """
calls = 0

def bench():
    global calls
    calls += 1
    work($slow if calls // 200 % 2 else 2000)
"""
)

_PROCESSES = (
    WORK
    + """
import os

SLOW = os.urandom(1)[0] < 128

def bench():
    work($slow if SLOW else 10000)
"""
)

_STALLS = (
    WORK
    + """
import time

calls = 0

def bench():
    global calls
    calls += 1
    work(5000)
    if calls % $period == 0:
        time.sleep(0.004)
"""
)

_CPU_STEADY_WALL_NOT = (
    WORK
    + """
import random
import time

def bench():
    work(20000)
    if random.random() < $share:
        time.sleep(0.002)
"""
)

PROGRAMS: tuple[Program, ...] = (
    Program("spread/every-second-call", _EVERY, {"usual": 30_000, "rare": 30_000, "period": 2}, {"rare": 60_000}, 1.5),
    Program(
        "spread/every-second-call-short", _EVERY, {"usual": 600, "rare": 600, "period": 2}, {"rare": 1200}, (1.47, 1.5)
    ),
    Program("spread/1-in-100", _EVERY, {"usual": 2_000, "rare": 2_000, "period": 100}, {"rare": 102_000}, (1.48, 1.51)),
    Program("spread/1-in-10", _EVERY, {"usual": 10_000, "rare": 10_000, "period": 10}, {"rare": 20_000}, (1.09, 1.105)),
    Program("spread/1-in-50", _EVERY, {"usual": 4_000, "rare": 4_000, "period": 50}, {"rare": 104_000}, (1.48, 1.51)),
    Program("spread/1-in-1000", _EVERY, {"usual": 600, "rare": 600, "period": 1000}, {"rare": 180_600}, (1.27, 1.31)),
    Program(
        "spread/1-in-100-of-both",
        _EVERY,
        {"usual": 2_000, "rare": 102_000, "period": 100},
        {"usual": 3_500},
        (1.48, 1.51),
    ),
    Program(
        "spread/slow-calls-stay",
        _EVERY,
        {"usual": 5_000, "rare": 55_000, "period": 50},
        {"usual": 5_500},
        (1.079, 1.084),
    ),
    Program(
        "spread/many-slow-calls-stay",
        _EVERY,
        {"usual": 4_000, "rare": 44_000, "period": 20},
        {"usual": 3_200},
        (0.871, 0.876),
    ),
    Program(
        "spread/1-in-4000",
        _EVERY,
        {"usual": 300, "rare": 300, "period": 4_000},
        {"rare": 300_300},
        (1.23, 1.26),
        equals=False,
    ),
    Program(
        "spread/spikes-become-steady",
        _EVERY,
        {"usual": 4_000, "rare": 44_000, "period": 20},
        {"usual": 6_000, "rare": 6_000},
        truth=NOTHING,
        equals=False,
    ),
    Program(
        "spread/slow-calls-become-rare",
        _RANDOM_RARE,
        {"usual": 5_000, "rare": 55_000, "share": 0.2},
        {"share": 0.1},
        0.6667,
    ),
    Program("spread/hits-90-to-50", _CACHE, {"hits": 0.9}, {"hits": 0.5}, (1.34, 1.38)),
    Program("spread/a-cache-too-small", _LRU, {"room": 100}, {"room": 50}, (2.7, 3.1)),
    Program("spread/exponential", _EXPONENTIAL, {"mean": 8_000}, {"mean": 10_400}, (1.28, 1.32)),
    Program("spread/log-normal", _LOGNORMAL, {"scale": 5_000}, {"scale": 7_000}, (1.38, 1.42)),
    Program("spread/phases", _PHASES, {"slow": 4_000}, {"slow": 6_000}, (1.32, 1.345)),
    Program("spread/two-kinds-of-processes", _PROCESSES, {"slow": 12_000}, {"slow": 26_000}, (1.62, 1.65)),
    Program("spread/stalls", _STALLS, {"period": 40}, {"period": 20}, (1.22, 1.45)),
    Program("spread/waits-now-and-then", _CPU_STEADY_WALL_NOT, {"share": 0.0}, {"share": 0.25}, (1.4, 1.8)),
)
