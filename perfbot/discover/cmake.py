"""What CMake's files say of the programs that benchmarks become: only what they say without conditions."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

LISTS = "CMakeLists.txt"
LARGEST_TEXT = 500_000
DEEPEST = 8
"""Folders of ``add_subdirectory`` in each other."""

COMMAND = re.compile(r"(\w+)\s*\(([^()]*)\)")
COMMENT = re.compile(r"#\[\[.*?\]\]|#[^\n]*", re.DOTALL)
WORD = re.compile(r'"([^"]*)"|([^\s"]+)')
OPENS = frozenset({"if", "foreach", "while", "function", "macro", "block"})
"""What stands inside one of these may not be built."""


@dataclass(frozen=True, slots=True)
class Program:
    """A program that is built in any case.

    Attributes:
        target: what CMake calls it.
        path: where it is built to in the folder ``build``, relative to that of the topmost ``CMakeLists.txt``.
        sources: its files.
    """

    target: str
    path: str
    sources: tuple[Path, ...]


def topmost(folder: Path, root: Path) -> Path | None:
    """The outermost folder with a ``CMakeLists.txt`` on the way from the repository's top to a folder."""
    ways = [parent for parent in (folder, *folder.parents) if parent.is_relative_to(root)]
    return next((parent for parent in reversed(ways) if (parent / LISTS).is_file()), None)


def programs(top: Path) -> tuple[Program, ...]:
    """The programs of a project; none where it says itself where they are built to."""
    found = tuple(_programs(top, top, DEEPEST))
    return () if any(program.target == "" for program in found) else found


def _programs(folder: Path, top: Path, deep: int) -> Iterator[Program]:
    text = _text(folder / LISTS)
    if "RUNTIME_OUTPUT_DIRECTORY" in text or "EXECUTABLE_OUTPUT_PATH" in text:
        yield Program("", "", ())
        return
    for name, words in _unconditional(text):
        if name == "add_executable" and len(words) > 1 and "$" not in words[0]:
            inside = folder.relative_to(top).as_posix()
            path = "/".join(part for part in ("build", "" if inside == "." else inside, words[0]) if part)
            yield Program(words[0], path, tuple(_file(word, folder, top) for word in words[1:]))
        elif name == "add_subdirectory" and len(words) == 1 and deep and (folder / words[0] / LISTS).is_file():
            inner = (folder / words[0]).resolve()
            if inner.is_relative_to(top.resolve()) and "$" not in words[0]:
                yield from _programs(top / inner.relative_to(top.resolve()), top, deep - 1)


def _unconditional(text: str) -> Iterator[tuple[str, list[str]]]:
    """Commands and their words, outside of everything that is not always carried out."""
    depth = 0
    for found in COMMAND.finditer(COMMENT.sub("", text)):
        name = found[1].lower()
        depth += (name in OPENS) - (name.startswith("end") and name[3:] in OPENS)
        if not depth:
            yield name, [one[1] if one[1] is not None else one[2] for one in WORD.finditer(found[2])]


def _file(word: str, folder: Path, top: Path) -> Path:
    for variable, stands_for in (("CURRENT_SOURCE_DIR", folder), ("CURRENT_LIST_DIR", folder), ("SOURCE_DIR", top)):
        word = re.sub(rf"\$\{{(?:CMAKE|PROJECT)_{variable}\}}", lambda _, to=stands_for: to.as_posix(), word)  # type: ignore[misc]
    return folder / word


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8", "replace") if path.stat().st_size <= LARGEST_TEXT else ""
    except OSError:
        return ""
