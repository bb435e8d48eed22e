"""Pairs of workers that wait for the next save, or for the rest of perfbot to be ready: half of a start is over before
anybody asks for it.

Each is used for one round of one verdict, as any pair is, with a hash seed and a layout of its own, drawn when it was
started; both of its workers have waited alike. What they have loaded is the same on both sides and in each round: see
:mod:`perfbot.worker.waiting`.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random
from typing import Any

from perfbot.errors import Interrupted
from perfbot.measure.lockstep.link import WorkerLost, WorkerSpec
from perfbot.measure.lockstep.pair import START_SECONDS, Pair
from perfbot.measure.lockstep.plan import starting_order
from perfbot.model import SIDES, Side
from perfbot.runner.address_space import Layout

MOST = 6
"""Pairs that wait: as many as a change that does nothing takes."""

READY_SECONDS = 5.0
"""Longest that those which wait are waited for, before the first of them is used."""

Specs = Mapping[Side, WorkerSpec]


Starter = Callable[..., Pair]
"""Starts the pair of a round; :class:`perfbot.measure.lockstep.pair.Pair` does, and :meth:`Waiting.start`."""


@dataclass(slots=True)
class Waiting:
    """Starts pairs, and has some ready of the kind that was asked for last. Close it in every case."""

    random: Random = field(default_factory=Random)
    most: int = MOST
    specs: Specs | None = None
    """What was asked for last, or is expected to be."""
    _refused: object = None
    """What would not wait."""
    _pairs: list[tuple[object, Pair]] = field(default_factory=list)
    """With what each was started from."""
    _number: int = 0
    _closed: bool = False
    _filling: threading.Thread | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def start(self, specs: Specs, **how: Any) -> Pair:
        """A pair for a round: one that waits, if one can be it; otherwise one that is started now.

        Args:
            how: as of :class:`Pair`. A pair that waits has its own seed, layout and order.

        Raises:
            WorkerLost: it could not be started.
        """
        if how.get("alike") and (pair := self._taken(specs)) is not None:
            try:
                pair.begin(specs, timeout=how["timeout"], start=how.get("start", START_SECONDS))
            except WorkerLost:
                pair.close()
                self.close()
                self._refused = _key(specs)
            else:
                return pair
        return Pair(specs, **how)

    def _taken(self, specs: Specs) -> Pair | None:
        """The one that has waited for longest. All are ready by then: whoever starts disturbs who is measured."""
        key = _key(specs)
        self._filled(wanted=self.specs is not None and key == _key(self.specs))
        with self._lock:
            self.specs = specs
            others = [pair for made, pair in self._pairs if made != key]
            self._pairs = [(made, pair) for made, pair in self._pairs if made == key]
            found = self._pairs.pop(0)[1] if self._pairs else None
            started = [found, *(pair for _, pair in self._pairs)] if found else []
        for pair in others:
            pair.close()
        deadline = time.monotonic() + READY_SECONDS
        for pair in started:
            pair.ready(deadline)
        return found

    def fill(self) -> None:
        """Start as many as may wait, in a thread of their own."""
        self._filling = threading.Thread(target=self._fill, daemon=True)
        self._filling.start()

    def _fill(self) -> None:
        """All start at once, while the checkouts of the last run are still there, and load one pair after the other.

        All together they would take the cores from whoever gets the rest ready meanwhile.
        """
        with contextlib.suppress(Interrupted):
            while self._number < self.most and not self._closed and self.add(load=False):
                pass
        for _, pair in self._pairs:
            if not self._closed:
                pair.load()
                pair.ready(time.monotonic() + READY_SECONDS)

    def _filled(self, *, wanted: bool) -> None:
        """Wait until as many as may wait have started, or, where they are not wanted, until no more do."""
        filling = self._filling
        if filling is not None:
            self._closed = self._closed or not wanted
            filling.join()
            self._filling = None

    def add(self, *, load: bool = True) -> bool:
        """Start one more of what was asked for last, without waiting for it; False where there is no need to."""
        specs = self.specs
        if specs is None or len(self._pairs) >= self.most or not can_wait(specs):
            return False
        key = _key(specs)
        if self._refused == key:
            return False
        waiting = {side: replace(spec, options={"waits": str(spec.tree)}) for side, spec in specs.items()}
        seed = self.random.randrange(1, 2**32)
        order = starting_order("waiting", self._number)
        self._number += 1
        try:
            pair = Pair(waiting, hash_seed=seed, timeout=START_SECONDS, layout=Layout(seed), order=order, alike=True)
        except WorkerLost:
            self._refused = key
            return False
        if load:
            pair.load()
        with self._lock:
            self._pairs.append((key, pair))
        return True

    @property
    def used(self) -> float:
        """Processor seconds of those that wait."""
        with self._lock:
            return sum(pair.used for _, pair in self._pairs)

    def close(self) -> None:
        """End all that wait: the next verdict's are to be as old as each other."""
        self._closed = True
        self._filled(wanted=False)
        with self._lock:
            pairs, self._pairs = self._pairs, []
        for _, pair in pairs:
            pair.close()


def can_wait(specs: Specs) -> bool:
    """Whether workers can be started before anybody knows what they will measure.

    A command in front of the interpreter may count its calls; and some sides are no checkouts."""
    return all(spec.tree is not None and spec.cwd.is_dir() and not spec.prefix for spec in specs.values())


def _key(specs: Specs) -> object:
    """What a process keeps from its start on: pairs with the same one can become each other's."""
    return [(one.python, one.adapter, sorted(one.env.items()), one.prefix, _made(one.python)) for one in _sides(specs)]


def _sides(specs: Specs) -> list[WorkerSpec]:
    return [specs[side] for side in SIDES]


def _made(python: Path) -> tuple[int, int] | None:
    """Which environment it is that lies at a path: set-up may have made it anew."""
    try:
        said = (python.parents[1] / "pyvenv.cfg").stat()
    except (OSError, IndexError):
        return None
    return said.st_ino, said.st_ctime_ns
