"""Where a thread is, asked many thousand times a second: the chain of Python frames, at any instruction.

Python's own signal handlers run where the interpreter next looks for them: what a function without calls takes would
be found in its caller. So a handler of a few machine instructions copies the chain of frames (each with its code and
instruction) into memory that was set aside for that, at the very moment at which a timer fires. It takes less than a
microsecond, calls nothing and allocates nothing. Where the interpreter keeps its frames is found out by looking for
what :func:`sys._getframe` shows, and checked before anything is sampled; nothing is known of its layout beforehand.
"""

from __future__ import annotations

import ctypes
import mmap
import os
import platform
import signal
import struct
import sys
from types import CodeType
from typing import Any, Dict, List, Optional, Tuple

WORD = 8
LOOKED_AT = 64
"""Words of a structure that are searched."""

DEEPEST = 200
"""Frames of one sample."""

ROOM = 48 << 20
"""Bytes for samples between two times that they are taken out."""

SAVED_RAX, SAVED_RIP = 144, 168
"""Offsets in ``ucontext_t`` on x86-64 (``sys/ucontext.h``: REG_RAX and REG_RIP of ``uc_mcontext.gregs``)."""

WAITS = 4
"""Marks a sample in the address of its innermost code: objects lie at multiples of 16."""

Sample = Tuple[Tuple[int, int], ...]
"""Address of the code and of the instruction, of each frame, innermost first."""


class Unseen(Exception):
    """Frames cannot be looked at here; the text says why."""


class _Memory:
    """This process's memory, where a wrong address is an error instead of the end."""

    def __init__(self) -> None:
        self._file = os.open("/proc/self/mem", os.O_RDONLY | os.O_CLOEXEC)

    def word(self, address: int) -> Optional[int]:
        """Eight bytes, or None where there is nothing."""
        if not 1 << 12 < address < 1 << 62:
            return None
        try:
            data = os.pread(self._file, WORD, address)
        except (OSError, OverflowError):
            return None
        return int(struct.unpack("<Q", data)[0]) if len(data) == WORD else None

    def find(self, address: int, wanted: int, mask: int = ~0) -> Optional[int]:
        """Where in a structure a value stands, in bytes from its beginning."""
        for offset in range(0, WORD * LOOKED_AT, WORD):
            word = self.word(address + offset)
            if word is not None and word & mask == wanted:
                return offset
        return None

    def close(self) -> None:
        os.close(self._file)


class Layout:
    """How this interpreter chains its frames.

    Attributes:
        top: address of the word that leads to the innermost frame.
        inner: offset to add before a second step from there; None where the first one leads to the frame.
        code, back, at: offsets in a frame of its code, its caller's frame and its instruction.
        index: whether the instruction is an index (Python up to 3.10) instead of an address.
    """

    def __init__(self) -> None:
        if sys.implementation.name != "cpython" or platform.machine() not in ("x86_64", "AMD64"):
            raise Unseen("functions are timed on CPython and x86-64 alone")
        memory = _Memory()
        try:
            self._explore(memory)
        finally:
            memory.close()

    def _explore(self, memory: _Memory) -> None:
        frame = sys._getframe()
        assert frame.f_back is not None
        assert frame.f_back.f_back is not None
        here = self.of(frame, memory)
        there, beyond = self.of(frame.f_back, memory), self.of(frame.f_back.f_back, memory)
        code = memory.find(here, id(frame.f_code), ~3)
        back = memory.find(here, there)
        if code is None or back is None:
            raise Unseen("this Python keeps its frames in a way that is not known")
        self.code, self.back = code, back
        known = memory.word(there + code), memory.word(there + back)
        if (known[0] or 0) & ~3 != id(frame.f_back.f_code) or known[1] != beyond:
            raise Unseen("this Python chains its frames in a way that is not known")
        self._find_instruction(memory, there, frame.f_back)
        self._find_top(memory)

    @staticmethod
    def of(frame: Any, memory: Optional[_Memory] = None) -> int:
        """Address of the interpreter's own frame behind a frame object."""
        if sys.version_info < (3, 11):
            return id(frame)
        reader = memory or _Memory()
        try:
            return reader.word(id(frame) + 3 * WORD) or 0
        finally:
            if memory is None:
                reader.close()

    def _find_instruction(self, memory: _Memory, there: int, frame: Any) -> None:
        """The caller's frame stands still while this looks at it."""
        self.index = sys.version_info < (3, 11)
        code = frame.f_code
        if self.index:
            unit = 1 if sys.version_info < (3, 10) else 2
            packed = [memory.word(there + offset) or 0 for offset in range(0, WORD * LOOKED_AT, WORD)]
            found = [4 * i for i, half in enumerate(_halves(packed)) if half * unit == frame.f_lasti]
            if not found:
                raise Unseen("this Python keeps its instructions in a way that is not known")
            self.at, self.start = found[0], 0
            return
        for offset in range(0, WORD * 16, WORD):
            word = memory.word(there + offset) or 0
            start = word - id(code) - frame.f_lasti
            if 0 < word - id(code) < 1 << 20 and 0 < start < 512:
                self.at, self.start = offset, start
                return
        raise Unseen("this Python keeps its instructions in a way that is not known")

    def _find_top(self, memory: _Memory) -> None:
        """Whoever reads the word runs meanwhile: what is found is the reader's frame, called from here."""
        state_of = ctypes.pythonapi.PyThreadState_Get
        state_of.restype = ctypes.c_void_p
        state, here = int(state_of()), self.of(sys._getframe(), memory)
        for offset in range(0, WORD * LOOKED_AT, WORD):
            first = memory.word(state + offset) or 0
            for inner, frame in ((None, first), (0, memory.word(first)), (WORD, memory.word(first + WORD))):
                if frame and memory.word(frame + self.back) == here:
                    self.top, self.inner = state + offset, inner
                    return
        raise Unseen("this Python hides which frame runs")

    def lasti(self, code: CodeType, instruction: int) -> int:
        """Byte offset of an instruction in its code."""
        if self.index:
            return (instruction & 0xFFFFFFFF) * (1 if sys.version_info < (3, 10) else 2)
        return max(0, instruction - id(code) - self.start)  # it is before the first one while a call begins


