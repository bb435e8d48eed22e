"""A library in C that set-up compiles, called through ctypes or run as a command."""

from __future__ import annotations

from evidence.zoo_programs.program import Program

_CALLS = """
import ctypes
import pathlib

library = ctypes.CDLL(str(pathlib.Path(__file__).parent / "code.so"))
library.run.restype = ctypes.c_long
library.run.argtypes = [ctypes.c_long]

def bench():
    return library.run($steps)
"""

_LOOP = """
long run(long steps) {
    unsigned long state = 1;
    for (long step = 0; step < steps; step++)
        state = state * 6364136223846793005UL + 1442695040888963407UL;
    return (long)(state >> 33);
}
"""

_BRANCHES = """
long run(long steps) {
    unsigned long state = 1;
    long found = 0;
    for (long step = 0; step < steps; step++) {
        state = state * 6364136223846793005UL + 1442695040888963407UL;
        if (state >> 63) found += state & 7; else found ^= step;
    }
    return found;
}
"""

_CHASE = """
#include <stdlib.h>
#define SIZE $cells
static int *next;
static void fill(void) {
    unsigned long state = 1;
    next = malloc(SIZE * sizeof *next);
    for (int i = 0; i < SIZE; i++) next[i] = i;
    for (int i = SIZE - 1; i > 0; i--) {
        state = state * 6364136223846793005UL + 1442695040888963407UL;
        int j = (int)((state >> 33) % i), kept = next[i];
        next[i] = next[j]; next[j] = kept;
    }
}
long run(long steps) {
    if (!next) fill();
    int at = 0;
    for (long step = 0; step < steps; step++) at = next[at];
    return at;
}
"""

_SMALL_FUNCTIONS = """
static long first(long x) { return x * 3 + 1; }
static long second(long x) { return x / 2 + 7; }
static long third(long x) { return x ^ (x << 3); }
static long (*volatile steps_of[3])(long) = {first, second, third};
long run(long steps) {
    long x = 1;
    for (long step = 0; step < steps; step++) x = steps_of[step % 3](x);
    return x;
}
"""

_MAIN = '#include <stdio.h>\nint main(void) { printf("%ld\\n", run($steps)); return 0; }\n'

_LIBRARY = ("gcc -O2 -shared -fPIC -o code.so code.c",)


def _library(name: str, code: str, base: int, head: int, truth: float | tuple[float, float]) -> Program:
    return Program(
        f"compiled/{name}",
        _CALLS,
        {"steps": base},
        {"steps": head},
        truth,
        files={"code.c": code},
        setup=_LIBRARY,
        edited="code.c",
    )


PROGRAMS: tuple[Program, ...] = (
    _library("a-loop", _LOOP, 100_000, 110_000, 1.1),
    _library("a-long-loop", _LOOP, 20_000_000, 22_000_000, 1.1),
    _library("branches", _BRANCHES, 100_000, 120_000, (1.18, 1.22)),
    _library("small-functions", _SMALL_FUNCTIONS, 30_000, 33_000, (1.09, 1.11)),
    Program(
        "compiled/past-the-caches",
        _CALLS,
        {"steps": 100_000, "cells": 1_000},
        {"cells": 16_000_000},
        (4.0, 200.0),
        files={"code.c": _CHASE},
        setup=_LIBRARY,
        edited="code.c",
        warm=1.0,
    ),
    Program(
        "compiled/a-command",
        "",
        {"steps": 40_000_000},
        {"steps": 48_000_000},
        (1.15, 1.21),
        harness="command",
        files={"code.c": _LOOP + _MAIN},
        setup=("gcc -O2 -o code code.c",),
        config='commands = { bench = "./code" }\n',
        edited="code.c",
        plain="import subprocess, time\nbegin = time.perf_counter()\nfor _ in range(5):\n"
        "    subprocess.run(['./code'], stdout=subprocess.DEVNULL, check=True)\n"
        "print((time.perf_counter() - begin) / 5)\n",
    ),
)
