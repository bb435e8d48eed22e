"""What a Python file says about its benchmarks, read from its source: nothing is imported or run."""

from __future__ import annotations

import ast
import glob
import re
import sys
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from perfbot.discover.collecting import Collecting
from perfbot.discover.folding import Constants
from perfbot.discover.parameters import asv_texts, constants, pytest_ids

LARGEST_SOURCE = 1_000_000
"""Bytes; larger files are data that happens to be Python."""

PYPERF_CALLS = ("bench_func", "bench_time_func", "bench_async_func", "timeit", "bench_command")
ASV_NAMES = re.compile(r"(?:time|timeraw|mem|peakmem|track)_\w+|(?:Time|TimeRaw|Mem|PeakMem|Track)[A-Z_]\w*")

PYTEST = Collecting()

PARAMETERS = "[[]*]"
"""As a pattern: what pytest writes behind the name of a test with parameters."""

_MARKS = ("benchmark", "codspeed_benchmark")
_FIXTURES = ("benchmark", "codspeed")

OF_PYTHON = sys.stdlib_module_names

_Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, slots=True)
class Imports:
    """Top-level names of modules that a file imports; ``optional`` ones stand in a ``try``."""

    needed: frozenset[str] = frozenset()
    optional: frozenset[str] = frozenset()


def parse(path: Path) -> ast.Module | None:
    """The syntax tree of a file, or None where it cannot be read or is not Python."""
    try:
        if path.stat().st_size > LARGEST_SOURCE:
            return None
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(path.read_bytes(), filename=str(path))
    except (OSError, SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def pytest_benchmarks(module: ast.Module, collect: Collecting = PYTEST, *, each: bool = False) -> tuple[str, ...]:
    """Names of test functions that use a benchmark fixture or mark, ``Class::test`` inside classes.

    Args:
        each: as patterns, one for each row of parameters as far as the source tells; otherwise those with parameters
            end with :data:`PARAMETERS`, which stands for their values.
    """
    fixtures = {*_FIXTURES, *_fixtures_over(module)}
    around = _Around(_pytestmark(module.body), _varied(module.body), varying=_varied_fixtures(module))
    known = constants(module) if each else None
    return tuple(_pytest_in(module.body, fixtures, collect, around, known))


@dataclass(frozen=True, slots=True)
class _Around:
    """What the places around a test say about it: marked as a benchmark, given parameters, inside which classes."""

    marked: bool = False
    varied: bool = False
    prefix: str = ""
    varying: frozenset[str] = frozenset()
    """Fixtures with parameters of their own."""

    calls: tuple[ast.expr, ...] = ()
    """Parameters that its classes give each of their tests, the innermost class first."""


def _pytest_in(
    body: list[ast.stmt], fixtures: set[str], collect: Collecting, around: _Around, known: Constants | None
) -> Iterator[str]:
    for node in body:
        if isinstance(node, ast.ClassDef) and collect.is_class(node.name):
            inner = _Around(
                around.marked or _is_marked(node) or _pytestmark(node.body),
                around.varied or _varied(node.body),
                f"{around.prefix}{node.name}::",
                around.varying,
                (*_parametrising(node), *around.calls),
            )
            yield from _pytest_in(node.body, fixtures, collect, inner, known)
        elif isinstance(node, _Function) and collect.is_function(node.name):
            used = not fixtures.isdisjoint(_arguments(node) - _parametrised(node))
            if (used or around.marked or _is_marked(node)) and not _is_fixture(node):
                yield from (around.prefix + node.name + rest for rest in _variants(node, around, known))


def _variants(node: _Function, around: _Around, known: Constants | None) -> tuple[str, ...]:
    """What stands behind a test's name, as patterns."""
    varied = around.varied or not around.varying.isdisjoint(_arguments(node) - _parametrised(node))
    calls = [*_parametrising(node), *around.calls]
    if not varied and not calls:
        return ("",)
    written = [one for one in calls if isinstance(one, ast.Call)]
    if known is None or varied or len(written) < len(calls):
        return (PARAMETERS,)
    ids = pytest_ids(written, known)
    return (PARAMETERS,) if ids is None else tuple(glob.escape(f"[{one}]") for one in ids)


def _parametrising(node: _Function | ast.ClassDef) -> tuple[ast.expr, ...]:
    """Its decorators that give parameters, the innermost first."""
    return tuple(one for one in reversed(node.decorator_list) if _dotted(one).endswith("parametrize"))


def _varied(body: list[ast.stmt]) -> bool:
    """Whether a module or class gives all of its tests parameters, or makes them itself."""
    return any(
        (isinstance(node, ast.Assign) and "parametrize" in ast.unparse(node.value) and _names_mark(node))
        or (isinstance(node, _Function) and node.name == "pytest_generate_tests")
        for node in body
    )


def _varied_fixtures(module: ast.Module) -> frozenset[str]:
    """Fixtures of the module that give parameters to a test which asks for them, or for one that does."""
    fixtures = {node.name: node for node in module.body if isinstance(node, _Function) and _is_fixture(node)}
    found = {name for name, node in fixtures.items() if _has_params(node)}
    for _ in fixtures:
        found |= {name for name, node in fixtures.items() if not _arguments(node).isdisjoint(found)}
    return frozenset(found)


def _has_params(node: _Function) -> bool:
    calls = (one for one in node.decorator_list if isinstance(one, ast.Call))
    return any(word.arg == "params" for call in calls for word in call.keywords)


def _names_mark(node: ast.Assign) -> bool:
    return any(_dotted(target) == "pytestmark" for target in node.targets)


def _fixtures_over(module: ast.Module) -> set[str]:
    """Fixtures of the module that ask for a benchmark fixture themselves."""
    return {
        node.name
        for node in module.body
        if isinstance(node, _Function) and _is_fixture(node) and not _arguments(node).isdisjoint(_FIXTURES)
    }


def _arguments(node: _Function) -> set[str]:
    arguments = node.args
    return {argument.arg for argument in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)}


