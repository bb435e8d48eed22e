"""What tests with parameters are called, where the source says it; nothing is imported or run.

Rules of pytest: https://docs.pytest.org/en/stable/example/parametrize.html#different-options-for-test-ids
"""

from __future__ import annotations

import ast
import builtins
import itertools
from collections import Counter
from collections.abc import Callable, Iterator, Sequence

from perfbot.discover.folding import Constants, UnknownError, fold, iterated

MOST = 1_000
"""Names of one test; more are not listed one by one."""

READ_ONLY = frozenset({"items", "keys", "values", "get", "index", "count", "copy", "format", "join"})
"""Methods that leave a value as it is."""


def constants(module: ast.Module) -> Constants:
    """Names at the top of a module whose only value stands there."""
    counted = Counter(
        node.id for node in ast.walk(module) if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load)
    )
    touched = {
        node.value.id
        for node in ast.walk(module)
        if isinstance(node, ast.Attribute | ast.Subscript) and isinstance(node.value, ast.Name) and _may_change(node)
    }
    given = {name: value for node in module.body for name, value in _given(node)}
    return {name: value for name, value in given.items() if counted[name] <= 1 and name not in touched}


def _may_change(node: ast.Attribute | ast.Subscript) -> bool:
    if isinstance(node, ast.Attribute):
        return node.attr not in READ_ONLY
    return not isinstance(node.ctx, ast.Load)


def _given(node: ast.stmt) -> Iterator[tuple[str, ast.expr]]:
    """The name that a statement gives a value to; a function or class is a text behind its own name."""
    if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
        yield node.targets[0].id, node.value
    elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.value is not None:
        yield node.target.id, node.value
    elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and not node.decorator_list:
        yield node.name, ast.Attribute(ast.Name(node.name), "__name__")


def pytest_ids(calls: Sequence[ast.Call], known: Constants) -> tuple[str, ...] | None:
    """What pytest writes between the brackets for a test's ``parametrize`` calls, innermost first; None: unknown."""
    try:
        axes = [_ids(call, known) for call in calls]
    except UnknownError:
        return None
    found = tuple("-".join(ids) for ids in itertools.islice(itertools.product(*axes), MOST + 1))
    return found if len(set(found)) == len(found) <= MOST else None


def asv_texts(node: ast.expr, known: Constants) -> tuple[str, ...] | None:
    """What stands behind the name of an asv benchmark with these ``params``; None where the source does not tell."""
    try:
        rows = _elements(node, known)
        nested = bool(rows) and all(isinstance(_value(row, known), ast.List | ast.Tuple) for row in rows)
        axes = [[repr(_constant(one, known)) for one in axis] for axis in
                ([_elements(row, known) for row in rows] if nested else [rows])]  # fmt: skip
    except UnknownError:
        return None
    found = tuple(f"({', '.join(texts)})" for texts in itertools.islice(itertools.product(*axes), MOST + 1))
    return found if found and len(set(found)) == len(found) <= MOST else None


def _ids(call: ast.Call, known: Constants) -> list[str]:
    """Those of one ``parametrize``."""
    given = dict(zip(("argnames", "argvalues"), call.args, strict=False))
    given |= {one.arg: one.value for one in call.keywords if one.arg}
    if len(call.args) > len(given) or any(one.arg is None for one in call.keywords):
        raise UnknownError
    names = _names(given.get("argnames"), known)
    rows = _elements(given.get("argvalues"), known)
    if (name_of := _naming(given.get("ids"), known)) is not None:
        return ["-".join(map(name_of, _values(row, names, known))) for row in rows]
    ids = _elements(given["ids"], known) if "ids" in given else [ast.Constant(None)] * len(rows)
    if len(ids) != len(rows) or not rows:
        raise UnknownError
    return [_id(row, own, names, index, known) for index, (row, own) in enumerate(zip(rows, ids, strict=True))]


