"""What an expression of plain values comes to, without running any of the code: numbers, texts, and lists of them.

Only what Python itself brings is carried out, and nothing that grows: whatever else stands there is unknown.
"""

from __future__ import annotations

import ast
import itertools
import operator
from collections.abc import Callable, Iterator, Mapping
from typing import Any

MOST = 1_000
"""Members of a list, and characters of a text; more is unknown."""

LARGEST_POWER = 64


class UnknownError(Exception):
    """The source alone does not tell."""


Constants = Mapping[str, ast.expr]
"""Values of a module's own names that are given once and never changed."""

_OPERATORS: Mapping[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv, ast.Mod: operator.mod, ast.Pow: operator.pow, ast.LShift: operator.lshift,
    ast.RShift: operator.rshift, ast.BitOr: operator.or_, ast.BitAnd: operator.and_,
}  # fmt: skip
_GROWING = (ast.Pow, ast.LShift)
_CALLS: Mapping[str, Callable[..., Any]] = {
    "range": range, "list": list, "tuple": tuple, "sorted": sorted, "zip": zip, "enumerate": enumerate, "len": len,
    "str": str, "int": int, "float": float, "sum": sum, "min": min, "max": max, "abs": abs, "round": round,
    "product": itertools.product, "itertools.product": itertools.product, "reversed": lambda found: found[::-1],
    "set": lambda found=(): frozenset(found),
}  # fmt: skip
_LISTS = (range, zip, enumerate, itertools.product, frozenset)
_VIEWS = {"items", "keys", "values"}

Local = Mapping[str, Any]


def fold(node: ast.expr, known: Constants, local: Local | None = None) -> Any:
    """The value of an expression: None, truth values, numbers, texts, bytes, and lists, tuples, sets and dicts of them.

    Raises:
        UnknownError: it holds anything else, or comes to too much.
    """
    try:
        return _bounded(_fold(node, known, local or {}))
    except (ArithmeticError, TypeError, ValueError, LookupError, AttributeError, RecursionError) as error:
        raise UnknownError from error


def _bounded(found: Any) -> Any:
    if isinstance(found, _LISTS) and not isinstance(found, frozenset):
        found = list(itertools.islice(found, MOST + 1))
    if isinstance(found, str | bytes | list | tuple | dict | frozenset) and len(found) > MOST:
        raise UnknownError
    if isinstance(found, int) and abs(found) > 10**MOST:
        raise UnknownError
    return found


def _fold(node: ast.expr, known: Constants, local: Local) -> Any:
    if isinstance(node, ast.Constant) and node.value is not Ellipsis:
        return node.value
    if isinstance(node, ast.Name):
        if node.id in local:
            return local[node.id]
        if node.id not in known or known[node.id] is node:
            raise UnknownError
        return fold(known[node.id], known)
    parts: Mapping[type[ast.expr], Callable[[Any, Constants, Local], Any]] = {
        ast.UnaryOp: _unary, ast.BinOp: _binary, ast.List: _list, ast.Tuple: _tuple, ast.Set: _set, ast.Dict: _dict,
        ast.JoinedStr: _text, ast.ListComp: _listed, ast.GeneratorExp: _listed, ast.SetComp: _set_of, ast.Call: _call,
    }  # fmt: skip
    if type(node) not in parts:
        raise UnknownError
    return parts[type(node)](node, known, local)


def _unary(node: ast.UnaryOp, known: Constants, local: Local) -> Any:
    value = fold(node.operand, known, local)
    if isinstance(node.op, ast.Not):
        return not value
    return -value if isinstance(node.op, ast.USub) else +value if isinstance(node.op, ast.UAdd) else ~value


def _binary(node: ast.BinOp, known: Constants, local: Local) -> Any:
    left, right = fold(node.left, known, local), fold(node.right, known, local)
    if type(node.op) not in _OPERATORS or (isinstance(node.op, _GROWING) and not abs(right) <= LARGEST_POWER):
        raise UnknownError
    times, *rest = sorted((left, right), key=lambda one: not isinstance(one, int))
    if isinstance(node.op, ast.Mult) and any(hasattr(one, "__len__") and len(one) * times > MOST for one in rest):
        raise UnknownError
    if isinstance(node.op, ast.Mod) and isinstance(left, str | bytes):
        raise UnknownError  # a width may be of any size
    return _OPERATORS[type(node.op)](left, right)


