"""Which benchmarks the change itself edits."""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from perfbot.config import Suite
from perfbot.config.arguments import paths_in
from perfbot.measure.rounds import Outcomes
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


def marked(outcomes: Outcomes, job: Job, differing: Collection[str]) -> Outcomes:
    """Mark the benchmarks whose own source the change edits."""
    suites = {suite.name: suite for suite in job.suites}
    texts = _Texts(job, frozenset(changed_files(job.repo, job.change)))

    def mark(benchmark: Benchmark) -> Benchmark:
        suite = suites[benchmark.suite]
        file = (Path(suite.directory) / benchmark.file).as_posix()
        edited = bool(benchmark.file) and file in differing and texts.differ(file, benchmark.line)
        rewritten = edited and (suite.files == "each" or benchmark.rewritten)
        shared = frozenset(differing) if suite.files == "head" else frozenset()
        for line in suite.lines_of(benchmark.name):
            named = [path for path in paths_in(line, suite.directory) & texts.changed if texts.differ(path, 0)]
            named += texts.with_go_benchmark(benchmark.name) if suite.harness == "go" else []
            edited = edited or bool(named)
            rewritten = rewritten or not shared.issuperset(named)
        known = not benchmark.new
        return replace(benchmark, source_changed=edited and known, rewritten=rewritten and known)

    marked: list[Comparison] = [
        one if one.status in ("added", "removed") else replace(one, benchmark=mark(one.benchmark))
        for one in outcomes.comparisons
    ]
    return replace(outcomes, comparisons=tuple(marked))


@dataclass(frozen=True, slots=True)
class _Texts:
    """Both versions of files that the change edits, read once.

    Attributes:
        changed: everything that it edits, relative to the repository.
    """

    job: Job
    changed: frozenset[str]
    _read: dict[str, tuple[str | None, str | None]] = field(default_factory=dict)

    def differ(self, file: str, line: int) -> bool:
        """Whether what stands at a line of a file is another thing on base; see :func:`source_changed`."""
        return source_changed(*self._both(file), line)

    def with_go_benchmark(self, name: str) -> list[str]:
        """The changed files of Go tests in which the function of a benchmark is another one on base."""
        files = [file for file in sorted(self.changed) if file.endswith("_test.go")]
        return [file for file in files if go_benchmark_changed(*self._both(file), name)]

    def _both(self, file: str) -> tuple[str | None, str | None]:
        if file not in self._read:
            change = self.job.change
            self._read[file] = (
                read_file_at(self.job.repo, change.base, file),
                read_file_at(self.job.repo, change.head, file),
            )
        return self._read[file]


GO_BENCHMARK = re.compile(r"^func Benchmark(\w*)\(.*?^\}", re.MULTILINE | re.DOTALL)


def go_benchmark_changed(old: str | None, new: str | None, name: str) -> bool:
    """Whether the function of a Go benchmark (``pkg.Name/sub``, without ``Benchmark``) differs between two files."""
    before, after = ({one[1]: one[0] for one in GO_BENCHMARK.finditer(text or "")} for text in (old, new))
    changed = (known for known in after if known in before and after[known] != before[known])
    return any(re.search(rf"(?:^|\.){re.escape(known)}(?:/|-\d+$|$)", name) for known in changed)


def source_changed(old: str | None, new: str | None, line: int) -> bool:
    """Whether the function at ``line`` of ``new`` is another one in ``old``.

    Args:
        old, new: texts of the file on base and on head; None where it is missing.
        line: where the benchmark begins in ``new``, from 1; 0 when it is the whole file.

    Returns:
        For a line outside any function, whether anything but comments and layout changed in the file; for a file that
        is not Python, whether its text did.
    """
    if old is None or new is None or old == new:
        return old != new
    try:
        before, after = ast.parse(old), ast.parse(new)
    except (SyntaxError, ValueError, RecursionError):
        return True
    path = tuple(_enclosing(after, line))
    if not path:
        return ast.dump(before) != ast.dump(after)
    twin = _find(before, tuple(node.name for node in path))
    return twin is None or ast.dump(twin) != ast.dump(path[-1])


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
