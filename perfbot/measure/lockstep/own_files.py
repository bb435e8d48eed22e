"""Listing a suite that head may have edited: with the files that are measured, and with base's own ones."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random

from perfbot.errors import MeasureError
from perfbot.measure.lockstep.discovery import Listings, breaks_one_side, broken_by_head
from perfbot.measure.lockstep.exclusive import listed_alone
from perfbot.measure.lockstep.link import WorkerLost, WorkerSpec
from perfbot.measure.lockstep.pair import Collected, Pair
from perfbot.measure.lockstep.reasons import start_failure, tail
from perfbot.measure.lockstep.waiting import Starter
from perfbot.model import SIDES, Side
from perfbot.runner.address_space import Layout
from perfbot.sides.benchmark_files import BenchmarkFiles


@dataclass(frozen=True, slots=True)
class OwnFiles:
    """Base's own versions of the benchmark files that it took from head.

    Attributes:
        directory: of the suite, relative to the top of the tree.
        spec: how to start base's worker on the files that are in place when it is called.
    """

    files: BenchmarkFiles
    directory: str
    spec: Callable[[], WorkerSpec]

    @property
    def names(self) -> tuple[str, ...]:
        """The files, relative to the suite's folder."""
        return tuple(os.path.relpath(name, self.directory) for name in self.files.names)

    @contextlib.contextmanager
    def in_place(self) -> Iterator[Mapping[Side, WorkerSpec]]:
        """While the block lasts, both of these workers are base with its own files."""
        with self.files.own():
            spec = self.spec()
            yield {"base": spec, "head": replace(spec, side="head")}

    def give_back(self, names: Collection[str]) -> None:
        """Put base's own versions of some files into its tree, for good."""
        self.files.give_back([os.path.normpath(Path(self.directory) / name) for name in sorted(names)])


@dataclass(slots=True)
class Lister:
    """Lists both sides with pairs of workers that are used for nothing else.

    Attributes:
        timeout: seconds a single call may take.
        order: whose worker is started first.
        goes_on: where one pair has listed all there is, it is kept, for the first round.
        start: starts a pair.
        seconds: wall time that starting the last pair took.
        pair: what was kept; to be closed by whoever takes it.
    exclusive: one of the sides could be read only where no process of the other one lived.
    """

    suite: str
    specs: Mapping[Side, WorkerSpec]
    own_files: OwnFiles | None
    random: Random
    timeout: float
    order: Sequence[Side] = SIDES
    goes_on: bool = False
    start: Starter = Pair
    seconds: float = 0.0
    pair: Pair | None = None
    exclusive: bool = False

    @property
    def edited(self) -> Sequence[str]:
        """Benchmark files that differ between the sides, relative to the suite's folder."""
        return () if self.own_files is None else self.own_files.names

    def list_all(self) -> Listings:
        """What there is, with head's version of the benchmark files on base wherever base can read it.

        Raises:
            MeasureError: a side cannot be listed at all.
        """
        own = self._with_own_files()
        try:
            listings = self._list(self.specs, own)
        except WorkerLost as lost:
            if own is None or lost.side != "base":
                raise self._error(lost) from lost
            return self._apart(own, frozenset(self.edited))
        for names in (broken_by_head(listings, self.edited), frozenset(self.edited)):
            if names and broken_by_head(listings, self.edited):
                listings = self._apart(own, names)
        return listings

    def _list(self, specs: Mapping[Side, WorkerSpec], own: Collected | None = None) -> Listings:
        """Both sides at once; or each by itself, where one alone cannot be read, and can be without the other."""
        try:
            found = self._list_both(specs)
        except WorkerLost as lost:
            if lost.side == "both" or (alone := self._list_each(specs)) is None:
                raise
            found = alone
        if breaks_one_side(found) and (alone := self._list_each(specs)) is not None:
            found = alone
        return Listings(found["base"], found["head"], own)

    def _list_each(self, specs: Mapping[Side, WorkerSpec]) -> dict[Side, Collected] | None:
        """What each side has by itself; None where one of them still cannot be read."""
        found = listed_alone(specs, self.timeout, str(self.random.getrandbits(64)))
        if found is None or breaks_one_side(found):
            return None
        if self.pair is not None:
            self.pair.close()
        self.pair, self.exclusive = None, True
        return found

    def _list_both(self, specs: Mapping[Side, WorkerSpec]) -> dict[Side, Collected]:
        began = time.monotonic()
        seed = self.random.randrange(1, 2**32)
        layout = Layout(seed)
        pair = self.start(
            specs, hash_seed=seed, timeout=self.timeout, layout=layout, order=self.order, alike=self.goes_on
        )
        try:
            found = pair.collect()
            self.seconds = time.monotonic() - began
            if self.goes_on and not self.edited:
                self.pair = pair
        finally:
            if self.pair is not pair:
                pair.close()
        return found

    def _apart(self, own: Collected | None, names: frozenset[str]) -> Listings:
        """Where head's version of a benchmark file breaks base, each side runs its own."""
        assert self.own_files is not None  # noqa: S101 - else nothing is edited
        self.own_files.give_back(names)
        try:
            return replace(self._list(self.specs, own), apart=names)
        except WorkerLost as lost:
            raise self._error(lost) from lost

    def _with_own_files(self) -> Collected | None:
        """Base with its own benchmark files; None where head has the same ones, or base's cannot be listed."""
        if self.own_files is None or not self.edited:
            return None
        try:
            with self.own_files.in_place() as specs:
                return self._list(specs).base
        except WorkerLost:
            return None

    def _error(self, lost: WorkerLost) -> MeasureError:
        message = f"suite {self.suite}: the benchmarks of {lost.side} could not be listed: {start_failure(lost)}"
        return MeasureError(message, output=tail(lost.output), side=lost.side)