def _halves(words: List[int]) -> List[int]:
    return [half for word in words for half in (word & 0xFFFFFFFF, word >> 32)]


def _machine_code(layout: Layout, table: int) -> bytes:
    """The handler, for x86-64: it may use whatever the System V ABI lets a function use, and no stack.

    ``table`` holds: where the next sample goes, where the room ends, the frame to stop at. The third argument is what
    the kernel saved of the thread (``ucontext_t``): it waits where the signal interrupted a system call, which is then
    to be made again (the next instruction is ``syscall``) or has returned ``-EINTR`` (the last one was).
    """
    inner = b"" if layout.inner is None else _load(b"\x48\x8b\x92", layout.inner)
    body = _Assembler()
    body.add(b"\x45\x31\xc0")  # xor r8d, r8d
    body.add(_load(b"\x48\x8b\xb2", SAVED_RIP))  # mov rsi, [rdx+SAVED_RIP]
    body.add(b"\x66\x81\x3e\x0f\x05").jump(b"\x0f\x84", "waits")  # cmp word [rsi], syscall; je waits
    body.add(b"\x66\x81\x7e\xfe\x0f\x05").jump(b"\x0f\x85", "runs")  # cmp word [rsi-2], syscall; jne runs
    body.add(_load(b"\x48\x83\xba", SAVED_RAX) + b"\xfc").jump(b"\x0f\x85", "runs")  # cmp [rdx+SAVED_RAX], -4; jne
    body.label("waits")
    body.add(b"\x41\xb8" + struct.pack("<I", WAITS))  # mov r8d, WAITS
    body.label("runs")
    body.add(b"\x48\xb8" + struct.pack("<Q", table))  # mov rax, table
    body.add(b"\x48\x8b\x08")  # mov rcx, [rax]
    body.add(b"\x48\x3b\x48\x08").jump(b"\x0f\x83", "out")  # cmp rcx, [rax+8]; jae out
    body.add(b"\x48\xba" + struct.pack("<Q", layout.top) + b"\x48\x8b\x12")  # mov rdx, top; mov rdx, [rdx]
    body.add(inner)  # mov rdx, [rdx+inner]
    body.add(b"\x41\xb9" + struct.pack("<I", DEEPEST))  # mov r9d, DEEPEST
    body.label("frame")
    body.add(b"\x48\x85\xd2").jump(b"\x0f\x84", "done")  # test rdx, rdx; jz done
    body.add(b"\x48\x3b\x50\x10").jump(b"\x0f\x84", "done")  # cmp rdx, [rax+16]; je done
    body.add(b"\xf6\xc2\x07").jump(b"\x0f\x85", "out")  # test dl, 7; jnz out: this is no frame
    body.add(b"\x48\x89\xd6\x48\xc1\xee\x2f").jump(b"\x0f\x85", "out")  # mov rsi, rdx; shr rsi, 47; jnz out
    body.add(b"\x48\x81\xfa\x00\x00\x01\x00").jump(b"\x0f\x82", "out")  # cmp rdx, 65536; jb out
    body.add(_load(b"\x4c\x8b\x92", layout.code) + b"\x4d\x09\xc2")  # mov r10, [rdx+code]; or r10, r8
    body.add(b"\x4c\x89\x11" + b"\x45\x31\xc0")  # mov [rcx], r10; xor r8d, r8d: the innermost frame alone says it
    body.add(_load(b"\x4c\x8b\x92", layout.at) + b"\x4c\x89\x51\x08")  # mov r10, [rdx+at]; mov [rcx+8], r10
    body.add(_load(b"\x48\x8b\x92", layout.back))  # mov rdx, [rdx+back]
    body.add(b"\x48\x83\xc1\x10" + b"\x41\xff\xc9").jump(b"\x0f\x85", "frame")  # add rcx, 16; dec r9d; jnz frame
    body.label("done")
    body.add(
        b"\x48\xc7\x01\x00\x00\x00\x00" + b"\x48\x83\xc1\x08" + b"\x48\x89\x08"
    )  # [rcx] = 0; rcx += 8; [rax] = rcx
    body.label("out")
    body.add(b"\xc3")
    return body.code()


