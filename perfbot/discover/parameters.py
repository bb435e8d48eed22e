"""What tests with parameters are called, where the source says it; nothing is imported or run.

Rules of pytest: https://docs.pytest.org/en/stable/example/parametrize.html#different-options-for-test-ids
"""

from __future__ import annotations

import ast
import itertools
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

MOST = 1_000
"""Names of one test; more are not listed one by one."""

PLAIN = re.compile(r"[ -\[\]-~]+")
"""What pytest writes as it is: printable ASCII without a backslash."""

Constants = Mapping[str, ast.expr]
"""Values of a module's own names that are given once and never changed."""


class UnknownError(Exception):
    """The source alone does not tell."""


def constants(module: ast.Module) -> Constants:
    """Names at the top of a module whose only value stands there."""
    counted = Counter(
        node.id for node in ast.walk(module) if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load)
    )
    touched = {
        node.value.id
        for node in ast.walk(module)
        if isinstance(node, ast.Attribute | ast.Subscript) and isinstance(node.value, ast.Name)
    }
    return {
        node.targets[0].id: node.value
        for node in module.body
        if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name)
        if counted[node.targets[0].id] == 1 and node.targets[0].id not in touched
    }


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
    ids = _elements(given["ids"], known) if "ids" in given else [ast.Constant(None)] * len(rows)
    if len(ids) != len(rows) or not rows:
        raise UnknownError
    return [_id(row, own, names, index, known) for index, (row, own) in enumerate(zip(rows, ids, strict=True))]


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
    value = _value(node, known)
    if isinstance(value, ast.List | ast.Tuple | ast.Dict | ast.Set):
        return f"{name}{index}"
    return _plain(str(_constant(value, known)))


def _plain(text: str) -> str:
    if not PLAIN.fullmatch(text):
        raise UnknownError
    return text


def _elements(node: ast.expr | None, known: Constants) -> list[ast.expr]:
    """The values of a list that is written out, or of a range."""
    value = _value(node, known)
    if isinstance(value, ast.List | ast.Tuple) and not any(isinstance(one, ast.Starred) for one in value.elts):
        return value.elts
    if isinstance(value, ast.Call) and isinstance(value.func, ast.Name) and value.func.id == "range":
        return [ast.Constant(number) for number in _range(value, known)]
    raise UnknownError


def _range(call: ast.Call, known: Constants) -> Iterator[int]:
    ends = [_constant(one, known) for one in call.args]
    if call.keywords or not 1 <= len(ends) <= 3 or not all(type(end) is int for end in ends):
        raise UnknownError
    try:
        return itertools.islice(range(*ends), MOST + 1)  # type: ignore[arg-type]
    except ValueError as error:
        raise UnknownError from error


def _constant(node: ast.expr | None, known: Constants) -> str | float | complex | bool | None:
    """A number, a text, True, False or None."""
    value = _value(node, known)
    negative = isinstance(value, ast.UnaryOp) and isinstance(value.op, ast.USub)
    inner = value.operand if isinstance(value, ast.UnaryOp) and negative else value
    if not isinstance(inner, ast.Constant) or isinstance(inner.value, bytes) or inner.value is Ellipsis:
        raise UnknownError
    if not negative:
        return inner.value
    if isinstance(inner.value, bool) or not isinstance(inner.value, int | float):
        raise UnknownError
    return -inner.value


def _value(node: ast.expr | None, known: Constants) -> ast.expr:
    if isinstance(node, ast.Name) and node.id in known:
        return known[node.id]
    if node is None or isinstance(node, ast.Name):
        raise UnknownError
    return node
