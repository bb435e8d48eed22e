"""Whether a benchmark's own source differs between two versions of its file. Pure."""

from __future__ import annotations

import ast
from collections.abc import Iterator

Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


def source_changed(old: str | None, new: str | None, line: int) -> bool:
    """Whether the function at ``line`` of ``new`` is another one in ``old``.

    Args:
        old, new: texts of the file on base and on head; None where it is missing.
        line: where the benchmark begins in ``new``, from 1; 0 when unknown.

    Returns:
        True as well where it cannot be told: a file that is not Python, or a line outside any function, counts as
        changed when its text did.
    """
    if old is None or new is None or old == new:
        return old != new
    try:
        path = tuple(_enclosing(ast.parse(new), line))
        twin = _find(ast.parse(old), tuple(node.name for node in path))
    except (SyntaxError, ValueError):
        return True
    return not path or twin is None or ast.dump(twin) != ast.dump(path[-1])


def _enclosing(tree: ast.AST, line: int) -> Iterator[Definition]:
    """The definitions around a line, outermost first, down to the first function."""
    for node in ast.iter_child_nodes(tree):
        if not isinstance(node, Definition) or node.end_lineno is None:
            continue
        first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
        if first <= line <= node.end_lineno:
            yield node
            if isinstance(node, ast.ClassDef):
                yield from _enclosing(node, line)
            return


def _find(tree: ast.AST, names: tuple[str, ...]) -> Definition | None:
    """The definition with a qualified name."""
    found: ast.AST = tree
    for name in names:
        inside = (node for node in ast.iter_child_nodes(found) if isinstance(node, Definition) and node.name == name)
        step = next(inside, None)
        if step is None:
            return None
        found = step
    return found if isinstance(found, Definition) else None
