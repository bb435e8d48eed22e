"""Finding benchmark suites by reading sources: what ``init`` writes, and ``run`` uses where nothing is configured."""

from __future__ import annotations

import os
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TypeVar

from perfbot.config.arguments import paths_in
from perfbot.config.asv import read_asv
from perfbot.config.fields import SUITE_NAME
from perfbot.config.suite_base import installable
from perfbot.config.suites import AsvSuite, CommandSuite, PyperfSuite, PytestSuite, Suite
from perfbot.discover import sources, tree
from perfbot.discover.command_suites import program_suite, script_suite, start_suite
from perfbot.discover.foreign import Foreign, foreign_benchmarks
from perfbot.discover.own_modules import imported_through
from perfbot.discover.requirements import (
    PROVIDED,
    Project,
    Setup,
    distribution,
    python_for,
    quoted,
    read_project,
    setup_of,
)
from perfbot.discover.scripts import loose_scripts
from perfbot.discover.tool_suites import tool_suites

COLLECTED = ("test_*.py", "*_test.py")
"""Files that pytest collects from a folder by itself."""

_GLOBS = (
    "bench_*.py",
    "*_bench.py",
    "benchmark_*.py",
    "*_benchmark.py",
    "bm_*.py",
    "perf_*.py",
    "test_*.py",
    "*.py",
    "[!_]*.py",
)
_MENTIONS = re.compile(rb"benchmark|pyperf")
_VAGUE = frozenset({"test", "tests", "testing", "src", "scripts", "tools"})
_Item = TypeVar("_Item")
_CI_FILES = (".gitlab-ci.yml", ".github/workflows/*.yml", ".github/workflows/*.yaml")


@dataclass(frozen=True, slots=True)
class Found:
    """A suite, how many benchmarks its sources show (parameters not counted), and what the reader should know."""

    suite: Suite
    benchmarks: int
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Survey:
    """Everything that a look at a working tree tells.

    Attributes:
        foreign: benchmarks of tools that no suite was made for.
        loose: scripts that look like benchmarks, relative to the repository; no suite was made for them either.
        ci: files that configure continuous integration, relative to the repository.
        start: where there is nothing else, a suite that measures how the project starts.
        scripts: command lines that the project installs.
    """

    found: tuple[Found, ...] = ()
    foreign: tuple[Foreign, ...] = ()
    start: Suite | None = None
    loose: tuple[str, ...] = ()
    ci: tuple[str, ...] = ()
    scripts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _File:
    """A Python file with benchmarks of one kind."""

    path: Path
    benchmarks: int
    imports: sources.Imports


def detect_suites(root: Path) -> tuple[Suite, ...]:
    """The suites of a working tree, without importing or running anything of it; none when there are none."""
    return tuple(found.suite for found in _all_suites(root, list(tree.files(root))))


def survey(root: Path) -> Survey:
    """The suites of a working tree and what is around them."""
    files = list(tree.files(root))
    ci = sorted(path.relative_to(root).as_posix() for pattern in _CI_FILES for path in root.glob(pattern))
    found = _all_suites(root, files)
    taken = {root / path for entry in found for path in entry.suite.benchmark_paths(root)}
    ran = {path for entry in found for path in _ran(entry.suite)}
    loose = tuple(script for script in loose_scripts(files, root, taken) if script not in ran)
    configured = {entry.suite.harness for entry in found}
    foreign = tuple(one for one in foreign_benchmarks(files, root) if one.harness not in configured)
    project = read_project(root)
    start = None if found else start_suite(project, root)
    return Survey(found, foreign, start, loose, tuple(ci), project.scripts)


def _ran(suite: Suite) -> frozenset[str]:
    """Files that a suite's command lines name."""
    lines = suite.commands.values() if isinstance(suite, CommandSuite) else ()
    return frozenset(path for line in lines for path in paths_in(line, suite.directory))


def _all_suites(root: Path, files: list[Path]) -> tuple[Found, ...]:
    """Suites of benchmark tools; where there is none, of scripts and programs that say that they measure."""
    if found := _suites(root, files):
        return found
    project = read_project(root)

    def set_up(scripts: Sequence[Path]) -> Setup:
        parsed = [(path, sources.parse(path)) for path in scripts]
        return _setup(project, [_File(path, 1, sources.imports(module)) for path, module in parsed if module])

    programs = program_suite(project, root, _requirement_files(root, ()))
    suite = programs or script_suite(project, root, loose_scripts(files, root, ()), set_up)
    return (Found(suite, len(suite.commands)),) if suite else ()


def _suites(root: Path, files: list[Path]) -> tuple[Found, ...]:
    pytest_files, pyperf_files = _python_files(files)
    found = [
        *_grouped(root, pytest_files, _pytest_suite),
        *_grouped(root, pyperf_files, _pyperf_suite),
        *(made for path in files if path.name == "asv.conf.json" and (made := _asv_suite(path, root))),
        *(Found(suite, count) for suite, count in tool_suites(files, root)),
    ]
    return tuple(_with_unique_names(found))


