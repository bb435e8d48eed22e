"""What valgrind's callgrind wrote: functions with their instructions, and who calls whom.

The format: https://valgrind.org/docs/manual/cl-format.html. Names are told once and numbered from then on; lines of
code are absolute, or relative to the last one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from perfbot.why.profile import Calls, Function, Place, Profile, Samples

NAMED = re.compile(r"(ob|cob|fl|fi|fe|cfi|cfl|fn|cfn)=(?:\((\d+)\))?\s*(.*)")
KIND = {"ob": "ob", "cob": "ob", "fl": "fl", "fi": "fl", "fe": "fl", "cfi": "fl", "cfl": "fl", "fn": "fn", "cfn": "fn"}

AGAIN = re.compile(r"'\d+$")
"""callgrind tells depths of recursion apart: ``walk'2``."""

UNKNOWN = "???"

LONGEST = 300

Key = tuple[str, str, str]
"""Object, file and name of a function."""


@dataclass(slots=True)
class _Read:
    """The files of one run, as far as they were read."""

    own: dict[Key, int] = field(default_factory=dict)
    lines: dict[Key, list[int]] = field(default_factory=dict)
    edges: dict[tuple[Key, Key], int] = field(default_factory=dict)

    def file(self, text: Iterable[str]) -> None:
        """Take in one process."""
        names: dict[tuple[str, str], str] = {}
        now = {"ob": "", "fl": "", "fn": "", "file": ""}
        callee = {"ob": "", "fl": "", "fn": ""}
        line, calls = 0, 0
        for row in text:
            if found := NAMED.match(row):
                word, number, name = found.groups()
                kind = KIND[word]
                name = names.setdefault((kind, number), name) if number else name
                if word.startswith("c"):
                    callee[kind] = name
                else:
                    now["file" if word in ("fi", "fe") else kind] = name
                    if word == "fl":
                        now["file"] = name
                    if word == "fn":
                        now["file"] = now["fl"]
            elif row.startswith("calls="):
                calls = int(row[6:].split()[0])
            elif row[:1] in "+-*0123456789" and row.strip():
                at, _, cost = row.partition(" ")
                line = _line(at, line)
                key = _key(now)
                if calls:
                    pair = key, _key({name: text or now[name] for name, text in callee.items()})
                    self.edges[pair] = self.edges.get(pair, 0) + calls
                    calls, callee = 0, {"ob": "", "fl": "", "fn": ""}
                else:
                    self.own[key] = self.own.get(key, 0) + int(cost.split()[0] if cost else 0)
                    if now["file"] == now["fl"]:
                        self.lines.setdefault(key, []).append(line)


def _key(now: dict[str, str]) -> Key:
    return now["ob"], now["fl"], AGAIN.sub("", now["fn"])


def _line(text: str, last: int) -> int:
    if text == "*":
        return last
    number = int(text, 0) if not text.startswith("+") else int(text[1:], 0)
    return last + number if text[0] in "+-" else number


@dataclass(frozen=True, slots=True)
class Counted:
    """A profile, and the program or library of each of its functions."""

    profile: Profile
    programs: tuple[str, ...]


def profile_of(files: Iterable[str], home: str) -> Profile:
    """As :func:`counted_of`, without programs."""
    return counted_of(files, home).profile


def counted_of(files: Iterable[str], home: str) -> Counted:
    """One run of a command with all processes that it started.

    Args:
        files: texts of what callgrind wrote, one of each process.
        home: the folder that the command ran in; what lies below is the project's own.

    Returns:
        Its ``seconds`` are instructions: shares of them are what counts.
    """
    read = _Read()
    for text in files:
        read.file(text.splitlines())
    keys = list(dict.fromkeys([*read.own, *(key for pair in read.edges for key in pair)]))
    at = {key: number for number, key in enumerate(keys)}
    functions = tuple(_function(key, read.lines.get(key, []), home) for key in keys)
    edges = {(at[caller], at[callee]): float(count) for (caller, callee), count in read.edges.items()}
    stacks: dict[tuple[int, ...], int] = {(at[key],): cost for key, cost in read.own.items() if cost > 0}
    profile = Profile(float(sum(read.own.values())), Calls(functions, edges), Samples(functions, stacks))
    return Counted(profile, tuple(program for program, _, _ in keys))


def is_own(path: str, home: str) -> bool:
    """Whether a file lies below the folder that the command ran in."""
    return path.startswith(f"{home.rstrip('/')}/")


def _function(key: Key, lines: list[int], home: str) -> Function:
    program, file, name = key
    top = f"{home.rstrip('/')}/"
    place: Place = "own" if is_own(program, home) or is_own(file, home) else "std"
    sourced = file not in ("", UNKNOWN)
    path = file if sourced else program
    path = path.removeprefix(top).removeprefix("./") if place == "own" else path.rpartition("/")[2]
    known = [line for line in lines if line > 0] if sourced else []
    return Function(name[:LONGEST], "", place, path[-LONGEST:], min(known, default=0), max(known, default=0))