def _parametrised(node: _Function) -> set[str]:
    """Arguments that decorators named ``parametrize`` give values to: no fixtures, whatever they are called."""
    calls = (call for call in node.decorator_list if isinstance(call, ast.Call))
    named = (call.args[0] for call in calls if call.args and _dotted(call).endswith("parametrize"))
    texts = (part.value for name in named for part in ast.walk(name) if isinstance(part, ast.Constant))
    return {word.strip() for text in texts if isinstance(text, str) for word in text.split(",")}


def _dotted(node: ast.expr) -> str:
    """``pytest.mark.benchmark`` of a name, an attribute or a call of either."""
    if isinstance(node, ast.Call):
        return _dotted(node.func)
    if isinstance(node, ast.Attribute):
        return f"{_dotted(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else ""


def _is_mark(node: ast.expr) -> bool:
    return _dotted(node).endswith(tuple(f"mark.{name}" for name in _MARKS))


def _is_marked(node: _Function | ast.ClassDef) -> bool:
    return any(map(_is_mark, node.decorator_list))


def _is_fixture(node: _Function) -> bool:
    return any(_dotted(decorator).rpartition(".")[2] == "fixture" for decorator in node.decorator_list)


def _pytestmark(body: list[ast.stmt]) -> bool:
    for node in body:
        if isinstance(node, ast.Assign) and any(_dotted(target) == "pytestmark" for target in node.targets):
            marks = node.value.elts if isinstance(node.value, ast.List | ast.Tuple) else [node.value]
            return any(map(_is_mark, marks))
    return False


def pyperf_benchmarks(module: ast.Module) -> tuple[str, ...] | None:
    """Names that a pyperf script gives its benchmarks (a star for what is computed); None when it is no such script."""
    calls = [node for node in ast.walk(module) if isinstance(node, ast.Call)]
    if "pyperf" not in imports(module).needed or not any(
        _dotted(call).rpartition(".")[2] == "Runner" for call in calls
    ):
        return None
    named = [call for call in calls if _dotted(call).rpartition(".")[2] in PYPERF_CALLS and call.args]
    return tuple(_literal(call.args[0]) for call in sorted(named, key=lambda call: (call.lineno, call.col_offset)))


def runs(module: ast.Module) -> bool:
    """Whether a file does something when it is run; one that others import only defines, and prepares Python itself."""
    defined: set[str] = set()
    for node in _carried_out(module.body):
        if isinstance(node, ast.Assign | ast.AnnAssign | ast.Expr) and node.value is not None:
            called = [_dotted(call) for call in ast.walk(node.value) if isinstance(call, ast.Call)]
            if any(name.partition(".")[0] in defined or name.rpartition(".")[2] == "Runner" for name in called):
                return True
        if isinstance(node, ast.ClassDef | _Function):
            defined.add(node.name)
        elif isinstance(node, ast.Assign):
            defined |= {target.id for target in node.targets if isinstance(target, ast.Name)}
        elif isinstance(node, ast.Import | ast.ImportFrom):
            module_name = node.module or "" if isinstance(node, ast.ImportFrom) else ""
            names = [(module_name or one.name, one.asname or one.name) for one in node.names]
            defined |= {name.partition(".")[0] for from_, name in names if from_.partition(".")[0] not in OF_PYTHON}
    return False


