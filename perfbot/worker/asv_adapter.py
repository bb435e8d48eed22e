"""asv suites: timed ones hold while turns are taken, the others report one value a round.

A benchmark with a fixed ``number`` and set-up gets its set-up anew before each batch of that many calls; all others
are set up once a process, so those that use up their state need ``number = 1``. What ``setup_cache`` made is kept for
a whole run, and read anew by each benchmark, as with asv.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import math
import os
import pickle
import re
import subprocess
import sys
import tempfile
import textwrap
from typing import Any, Dict, Iterator, List, Optional, Tuple

from .asv_benchmarks import AsvCase, Bound, cases, modules
from .awaiting import NothingRan, finished
from .copies import Copies
from .footprint import peak_memory, size_of_another
from .session import Session, Skipped
from .stopwatch import NOTHING, Times
from .timers import Calls, Timer, WithSetup

SECONDS = {
    "s": 1.0, "sec": 1.0, "secs": 1.0, "second": 1.0, "seconds": 1.0, "ms": 1e-3, "milliseconds": 1e-3,
    "us": 1e-6, "µs": 1e-6, "microseconds": 1e-6, "ns": 1e-9, "nanoseconds": 1e-9,
}  # fmt: skip
"""Units of tracked values that are times."""

BYTES = {"byte": 1, "bytes": 1, "B": 1, "kB": 1000, "KiB": 1024, "MB": 10**6, "MiB": 1024**2, "GiB": 1024**3}

RAW = """
import json, sys, time, timeit
stmt, setup, number = json.load(sys.stdin)
def queued():
    try:
        with open("/proc/thread-self/schedstat") as file:
            return int(file.read().split()[1])
    except (OSError, IndexError, ValueError):
        return None
