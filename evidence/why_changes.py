"""Changes that make a function slower, of which it is known which one. Pure: a source and a function; two sources."""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from evidence.why_code import BENCHMARKS


@dataclass(frozen=True)
class Target:
    """A function that a benchmark runs.

    Attributes:
        seconds: what it is to take more, in each of its calls.
    """

    file: str
    line: int
    seconds: float


@dataclass(frozen=True)
class Made:
    """Both versions of a file, and the function that the change goes back to."""

    base: str
    head: str
    guilty: str


LOOP, CALL, COPY, IMPORT = 14e-9, 45e-9, 3.2e-9, 330e-9
"""Seconds, about, of: a turn of an empty loop; one with a call; a copied reference; an import of what is there."""

Text = Callable[[float, str], tuple[str, str]]
"""By seconds and indentation: lines for base, and for head."""


def _inserted(lines: Callable[[float, str], str]) -> Text:
    return lambda seconds, indent: ("", lines(seconds, indent))


def _call_in_loop(seconds: float, indent: str) -> str:
    return f"{indent}for _pb in range({max(1, round(seconds / CALL))}):\n{indent}    abs(_pb)\n"


def _loop(seconds: float, indent: str) -> str:
    return f"{indent}for _pb in range({max(1, round(seconds / LOOP))}):\n{indent}    pass\n"


def _copy(seconds: float, indent: str) -> str:
    return f"{indent}_pb = [None] * {max(1, round(seconds / COPY / 2))}\n{indent}_pb = _pb[:]\n"


def _import(seconds: float, indent: str) -> str:
    count = max(1, min(20, round(seconds / IMPORT)))
    return "".join(f"{indent}from collections.abc import Mapping as _pb{n}\n" for n in range(count))


SLOW = "def _pb_helper(count):\n    for number in range(count):\n        pass\n    return count\n"

HELPERS: dict[str, tuple[str, str, str]] = {
    "new helper": (
        "",
        SLOW,
        "caller",
    ),
    "slower helper": (
        "def _pb_helper(count):\n    return count\n",
        SLOW,
        "_pb_helper",
    ),
    "lost cache": (
        f"import functools as _pb_functools\n\n@_pb_functools.lru_cache(maxsize=None)\n{SLOW}",
        f"import functools as _pb_functools\n\n{SLOW}",
        "_pb_helper",
    ),
    "slower algorithm": (
        "_pb_known = set(range(100_000))\n\ndef _pb_helper(count):\n    return count in _pb_known\n",
        "_pb_known = list(range(100_000))\n\ndef _pb_helper(count):\n    return count in _pb_known\n",
        "_pb_helper",
    ),
}
"""Text of base and of head, and who is guilty: the helper, or whoever calls it."""

TEXTS: dict[str, Text] = {
    "call in a loop": _inserted(_call_in_loop),
    "loop": _inserted(_loop),
    "copy": _inserted(_copy),
    "import": _inserted(_import),
}

KINDS = (*TEXTS, *HELPERS)


def made(source: str, target: Target, kind: str) -> Made | None:
    """Make a change; None where the function has no place for it."""
    tree = ast.parse(source)
    found = _function(tree, target.line)
    if found is None or found[0].body[0].lineno <= found[0].lineno:
        return None
    node, name = found
    first = node.body[0]
    documented = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and len(node.body) > 1
    first = node.body[1] if documented else first
    begin = min([first.lineno, *(one.lineno for one in getattr(first, "decorator_list", ()))])
    indent = " " * first.col_offset
    if kind in TEXTS:
        before, after = TEXTS[kind](target.seconds, indent)
        return Made(_insert(source, begin, before), _insert(source, begin, after), name)
    base, head, guilty = HELPERS[kind]
    turns = max(1, round(target.seconds / (LOOP if kind != "slower algorithm" else 11e-9)))
    call = f"{indent}_pb_helper({min(turns, 99_000)})\n"
    with_call = _insert(source, begin, call)
    at_base = with_call if base else source
    ending = "" if source.endswith("\n") else "\n"
    return Made(
        f"{at_base}{ending}\n\n{base}", f"{with_call}{ending}\n\n{head}", name if guilty == "caller" else guilty
    )


def _insert(source: str, line: int, text: str) -> str:
    lines = source.splitlines(keepends=True)
    return "".join([*lines[: line - 1], text, *lines[line - 1 :]])


def _function(tree: ast.Module, line: int) -> tuple[ast.FunctionDef, str] | None:
    """The function whose first line (decorators included) this is, with its qualified name."""

    def search(node: ast.AST, prefix: str) -> tuple[ast.FunctionDef, str] | None:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.FunctionDef):
                name = prefix + child.name
                if min([child.lineno, *(one.lineno for one in child.decorator_list)]) == line:
                    return child, name
                found = search(child, f"{name}.<locals>.")
            else:
                found = search(child, f"{prefix}{child.name}." if isinstance(child, ast.ClassDef) else prefix)
            if found is not None:
                return found
        return None

    return search(tree, "")


def drawn_seconds(rng: Random, call: float, often: float) -> float:
    """What each of so many calls is to take more, so that the whole becomes 4 to 60 % slower."""
    return max(30e-9, call * rng.uniform(0.04, 0.6) / often)


def of_benchmark(file: str, benchmark: str) -> bool:
    """Whether a file is a part of what a benchmark runs."""
    return file.startswith(BENCHMARKS[benchmark])