def _python_files(files: Iterable[Path]) -> tuple[list[_File], list[_File]]:
    """Files with pytest benchmarks, and pyperf scripts."""
    pytest_files, pyperf_files = [], []
    for path in files:
        if path.suffix != ".py" or path.name in ("conftest.py", "setup.py") or not _mentions(path):
            continue
        if (module := sources.parse(path)) is None:
            continue
        if names := sources.pytest_benchmarks(module):
            pytest_files.append(_File(path, len(names), sources.imports(module)))
        elif (scripted := sources.pyperf_benchmarks(module)) is not None and sources.runs(module):
            pyperf_files.append(_File(path, len(scripted), sources.imports(module)))
    return pytest_files, pyperf_files


def _mentions(path: Path) -> bool:
    """A quick look that spares most files the parser."""
    try:
        return path.stat().st_size <= sources.LARGEST_SOURCE and _MENTIONS.search(path.read_bytes()) is not None
    except OSError:
        return False


def _grouped(root: Path, files: list[_File], make: Callable[[Path, Path, list[_File]], Found]) -> list[Found]:
    """One suite for each project (folder that pip can install) with such files."""
    groups: dict[Path, list[_File]] = defaultdict(list)
    for file in files:
        groups[_project_folder(file.path, root)].append(file)
    return [make(root, folder, group) for folder, group in sorted(groups.items())]


def _project_folder(path: Path, root: Path) -> Path:
    """The nearest folder above a file that pip can install; the repository when there is none."""
    return next((folder for folder in path.parents if folder.is_relative_to(root) and installable(folder)), root)


def _pytest_suite(root: Path, folder: Path, files: list[_File]) -> Found:
    project = read_project(folder)
    conftests = {parent / "conftest.py" for file in files for parent in _between(file.path.parent, folder)}
    modules = [module for path in sorted(conftests) if path.is_file() and (module := sources.parse(path))]
    setup = _setup(project, files, [sources.imports(module) for module in modules])
    suite = PytestSuite(
        name=_name(root, folder, files),
        harness="pytest",
        paths=_pytest_paths(root, [file.path for file in files]),
        directory=folder.relative_to(root).as_posix(),
        python=python_for(project.pythons) or None,
        setup=setup.lines or None,
    )
    return Found(suite, sum(file.benchmarks for file in files), _undeclared(setup))


def _pyperf_suite(root: Path, folder: Path, files: list[_File]) -> Found:
    project = read_project(folder)
    setup = _setup(project, files)
    by_folder = _by(files, lambda file: file.path.parent)
    suite = PyperfSuite(
        name=_name(root, folder, files),
        harness="pyperf",
        paths=tuple(path for parent, group in by_folder.items() for path in _globbed(root, parent, group)),
        directory=folder.relative_to(root).as_posix(),
        python=python_for(project.pythons) or None,
        setup=setup.lines or None,
    )
    return Found(suite, sum(file.benchmarks for file in files), _undeclared(setup))


def _asv_suite(path: Path, root: Path) -> Found | None:
    try:
        settings = read_asv(path, root)
    except (OSError, ValueError):
        return None
    benchmarks = root / settings.folder
    files = [_File(file, count, found) for file, count, found in _asv_files(benchmarks)]
    folder = _project_folder(path, root)
    project = read_project(folder)
    setup = _setup(project, files)
    there = PROVIDED.union(map(distribution, project.dependencies))
    needed = [name for name in settings.requirements if distribution(name) not in there]
    wanted = [f"pip install {' '.join(map(quoted, needed))}"] if needed else []
    suite = AsvSuite(
        name=_slug(benchmarks.name),
        harness="asv",
        config=path.relative_to(root).as_posix(),
        paths=(f"{settings.folder}/",) if benchmarks.is_dir() else (),
        directory=folder.relative_to(root).as_posix(),
        python=python_for(project.pythons) or None,
        setup=(*setup.lines, *wanted) or None,
        env=settings.env,
    )
    return Found(suite, sum(file.benchmarks for file in files), () if settings.requirements else _undeclared(setup))


def _asv_files(folder: Path) -> list[tuple[Path, int, sources.Imports]]:
    parsed = ((path, sources.parse(path)) for path in tree.files(folder) if path.suffix == ".py")
    return [
        (path, len(sources.asv_benchmarks(module, path.stem)), sources.imports(module))
        for path, module in parsed
        if module is not None
    ]


def _setup(project: Project, files: Sequence[_File], more: Iterable[sources.Imports] = ()) -> Setup:
    imported = {name for found in (*(file.imports for file in files), *more) for name in found.needed}
    through = imported_through(project.folder, [file.path for file in files])
    folders = {parent for file in files for parent in _between(file.path.parent, project.folder)}
    local = {path.stem for folder in folders for path in folder.iterdir()}
    return setup_of(project, imported, local, _requirement_files(project.folder, folders), through)


