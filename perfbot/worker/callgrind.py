"""Lets a process that runs under valgrind's callgrind count the instructions of a part of itself.

callgrind listens to *client requests*: a few rotations of a register that amount to nothing, then an exchange of a
register with itself (``valgrind.h``, "The lowest-level way to do a client request"). Without a compiler in the
measured environment, that code is written into executable memory here and called through ctypes.
"""

from __future__ import annotations

import ctypes
import mmap
import os
import platform
from typing import Any, Callable, Dict

CODE: Dict[str, bytes] = {
    # mov rax, rdi; mov rdx, rsi; rol rdi, 3; rol rdi, 13; rol rdi, 61; rol rdi, 51; xchg rbx, rbx; mov rax, rdx; ret
    "x86_64": bytes.fromhex("4889f8 4889f2 48c1c703 48c1c70d 48c1c73d 48c1c733 4887db 4889d0 c3"),
    # mov x4, x0; mov x3, x1; ror x12, x12, 3, 13, 51, 61; orr x10, x10, x10; mov x0, x3; ret
    "aarch64": bytes.fromhex("e40300aa e30301aa 8c0dcc93 8c35cc93 8ccdcc93 8cf5cc93 4a010aaa e00303aa c0035fd6"),
}
"""``request(address of six words, default answer) -> answer`` by machine."""

RUNNING_ON_VALGRIND = 0x1001
DUMP_STATS, ZERO_STATS, TOGGLE_COLLECT, _, START_INSTRUMENTATION, STOP_INSTRUMENTATION = range(0x43540000, 0x43540006)
"""``VG_USERREQ_TOOL_BASE('C', 'T')`` and on, from ``callgrind.h``."""


class Unreachable(Exception):
    """callgrind cannot be asked from here; the text says why."""


class Callgrind:
    """The callgrind that this process runs in, started with ``--instr-atstart=no``.

    Args:
        out: what ``--callgrind-out-file`` says; dumps are ``out.1``, ``out.2``, …

    Raises:
        Unreachable: this machine or system does not let it be asked.
    """

    def __init__(self, out: str) -> None:
        self._out = out
        self._dumps = 0
        code = CODE.get(platform.machine())
        if code is None:
            raise Unreachable("counting instructions is known for x86_64 and aarch64, not " + platform.machine())
        try:
            self._memory = mmap.mmap(-1, mmap.PAGESIZE, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
        except OSError as error:
            raise Unreachable("this system lets no program write code, which asking callgrind takes") from error
        self._memory.write(code)
        self._zeros = ctypes.c_size_t * 6
        address = ctypes.addressof(ctypes.c_char.from_buffer(self._memory))
        self._request: Any = ctypes.CFUNCTYPE(ctypes.c_size_t, ctypes.c_void_p, ctypes.c_size_t)(address)
        if self._ask(RUNNING_ON_VALGRIND) == 0:
            raise Unreachable("this process does not run under valgrind")

    def _ask(self, request: int) -> int:
        words = self._zeros(request)
        return int(self._request(ctypes.addressof(words), 0))

    def start(self) -> None:
        """Count from here on, at fifty times the usual time."""
        self._ask(START_INSTRUMENTATION)

    def stop(self) -> None:
        """Go back to five times the usual time."""
        self._ask(STOP_INSTRUMENTATION)

    def toggle(self) -> None:
        """Leave out what comes, or count it again."""
        self._ask(TOGGLE_COLLECT)

    def count(self, action: Callable[[], Any]) -> int:
        """Instructions that ``action`` takes, in all threads, with a constant for the asking."""
        self._ask(ZERO_STATS)
        action()
        self._ask(DUMP_STATS)
        self._dumps += 1
        path = "{}.{}".format(self._out, self._dumps)
        try:
            with open(path) as file:
                return next(int(line.split()[1]) for line in file if line.startswith(("totals:", "summary:")))
        except (OSError, StopIteration, ValueError, IndexError) as error:
            raise Unreachable("callgrind did not say what it counted") from error
        finally:
            if os.path.exists(path):
                os.remove(path)
