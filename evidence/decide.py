"""The shipped decision as a filter: a JSON line in, a JSON line out.

In: ``{"delta": 0.02, "alpha": 0.05, "beta": 0.05, "m": 2, "n_max": 120, "streams": [[d1, d2, …], [d1, …]]}``

- ``streams``: for each of m benchmarks the estimates of log(head/base), one a round;
- or ``pairs``: [benchmark][round][pair] log ratios, summarised as a run does it where it has nothing else;
- or ``values``: [benchmark][round][side][pair] seconds, base first, summarised as a run does it.

``alpha`` is for all m together, and m is the number of streams unless given. ``final: true`` says that no more
rounds will come: what is still open gets its last look at the end of its stream, planned or not.

Out: ``{"verdict": ["regressed" | "improved" | "unchanged" | "inconclusive", …], "round": [rounds used, …]}``.

A line that cannot be read ends the filter with exit code 2 and a message that names it.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from perfbot.stats.rounds import centre, round_ratio
from perfbot.stats.sequential import MOST_ROUNDS, Plan, decide

VERDICTS = {"up": "regressed", "down": "improved", "same": "unchanged", "open": "inconclusive"}


def main() -> int:
    """Answer every line of standard input."""
    for number, line in enumerate(sys.stdin, 1):
        if not line.strip():
            continue
        try:
            answered = answer(json.loads(line))
        except (ValueError, KeyError, TypeError, IndexError) as error:
            print(f"line {number}: {type(error).__name__}: {error}", file=sys.stderr)
            return 2
        print(json.dumps(answered), flush=True)
    return 0


def answer(question: Mapping[str, Any]) -> dict[str, list[Any]]:
    """Decide every stream of one question."""
    streams = list(streams_of(question))
    plan = Plan(
        delta=question["delta"],
        alpha=question["alpha"] / max(1, question.get("m", len(streams))),
        beta=question.get("beta", 0.05),
        n_max=question.get("n_max", MOST_ROUNDS),
    )
    decisions = [decide(stream, plan, final=question.get("final", False)) for stream in streams]
    return {"verdict": [VERDICTS[one.state] for one in decisions], "round": [one.rounds for one in decisions]}


def streams_of(question: Mapping[str, Any]) -> Iterator[Sequence[float]]:
    """The round estimates of each benchmark, from whichever form the question has."""
    if "streams" in question:
        yield from question["streams"]
    elif "pairs" in question:
        for rounds in question["pairs"]:
            yield [float(centre(np.asarray(pairs, dtype=float))) for pairs in rounds]
    else:
        for rounds in question["values"]:
            yield [round_ratio(base, head, value_seconds=float(np.median(base))) for base, head in rounds]


if __name__ == "__main__":
    sys.exit(main())
