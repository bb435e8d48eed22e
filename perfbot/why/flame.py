"""A flame graph of both sides: boxes, and files for other programs' viewers."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from perfbot.explained import Explanation, Frame
from perfbot.model import SIDES, Side
from perfbot.why.edits import Edits
from perfbot.why.matching import Roll
from perfbot.why.profile import Observation

MOST_BOXES = 600

NARROWEST = 0.002
"""Of the whole: boxes that are narrower on both sides are left out."""

Path = tuple[int, ...]


def flame_of(
    observations: Sequence[Observation], roll: Roll, parts: Mapping[int, int], edits: Edits
) -> tuple[Frame, ...]:
    """Boxes of all rounds together, depth first, the widest first.

    Args:
        parts: positions of proven functions among the parts, by their numbers.
    """
    costs: dict[Path, list[float]] = defaultdict(lambda: [0.0, 0.0])
    for observation in observations:
        for index, side in enumerate(SIDES):
            _add(costs, observation, side, index, roll, 1 / len(observations))
    whole = max(costs.get((), [0.0, 0.0]))
    wide = sorted((path for path in costs if max(costs[path]) >= NARROWEST * whole), key=lambda p: -max(costs[p]))
    kept = set(wide[:MOST_BOXES]) - {()}
    kept = {path for path in kept if all(path[:depth] in kept for depth in range(1, len(path)))}
    base, head = costs.get((), [0.0, 0.0])
    frames = [Frame(-1, "all", "", base, head)]
    children: dict[Path, list[Path]] = defaultdict(list)
    for path in sorted(kept, key=lambda one: -sum(costs[one])):
        children[path[:-1]].append(path)
    waiting = [(path, 0) for path in reversed(children[()])]
    while waiting:
        path, parent = waiting.pop()
        function = roll.functions[path[-1]].either
        file = edits.file_of(function) or function.file
        place = f"{file}:{function.line}" if file else function.module
        name = f"{function.module.rpartition('.')[2]}.{function.name}" if function.module else function.name
        base, head = costs[path]
        frames.append(Frame(parent, name, place, base, head, parts.get(path[-1], -1)))
        waiting += [(child, len(frames) - 1) for child in reversed(children[path])]
    return tuple(frames)


def _add(
    costs: dict[Path, list[float]], observation: Observation, side: Side, index: int, roll: Roll, scale: float
) -> None:
    profile = observation.sides[side]
    samples, total = profile.samples, max(1, profile.samples.count)
    numbers = [roll.number(side, function) for function in samples.functions]
    for stack, count in samples.stacks.items():
        path = _merged([numbers[one] for one in stack])
        worth = scale * profile.seconds * count / total
        for depth in range(len(path) + 1):
            costs[path[:depth]][index] += worth


def _merged(stack: Sequence[int]) -> Path:
    """A comprehension stands in its function: two boxes of one function become one."""
    return tuple(one for place, one in enumerate(stack) if not place or stack[place - 1] != one)


def collapsed(explanation: Explanation, side: Side) -> str:
    """One stack a line, with nanoseconds: for flamegraph.pl, inferno, speedscope."""
    lines = (
        f"{';'.join(_safe(name) for name in names)} {round(own * 1e9)}" for names, own in _stacks(explanation, side)
    )
    return "".join(f"{line}\n" for line in lines)


def _safe(name: str) -> str:
    return name.replace(";", ",").replace("\n", " ")


def _stacks(explanation: Explanation, side: Side) -> Iterator[tuple[tuple[str, ...], float]]:
    """Names from the outermost function, and what the innermost takes itself."""
    own = [getattr(frame, side) for frame in explanation.flame]
    names: list[tuple[str, ...]] = []
    for frame in explanation.flame:
        names.append((*(names[frame.parent] if frame.parent >= 0 else ()), frame.name))
        if frame.parent >= 0:
            own[frame.parent] -= getattr(frame, side)
    yield from ((name, cost) for name, cost in zip(names, own, strict=True) if cost > 0)


def speedscope(explanation: Explanation) -> str:
    """Both sides as a file of https://www.speedscope.app/file-format-schema.json."""
    names: dict[str, int] = {}
    profiles = []
    for side in SIDES:
        samples, weights = [], []
        for stack, own in _stacks(explanation, side):
            samples.append([names.setdefault(name, len(names)) for name in stack])
            weights.append(own)
        profiles.append({
            "type": "sampled", "name": side, "unit": "seconds", "startValue": 0, "endValue": sum(weights),
            "samples": samples, "weights": weights,
        })  # fmt: skip
    document = {
        "$schema": "https://www.speedscope.app/file-format-schema.json",
        "exporter": "perfbot",
        "name": f"{explanation.suite}/{explanation.benchmark}",
        "shared": {"frames": [{"name": name} for name in names]},
        "profiles": profiles,
    }
    return json.dumps(document)