def _between(folder: Path, top: Path) -> list[Path]:
    """The folders from one up to another, both included."""
    return [parent for parent in (folder, *folder.parents) if parent.is_relative_to(top)]


def _requirement_files(top: Path, folders: Iterable[Path]) -> list[str]:
    """Requirements files that say they are for benchmarks, by their place or name, relative to ``top``."""
    found = {
        path
        for folder in folders
        if tree.in_benchmark_folder(folder / "x", top)
        for path in folder.glob("requirements*.txt")
    }
    for pattern in ("requirements*bench*.txt", "*bench*requirements*.txt", "requirements/*bench*"):
        found.update(path for path in top.glob(pattern) if path.suffix in ("", ".txt"))
    return sorted(path.relative_to(top).as_posix() for path in found)


def _undeclared(setup: Setup) -> tuple[str, ...]:
    if not setup.undeclared:
        return ()
    return (f"imports {', '.join(setup.undeclared)}, which no requirement of the project names: add it to setup",)


def _pytest_paths(root: Path, files: list[Path]) -> tuple[str, ...]:
    """Folders where pytest would collect exactly these files, globs or the files themselves elsewhere."""
    found: list[str] = []
    for top, group in _by(files, lambda path: _benchmark_folder(path, root)).items():
        collected = {path for path in tree.files(top) if any(fnmatchcase(path.name, glob) for glob in COLLECTED)}
        if top != root and collected == set(group):
            found.append(f"{top.relative_to(root).as_posix()}/")
        else:
            for parent, inner in _by(group, lambda path: path.parent).items():
                found += _globbed(root, parent, [_File(path, 0, sources.Imports()) for path in inner])
    return tuple(found)


def _benchmark_folder(path: Path, root: Path) -> Path:
    """The topmost folder above a file that is named after benchmarks, else the file's own."""
    above = [parent for parent in path.parents if parent != root and parent.is_relative_to(root)]
    named = [parent for parent in above if tree.BENCHMARK_FOLDER.fullmatch(parent.name)]
    return named[-1] if named else path.parent


def _globbed(root: Path, folder: Path, files: Sequence[_File]) -> list[str]:
    """One glob that means exactly these files of a folder, else their paths."""
    wanted = {file.path for file in files}
    here = folder.relative_to(root)
    if len(wanted) > 1:
        for glob in _GLOBS:
            if set(folder.glob(glob)) == wanted:
                return [(here / glob).as_posix()]
    return [path.relative_to(root).as_posix() for path in sorted(wanted)]


def _by(items: Iterable[_Item], key: Callable[[_Item], Path]) -> dict[Path, list[_Item]]:
    groups: dict[Path, list[_Item]] = defaultdict(list)
    for item in items:
        groups[key(item)].append(item)
    return dict(sorted(groups.items()))


def _name(root: Path, folder: Path, files: Sequence[_File]) -> str:
    """The project's folder in a repository of several; else the benchmarks' own, where that says something."""
    if folder != root:
        return _slug(folder.name)
    common = Path(os.path.commonpath([file.path.parent for file in files]))
    return _slug("benchmarks" if common == root or common.name in _VAGUE else common.name)


def _slug(text: str) -> str:
    found = re.sub(r"[^A-Za-z0-9._-]+", "-", text).strip("-._")
    return found if re.fullmatch(SUITE_NAME, found) else "benchmarks"


def _by_folders(found: Sequence[Found]) -> list[str]:
    """Their names; those of one name in several folders by as much of the folders as tells them apart."""
    folders: dict[str, list[tuple[str, ...]]] = defaultdict(list)
    for entry in found:
        folders[entry.suite.name].append(Path(entry.suite.directory).parts)
    return [_by_folder(entry.suite, folders[entry.suite.name]) for entry in found]


def _by_folder(suite: Suite, folders: Sequence[tuple[str, ...]]) -> str:
    own = Path(suite.directory).parts
    if len(folders) == 1 or len(set(folders)) < len(folders) or not own:
        return suite.name
    depth = next((n for n in range(1, len(own)) if sum(other[-n:] == own[-n:] for other in folders) == 1), len(own))
    return _slug("-".join(own[-depth:]))


def _with_unique_names(found: Sequence[Found]) -> list[Found]:
    taken: set[str] = set()
    unique = []
    for entry, called in zip(found, _by_folders(found), strict=True):
        base, name, number = called, called, 2
        if name in taken:
            base = name = f"{base}-{entry.suite.harness}"
        while name in taken:
            name, number = f"{base}-{number}", number + 1
        taken.add(name)
        suite = entry.suite.model_copy(update={"name": name})
        unique.append(Found(suite, entry.benchmarks, entry.notes))
    return unique
