"""Edits of Python sources that change no behaviour and cost nothing. Pure: a source, a kind, randomness; a source.

Each edit is one that people make every day: what perfbot says about it should be "unchanged".
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Mapping
from random import Random

Function = ast.FunctionDef
Edit = Callable[[str, ast.Module, Random], str | None]

WORDS = ("reads", "a", "record", "and", "keeps", "the", "first", "of", "all", "rows", "that", "match", "its", "key")

MODULES = ("textwrap", "fractions", "string", "bisect", "colorsys", "calendar", "statistics", "html", "uuid")
"""Of the standard library: light ones, none of which changes what others do."""

_DYNAMIC = {"locals", "vars", "eval", "exec", "dir", "globals"}
"""A function that calls one of these may see its own names."""


def edited(source: str, kind: str, rng: Random) -> str | None:
    """The source after an edit of this kind; None where there is no place for it."""
    found = EDITS[kind](source, ast.parse(source), rng)
    if found is None or found == source:
        return None
    ast.parse(found)
    return found


def _sentence(rng: Random) -> str:
    return " ".join(rng.choices(WORDS, k=rng.randint(3, 30))).capitalize() + "."


def _top(tree: ast.Module) -> list[Function]:
    """Functions of the module itself."""
    return [node for node in tree.body if isinstance(node, ast.FunctionDef)]


def _all(tree: ast.Module) -> list[Function]:
    return [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]


def _insert(source: str, line: int, text: str) -> str:
    """Put lines before line ``line`` (from 1)."""
    lines = source.splitlines(keepends=True)
    return "".join([*lines[: line - 1], text, *lines[line - 1 :]])


def _begin(node: Function | ast.ClassDef) -> int:
    """The line that a definition begins at, decorators included."""
    return min([node.lineno, *(one.lineno for one in node.decorator_list)])


def _doc_string(source: str, tree: ast.Module, rng: Random) -> str | None:
    """Give a function a doc string, or another one."""
    fitting = [node for node in _all(tree) if node.body[0].lineno > node.lineno]
    if not fitting:
        return None
    node = rng.choice(fitting)
    first = node.body[0]
    text = f'{" " * first.col_offset}"""{_sentence(rng)}"""\n'
    lines = source.splitlines(keepends=True)
    if ast.get_docstring(node) is not None:
        if len(node.body) == 1:
            return None
        return "".join([*lines[: first.lineno - 1], text, *lines[first.end_lineno or first.lineno :]])
    begin = _begin(first) if isinstance(first, ast.FunctionDef | ast.ClassDef) else first.lineno
    return _insert(source, begin, text)


def _comment(source: str, tree: ast.Module, rng: Random) -> str | None:
    """Add lines of comment before a function of the module."""
    places = [_begin(node) for node in _top(tree)]
    text = "".join(f"# {_sentence(rng)}\n" for _ in range(rng.randint(1, 8)))
    return _insert(source, rng.choice(places), text) if places else None


def _unused_function(source: str, tree: ast.Module, rng: Random) -> str | None:
    """Add a function that nobody calls."""
    places = [_begin(node) for node in _top(tree)]
    body = "".join(f"    value_{number} = (first, second, {rng.random()!r})\n" for number in range(rng.randint(1, 12)))
    name = f"_not_called_{rng.randrange(10**6)}"
    text = f'def {name}(first, second=None):\n    """{_sentence(rng)}"""\n{body}    return first\n\n\n'
    return _insert(source, rng.choice(places), text) if places else None


def _import(source: str, tree: ast.Module, rng: Random) -> str | None:
    """Import a module that nothing uses, after the last import at the top."""
    imports = [node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)]
    if not imports:
        return None
    name = rng.choice(MODULES)
    return _insert(source, (imports[-1].end_lineno or 0) + 1, f"import {name} as _{name}  # noqa: F401\n")


def _constant(source: str, tree: ast.Module, rng: Random) -> str | None:
    """Add a constant of the module."""
    places = [_begin(node) for node in _top(tree)]
    values = (
        repr(_sentence(rng)),
        repr(rng.random()),
        repr([rng.randrange(1000) for _ in range(rng.randint(1, 40))]),
        repr({word: number for number, word in enumerate(WORDS[: rng.randint(1, 14)])}),
    )
    return (
        _insert(source, rng.choice(places), f"_KEPT_{rng.randrange(10**6)} = {rng.choice(values)}\n\n")
        if places
        else None
    )


def _plain(node: Function) -> bool:
    """Whether defining it runs nothing: no decorators, no defaults but constants, no annotations."""
    arguments = node.args
    every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
    defaults = [*arguments.defaults, *(one for one in arguments.kw_defaults if one is not None)]
    bare = not node.decorator_list and node.returns is None and all(one.annotation is None for one in every)
    return bare and all(isinstance(one, ast.Constant) for one in defaults)


def _reordered(source: str, tree: ast.Module, rng: Random) -> str | None:
    """Swap two functions that follow each other."""
    pairs = [
        (one, other)
        for one, other in zip(tree.body, tree.body[1:], strict=False)
        if isinstance(one, ast.FunctionDef) and isinstance(other, ast.FunctionDef)
        if _plain(one) and _plain(other) and one.name != other.name
    ]
    if not pairs:
        return None
    one, other = rng.choice(pairs)
    lines = source.splitlines(keepends=True)
    first, between, second = (
        lines[one.lineno - 1 : one.end_lineno],
        lines[one.end_lineno : other.lineno - 1],
        lines[other.lineno - 1 : other.end_lineno],
    )
    return "".join([*lines[: one.lineno - 1], *second, *between, *first, *lines[other.end_lineno :]])


def _renames(node: Function) -> list[str]:
    """Local variables of a function that may be called something else."""
    inner = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef, ast.Global, ast.Nonlocal, ast.Match)
    inside = [one for statement in node.body for one in ast.walk(statement)]
    if any(isinstance(one, inner) for one in inside):
        return []
    names = [one for one in inside if isinstance(one, ast.Name)]
    if _DYNAMIC & {one.id for one in names}:
        return []
    arguments = {one.arg for one in ast.walk(node.args) if isinstance(one, ast.arg)}
    imported = {
        alias.asname or alias.name
        for one in inside
        if isinstance(one, ast.Import | ast.ImportFrom)
        for alias in one.names
    }
    caught = {one.name for one in inside if isinstance(one, ast.ExceptHandler) and one.name}
    formatted = {
        name.id
        for one in inside
        if isinstance(one, ast.JoinedStr)
        for name in ast.walk(one)
        if isinstance(name, ast.Name)
    }
    stored = {one.id for one in names if isinstance(one.ctx, ast.Store)}
    return sorted(stored - arguments - imported - caught - formatted)


def _renamed(source: str, tree: ast.Module, rng: Random) -> str | None:
    """Give a local variable of a function another name."""
    choices = [(node, name) for node in _all(tree) for name in _renames(node)]
    if not source.isascii() or not choices:
        return None
    node, name = rng.choice(choices)
    new = f"{name}_{rng.choice(WORDS)}"
    if new in source:
        return None
    lines = source.splitlines(keepends=True)
    found = [
        one for statement in node.body for one in ast.walk(statement) if isinstance(one, ast.Name) and one.id == name
    ]
    for one in sorted(found, key=lambda one: (one.lineno, one.col_offset), reverse=True):
        line = lines[one.lineno - 1]
        lines[one.lineno - 1] = line[: one.col_offset] + new + line[one.end_col_offset :]
    return "".join(lines)


def _type_hint(source: str, tree: ast.Module, rng: Random) -> str | None:
    """Say that an argument is an object."""
    choices = [
        one for node in _top(tree) if not node.decorator_list for one in node.args.args if one.annotation is None
    ]
    if not source.isascii() or not choices:
        return None
    chosen = rng.choice(choices)
    lines = source.splitlines(keepends=True)
    line = lines[chosen.lineno - 1]
    lines[chosen.lineno - 1] = line[: chosen.end_col_offset] + ": object" + line[chosen.end_col_offset :]
    return "".join(lines)


EDITS: Mapping[str, Edit] = {
    "doc string": _doc_string,
    "comment": _comment,
    "unused function": _unused_function,
    "import": _import,
    "constant": _constant,
    "reordered functions": _reordered,
    "renamed local": _renamed,
    "type hint": _type_hint,
}
"""By kind."""


def several(
    sources: Mapping[str, str], count: int, rng: Random, kinds: tuple[str, ...] = tuple(EDITS)
) -> tuple[dict[str, str], list[str]]:
    """Some edits, each of a file and a kind drawn: the files that differ now, and what was done.

    Args:
        sources: Python files by path; those that cannot be parsed are left alone.
        count: edits that are tried; some kinds have no place in some files.
    """
    now = {path: text for path, text in sources.items() if _parses(text)}
    done = []
    for path, kind in _drawn(sorted(now), kinds, rng, count):
        found = edited(now[path], kind, rng)
        if found is not None:
            now[path] = found
            done.append(f"{kind} in {path}")
    return {path: text for path, text in now.items() if text != sources[path]}, done


def _drawn(paths: list[str], kinds: tuple[str, ...], rng: Random, count: int) -> Iterator[tuple[str, str]]:
    for _ in range(count if paths else 0):
        yield rng.choice(paths), rng.choice(kinds)


def _parses(text: str) -> bool:
    try:
        ast.parse(text)
    except (SyntaxError, ValueError):
        return False
    return True
