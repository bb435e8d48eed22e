"""Which functions a call of a benchmark runs, how often, and where its time goes.

Counts are exact: Python's profiler hook follows a few calls. Times are not taken from it, for what it
adds to each call makes functions with many short calls look dear: they are sampled (see :mod:`sampling`), in turns
with the other side's worker, while nothing is traced. Both are about the thread that makes the calls.
"""

from __future__ import annotations

import os
import platform
import sys
import sysconfig
import threading
from typing import Any, Callable, Dict, List, Optional, Set, Tuple

from . import timers
from .channel import Token
from .functions import Around, Functions, line_of
from .heap import draw
from .inside import called_at
from .sampling import Sample, Sampler, Unseen
from .timers import Timer
from .turns import warm

MOST_STACKS = 4000
"""Different stacks that are told of one stretch; the rarest are cut at their root."""

TIMED = {id(code) for code in (
    timers.Calls._many.__code__,
    timers.Calls._many_with_arguments.__code__,
    timers.Calls._called.__code__,
    timers.WithSetup._calls.__code__,
    timers.WithSetup._kept_calls.__code__,
    timers.awaited.__code__,
    timers.freeing.__code__,
    timers.self_timed(float).__code__,
)}  # fmt: skip
"""What runs inside one of these is timed when the benchmark is."""

_NOBODY = compile("", "", "exec")

_state: Dict[str, Any] = {}


def _functions() -> Functions:
    """Numbers functions anew; what there is in this process was found once."""
    if "home" not in _state:
        _state["home"] = os.getcwd()
        _state["around"] = Around(_state["home"])
    return Functions(_state["around"])


def _sampler() -> Sampler:
    if "sampler" not in _state:
        _state["sampler"] = Sampler()
    found: Sampler = _state["sampler"]
    return found


def trace(timer: Timer, token: Token, order: Dict[str, Any]) -> Dict[str, Any]:
    """Count the functions that ``calls`` calls run, after one that warms up.

    Returns:
        ``functions`` described, ``edges`` [caller, callee, calls] of all calls together (a caller of −1 is perfbot, or
        somebody who was called before; every entry of a generator counts), ``threads``.
    """
    single: Optional[Callable[[Any, Any], None]] = getattr(timer, "single", None)
    followed, before = _Followed(), sys.getprofile()

    def begin() -> None:
        sys.setprofile(followed.event)

    def end() -> None:
        sys.setprofile(before)

    warm(timer, 1)
    for _ in range(order["calls"]):
        if single is not None:
            single(begin, end)
        else:
            begin()
            try:
                timer(1)
            finally:
                end()
    functions = _functions()
    edges = followed.edges(functions)
    return {"functions": functions.described(), "edges": edges, "threads": threading.active_count()}


class _Followed:
    """Who calls whom: what Python's profiler hook tells. A function that C code calls has the Python caller of that.

    Code is told apart by where it is: two functions of the same text on the same line of two files are equal to Python.
    """

    def __init__(self) -> None:
        self._calls: Dict[Tuple[Any, Any], int] = {}
        self._codes: Dict[Any, Any] = {}

    def event(self, frame: Any, event: str, arg: Any) -> None:
        code = frame.f_code
        if event == "call":
            back = frame.f_back
            key: Tuple[Any, Any] = (0 if back is None else id(back.f_code), id(code))
        elif event == "c_call":
            key = (id(code), _name_of(arg))
        else:
            return
        self._codes[id(code)] = code
        self._calls[key] = self._calls.get(key, 0) + 1

    def edges(self, functions: Functions) -> List[List[int]]:
        """Callers that were not called themselves meanwhile are those who measure."""
        own = {one for one, code in self._codes.items() if _is_own(code)}
        calls = {
            (caller, callee): count
            for (caller, callee), count in self._calls.items()
            if callee not in own and not (caller in own and isinstance(callee, str))
        }
        known = {callee for _, callee in calls}
        edges: Dict[Tuple[int, int], int] = {}
        for (caller, callee), count in calls.items():
            begin = functions.number(self._codes[caller]) if caller in known else -1
            key = begin, functions.number(self._codes.get(callee, callee))
            edges[key] = edges.get(key, 0) + count
        return [[caller, callee, count] for (caller, callee), count in edges.items()]


