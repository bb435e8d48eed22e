"""The only place that starts processes: scrubbed environments, process groups, time-outs, bounded output.

Every process leads a session of its own, so that a time-out or a signal reaches all of its children. What leaves
that session (a daemon) falls to perfbot when its parent ends, and is killed as well: see :mod:`perfbot.orphans`.
Output is drained by a thread and only its end is kept, so a process that floods its stdout neither blocks nor fills
memory.
"""

from __future__ import annotations

import codecs
import contextlib
import itertools
import os
import signal
import subprocess
import threading
import time
from collections import deque
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from perfbot import orphans
from perfbot.errors import Interrupted
from perfbot.runner.address_space import Layout

TAIL_BYTES = 16_384
"""How much of a process's output is kept, from its end."""

GRACE_SECONDS = 2.0
"""Time between the polite signal and SIGKILL."""

ALLOWED = (
    "PATH", "LANG", "LANGUAGE", "TZ", "TERM", "TMPDIR", "SHELL", "USER", "LOGNAME",
    "SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "PIP_CERT",
    "NODE_EXTRA_CA_CERTS", "LD_LIBRARY_PATH", "SOURCE_DATE_EPOCH",
)  # fmt: skip
"""Variables that measured code may see; all others are dropped, whatever they are called."""

ALLOWED_PREFIXES = ("LC_",)

MARK = "PERFBOT_CHILD"
"""Variable that names each :class:`Child` a process descends from, outermost first; a perfbot may run in another."""


def scrubbed_environment(
    environ: Mapping[str, str], home: Path, extra: Mapping[str, str] | None = None
) -> dict[str, str]:
    """The environment for code under test: an allow-list, a private home, ``PERFBOT=1`` and ``extra``."""
    kept = {name: value for name, value in environ.items() if name in ALLOWED or name.startswith(ALLOWED_PREFIXES)}
    return {**kept, "HOME": str(home), "PERFBOT": "1", **(extra or {})}


@dataclass(frozen=True, slots=True)
class Finished:
    """How a process ended. ``code`` is negative for a signal; ``output`` is the end of stdout and stderr."""

    code: int
    output: str
    seconds: float
    timed_out: bool = False

    @property
    def ok(self) -> bool:
        """Ended by itself with 0."""
        return self.code == 0 and not self.timed_out

    @property
    def ending(self) -> str:
        """The end in words: ``ended with 1``, ``was killed by SIGSEGV``, ``ran out of time after 20 s``."""
        if self.timed_out:
            return f"ran out of time after {self.seconds:.0f} s"
        return describe_code(self.code)


def describe_code(code: int) -> str:
    """An exit code in words, as ``subprocess`` gives it (negative for signals)."""
    if code >= 0:
        return f"ended with {code}"
    try:
        return f"was killed by {signal.Signals(-code).name}"
    except ValueError:
        return f"was killed by signal {-code}"


class Tail:
    """The last :data:`TAIL_BYTES` of a stream, read by a thread until the stream ends."""

    def __init__(self, stream: IO[bytes], on_line: Callable[[str], None] | None = None) -> None:
        self._stream = stream
        self._chunks: deque[bytes] = deque()
        self._size = 0
        self._lock = threading.Lock()
        self._on_line = on_line
        self._thread = threading.Thread(target=self._drain, daemon=True)
        self._thread.start()

    def _drain(self) -> None:
        with self._stream:
            self._read_all()

    def _read_all(self) -> None:
        decoder = codecs.getincrementaldecoder("utf-8")("replace")
        pending = ""
        while chunk := os.read(self._stream.fileno(), 65_536):
            with self._lock:
                self._chunks.append(chunk)
                self._size += len(chunk)
                while self._size - len(self._chunks[0]) >= TAIL_BYTES:
                    self._size -= len(self._chunks.popleft())
            if self._on_line is not None:
                *lines, pending = (pending + decoder.decode(chunk)).split("\n")
                pending = pending[-TAIL_BYTES:]
                for line in lines:
                    self._on_line(line.rstrip("\r"))
        if self._on_line is not None and pending:
            self._on_line(pending)

    def text(self, wait: float = 0.5) -> str:
        """What is kept, decoded leniently; waits up to ``wait`` seconds for the stream to end."""
        self._thread.join(wait)
        with self._lock:
            return b"".join(self._chunks)[-TAIL_BYTES:].decode("utf-8", "replace")

    def close(self) -> None:
        """Give the stream time to end; a grandchild that holds it keeps the thread."""
        self._thread.join(0.2)


_running: set[Child] = set()


_numbers = itertools.count()
_stopped = threading.Event()


def start_nothing() -> None:
    """From now on :class:`Child` refuses to start: threads that have not heard of the end must not go on."""
    _stopped.set()


def start_again() -> None:
    """Undo :func:`start_nothing`."""
    _stopped.clear()


def kill_all() -> None:
    """Kill every process that was started here and still runs (the end of an interrupted run)."""
    for child in tuple(_running):
        child.kill()


@contextlib.contextmanager
def nothing_left() -> Iterator[None]:
    """A block after which nothing lives on that was started in it, nor what that started."""
    orphans.adopt()
    before = orphans.present()
    try:
        yield
    finally:
        kill_all()
        orphans.end(before)