def _members(nodes: list[ast.expr], known: Constants, local: Local) -> Iterator[Any]:
    for one in nodes:
        if isinstance(one, ast.Starred):
            yield from fold(one.value, known, local)
        else:
            yield fold(one, known, local)


def _list(node: ast.List, known: Constants, local: Local) -> list[Any]:
    return list(_members(node.elts, known, local))


def _tuple(node: ast.Tuple, known: Constants, local: Local) -> tuple[Any, ...]:
    return tuple(_members(node.elts, known, local))


def _set(node: ast.Set, known: Constants, local: Local) -> frozenset[Any]:
    return frozenset(_members(node.elts, known, local))


def _dict(node: ast.Dict, known: Constants, local: Local) -> dict[Any, Any]:
    if None in node.keys:
        raise UnknownError
    keys = [one for one in node.keys if one is not None]
    return {fold(key, known, local): fold(value, known, local) for key, value in zip(keys, node.values, strict=True)}


def _text(node: ast.JoinedStr, known: Constants, local: Local) -> str:
    return "".join(_piece(one, known, local) for one in node.values)


def _piece(node: ast.expr, known: Constants, local: Local) -> str:
    if not isinstance(node, ast.FormattedValue):
        return str(fold(node, known, local))
    if node.format_spec is not None or node.conversion not in (-1, ord("s"), ord("r")):
        raise UnknownError
    value = fold(node.value, known, local)
    return repr(value) if node.conversion == ord("r") else str(value)


def _set_of(node: ast.SetComp, known: Constants, local: Local) -> frozenset[Any]:
    return frozenset(_each(node.elt, node.generators, known, local))


def _listed(node: ast.ListComp | ast.GeneratorExp, known: Constants, local: Local) -> list[Any]:
    return list(itertools.islice(_each(node.elt, node.generators, known, local), MOST + 1))


def _each(elt: ast.expr, loops: list[ast.comprehension], known: Constants, local: Local) -> Iterator[Any]:
    if not loops:
        yield fold(elt, known, local)
        return
    loop, *inner = loops
    if loop.is_async or loop.ifs:
        raise UnknownError
    for value in iterated(fold(loop.iter, known, local)):
        yield from _each(elt, inner, known, {**local, **_bound(loop.target, value)})


def _bound(target: ast.expr, value: Any) -> dict[str, Any]:
    if isinstance(target, ast.Name):
        return {target.id: value}
    if not isinstance(target, ast.Tuple | ast.List):
        raise UnknownError
    pairs = zip(target.elts, value, strict=True)
    return {name: one for inner, part in pairs for name, one in _bound(inner, part).items()}


def iterated(found: Any) -> list[Any]:
    """The members of a value, in an order that is always the same."""
    if isinstance(found, frozenset) or not isinstance(found, list | tuple | dict | str):
        raise UnknownError
    return list(found)


def _call(node: ast.Call, known: Constants, local: Local) -> Any:
    if node.keywords or any(isinstance(one, ast.Starred) for one in node.args):
        raise UnknownError
    if isinstance(node.func, ast.Attribute) and node.func.attr in _VIEWS and not node.args:
        mapping = fold(node.func.value, known, local)
        return list(getattr(mapping, node.func.attr)()) if isinstance(mapping, dict) else _unknown()
    name = ast.unparse(node.func)
    if name not in _CALLS or name in known:
        raise UnknownError
    values = [fold(one, known, local) for one in node.args]
    if any(isinstance(one, frozenset) for one in values) and name not in ("sorted", "len", "min", "max", "set"):
        raise UnknownError
    return _CALLS[name](*values)


def _unknown() -> Any:
    raise UnknownError