def _naming(node: ast.expr | None, known: Constants) -> Callable[[ast.expr], str] | None:
    """What makes an id of each value, where ``ids`` is a function that can be followed; None where it is none."""
    if isinstance(node, ast.Name) and node.id in ("str", "repr") and node.id not in known:
        return lambda value: _plain(str(fold(value, known)) if node.id == "str" else repr(fold(value, known)))
    if not isinstance(node, ast.Lambda):
        return None
    arguments, body = node.args, node.body
    if len(arguments.args) != 1 or arguments.vararg or arguments.kwonlyargs or arguments.kwarg or arguments.posonlyargs:
        raise UnknownError
    name = arguments.args[0].arg

    def named(value: ast.expr) -> str:
        text = fold(body, known, {name: fold(value, known)})
        return _plain(text) if isinstance(text, str) else _unknown()

    return named


def _unknown() -> str:
    raise UnknownError


def _values(row: ast.expr, names: Sequence[str], known: Constants) -> Sequence[ast.expr]:
    values = [row] if len(names) == 1 else _elements(row, known)
    if len(values) != len(names) or isinstance(row, ast.Call):
        raise UnknownError
    return values


def _names(node: ast.expr | None, known: Constants) -> list[str]:
    value = _value(node, known)
    if isinstance(value, ast.Constant) and isinstance(value.value, str):
        return [name.strip() for name in value.value.split(",") if name.strip()]
    found = [_constant(one, known) for one in _elements(value, known)]
    if not all(isinstance(name, str) for name in found):
        raise UnknownError
    return [str(name) for name in found]


def _id(row: ast.expr, own: ast.expr, names: Sequence[str], index: int, known: Constants) -> str:
    """The part of one row of values: as named, or from its values."""
    values: Sequence[ast.expr]
    if isinstance(row, ast.Call) and ast.unparse(row.func).rpartition(".")[2] == "param":
        named = {one.arg: one.value for one in row.keywords}
        if set(named) - {"id"}:
            raise UnknownError  # marks may skip it
        own, values = named.get("id", own), row.args
    else:
        values = [row] if len(names) == 1 else _elements(row, known)
    text = _constant(own, known)
    if text is not None:
        return _plain(str(text))
    if len(values) != len(names):
        raise UnknownError
    return "-".join(_text(value, name, index, known) for value, name in zip(values, names, strict=True))


def _text(node: ast.expr, name: str, index: int, known: Constants) -> str:
    """One value: itself where it is short by nature, else its argument's name and its place."""
    if isinstance(node, ast.Name) and node.id not in known and callable(getattr(builtins, node.id, None)):
        return node.id
    value = _value(node, known)
    if isinstance(value, ast.List | ast.Tuple | ast.Dict | ast.Set):
        return f"{name}{index}"
    if isinstance(value, ast.Attribute) and value.attr == "__name__" and isinstance(value.value, ast.Name):
        return value.value.id
    return _plain(str(_constant(value, known)))


def _plain(text: str) -> str:
    """A text as pytest writes it, which is how ``--only`` has it, too."""
    return text.encode("unicode_escape").decode("ascii")


def _elements(node: ast.expr | None, known: Constants) -> list[ast.expr]:
    """The values of a list that is written out, or of a range."""
    value = _value(node, known)
    if isinstance(value, ast.List | ast.Tuple):
        return [one for inner in value.elts for one in (_starred(inner, known))]
    if isinstance(value, ast.BinOp) and isinstance(value.op, ast.Add):
        return [*_elements(value.left, known), *_elements(value.right, known)]
    return [_literal(one) for one in iterated(fold(value, known))]


def _starred(node: ast.expr, known: Constants) -> list[ast.expr]:
    return _elements(node.value, known) if isinstance(node, ast.Starred) else [node]


def _literal(value: object) -> ast.expr:
    """A value as it would be written."""
    return ast.parse(repr(value), mode="eval").body


def _constant(node: ast.expr | None, known: Constants) -> str | float | complex | bool | None:
    """A number, a text, True, False or None."""
    found = fold(_value(node, known), known)
    if isinstance(found, bytes):
        return found.decode("latin-1")
    if found is None or isinstance(found, str | bool | int | float | complex):
        return found
    raise UnknownError


def _value(node: ast.expr | None, known: Constants) -> ast.expr:
    if isinstance(node, ast.Name) and node.id in known:
        return known[node.id]
    if node is None or isinstance(node, ast.Name):
        raise UnknownError
    return node
