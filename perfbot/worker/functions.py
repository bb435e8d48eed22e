"""What functions are called, so that those of both sides can be told to be the same."""

from __future__ import annotations

import ast
import gc
import hashlib
import os
import sys
import sysconfig
from types import CodeType, FunctionType
from typing import Any, Dict, Iterator, List, Optional, Tuple

from .inside import classes_alive

HERE = os.path.dirname(os.path.abspath(__file__))

LONGEST = 300
"""Characters of a name."""


class Around:
    """The functions that there are in this process, found by a walk through its memory.

    Args:
        home: the folder that files are told relative to.
    """

    def __init__(self, home: str) -> None:
        self.home = os.path.realpath(home)
        self.roots = _roots(self.home)
        self.owners: Dict[int, FunctionType] = {}
        self.codes: Dict[int, CodeType] = {}
        self.modules: Dict[str, str] = {}
        self.classes: Dict[str, Dict[str, Tuple[int, int]]] = {}
        self.described: Dict[int, Dict[str, Any]] = {}
        self.look()

    def look(self) -> None:
        """Find the code of all functions that there are now: samples know their addresses alone."""
        new: List[CodeType] = []
        if hasattr(gc, "unfreeze"):
            gc.unfreeze()  # what times calls is set aside with the rest of the harness, and is to be found, too
        for found in gc.get_objects():
            if type(found) is FunctionType and id(found.__code__) not in self.owners:
                self.owners[id(found.__code__)] = found
                new.append(found.__code__)
        for code in new:
            self.know(code)
        for name, module in list(sys.modules.items()):
            file = getattr(module, "__file__", None)
            if isinstance(file, str):
                self.modules.setdefault(file, name)

    def know(self, code: CodeType) -> None:
        """Code that is alive; some belongs to no function that can be found (a module's, of ``exec``)."""
        for inner in _with_inner(code):
            self.codes.setdefault(id(inner), inner)

    def describe(self, code: CodeType) -> Dict[str, Any]:
        """What is told of a function."""
        if id(code) not in self.described:
            self.described[id(code)] = self._of_code(code)
        return self.described[id(code)]

    def _of_code(self, code: CodeType) -> Dict[str, Any]:
        owner = self.owners.get(id(code))
        name = getattr(code, "co_qualname", None) or (owner.__qualname__ if owner is not None else code.co_name)
        module = owner.__module__ if owner is not None else self.modules.get(code.co_filename)
        source, begin = code.co_filename, code.co_firstlineno
        end = max([begin, *(line for line in _lines(code) if line)])
        if owner is not None and source.startswith("<"):  # of one that was generated, only its owner knows the name
            name = owner.__qualname__
            source, begin, end = self._class_of(owner) or (source, begin, end)
        place, file = self._place(source)
        return {
            "name": str(name)[:LONGEST],
            "module": str(module or "")[:LONGEST],
            "place": place,
            "file": file[-LONGEST:],
            "line": begin,
            "end": end,
            "print": fingerprint(code),
        }

    def describe_class(self, kind: type) -> Optional[Dict[str, Any]]:
        """What is told of a class: where it stands, with its fields; None where nobody knows."""
        found = self._class_in(str(kind.__module__), kind.__qualname__)
        if found is None:
            return None
        place, file = self._place(found[0])
        return {
            "name": kind.__qualname__[:LONGEST],
            "place": place,
            "file": file[-LONGEST:],
            "line": found[1],
            "end": found[2],
        }

    def _class_of(self, owner: FunctionType) -> Optional[Tuple[str, int, int]]:
        """Where the class stands that a method was generated for (dataclasses, attrs): file, first and last line."""
        return self._class_in(str(owner.__module__), owner.__qualname__.rpartition(".")[0])

    def _class_in(self, module: str, name: str) -> Optional[Tuple[str, int, int]]:
        file = getattr(sys.modules.get(module), "__file__", None)
        if not isinstance(file, str) or not file.endswith(".py"):
            return None
        if file not in self.classes:
            self.classes[file] = _classes_in(file)
        found = self.classes[file].get(name)
        return None if found is None else (file, found[0], found[1])

    def _place(self, file: str) -> Tuple[str, str]:
        """Where a file lies: ``own`` (the checkout), ``site`` (installed), ``std``, ``bot``, or empty; and its path."""
        if file.startswith("<"):
            return "", file
        path = os.path.realpath(file)
        for place, root in self.roots:
            if path.startswith(root + os.sep):
                return place, os.path.relpath(path, root).replace(os.sep, "/")
        near = os.path.relpath(path, self.home).replace(os.sep, "/")
        return ("own", near) if near.count("../") < 3 else ("", os.path.basename(path))


