"""The programs of the zoo, by kind. To add one, see :mod:`evidence.zoo_programs.program`."""

from __future__ import annotations

from evidence.zoo_programs import compiled, computing, concurrent, harnesses, memory, spread, state, waiting
from evidence.zoo_programs.program import Program

PROGRAMS: tuple[Program, ...] = tuple(
    program
    for kind in (computing, waiting, spread, memory, concurrent, state, harnesses, compiled)
    for program in kind.PROGRAMS
)
"""All of them."""
