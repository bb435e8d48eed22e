"""What ``perf script --ns -F pid,time,ip,sym,dso`` tells: functions of compiled code, and the time in them. Pure."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from perfbot.why.callgrind import LONGEST, Counted, is_own
from perfbot.why.profile import Calls, Function, Place, Profile, Samples

SAMPLE = re.compile(r"\s*(?P<pid>-?\d+)\s+(?P<time>\d+\.\d+):\s+[0-9a-f]+ (?P<name>.+) \((?P<program>.*)\)\s*$")

NAMELESS = "[unknown]"

Key = tuple[str, str]
"""File name of a program or library, and name of a function."""


@dataclass(frozen=True, slots=True)
class Met:
    """Samples of one or more runs of a command."""

    programs: Mapping[Key, str]
    times: Mapping[Key, int]

    @property
    def count(self) -> int:
        """All of them."""
        return sum(self.times.values())


def met_between(lines: Iterable[str], spans: Sequence[tuple[float, float]], starter: int) -> list[Met]:
    """Read what perf says, a line each sample.

    Args:
        spans: begin and end of each run, in its clock's seconds, one after the other.
        starter: the process that starts them, whose own samples do not count.
    """
    begins = [begin for begin, _ in spans]
    programs: list[dict[Key, str]] = [{} for _ in spans]
    times: list[Counter[Key]] = [Counter() for _ in spans]
    for line in lines:
        found = SAMPLE.match(line)
        if found is None or int(found["pid"]) == starter:
            continue
        at = bisect_right(begins, float(found["time"])) - 1
        if at >= 0 and float(found["time"]) <= spans[at][1]:
            key = found["program"].rpartition("/")[2], found["name"][:LONGEST]
            programs[at].setdefault(key, found["program"])
            times[at][key] += 1
    return [Met(*one) for one in zip(programs, times, strict=True)]


def together(several: Iterable[Met]) -> Met:
    """Samples of several runs as of one."""
    programs: dict[Key, str] = {}
    times: Counter[Key] = Counter()
    for one in several:
        programs |= one.programs
        times.update(one.times)
    return Met(programs, times)


def profile_of(met: Met, seconds: float, home: str, counted: Counted | None = None) -> Profile:
    """One side of a round.

    Args:
        seconds: what a run takes.
        home: the folder that the command ran in.
        counted: of callgrind, where that is there: who calls whom, and files and lines.
    """
    known = _known(counted) if counted is not None else {}
    functions = tuple(known.get(key) or _function(key, met.programs[key], home) for key in met.times)
    stacks: dict[tuple[int, ...], int] = {(number,): times for number, times in enumerate(met.times.values())}
    calls = counted.profile.calls if counted is not None else _none(functions)
    return Profile(seconds, calls, Samples(functions, stacks))


def _none(functions: Sequence[Function]) -> Calls:
    """Nobody counted calls: each function is taken to be called once, by whoever runs the command."""
    return Calls(tuple(functions), {(-1, number): 1.0 for number in range(len(functions))})


def _known(counted: Counted) -> dict[Key, Function]:
    """callgrind's functions by what perf calls them; where several are called so, the one that takes the most."""
    functions = counted.profile.calls.functions
    cost = Counter({path[-1]: times for path, times in counted.profile.samples.stacks.items()})
    found: dict[Key, Function] = {}
    for number, _ in sorted(enumerate(functions), key=lambda one: cost[one[0]]):
        found[counted.programs[number].rpartition("/")[2], functions[number].name] = functions[number]
    return found


def _function(key: Key, program: str, home: str) -> Function:
    place: Place = "own" if is_own(program, home) else "std"
    file = program.removeprefix(f"{home.rstrip('/')}/") if place == "own" else key[0]
    name = f"of {key[0]}, without a name" if key[1] == NAMELESS else key[1]
    return Function(name, "", place, file[-LONGEST:])