class Functions:
    """Numbers functions as they are met."""

    def __init__(self, around: Around) -> None:
        self._around = around
        self._numbers: Dict[Any, int] = {}
        self._described: List[Dict[str, Any]] = []

    def look_around(self) -> None:
        """Find what has come since the last time."""
        self._around.look()

    def at(self, address: int) -> Optional[CodeType]:
        """The code at an address, where it is known."""
        return self._around.codes.get(address)

    def classes(self) -> List[Dict[str, Any]]:
        """Classes of the project and of packages, with how many of their objects there are now."""
        there = ((self._around.describe_class(kind), count) for kind, count in classes_alive())
        return [{**told, "count": count} for told, count in there if told and told["place"] in ("own", "site")]

    def around(self, file: str, line: int) -> Optional[CodeType]:
        """The innermost function whose lines a line of a file is among."""
        found: Optional[CodeType] = None
        for code in self._around.codes.values():
            if code.co_filename == file and code.co_firstlineno <= line:
                inside = line <= max([code.co_firstlineno, *(at for at in _lines(code) if at)])
                if inside and (found is None or code.co_firstlineno > found.co_firstlineno):
                    found = code
        return found

    def number(self, code: Any) -> int:
        """A small number for a code object, or for the name of a function written in C."""
        key = id(code) if isinstance(code, CodeType) else code
        found = self._numbers.get(key)
        if found is None:
            found = self._numbers[key] = len(self._described)
            self._described.append(self._describe(code))
        return found

    def described(self) -> List[Dict[str, Any]]:
        """All that were numbered, in order."""
        return self._described

    def _describe(self, code: Any) -> Dict[str, Any]:
        if not isinstance(code, CodeType):
            return _of_text(str(code))
        self._around.know(code)
        return self._around.describe(code)


def _roots(home: str) -> List[Tuple[str, str]]:
    """Folders by what lies in them, the innermost first."""
    found = {("bot", HERE), ("own", home)}
    for key in ("purelib", "platlib"):
        found.add(("site", sysconfig.get_path(key)))
    for entry in sys.path:
        if entry.endswith(("site-packages", "dist-packages")):
            found.add(("site", entry))
    for key in ("stdlib", "platstdlib"):
        found.add(("std", sysconfig.get_path(key)))
    real = {(place, os.path.realpath(root)) for place, root in found if root}
    return sorted(real, key=lambda one: -len(one[1]))


def _with_inner(code: CodeType) -> Iterator[CodeType]:
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            for inner in _with_inner(constant):
                yield inner


def _lines(code: CodeType) -> Iterator[Optional[int]]:
    if hasattr(code, "co_lines"):
        return (line for _, _, line in code.co_lines())
    import dis

    return (line for _, line in dis.findlinestarts(code))


def line_of(code: CodeType, offset: int) -> int:
    """The line of an instruction; 0 where it has none."""
    if hasattr(code, "co_lines"):
        for begin, end, line in code.co_lines():
            if begin <= offset < end:
                return line or 0
        return 0
    import dis

    found = 0
    for begin, start in dis.findlinestarts(code):
        if begin > offset:
            break
        found = start or 0
    return found


def fingerprint(code: CodeType) -> str:
    """What a function does, whatever it is called and wherever it stands: the same for one that was only moved."""
    parts = hashlib.sha256()
    _take_in(code, parts)
    return parts.hexdigest()[:16]


def _take_in(code: CodeType, parts: Any) -> None:
    first = code.co_consts[0] if code.co_consts else ()
    documented = code.co_name[0] != "<" and (first is None or isinstance(first, str))
    constants = code.co_consts[1:] if documented else code.co_consts
    parts.update(repr((code.co_code, code.co_names, code.co_varnames, code.co_flags)).encode("utf-8", "replace"))
    for constant in constants:
        if isinstance(constant, CodeType):
            _take_in(constant, parts)
        elif isinstance(constant, frozenset):
            parts.update(repr(sorted(map(repr, constant))).encode("utf-8", "replace"))
        else:
            parts.update(repr((type(constant).__name__, constant)).encode("utf-8", "replace"))


def _classes_in(file: str) -> Dict[str, Tuple[int, int]]:
    """Classes of a file by their qualified names: the lines from decorators and fields to the first method."""
    try:
        with open(file, "rb") as source:
            tree = ast.parse(source.read())
    except (OSError, SyntaxError, ValueError, RecursionError):
        return {}
    found: Dict[str, Tuple[int, int]] = {}

    def look(body: List[Any], prefix: str) -> None:
        for node in body:
            if isinstance(node, ast.ClassDef):
                found[prefix + node.name] = _first_line(node), _last_field(node)
                look(node.body, prefix + node.name + ".")

    look(tree.body, "")
    return found


def _first_line(node: Any) -> int:
    return int(min([node.lineno] + [one.lineno for one in node.decorator_list]))


def _last_field(node: ast.ClassDef) -> int:
    methods = [_first_line(one) for one in node.body if isinstance(one, (ast.FunctionDef, ast.AsyncFunctionDef))]
    return max(node.lineno, min(methods) - 1) if methods else int(getattr(node, "end_lineno", 0) or node.lineno)


def _of_text(text: str) -> Dict[str, Any]:
    """A function written in C."""
    return {"name": text[:LONGEST], "module": "", "place": "c", "file": "", "line": 0, "end": 0, "print": ""}
