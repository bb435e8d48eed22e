"""HTTP suites: a fresh server a side in each round, both up at once, asked in turns over open connections."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shlex
import socket
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random
from statistics import median

import psutil

from perfbot.errors import MeasureError
from perfbot.measure.http.client import Ask, Asked, Connection, WrongAnswer, ask_for
from perfbot.measure.lockstep.reasons import OUTPUT_LINES
from perfbot.measure.session import ANYWHERE, Discovery, Failed, Measured, Outcome, Placement
from perfbot.measure.trace import Trace, no_trace
from perfbot.model import SIDES, Benchmark, Metric, Round, Side
from perfbot.process import Child
from perfbot.reasons import Failure, Said, ServerFailed, with_output
from perfbot.runner.address_space import Layout
from perfbot.runner.cores import allowed_cores, pin_process

PAIRS = (8, 48)
"""Turns of each side in a round of one request: as long as starting took, shared among the requests, within bounds.

What differs between turns outweighs what differs between servers, so turns are cheaper than starts."""

WARM_SHARE = 0.25
"""Part of a turn's length that is asked before it, and thrown away: caches and connections are cold after a switch."""

POLL_SECONDS = 0.02

PORT = "{port}"

THROUGHPUT = Metric("throughput", "1/s", "higher")
CPU = Metric("cpu", "s")

CLOCK_STEP = 1e-9
"""Seconds; stands for a CPU time too small to be counted."""


@dataclass(slots=True)
class MeasuredServer:
    """One side's server, running."""

    side: Side
    port: int
    child: Child

    def wait_until_ready(self, path: str, timeout: float) -> None:
        """Ask until it answers with a status below 400.

        Raises:
            MeasureError: it ended, or took too long.
        """
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline and self.child.alive():
            if _answers(self.port, path):
                return
            time.sleep(POLL_SECONDS)
        code = self.child.wait(0)
        reason = "was not ready in time" if code is None else f"ended with {code} before it was ready"
        raise MeasureError(f"the server of {self.side} {reason}", output=self.child.output(), side=self.side)


def cpu_seconds(pid: int) -> float:
    """CPU time of a process and its live descendants, to the nanosecond; those that have ended are left out."""
    try:
        family = [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]
    except psutil.Error:
        return 0.0
    return sum(map(_clock, (process.pid for process in family)))


def _clock(pid: int) -> float:
    """The kernel's clock of another process; see clock_getcpuclockid(3) for its number."""
    with contextlib.suppress(OSError):
        return time.clock_gettime((~pid << 3) | 2)
    return 0.0


def _answers(port: int, path: str) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
            connection.sendall(f"GET {path} HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n".encode())
            words = connection.recv(4096).split(maxsplit=2)
    except OSError:
        return False
    return len(words) > 1 and words[0].startswith(b"HTTP/") and words[1].isdigit() and int(words[1]) < 400


