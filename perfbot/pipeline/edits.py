"""Which benchmarks the change itself edits."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import cast

from perfbot.config import Suite
from perfbot.measure.scheduler import Outcomes
from perfbot.model import Benchmark, Comparison
from perfbot.pipeline.job import Job
from perfbot.pipeline.prepare import benchmark_files
from perfbot.sides.checkout import Checkout, changed_files, read_file_at

Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


def differing_files(job: Job, group: Sequence[Suite], trees: tuple[Checkout, Checkout]) -> Sequence[str]:
    if group[0].files == "head":
        return trees[0].overlaid
    paths = [path for suite in group for path in benchmark_files(suite, job.repo)]
    return changed_files(job.repo, job.change, paths) if paths else ()


def marked(outcomes: Outcomes, job: Job, differing: set[str]) -> Outcomes:
    """Mark the benchmarks whose own source the change edits."""
    directories = {suite.name: suite.directory for suite in job.suites}
    texts: dict[str, tuple[str | None, str | None]] = {}

    def mark(benchmark: Benchmark) -> Benchmark:
        file = (Path(directories[benchmark.suite]) / benchmark.file).as_posix()
        if not benchmark.file or file not in differing:
            return benchmark
        if file not in texts:
            texts[file] = cast(
                "tuple[str | None, str | None]",
                tuple(read_file_at(job.repo, commit, file) for commit in (job.change.base, job.change.head)),
            )
        return replace(benchmark, source_changed=source_changed(*texts[file], benchmark.line))

    marked: list[Comparison] = [replace(one, benchmark=mark(one.benchmark)) for one in outcomes.comparisons]
    return replace(outcomes, comparisons=tuple(marked))


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