def _carried_out(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """The statements of a module, and those inside of its conditions and loops."""
    for node in body:
        yield node
        if not isinstance(node, ast.ClassDef | _Function):
            for inner in ("body", "orelse", "finalbody"):
                yield from _carried_out(getattr(node, inner, []))


def _literal(node: ast.expr) -> str:
    """A text as a pattern: a star stands for what is only known when it runs."""
    if isinstance(node, ast.Constant):
        return str(node.value)
    if isinstance(node, ast.JoinedStr):
        return re.sub(r"\*+", "*", "".join(map(_literal, node.values)))
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return re.sub(r"\*+", "*", _literal(node.left) + _literal(node.right))
    text = node.left if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mod) else None
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "format":
        text = node.func.value
    if isinstance(text, ast.Constant) and isinstance(text.value, str):
        return re.sub(r"\*+", "*", re.sub(r"%[^a-zA-Z%]*[a-zA-Z]|\{[^}]*\}", "*", text.value))
    return "*"


def asv_benchmarks(module: ast.Module, name: str, *, each: bool = False) -> tuple[str, ...]:
    """Names of asv benchmarks, ``module.Class.time_it``.

    Args:
        name: the module's, relative to the benchmark folder.
        each: as patterns, one for each row of parameters as far as the source tells; otherwise those with parameters
            end with ``(*)``, which stands for their values.
    """
    return tuple(_asv_in(module.body, f"{name}.", constants(module) if each else None))


def _asv_in(
    body: list[ast.stmt], prefix: str, known: Constants | None, *, varied: bool = False, params: ast.expr | None = None
) -> Iterator[str]:
    given = {ast.unparse(to): node.value for node in body if isinstance(node, ast.Assign) for to in node.targets}
    params = given.get("params", params)
    skips = any(name.endswith("skip_params") for name in given)
    for node in body:
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            inherits = varied or bool(node.bases)
            yield from _asv_in(node.body, f"{prefix}{node.name}.", known, varied=inherits, params=params)
        elif isinstance(node, _Function) and ASV_NAMES.fullmatch(node.name):
            own = given.get(f"{node.name}.params", params)
            texts = asv_texts(own, known) if known is not None and own else None
            if texts and not (varied or skips or node.decorator_list):
                yield from (glob.escape(prefix + node.name + text) for text in texts)
            else:
                yield prefix + node.name + ("(*)" if varied or own or node.decorator_list else "")


def imports(module: ast.Module) -> Imports:
    """What the file imports anywhere, relative imports left out."""
    needed: set[str] = set()
    optional: set[str] = set()
    _collect_imports(module, needed, optional, guarded=False)
    return Imports(frozenset(needed), frozenset(optional - needed))


def loaded(module: ast.Module) -> set[str]:
    """Dotted names of modules that are imported when the file is: not those inside functions, a ``try`` or a ``with``.

    ``from a import b`` gives both ``a`` and ``a.b``, of which the latter need not be a module.
    """
    found: set[str] = set()
    for node in _at_top(module.body):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.update((node.module, *(f"{node.module}.{alias.name}" for alias in node.names)))
    return found


def _at_top(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    for node in body:
        if isinstance(node, ast.If) and not _is_type_checking(node):
            yield from _at_top(node.body)
        else:
            yield node


def _collect_imports(node: ast.AST, needed: set[str], optional: set[str], *, guarded: bool) -> None:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import):
            (optional if guarded else needed).update(alias.name.partition(".")[0] for alias in child.names)
        elif isinstance(child, ast.ImportFrom) and child.module and not child.level:
            (optional if guarded else needed).add(child.module.partition(".")[0])
        else:
            inner = guarded or isinstance(child, ast.Try) or _is_type_checking(child)
            _collect_imports(child, needed, optional, guarded=inner)


def _is_type_checking(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and _dotted(node.test).endswith("TYPE_CHECKING")
