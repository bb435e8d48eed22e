"""Made-up programs, of which it is known what each function costs and calls, and rounds as they would be seen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from perfbot.model import Side
from perfbot.why.profile import Calls, Function, Observation, Profile, Samples

Random = np.random.Generator


@dataclass(frozen=True)
class Does:
    """What one call of a function takes itself (microseconds), and how often it calls others."""

    own: float = 0.0
    calls: Mapping[str, float] = field(default_factory=dict)
    code: str = ""
    file: str = "shop.py"
    line: int = 0


Program = Mapping[str, Does]
"""``main`` is what the benchmark calls."""


def totals(program: Program) -> tuple[dict[str, float], dict[str, float]]:
    """Calls of each function in one call of the benchmark, and seconds that it takes itself."""
    names = list(program)
    matrix = np.eye(len(names))
    for row, name in enumerate(names):
        for callee, often in program[name].calls.items():
            if callee in names:
                matrix[names.index(callee), row] -= often
    counts = np.linalg.solve(matrix, np.array([float(name == "main") for name in names]))
    calls = dict(zip(names, map(float, counts), strict=True))
    return calls, {name: calls[name] * program[name].own * 1e-6 for name in names}


def cost(program: Program) -> float:
    """Seconds of a call of the benchmark."""
    return sum(totals(program)[1].values())


def profile(program: Program, random: Random, *, samples: int = 4000, wobble: float = 0.0) -> Profile:
    """One side of a round. ``wobble``: by how much its cost strays, a standard deviation of the log."""
    calls, own = totals(program)
    names = [name for name in program if calls[name] > 0]
    compiled = sorted({callee for name in names for callee in program[name].calls if callee not in program})
    functions = (
        *(
            Function(
                name, "shop", "own", program[name].file, program[name].line or 10 * place, 0, program[name].code or name
            )
            for place, (name, does) in enumerate((name, program[name]) for name in names)
        ),
        *(Function(name, place="c") for name in compiled),
    )
    at = {function.name: number for number, function in enumerate(functions)}
    edges = {(-1, at["main"]): 1.0}
    for name in names:
        edges.update({(at[name], at[callee]): calls[name] * often for callee, often in program[name].calls.items()})
    seconds = sum(own.values())
    met = random.multinomial(samples, np.array([own[name] for name in names]) / seconds)
    stacks = {(at[name],): int(count) for name, count in zip(names, met, strict=True) if count}
    return Profile(
        seconds * float(np.exp(random.normal(0.0, wobble))), Calls(functions, edges), Samples(functions, stacks)
    )


def observations(
    base: Program, head: Program, *, rounds: int = 10, seed: int = 1, samples: int = 4000, wobble: float = 0.005
) -> list[Observation]:
    """Rounds of two programs."""
    random = np.random.default_rng(seed)
    sides: dict[Side, Program] = {"base": base, "head": head}
    return [
        Observation(
            "b",
            {side: profile(program, random, samples=samples, wobble=wobble) for side, program in sides.items()},
        )
        for _ in range(rounds)
    ]
