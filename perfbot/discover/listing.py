"""What a configured suite would collect, as far as its sources tell."""

from __future__ import annotations

import ast
import os
import platform
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from perfbot.config.asv import read_asv
from perfbot.config.names import short_name
from perfbot.config.suite_base import SuiteBase
from perfbot.config.suites import AsvSuite, PyperfSuite, PytestSuite
from perfbot.config.tools import HttpSuite, SizeSuite
from perfbot.discover import sources, tree
from perfbot.discover.collecting import Collecting, collecting

_Names = Callable[[ast.Module, Path], tuple[str, ...]]
"""Names in a module, given its path relative to the repository; ValueError when it is none of the tool's."""


@dataclass(frozen=True, slots=True)
class Listing:
    """Names of benchmarks as ``--only`` and ``skip`` match them, and what stands in the way of some.

    Attributes:
        benchmarks: patterns where parameters, or a computed name, are known only when it runs.
        problems: one sentence each, naming the file.
        known: False when only running the tool can tell.
    """

    benchmarks: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    known: bool = True


def list_suite(suite: SuiteBase, root: Path) -> Listing:
    """What a suite would collect from the working tree at ``root``; ``only`` and ``skip`` are not applied."""
    if isinstance(suite, PytestSuite):
        collect = collecting(root / suite.directory)
        names = partial(_pytest_names, collect=collect)
        return _shown(_list_files(_collected(suite, root, collect), root / suite.directory, names), suite, root)
    if isinstance(suite, PyperfSuite):
        return _shown(_list_files(_paths(suite, root), root / suite.directory, _pyperf_names), suite, root)
    if isinstance(suite, AsvSuite):
        return _list_asv(suite, root)
    for table in ("functions", "commands"):
        if isinstance(named := getattr(suite, table, None), Mapping):
            return Listing(tuple(named))
    if isinstance(suite, HttpSuite):
        return Listing(tuple(one.name for one in suite.requests))
    return Listing(tuple(suite.sizes)) if isinstance(suite, SizeSuite) else Listing(known=False)


def _shown(listing: Listing, suite: SuiteBase, root: Path) -> Listing:
    """Names as people read them, made as a run makes them."""
    paths = suite.relative_paths(root)
    return replace(listing, benchmarks=tuple(short_name(name, paths) for name in listing.benchmarks))


def _paths(suite: SuiteBase, root: Path) -> list[Path]:
    return [root / path for path in suite.benchmark_paths(root)]


def _collected(suite: SuiteBase, root: Path, collect: Collecting) -> Iterator[Path]:
    """Files as they stand, and what pytest collects from folders, each once."""
    found: dict[Path, None] = {}
    for path in _paths(suite, root):
        files = (file for file in tree.files(path) if collect.is_file(file)) if path.is_dir() else (path,)
        found.update(dict.fromkeys(files))
    yield from found


def _pytest_names(module: ast.Module, path: Path, collect: Collecting) -> tuple[str, ...]:
    return tuple(f"{path.as_posix()}::{name}" for name in sources.pytest_benchmarks(module, collect, each=True))


def _pyperf_names(module: ast.Module, path: Path) -> tuple[str, ...]:
    names = sources.pyperf_benchmarks(module)
    if names is None:
        raise ValueError(f"{path.as_posix()} makes no pyperf.Runner")
    return tuple(f"{path.as_posix()}::{name}" for name in names)


def _list_asv(suite: AsvSuite, root: Path) -> Listing:
    try:
        folder = root / read_asv(root / suite.config, root).folder
    except (OSError, ValueError) as error:
        return Listing(problems=(f"{suite.config} cannot be read: {error}",))
    if not folder.is_dir():
        where = folder.relative_to(root).as_posix()
        return Listing(problems=(f"{suite.config} names the benchmark_dir {where}, which is not there",))
    files = (path for path in tree.files(folder) if path.suffix == ".py")
    return _list_files(files, root, lambda module, path: _asv_names(module, root / path, folder))


def _asv_names(module: ast.Module, path: Path, folder: Path) -> tuple[str, ...]:
    name = ".".join(path.relative_to(folder).with_suffix("").parts)
    return sources.asv_benchmarks(module, name, each=True)


def _list_files(files: Iterable[Path], root: Path, names: _Names) -> Listing:
    benchmarks: list[str] = []
    problems: list[str] = []
    for path in files:
        relative = Path(os.path.relpath(path, root))
        if (module := sources.parse(path)) is None:
            problems.append(f"{relative.as_posix()} is no Python that Python {platform.python_version()} can read")
            continue
        try:
            benchmarks += names(module, relative)
        except ValueError as error:
            problems.append(str(error))
    return Listing(tuple(benchmarks), tuple(problems))
