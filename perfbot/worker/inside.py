"""Where a function's own time goes that is spent in C: the call that it makes there, and whose objects there are."""

from __future__ import annotations

import ast
import dis
import gc
import linecache
import sys
from itertools import islice
from types import CodeType
from typing import Any, Dict, List, Tuple

LONGEST_CALL = 2000
"""Characters of a call's text that are looked at."""

MOST_CLASSES = 50


def called_at(code: CodeType, offset: int) -> str:
    """The function that an instruction calls, as the source names it: ``pickle.dumps``, ``self._pattern.search``.

    Empty where the instruction calls nothing, and where nobody knows (before Python 3.11, without source). A sample
    that finds no Python function inside of such a call was taken in C, or in the interpreter's own work of calling.
    """
    positions = getattr(code, "co_positions", None)
    if positions is None:
        return ""
    bytecode = code.co_code
    while offset > 0 and bytecode[offset] == 0:  # the caches of an instruction stand behind it
        offset -= 2
    name = dis.opname[bytecode[offset]]
    if not name.startswith("CALL") and name != "PRECALL":
        return ""
    first, last, begin, end = next(islice(positions(), offset // 2, None), (None,) * 4)
    if first is None or last is None or begin is None or end is None:
        return ""
    lines = [line.encode() for line in linecache.getlines(code.co_filename)[first - 1 : last]]
    if len(lines) != last - first + 1:
        return ""
    lines[-1] = lines[-1][:end]
    lines[0] = lines[0][begin:]
    return _callee(b"".join(lines)[:LONGEST_CALL].decode("utf-8", "replace"))


def _callee(text: str) -> str:
    try:
        node = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError):
        return ""
    if not isinstance(node, ast.Call):
        return ""
    parts: List[str] = []
    called: Any = node.func
    while isinstance(called, ast.Attribute):
        parts.append(called.attr)
        called = called.value
    if isinstance(called, ast.Name):
        parts.append(called.id)
    return ".".join(reversed(parts))


def classes_alive() -> List[Tuple[type, int]]:
    """Classes written in Python, by how many of their objects there are now: the most first."""
    counts: Dict[type, int] = {}
    for found in gc.get_objects():
        kind = type(found)
        counts[kind] = counts.get(kind, 0) + 1
    there = [(kind, count) for kind, count in counts.items() if _is_of_a_file(kind)]
    return sorted(there, key=lambda one: -one[1])[:MOST_CLASSES]


def _is_of_a_file(kind: type) -> bool:
    module = sys.modules.get(str(getattr(kind, "__module__", "")))
    return isinstance(getattr(module, "__file__", None), str)
