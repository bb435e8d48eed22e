"""One address-space layout for both sides of a round, and another one for the next round.

Where the system puts the parts of a process decides how fast it runs, by up to a tenth, for its whole life. Two
processes with layouts of their own differ by that much now and then; two that share one do not (ADR 12). So the
system's own draw is switched off for the two, and perfbot draws instead: where libraries and mappings begin, by the
limit of the stack, which the kernel leaves room for above them; and where the stack begins, by the length of the
environment.
"""

from __future__ import annotations

import contextlib
import ctypes
import functools
import os
import resource
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from random import Random

NOT_RANDOM = 0x0040000
"""ADDR_NO_RANDOMIZE of personality(2)."""

ASK = 0xFFFFFFFF

PAGE = 4096
ALIGNMENT = 16
"""Of the stack; bytes."""

STACK_BYTES = (129 << 20, 257 << 20)
"""Below the first, the kernel leaves the same room whatever the limit is. The span holds each way in which libraries
that begin at whole pages and at whole huge pages can lie towards each other 64 times."""

PADDING = "PERFBOT_PADDING"

PADDED_BYTES = 16 * 1024
"""Arguments and environments are padded to a length in the last page of so much, or of a multiple: what is shorter by a
page, as nearly all is, comes to lie equally long, and not a page apart."""

THREAD_STACK = max(resource.getrlimit(resource.RLIMIT_STACK)[0], 0)
"""Bytes that a thread's stack would have without a draw; 0 without a limit. Read before the first one."""

_starting = threading.Lock()
"""Limits belong to the whole process: one start at a time."""


@dataclass(frozen=True, slots=True)
class Layout:
    """A draw: the same seed gives two processes the same layout, where the system lets it."""

    seed: int

    @property
    def stack_limit(self) -> int:
        """Bytes."""
        return self._random("stack").randrange(*STACK_BYTES, PAGE)

    def padded(self, argv: Sequence[str], env: Mapping[str, str]) -> dict[str, str]:
        """``env``, and a variable with which all that lies above the stack is equally long on both sides.

        Unchanged where layouts cannot be shared.
        """
        if not can_share():
            return dict(env)
        words = [argv[0], *argv, *(f"{name}={value}" for name, value in env.items()), f"{PADDING}="]
        used = sum(len(os.fsencode(word)) + 1 for word in words)
        wanted = self._random("padding").randrange(PADDED_BYTES - PAGE, PADDED_BYTES, ALIGNMENT)
        return {**env, PADDING: "-" * ((wanted - used) % PADDED_BYTES)}

    @contextlib.contextmanager
    def drawn(self) -> Iterator[None]:
        """What this thread starts within the block, and what that starts, has this layout.

        Other starts wait; without effect where layouts cannot be shared.
        """
        if not can_share():
            yield
            return
        with _starting:
            personality, limits = _personality(ASK), resource.getrlimit(resource.RLIMIT_STACK)
            _personality(personality | NOT_RANDOM)
            with contextlib.suppress(ValueError, OSError):  # a hard limit below it: the libraries stay where they are
                resource.setrlimit(resource.RLIMIT_STACK, (self.stack_limit, limits[1]))
            try:
                yield
            finally:
                resource.setrlimit(resource.RLIMIT_STACK, limits)
                _personality(personality)

    def _random(self, what: str) -> Random:
        return Random(f"{self.seed}:{what}")  # noqa: S311 - a draw, not a secret


@functools.cache
def can_share() -> bool:
    """Whether the system lets a process start without a layout of its own (Linux, where seccomp allows it)."""
    before = _personality(ASK)
    if before == -1 or _personality(before | NOT_RANDOM) == -1:
        return False
    changed = bool(_personality(ASK) & NOT_RANDOM)
    _personality(before)
    return changed


def _personality(persona: int) -> int:
    """The one before; −1 where that is refused, or elsewhere than on Linux. Of the calling thread alone."""
    call = _call()
    return call(persona) if call else -1


@functools.cache
def _call() -> Callable[[int], int] | None:
    try:
        call = ctypes.CDLL(None).personality
    except (AttributeError, OSError):
        return None
    call.argtypes, call.restype = [ctypes.c_ulong], ctypes.c_int
    found: Callable[[int], int] = call
    return found
