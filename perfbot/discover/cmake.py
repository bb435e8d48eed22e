"""What CMake's files say of the programs that benchmarks become: only what is built always, or by an option."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

LISTS = "CMakeLists.txt"
LARGEST_TEXT = 500_000
DEEPEST = 8
"""Folders of ``add_subdirectory`` in each other."""

COMMAND = re.compile(r"(\w+)\s*\(((?:[^()]|\([^()]*\))*)\)")
COMMENT = re.compile(r"#\[\[.*?\]\]|#[^\n]*", re.DOTALL)
WORD = re.compile(r'"([^"]*)"|([^\s"]+)')
OPENS = frozenset({"if", "foreach", "while", "function", "macro", "block"})
"""What stands inside one of these may not be built, but for an ``if`` of options."""

ON = frozenset({"ON", "TRUE", "YES", "Y", "1"})
TOP_LEVEL = frozenset({
    "PROJECT_IS_TOP_LEVEL",
    "CMAKE_PROJECT_NAME STREQUAL PROJECT_NAME", "PROJECT_NAME STREQUAL CMAKE_PROJECT_NAME",
    "CMAKE_SOURCE_DIR STREQUAL PROJECT_SOURCE_DIR", "PROJECT_SOURCE_DIR STREQUAL CMAKE_SOURCE_DIR",
    "CMAKE_SOURCE_DIR STREQUAL CMAKE_CURRENT_SOURCE_DIR", "CMAKE_CURRENT_SOURCE_DIR STREQUAL CMAKE_SOURCE_DIR",
})  # fmt: skip
"""Conditions that hold where nobody else includes the project."""

Options = Mapping[str, bool]
"""Switches that the project declares, and whether they are on by default."""


@dataclass(frozen=True, slots=True)
class Program:
    """A program that is built in any case, or where some options are on.

    Attributes:
        target: what CMake calls it.
        path: where it is built to in the folder ``build``, relative to that of the topmost ``CMakeLists.txt``.
        sources: its files.
        options: those that are off by default.
    """

    target: str
    path: str
    sources: tuple[Path, ...]
    options: tuple[str, ...] = ()


def topmost(folder: Path, root: Path) -> Path | None:
    """The outermost folder with a ``CMakeLists.txt`` on the way from the repository's top to a folder."""
    ways = [parent for parent in (folder, *folder.parents) if parent.is_relative_to(root)]
    return next((parent for parent in reversed(ways) if (parent / LISTS).is_file()), None)


def programs(top: Path) -> tuple[Program, ...]:
    """The programs of a project; none where it says itself where they are built to."""
    found = tuple(_programs(top, top, DEEPEST, _Way(_declared(top))))
    return () if any(program.target == "" for program in found) else found


@dataclass(frozen=True, slots=True)
class _Way:
    """How one came to a command: the options that are known, and those that had to be switched on."""

    known: Options
    on: tuple[str, ...] = ()


def _programs(folder: Path, top: Path, deep: int, way: _Way) -> Iterator[Program]:
    text = _text(folder / LISTS)
    way = replace(way, known={**way.known, **_options(text)})
    if "RUNTIME_OUTPUT_DIRECTORY" in text or "EXECUTABLE_OUTPUT_PATH" in text:
        yield Program("", "", ())
        return
    for name, words, there in _reached(text, way):
        if name == "add_executable" and len(words) > 1 and "$" not in words[0]:
            inside = folder.relative_to(top).as_posix()
            path = "/".join(part for part in ("build", "" if inside == "." else inside, words[0]) if part)
            yield Program(words[0], path, tuple(_file(word, folder, top) for word in words[1:]), there.on)
        elif name == "add_subdirectory" and len(words) == 1 and deep and (folder / words[0] / LISTS).is_file():
            inner = (folder / words[0]).resolve()
            if inner.is_relative_to(top.resolve()) and "$" not in words[0]:
                yield from _programs(top / inner.relative_to(top.resolve()), top, deep - 1, there)


def _reached(text: str, way: _Way) -> Iterator[tuple[str, list[str], _Way]]:
    """Commands, their words, and the options that it takes to get there; none that other conditions stand before."""
    within: list[tuple[str, ...] | None] = []
    for name, inside in _commands(text):
        if name in OPENS:
            within.append(_switched(inside, way.known) if name == "if" else None)
        elif name in ("else", "elseif") and within:
            within[-1] = None
        elif name.startswith("end") and name[3:] in OPENS:
            within = within[:-1] if within else [None]
        elif None not in within:
            on = tuple(dict.fromkeys((*way.on, *(option for options in within if options for option in options))))
            yield name, _words(inside), replace(way, on=on)


def _switched(condition: str, known: Options) -> tuple[str, ...] | None:
    """The options to switch on for a condition to hold; None where it asks for something else."""
    asked = [" ".join(part.split()) for part in re.split(r"\bAND\b", condition)]
    wanted = [part for part in asked if re.sub(r"[$\"{}]", "", part) not in TOP_LEVEL]
    if any(part not in known for part in wanted):
        return None
    return tuple(part for part in wanted if not known[part])


def _declared(top: Path) -> Options:
    """Options of the files that a project keeps beside its lists."""
    return {name: on for path in sorted((top / "cmake").glob("*.cmake")) for name, on in _options(_text(path)).items()}


def _options(text: str) -> Options:
    """What ``option(NAME "help" ON)`` declares; CTest has one of its own."""
    found: dict[str, bool] = {}
    for name, inside in _commands(text):
        words = _words(inside)
        if name == "option" and words:
            found[words[0]] = len(words) > 2 and words[2].upper() in ON
        elif name == "include" and words == ["CTest"]:
            found.setdefault("BUILD_TESTING", True)
    return found


def _commands(text: str) -> Iterator[tuple[str, str]]:
    """Names in small letters, and what stands in the parentheses."""
    yield from ((found[1].lower(), found[2]) for found in COMMAND.finditer(COMMENT.sub("", text)))


def _words(inside: str) -> list[str]:
    return [one[1] if one[1] is not None else one[2] for one in WORD.finditer(inside)]


def _file(word: str, folder: Path, top: Path) -> Path:
    for variable, stands_for in (("CURRENT_SOURCE_DIR", folder), ("CURRENT_LIST_DIR", folder), ("SOURCE_DIR", top)):
        word = re.sub(rf"\$\{{(?:CMAKE|PROJECT)_{variable}\}}", lambda _, to=stands_for: to.as_posix(), word)  # type: ignore[misc]
    return folder / word


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8", "replace") if path.stat().st_size <= LARGEST_TEXT else ""
    except OSError:
        return ""