clock = lambda: complex(time.perf_counter(), time.process_time())
before, began = queued(), time.perf_counter_ns()
taken = timeit.timeit(stmt, setup, clock, number)
whole, after = time.perf_counter_ns() - began, queued()
own = round(taken.real * 1e9)
cost = 0 if after is None or before is None else max(1, round(own * (1 - (after - before) / whole)))
json.dump([own, round(taken.imag * 1e9), cost], sys.__stdout__)
"""
"""Times a statement in a Python of its own. What it waited for a core is taken to be the same share of its time as of
the whole with its set-up."""


class Adapter:
    """Finds a package's benchmarks once; each one entered is bound to a new instance of its class."""

    def __init__(self, options: Dict[str, Any]) -> None:
        self._folder = os.path.abspath(options["folder"])
        self._scratch: str = options["scratch"]
        self._root = os.getcwd()
        self._cases: Dict[str, AsvCase] = {}
        self._problems: Dict[str, str] = {}
        self._twice: Dict[str, str] = {}
        self._copies: Optional[Copies] = None

    def start(self, session: Session) -> None:
        if not os.path.isdir(self._folder):
            raise FileNotFoundError("the folder of asv's benchmarks is missing: " + self._folder)
        sys.path.insert(0, os.path.dirname(self._folder))
        session.serve(self)

    def _find(self, names: Optional[List[str]] = None) -> None:
        """Import the modules of some benchmarks, or all of them: importing others may cost more than measuring."""
        for module in modules(os.path.basename(self._folder), self._problem, names):
            for case in cases(module, self._problem):
                if case.name in self._cases and names is None:
                    self._twice.setdefault(case.name, "two benchmarks have this name; the first is measured")
                self._cases.setdefault(case.name, case)

    def _problem(self, where: str, message: str) -> None:
        self._problems.setdefault(where, message)

    def collect(self, session: Session) -> None:
        self._find()
        for where, message in self._problems.items():
            session.problem(where, message)
        for where, message in self._twice.items():
            session.problem(where, message, "note")
        for name, case in self._cases.items():
            file = os.path.relpath(case.file, self._root) if case.file else ""
            limit = case.bind().get("timeout", 0)
            session.found(name, file, case.line, metric=metric_of(case), timeout=float(limit))

    def prepare(self, names: List[str]) -> None:
        if not all(name in self._cases for name in names):
            self._find(names)

    def run(self, session: Session, names: List[str]) -> None:
        if any(self._needs_copy(self._cases[name]) for name in names if name in self._cases):
            self._aside()
        for name in names:
            case = self._cases.get(name)
            if case is None:
                session.done(name, error=self._problems.get(name, "it was found before, but not this time"))
            else:
                session.attempt(name, lambda case=case: self._enter(session, case))  # type: ignore[misc]

    def _enter(self, session: Session, case: AsvCase) -> Optional[float]:
        """Measure a case; the value of one that is not timed."""
        if case.kind == "peakmem":
            return number(self._aside().run(peak=case.name))
        with self._prepared(case) as (bound, args):
            if case.kind in ("time", "timeraw"):
                timer, batch = timer_of(case, bound, args)
                session.hold(case.name, timer, inner=batch)
                return None
            result = finished(bound.function(*args))
            if case.kind == "mem":
                return float(size_of_another(result))
            value = number(result) * _scale(bound.get("unit", "unit"))
            if value < 0 and (metric_of(case) or {}).get("unit") in ("s", "B"):
                raise Skipped("its value is negative, of a time or a size")
            return value

    @contextlib.contextmanager
    def _prepared(self, case: AsvCase) -> Iterator[Tuple[Bound, Tuple[Any, ...]]]:
        """Inside the folder that it may use, set up, and torn down afterwards."""
        bound = case.bind()
        with self._workplace(case, bound) as cache:
            args = case.params if cache is None else (cache, *case.params)
            with skipping(), contextlib.ExitStack() as stack:
                set_up(bound, args)
                stack.callback(tear_down, bound, args)
                yield bound, args

    @contextlib.contextmanager
    def _workplace(self, case: AsvCase, bound: Bound) -> Iterator[Any]:
        """Move to the folder of its cache, or to an empty one; gives what ``setup_cache`` returned."""
        if bound.setup_cache is None:
            with tempfile.TemporaryDirectory(dir=self._scratch) as folder:
                os.chdir(folder)
                try:
                    yield None
                finally:
                    os.chdir(self._root)
            return
        self._fill_cache(case, bound)
        os.chdir(self._cache_folder(bound))
        with open("cache.pickle", "rb") as file:
            yield pickle.load(file)

    def _fill_cache(self, case: AsvCase, bound: Bound) -> None:
        """Run ``setup_cache`` in its folder, where no other process of this side has done so yet."""
        folder = self._cache_folder(bound)
        os.makedirs(folder, exist_ok=True)
        with open(folder + ".lock", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not self._is_cached(bound):
                self._aside().run(cache=case.name, folder=folder)

    def _needs_copy(self, case: AsvCase) -> bool:
        bound = case.bind()
        return case.kind == "peakmem" or (bound.setup_cache is not None and not self._is_cached(bound))

    def _is_cached(self, bound: Bound) -> bool:
        return os.path.exists(os.path.join(self._cache_folder(bound), "cache.pickle"))

    def _cache_folder(self, bound: Bound) -> str:
        function: Any = bound.setup_cache
        return os.path.join(self._scratch, re.sub(r"\W+", "-", function.__module__ + "-" + function.__qualname__))

    def _aside(self) -> Copies:
        """The process that is copied; made before the first benchmark that could change it."""
        if self._copies is None:
            self._copies = Copies(self._perform)
        return self._copies

    def _perform(self, order: Dict[str, Any]) -> Any:
        """In a copy: make a cache, or run something whose peak of memory is asked for."""
        if "cache" in order:
            os.chdir(order["folder"])
            made = self._cases[order["cache"]].bind().setup_cache
            assert made is not None
            with open("cache.pickle.part", "wb") as file:
                pickle.dump(made(), file)
            os.replace("cache.pickle.part", "cache.pickle")
            return None
        with self._prepared(self._cases[order["peak"]]) as (bound, args):
            finished(bound.function(*args))
            return peak_memory()


def metric_of(case: AsvCase) -> Optional[Dict[str, str]]:
    """What a benchmark that is not timed measures, as name, unit, better and rule; None for those that are timed."""
    if case.kind == "peakmem":
        return {"name": "memory", "unit": "B", "rule": "noisy"}
    if case.kind == "mem":
        return {"name": "size", "unit": "B", "rule": "exact"}
    if case.kind != "track":
        return None
    unit = _known(case.bind().get("unit", "unit"))
    if unit in SECONDS:
        return {"name": "value", "unit": "s", "rule": "noisy"}
    return {"name": "value", "unit": "B" if unit in BYTES else "1" if unit == "unit" else unit, "rule": "exact"}


def _known(unit: Any) -> str:
    """A unit as it is called here, whatever is said about it: ``Seconds (lower is better)`` is ``seconds``."""
    first = re.match(r"\s*([^\W\d]+)", str(unit))
    names = (first[1], first[1].lower()) if first else ()
    return next((name for name in names if name in SECONDS or name in BYTES), str(unit))


def _scale(unit: Any) -> float:
    return float({**SECONDS, **BYTES}.get(_known(unit), 1))


def number(value: Any) -> float:
    """A tracked value; what is not a number asks, as with asv, to be left out."""
    found = float(value)
    if math.isnan(found):
        raise Skipped("its value is not a number")
    return found


def set_up(bound: Bound, args: Tuple[Any, ...]) -> None:
    """Module's, class's, function's set-up; ``NotImplementedError`` there asks to be left out."""
    try:
        for setup in bound.setups:
            finished(setup(*args))
    except NotImplementedError as reason:
        raise Skipped(str(reason) or "its setup raises NotImplementedError") from reason


def tear_down(bound: Bound, args: Tuple[Any, ...]) -> None:
    """The same the other way round."""
    for teardown in bound.teardowns:
        finished(teardown(*args))


@contextlib.contextmanager
def skipping() -> Iterator[None]:
    """asv_runner's own exception leaves a benchmark out wherever it is raised."""
    try:
        yield
    except NotImplementedError as reason:
        if type(reason).__name__ != "SkipNotImplemented":
            raise
        raise Skipped(str(reason) or "it raises SkipNotImplemented") from reason
    except NothingRan as reason:
        raise Skipped(str(reason)) from reason


def timer_of(case: AsvCase, bound: Bound, args: Tuple[Any, ...]) -> Tuple[Timer, int]:
    """How to time a case that is set up, and how many calls of it a call of the timer makes."""
    batch = int(bound.get("number", 0))
    if case.kind == "timeraw":
        return raw_timer(bound, args, max(1, batch)), max(1, batch)
    if batch < 1 or not (bound.setups or bound.teardowns):
        return Calls(bound.function, args), 1
    used = False

    def prepare() -> Tuple[Tuple[Any, ...], Dict[str, Any]]:
        nonlocal used
        if used:
            tear_down(bound, args)
            set_up(bound, args)
        used = True
        return args, {}

    return WithSetup(bound.function, prepare, None, batch), batch


def raw_timer(bound: Bound, args: Tuple[Any, ...], batch: int) -> Timer:
    """Each call starts a Python that times ``batch`` executions of the statement that the benchmark returns."""

    def once() -> Times:
        made = bound.function(*args)
        statement, setup = made if isinstance(made, tuple) else (made, "pass")
        order = json.dumps([textwrap.dedent(statement), textwrap.dedent(setup), batch])
        env = {**os.environ, **{str(k): str(v) for k, v in (bound.get("env", None) or {}).items()}}
        ended = subprocess.run(
            [sys.executable, "-c", RAW],
            input=order,
            env=env,
            stdout=subprocess.PIPE,
            universal_newlines=True,
            check=True,
        )
        return Times(*json.loads(ended.stdout.splitlines()[-1]))

    def timer(loops: int) -> Times:
        taken = NOTHING
        for _ in range(loops):
            taken = taken.plus(once())
        return taken

    return timer