def _load(opcode: bytes, offset: int) -> bytes:
    return opcode + struct.pack("<i", offset)


class _Assembler:
    """Bytes with jumps between them."""

    def __init__(self) -> None:
        self._bytes = bytearray()
        self._labels: Dict[str, int] = {}
        self._jumps: List[Tuple[int, str]] = []

    def add(self, code: bytes) -> "_Assembler":
        self._bytes += code
        return self

    def jump(self, opcode: bytes, label: str) -> None:
        self._bytes += opcode + b"\0\0\0\0"
        self._jumps.append((len(self._bytes), label))

    def label(self, name: str) -> None:
        self._labels[name] = len(self._bytes)

    def code(self) -> bytes:
        for end, label in self._jumps:
            struct.pack_into("<i", self._bytes, end - 4, self._labels[label] - end)
        return bytes(self._bytes)


class Sampler:
    """Samples the thread that made it, which must be the main one: timers interrupt that one first.

    Raises:
        Unseen: this interpreter or system does not let its frames be looked at.
    """

    def __init__(self) -> None:
        self.layout = Layout()
        self._room = mmap.mmap(-1, ROOM)
        self._begin = ctypes.addressof(ctypes.c_char.from_buffer(self._room))
        self._table = (ctypes.c_uint64 * 3)(self._begin, self._begin + ROOM - 16 * (DEEPEST + 1), 0)
        try:
            self._code = mmap.mmap(-1, mmap.PAGESIZE, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
        except OSError as error:
            raise Unseen("this system lets no program write code, which timing functions takes") from error
        self._code.write(_machine_code(self.layout, ctypes.addressof(self._table)))
        self._handler = ctypes.addressof(ctypes.c_char.from_buffer(self._code))
        self._signal = ctypes.CDLL(None).signal
        self._signal.restype, self._signal.argtypes = ctypes.c_void_p, (ctypes.c_int, ctypes.c_void_p)

    def start(self, frame: Any, seconds: float) -> None:
        """Sample every so many seconds what runs inside a frame."""
        self._table[2] = self.layout.of(frame)
        self._before = self._signal(signal.SIGALRM, self._handler)
        signal.setitimer(signal.ITIMER_REAL, seconds, seconds)

    def stop(self) -> None:
        """Sample no more."""
        signal.setitimer(signal.ITIMER_REAL, 0)
        self._signal(signal.SIGALRM, self._before)

    def taken(self) -> Dict[Sample, Tuple[int, int]]:
        """How often each chain of frames was met since the last time, and of these, while the thread waited.

        The outermost one ran in the frame given.
        """
        used = self._table[0] - self._begin
        self._table[0] = self._begin
        found: Dict[bytes, int] = {}
        data = self._room[:used]
        for chain in _chains(data):
            found[chain] = found.get(chain, 0) + 1
        samples: Dict[Sample, Tuple[int, int]] = {}
        for chain, count in found.items():
            frames, waits = _sample(chain)
            met, waited = samples.get(frames, (0, 0))
            samples[frames] = met + count, waited + count * waits
        return samples


def _chains(data: bytes) -> List[bytes]:
    """Samples end with a zero in the place of a code."""
    words = memoryview(data).cast("Q")
    chains: List[bytes] = []
    begin = at = 0
    while at < len(words):
        if words[at]:
            at += 2
        else:
            chains.append(data[WORD * begin : WORD * at])
            at += 1
            begin = at
    return chains


def _sample(chain: bytes) -> Tuple[Sample, bool]:
    words = struct.unpack("<{}Q".format(len(chain) // WORD), chain)
    waits = bool(words and words[0] & WAITS)
    return tuple((words[i] & ~(3 | WAITS), words[i + 1]) for i in range(0, len(words), 2)), waits