class Child:
    """A process that leads its own session.

    Args:
        argv: program and arguments; no shell unless the caller names one.
        cwd: working folder.
        env: its whole environment.
        pass_fds: file descriptors that it inherits under the same numbers.
        on_line: called from a thread with each line of output.
        layout: of its memory, which it may share with another; the system's own draw by default.

    Raises:
        Interrupted: the run was stopped.
        OSError: the program cannot be run.
    """

    def __init__(
        self,
        argv: Sequence[str],
        *,
        cwd: Path,
        env: Mapping[str, str],
        pass_fds: Collection[int] = (),
        on_line: Callable[[str], None] | None = None,
        layout: Layout | None = None,
    ) -> None:
        if _stopped.is_set():
            raise Interrupted("nothing is started any more: the run was stopped")
        orphans.adopt()
        self._before = orphans.present()
        self.started = time.monotonic()
        self._mark = f":{os.getpid():010}.{next(_numbers):010}"
        env = {**env, **self.marked}
        with layout.drawn() if layout else contextlib.nullcontext():
            self.popen = orphans.start(
                lambda: subprocess.Popen(
                    list(argv),
                    cwd=cwd,
                    env=layout.padded(argv, env) if layout else env,
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                    pass_fds=tuple(pass_fds),
                )
            )
        assert self.popen.stdout is not None  # noqa: S101 - a pipe was asked for
        self._tail = Tail(self.popen.stdout, on_line)
        self._done = False
        _running.add(self)
        if _stopped.is_set():
            self.kill()

    @property
    def pid(self) -> int:
        """The process id, which is also that of its group."""
        return self.popen.pid

    @property
    def marked(self) -> dict[str, str]:
        """The variable by which what it starts is found again."""
        return {MARK: os.environ.get(MARK, "") + self._mark}

    def alive(self) -> bool:
        """Whether the process itself is still there."""
        return self.popen.poll() is None

    def output(self) -> str:
        """The end of its output so far."""
        return self._tail.text(wait=0.5 if not self.alive() else 0.0)

    def signal_group(self, number: int) -> None:
        """Send a signal to the whole group; a group that is gone is no error."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.popen.pid, number)

    def signal(self, number: int) -> None:
        """Send a signal to the process alone; one that is gone gets none."""
        with contextlib.suppress(ProcessLookupError):
            self.popen.send_signal(number)

    def wait(self, timeout: float | None = None) -> int | None:
        """Exit code, or None when it still runs after ``timeout`` seconds."""
        try:
            return self.popen.wait(timeout)
        except subprocess.TimeoutExpired:
            return None

    def kill(self, grace: float = 0.0) -> None:
        """End it with all it started: SIGTERM and ``grace`` seconds when asked, then SIGKILL. Twice is once."""
        if self._done:
            return
        if grace and self.alive():
            self.signal_group(signal.SIGTERM)
            self.wait(grace)
        self.signal_group(signal.SIGKILL)
        self.popen.wait()
        _running.discard(self)
        # Only now: an interruption before this line leaves it to kill_all.
        self._done = True
        orphans.forget(self.pid)
        orphans.end(self._before, _belongs_to_another)
        self._tail.close()

    def claims(self, pid: int) -> bool:
        """Whether an orphan is surely from here: of this session, or with this child's mark."""
        return orphans.session(pid) == self.pid or self._mark.encode() in orphans.environment(pid)


def _belongs_to_another(pid: int) -> bool:
    """Whether an orphan stems from a child that still runs, which may count on it; one that hides it is nobody's."""
    return any(child.claims(pid) for child in tuple(_running))


def run(
    command: Sequence[str] | str,
    *,
    cwd: Path,
    env: Mapping[str, str],
    timeout: float,
    on_line: Callable[[str], None] | None = None,
) -> Finished:
    """Run a command to its end; a string goes through ``/bin/sh -c``. Its group never outlives this call.

    Args:
        timeout: seconds of wall time, after which the group is terminated.
    """
    argv = ["/bin/sh", "-c", command] if isinstance(command, str) else list(command)
    with running(argv, cwd=cwd, env=env, on_line=on_line) as child:
        code = child.wait(timeout)
        timed_out = code is None
        seconds = time.monotonic() - child.started
        if timed_out:
            child.kill(grace=GRACE_SECONDS)
            code = child.popen.returncode
        return Finished(code if code is not None else -signal.SIGKILL, child.output(), seconds, timed_out)


@contextlib.contextmanager
def running(
    argv: Sequence[str],
    *,
    cwd: Path,
    env: Mapping[str, str],
    on_line: Callable[[str], None] | None = None,
) -> Iterator[Child]:
    """A child that is killed, with its group, when the block ends."""
    child = Child(argv, cwd=cwd, env=env, on_line=on_line)
    try:
        yield child
    finally:
        child.kill()


def capture(
    argv: Sequence[str],
    *,
    cwd: Path,
    env: Mapping[str, str] | None = None,
    timeout: float = 120.0,
    stdin: bytes | None = None,
) -> subprocess.CompletedProcess[bytes]:
    """Run a trusted tool (git) and keep stdout and stderr apart and whole; never for code under test.

    Raises:
        subprocess.TimeoutExpired: after ``timeout`` seconds.
    """
    popen = orphans.start(
        lambda: subprocess.Popen(
            list(argv),
            cwd=cwd,
            env=env,
            stdin=subprocess.DEVNULL if stdin is None else subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
    )
    try:
        out, err = popen.communicate(stdin, timeout)
    finally:
        if popen.poll() is None:
            popen.kill()
            popen.communicate()
        orphans.forget(popen.pid)
    return subprocess.CompletedProcess(popen.args, popen.returncode, out, err)