def free_port() -> int:
    """A port that nothing listens on at 127.0.0.1."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass(slots=True)
class HttpSession:
    """Requests by name, the same on both sides.

    Attributes:
        start: command line of the server, with ``{port}``.
        ready: path that answers once it is ready, within ``start_timeout`` seconds.
        concurrency: connections that ask at the same time.
        turn: seconds that a side is asked before it is the other's turn.
    """

    name: str
    start: str
    ready: str
    requests: Sequence[Ask]
    metrics: Sequence[Metric]
    cwd: Mapping[Side, Path]
    env: Mapping[Side, Mapping[str, str]]
    start_timeout: float
    timeout: float
    concurrency: int
    turn: float
    random: Random
    trace: Trace = no_trace
    startup_seconds: float = 0.0
    _order: int = 0
    _seconds: dict[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._order = self.random.getrandbits(64)

    @property
    def alone(self) -> bool:
        """Servers have one core, the client another."""
        return True

    def control_round(self, index: int, until: float, place: Placement = ANYWHERE) -> tuple[Round, ...]:
        """None yet: it would cost as much as a round."""
        return ()

    def predicted_seconds(self, name: str) -> float:
        """Wall time of its last round."""
        return self._seconds.get(name, 0.0)

    def discover(self) -> Discovery:
        """Start both servers once, so that one that cannot start is said before anything is measured."""
        with self._servers(Placement()):
            return Discovery(tuple(Benchmark(self.name, ask.name) for ask in self.requests), tuple(self.metrics))

    def measure_round(
        self, index: int, names: Sequence[str], until: float, place: Placement = ANYWHERE
    ) -> Iterator[Outcome]:
        """Start fresh servers, and ask each request of both in turns."""
        random = Random(f"{self._order}:{index}")  # noqa: S311 - an order, not a secret
        began = time.monotonic()
        with self._servers(place) as servers, _away_from(place.core), asyncio.Runner() as runner:
            self.startup_seconds = time.monotonic() - began
            for name in names:
                if time.monotonic() + self.predicted_seconds(name) > until:
                    return
                ask = next(ask for ask in self.requests if ask.name == name)
                first: Side = random.choice(SIDES)
                pairs = pairs_for(self.startup_seconds / len(names), self.turn)
                yield from runner.run(self._ask_both(servers, ask, first, pairs, index, place))

    @contextlib.contextmanager
    def _servers(self, place: Placement) -> Iterator[Mapping[Side, MeasuredServer]]:
        """Both sides' servers on one core, ready; ended with all they started."""
        with contextlib.ExitStack() as stack:
            servers: dict[Side, MeasuredServer] = {}
            layout = Layout(self.random.getrandbits(32))
            for side in SIDES:
                port = free_port()
                line = self.start.replace(PORT, shlex.quote(str(port)))
                child = Child(["/bin/sh", "-c", f"exec {line}"], cwd=self.cwd[side], env=self.env[side], layout=layout)
                stack.callback(child.kill)
                if place.core >= 0:
                    pin_process(child.pid, [place.core])
                servers[side] = MeasuredServer(side, port, child)
            for server in servers.values():
                try:
                    server.wait_until_ready(self.ready, self.start_timeout)
                except MeasureError as error:
                    message = f"suite {self.name}: {error.message}"
                    raise MeasureError(message, output=error.output, side=error.side) from error
            yield servers

    async def _ask_both(
        self, servers: Mapping[Side, MeasuredServer], ask: Ask, first: Side, pairs: int, index: int, place: Placement
    ) -> list[Outcome]:
        """One round of one request: base and head in turns, ABBA."""
        second: Side = "head" if first == "base" else "base"
        connections = {side: [Connection(servers[side].port) for _ in range(self.concurrency)] for side in SIDES}
        taken: dict[Side, list[Asked]] = {side: [] for side in SIDES}
        began = time.monotonic()
        try:
            for pair in range(pairs):
                for side in (first, second) if pair % 2 == 0 else (second, first):
                    try:
                        taken[side].append(await self._turn(connections[side], ask, servers[side]))
                    except (WrongAnswer, OSError, EOFError, TimeoutError) as error:
                        return [Failed(ask.name, side, _reasons(error, servers[side]))]
        finally:
            for connection in (*connections["base"], *connections["head"]):
                await connection.close()
        seconds = self._seconds[ask.name] = time.monotonic() - began
        self.trace(
            event="round", suite=self.name, benchmark=ask.name, round=index, first=first, core=place.core,
            mode="turns", seconds=seconds, answers={s: [len(turn.latencies) for turn in taken[s]] for s in SIDES},
        )  # fmt: skip
        return [self._measured(ask.name, metric, taken, index, place.core) for metric in self.metrics]

    def _measured(
        self, name: str, metric: Metric, taken: Mapping[Side, Sequence[Asked]], index: int, core: int
    ) -> Measured:
        base, head = (tuple(_value(metric, turn) for turn in taken[side]) for side in SIDES)
        answers = round(median(len(turn.latencies) for side in SIDES for turn in taken[side]))
        seconds = self._seconds[name] / len(self.metrics)
        return Measured(name, metric, Round(index, base, head, answers, seconds, core))

    async def _turn(self, connections: Sequence[Connection], ask: Ask, server: MeasuredServer) -> Asked:
        """Warm up, then ask."""
        data = ask.encoded(server.port)
        async with asyncio.timeout(self.timeout):
            await ask_for(connections, ask, data, WARM_SHARE * self.turn)
            before = cpu_seconds(server.child.pid)
            asked = await ask_for(connections, ask, data, self.turn)
            return replace(asked, cpu=cpu_seconds(server.child.pid) - before)


def pairs_for(seconds: float, turn: float) -> int:
    """How many turns of ``turn`` seconds each side has in about so many seconds.

    >>> pairs_for(0.1, 0.2), pairs_for(6.0, 0.2), pairs_for(1e3, 0.2)
    (8, 12, 48)
    """
    least, most = PAIRS
    return max(least, min(most, round(seconds / (2 * (1 + WARM_SHARE) * turn))))


def latency(share: float) -> Metric:
    """The metric of a quantile: ``latency_p95`` for 0.95."""
    return Metric(f"latency_p{share * 100:g}", "s")


def metric_of(name: str) -> Metric:
    """A metric of this suite by its name."""
    return next(metric for metric in (THROUGHPUT, CPU, *map(latency, (0.5, 0.9, 0.95, 0.99))) if metric.name == name)


def _value(metric: Metric, turn: Asked) -> float:
    if metric == THROUGHPUT:
        return turn.rate
    if metric == CPU:
        return max(turn.cpu, CLOCK_STEP) / len(turn.latencies)
    return turn.quantile(float(metric.name.removeprefix("latency_p")) / 100)


def _reasons(error: Exception, server: MeasuredServer) -> tuple[Failure, ...]:
    if isinstance(error, WrongAnswer):
        return (Said(str(error)),)
    failed = ServerFailed(closed=not isinstance(error, TimeoutError), ended=not server.child.alive())
    return with_output(failed, "\n".join(server.child.output().splitlines()[-OUTPUT_LINES:]))


@contextlib.contextmanager
def _away_from(core: int) -> Iterator[None]:
    """Keep this thread, the client, off the servers' core where there is another."""
    cores = allowed_cores()
    others = [one for one in cores if one != core]
    if core < 0 or not others:
        yield
        return
    thread = threading.get_native_id()
    os.sched_setaffinity(thread, others)
    try:
        yield
    finally:
        os.sched_setaffinity(thread, cores)
