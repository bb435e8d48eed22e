"""Names that a function uses, and that the change edits beside it: a constant, a compiled pattern, a class. Pure."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

Lines = tuple[tuple[int, int], ...]
"""First and last line of each hunk; where lines were only taken away, the last is before the first."""


def used_and_edited(source: str, line: int, hunks: Lines) -> tuple[str, int]:
    """What a function uses of its own module that the change edits.

    Args:
        source: of head.
        line: the function's first, decorators included.

    Returns:
        The first such name and the line at which it was edited; empty, 0, where there is none.
    """
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError):
        return "", 0
    edited = dict(_edited(tree.body, hunks))
    function = next((node for node in ast.walk(tree) if _begins_at(node, line)), None)
    if function is None or not edited:
        return "", 0
    return next(((name, edited[name]) for name in _used(function) if name in edited), ("", 0))


def _begins_at(node: ast.AST, line: int) -> bool:
    return isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and _first(node) == line


def _first(node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> int:
    return min([node.lineno, *(one.lineno for one in node.decorator_list)])


def _edited(body: Iterable[ast.stmt], hunks: Lines) -> Iterator[tuple[str, int]]:
    """Names that statements at the top of the module bind, where a hunk touches these; of classes not their methods."""
    for node in body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        if isinstance(node, ast.ClassDef):
            if line := next(filter(None, (_touched(begin, end, hunks) for begin, end in _fields(node))), 0):
                yield node.name, line
        elif line := _touched(node.lineno, node.end_lineno or node.lineno, hunks):
            yield from ((name, line) for name in _bound(node))


def _fields(node: ast.ClassDef) -> Iterator[tuple[int, int]]:
    """Lines of a class that are no method's: what stands above the first statement, and each that is none."""
    yield _first(node), node.body[0].lineno - 1
    for one in node.body:
        if not isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield one.lineno, one.end_lineno or one.lineno


def _touched(begin: int, end: int, hunks: Lines) -> int:
    """The first line of a range that a hunk wrote, or took lines away before; 0 where none did."""
    found = (max(first, begin) for first, last in hunks if first <= max(end, begin) and begin <= max(last, first))
    return next(found, 0)


def _bound(node: ast.stmt) -> Iterator[str]:
    """Names that a statement assigns or imports."""
    for one in ast.walk(node):
        if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store):
            yield one.id
        elif isinstance(one, ast.alias):
            yield (one.asname or one.name).partition(".")[0]


def _used(function: ast.AST) -> Iterator[str]:
    yield from (one.id for one in ast.walk(function) if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Load))