def _name_of(function: Any) -> str:
    """A function written in C, as people call it: ``str.casefold``, ``math.sqrt``, ``len``."""
    name = getattr(function, "__qualname__", None) or getattr(function, "__name__", None) or "?"
    module = getattr(function, "__module__", None)
    return str(name) if not module or module == "builtins" else "{}.{}".format(module, name)


def _is_own(code: Any) -> bool:
    return bool(os.path.dirname(code.co_filename) == os.path.dirname(__file__))


def sample(timer: Timer, token: Token, order: Dict[str, Any]) -> Dict[str, Any]:
    """Sample stretches of ``loops`` calls, in turns with the other side.

    Args:
        order: ``intervals``: nanoseconds between samples, and ``stretches``, of each turn; ``first``,
            ``hand_over_last``, ``loops``, ``discard`` and ``draw`` as in :func:`turns.turns`.

    Returns:
        ``functions``; ``stacks`` [numbers from the outermost, samples, those that waited]; ``lines`` [function,
        line, samples in it, samples in it and what it calls]; ``inside`` [function, name of what it called,
        samples]; ``classes``: those that have objects; ``lost``: samples outside of what is timed; ``cost``:
        nanoseconds of all calls together, with what sampling takes of them; or ``refused``.
    """
    try:
        sampler: Optional[Sampler] = _sampler()
        refused = ""
    except Unseen as reason:
        sampler, refused = None, str(reason)
    functions = _functions()
    taken = _Stacks(functions)
    intervals, stretches = order["intervals"], order["stretches"]
    held: List[Any] = []
    cost = 0
    for turn, interval in enumerate(intervals):
        if turn or not order["first"]:
            token.take()
        if sampler is not None:
            if turn % 4 == 0:
                del held[:]
                held = draw(order["draw"] + turn)
            if order["discard"]:
                warm(timer, order["discard"])
            for _ in range(stretches[turn]):
                sampler.start(sys._getframe(), interval / 1e9)
                try:
                    times = timer(order["loops"])
                finally:
                    sampler.stop()
                cost += times.cost or times.wall
            taken.add(sampler.taken())
        if turn < len(intervals) - 1 or order["hand_over_last"]:
            token.give()
    if sampler is None:
        return {"refused": refused}
    told = taken.answer(sampler, bool(getattr(timer, "awaits", False)))
    return {**told, "functions": functions.described(), "classes": functions.classes(), "cost": cost}


class _Stacks:
    """Samples of some stretches, by function and line."""

    def __init__(self, functions: Functions) -> None:
        self._functions = functions
        self._samples: Dict[Sample, Tuple[int, int]] = {}
        self._names: Dict[Tuple[int, int], str] = {}

    def add(self, samples: Dict[Sample, Tuple[int, int]]) -> None:
        for chain, found in samples.items():
            self._samples[chain] = _sum(self._samples.get(chain), found)

    def answer(self, sampler: Sampler, awaits: bool) -> Dict[str, Any]:
        if any(self._functions.at(address) is None for chain in self._samples for address, _ in chain):
            self._functions.look_around()
        stacks: Dict[Tuple[int, ...], Tuple[int, int]] = {}
        own: Dict[Tuple[int, int], int] = {}
        within: Dict[Tuple[int, int], int] = {}
        calling: Dict[Tuple[int, str], int] = {}
        lost = 0
        for chain, (count, waited) in self._samples.items():
            inside = self._inside(chain, awaits)
            if inside is None:
                lost += count
                continue
            places = [self._place(sampler, *one) for one in inside]
            met = [place for place in places if place is not None]
            path = tuple(number for number, _ in met)
            stacks[path] = _sum(stacks.get(path), (count, waited))
            if met:
                own[met[-1]] = own.get(met[-1], 0) + count
                called = met[-1][0], self._called(sampler, *inside[-1])
                calling[called] = calling.get(called, 0) + count
            for place in set(met):
                within[place] = within.get(place, 0) + count
        return {
            "stacks": [[list(path), count, waited] for path, (count, waited) in _shortened(stacks)],
            "lines": [[number, line, own.get((number, line), 0), count] for (number, line), count in within.items()],
            "inside": [[number, name, count] for (number, name), count in calling.items() if name],
            "lost": lost,
        }

    def _called(self, sampler: Sampler, address: int, instruction: int) -> str:
        """What the innermost function was calling."""
        key = address, instruction
        if key not in self._names:
            code = self._functions.at(address)
            self._names[key] = called_at(code, sampler.layout.lasti(code, instruction)) if code is not None else ""
        return self._names[key]

    def _inside(self, chain: Sample, awaits: bool) -> Optional[Sample]:
        """What runs in what is timed, outermost first; None where that is nothing."""
        outward = chain[::-1]
        for index, (address, _) in enumerate(outward):
            if self._functions.at(address) is not None and id(self._functions.at(address)) in TIMED:
                inside = outward[index + 1 :]
                return None if inside and _is_own(self._functions.at(inside[0][0]) or _NOBODY) else inside
        if not awaits:
            return None
        for index, (address, _) in enumerate(outward):  # another task of the loop, while the call waits
            code = self._functions.at(address)
            if code is not None and code.co_name == "run_until_complete":
                return outward[index + 1 :]
        return None

    def _place(self, sampler: Sampler, address: int, instruction: int) -> Optional[Tuple[int, int]]:
        code = self._functions.at(address)
        if code is None:
            return None
        return self._functions.number(code), line_of(code, sampler.layout.lasti(code, instruction))


