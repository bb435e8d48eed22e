"""Which functions a change edits, and whether it edits more than functions. Pure."""

from __future__ import annotations

import ast
import difflib
import fnmatch
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

Definition = ast.FunctionDef | ast.AsyncFunctionDef

MODULE = "<module>"

UNMEASURED = ("test_*.py", "*_test.py", "conftest.py", "setup.py", "noxfile.py", "fabfile.py")
"""Names of files that nobody expects to be measured."""

FOLDERS = frozenset({"tests", "test", "testing", "docs", "doc", "examples"})

WORDS = ("*.md", "*.rst", "LICENSE*", "CHANGELOG*", "AUTHORS*", "NEWS*", ".gitignore", ".github/*", ".gitlab/*",
         "docs/*", "doc/*")  # fmt: skip
"""Files that no program reads while it is measured; all others that are no Python may be data or configuration."""


@dataclass(frozen=True, slots=True)
class Edited:
    """A function that the change edits, as head has it.

    Attributes:
        first, last: its lines, decorators included.
        lines: those that the change wrote, but for comments and blank ones; of inner functions, theirs.
    """

    file: str
    name: str
    first: int
    last: int
    lines: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Edits:
    """What a change edits in Python files.

    Attributes:
        functions: by file.
        modules: files of which it edits more than functions' bodies: whoever imports them may be concerned.
        others: files that may be data, dependencies or configuration.
        projects: folders below the top that pip can install from, above the files.
    """

    functions: Mapping[str, tuple[Edited, ...]] = field(default_factory=dict)
    modules: frozenset[str] = frozenset()
    others: tuple[str, ...] = ()
    projects: tuple[str, ...] = ()

    @property
    def files(self) -> tuple[str, ...]:
        """Python files that are edited."""
        return tuple(sorted({*self.functions, *self.modules}))


def edits_of(texts: Mapping[str, tuple[str | None, str | None]]) -> Edits:
    """Of base's and head's texts of all files that differ; None where a side lacks the file."""
    functions: dict[str, tuple[Edited, ...]] = {}
    modules, others = set(), []
    for file, (old, new) in texts.items():
        if not file.endswith(".py"):
            if not any(fnmatch.fnmatch(file, one) or fnmatch.fnmatch(file.rpartition("/")[2], one) for one in WORDS):
                others.append(file)
            continue
        try:
            before, after = ast.parse(old or ""), ast.parse(new or "")
        except (SyntaxError, ValueError, RecursionError):
            modules.add(file)
            continue
        functions[file] = tuple(_functions(file, before, after, old or "", new or ""))
        if old is None or new is None or _outside(before) != _outside(after):
            modules.add(file)
    return Edits(functions, frozenset(modules), tuple(others))


def _functions(file: str, before: ast.Module, after: ast.Module, old: str, new: str) -> Iterator[Edited]:
    known, written = dict(_named(before)), _written(old, new)
    found = [(name, node) for name, node in _named(after) if name not in known or not _same(known[name], node)]
    spans = [(_first(node), node.end_lineno or node.lineno) for _, node in _named(after)]
    for name, node in found:
        first, last = _first(node), node.end_lineno or node.lineno
        inner = [one for one in spans if first < one[0] and one[1] <= last]
        lines = {n for n in written if first <= n <= last and not any(low <= n <= high for low, high in inner)}
        yield Edited(file, name, first, last, frozenset(lines))


def _named(tree: ast.AST, prefix: str = "", counts: dict[str, int] | None = None) -> Iterator[tuple[str, Definition]]:
    """Functions with their qualified names; of several of one name, each with a number."""
    seen = {} if counts is None else counts
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, Definition | ast.ClassDef):
            count = seen[node.name] = seen.get(node.name, 0) + 1
            name = f"{prefix}{node.name}" + (f"#{count}" if count > 1 else "")
            if isinstance(node, Definition):
                yield name, node
            yield from _named(node, f"{name}.")
        else:
            yield from _named(node, prefix, seen)


def _first(node: Definition) -> int:
    return min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])


def _same(one: Definition, other: Definition) -> bool:
    return _dump(one) == _dump(other)


def _dump(node: Definition) -> str:
    """What it does; what its docstring says is nothing of that."""
    body = node.body[1:] if ast.get_docstring(node, clean=False) is not None else node.body
    return "".join(map(ast.dump, (node.args, *node.decorator_list, *body)))


def _outside(tree: ast.Module) -> str:
    """Everything but what stands in functions: what runs when the module is imported, signatures included."""

    class Hollow(ast.NodeTransformer):
        def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
            node.body = []
            return node

        def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> ast.AST:
            node.body = []
            return node

    return ast.dump(Hollow().visit(ast.parse(ast.unparse(tree))))


def _written(old: str, new: str) -> frozenset[int]:
    """Lines of the new text that are not in the old one, but for comments and blank ones; from 1."""
    before, after = old.splitlines(), new.splitlines()
    blocks = difflib.SequenceMatcher(None, before, after, autojunk=False).get_opcodes()
    lines = (n for kind, _, _, low, high in blocks if kind in ("replace", "insert") for n in range(low, high))
    return frozenset(n + 1 for n in lines if after[n].strip() and not after[n].lstrip().startswith("#"))


def is_expected(file: str) -> bool:
    """Whether anybody expects benchmarks to run what stands in a file: it is neither a test nor documentation."""
    *folders, name = file.split("/")
    return not FOLDERS & set(folders) and not any(fnmatch.fnmatch(name, one) for one in UNMEASURED)