def _sum(one: Optional[Tuple[int, int]], other: Tuple[int, int]) -> Tuple[int, int]:
    return other if one is None else (one[0] + other[0], one[1] + other[1])


def _shortened(stacks: Dict[Tuple[int, ...], Tuple[int, int]]) -> List[Tuple[Tuple[int, ...], Tuple[int, int]]]:
    """The most frequent stacks; of the others only the innermost functions."""
    ordered = sorted(stacks.items(), key=lambda item: -item[1][0])
    rest: Dict[Tuple[int, ...], Tuple[int, int]] = {}
    for path, found in ordered[MOST_STACKS:]:
        rest[path[-1:]] = _sum(rest.get(path[-1:]), found)
    return ordered[:MOST_STACKS] + list(rest.items())


def allocations(timer: Timer, token: Token, order: Dict[str, Any]) -> Dict[str, Any]:
    """Bytes that are alive when a call ends, while its result lives, by where they were allocated.

    Returns:
        ``functions``, ``stacks`` and ``lines`` as of :func:`sample`, with bytes in place of samples; or ``refused``.
    """
    single: Optional[Callable[[Any, Any], None]] = getattr(timer, "single", None)
    if single is None:
        return {"refused": "it times itself: a single call of it cannot be told apart"}
    import gc
    import tracemalloc

    taken: List[Any] = []

    def end() -> None:
        taken.append(tracemalloc.take_snapshot())
        tracemalloc.stop()

    single(lambda: None, lambda: None)
    gc.collect()
    single(tracemalloc.start, end)
    functions, sizes = _functions(), {}  # type: Functions, Dict[Tuple[int, int], int]
    functions.look_around()
    for trace_ in taken[0].statistics("lineno"):
        code = functions.around(trace_.traceback[0].filename, trace_.traceback[0].lineno)
        if code is not None and trace_.size > 0 and not _is_own(code):
            key = functions.number(code), trace_.traceback[0].lineno
            sizes[key] = sizes.get(key, 0) + trace_.size
    stacks: Dict[int, int] = {}
    for (number, _), size in sizes.items():
        stacks[number] = stacks.get(number, 0) + size
    return {
        "functions": functions.described(),
        "stacks": [[[number], size, 0] for number, size in stacks.items()],
        "lines": [[number, line, size, size] for (number, line), size in sizes.items()],
        "lost": 0,
        "cost": sum(sizes.values()),
    }


def surroundings(timer: Timer, token: Token, order: Dict[str, Any]) -> Dict[str, Any]:
    """What this process runs on: ``packages`` by name, ``python``, ``compiler``, ``flags``."""
    packages: Dict[str, str] = {}
    seen: Set[str] = set()
    try:
        from importlib.metadata import distributions

        for found in distributions():
            name = str(found.metadata["Name"]).lower().replace("_", "-")
            if name not in seen:
                seen.add(name)
                packages[name] = str(found.version)
    except Exception:
        packages = {}
    return {
        "packages": packages,
        "python": platform.python_implementation() + " " + platform.python_version(),
        "compiler": platform.python_compiler(),
        "flags": str(sysconfig.get_config_var("PY_CFLAGS") or ""),
    }


EXPLAINING: Dict[str, Callable[[Timer, Token, Dict[str, Any]], Dict[str, Any]]] = {
    "trace": trace,
    "sample": sample,
    "allocations": allocations,
    "surroundings": surroundings,
}
