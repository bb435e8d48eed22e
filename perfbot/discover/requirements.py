"""What a project's own metadata says must be installed for its benchmarks to run.

Only declared requirements are ever proposed: guessing a package's name from an import could install a
stranger's code.
"""

from __future__ import annotations

import platform
import re
import shlex
import sys
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from packaging.specifiers import InvalidSpecifier, SpecifierSet

from perfbot.config.suite_base import installable

BENCHMARK_NAMES = ("benchmark", "benchmarks", "benchmarking", "bench", "perf", "performance", "asv")
"""Names of extras and dependency groups that are meant for benchmarks."""

PROVIDED = frozenset({
    "asv", "coverage", "pip", "pyperf", "pytest", "pytest-benchmark", "pytest-codspeed", "pytest-cov", "pytest-xdist",
    "virtualenv",
})  # fmt: skip
"""Distributions that perfbot brings, replaces, or does better without."""

PROVIDED_MODULES = frozenset(
    {"pytest", "_pytest", "pytest_benchmark", "pytest_codspeed", "pyperf", "asv", "asv_runner"}
)

SUPPORTED_MINORS = range(8, 16)
"""Of Python 3, those that workers run on."""

_NAME = r"[A-Za-z0-9][A-Za-z0-9._-]*"

MODULE_OF = {
    "attrs": ("attr", "attrs"), "beautifulsoup4": ("bs4",), "msgpack-python": ("msgpack",), "opencv-python": ("cv2",),
    "pillow": ("PIL",), "protobuf": ("google",), "pycryptodome": ("Crypto",), "pyjwt": ("jwt",), "pyyaml": ("yaml",),
    "python-dateutil": ("dateutil",), "python-rapidjson": ("rapidjson",), "scikit-learn": ("sklearn",),
    "setuptools": ("setuptools", "pkg_resources"),
}  # fmt: skip
"""Modules of well-known distributions that are named differently."""


@dataclass(frozen=True, slots=True)
class Project:
    """One folder that pip can install, and what it declares. Requirements are texts as in PEP 508.

    Attributes:
        extras, groups: requirements by the name of the extra or dependency group, includes resolved.
    """

    folder: Path
    installable: bool = False
    name: str = ""
    dependencies: tuple[str, ...] = ()
    extras: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    groups: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    scripts: tuple[str, ...] = ()
    pythons: str = ""
    """Versions that it runs on, as in PEP 440; empty where it does not say."""

    def modules(self) -> set[str]:
        """Names that the project itself can be imported by."""
        return self.packages() | {self.name.replace("-", "_")}

    def packages(self) -> set[str]:
        """Modules and folders that lie where packages do."""
        found = {path.stem for path in self.folder.glob("*.py")}
        for parent in (self.folder, self.folder / "src", self.folder / "python", self.folder / "lib"):
            found |= {path.name for path in parent.glob("*") if path.is_dir()}
        return found


def read_project(folder: Path) -> Project:
    """The project at a folder; one without metadata when there is none or it cannot be read."""
    try:
        tables = tomllib.loads((folder / "pyproject.toml").read_text("utf-8"))
    except (OSError, ValueError, RecursionError):
        return Project(folder, installable(folder))
    project, poetry = _table(tables, "project"), _table(tables, "tool", "poetry")
    groups = _table(tables, "dependency-groups")
    poetry_groups = {name: _poetry(_table(group, "dependencies")) for name, group in _table(poetry, "group").items()}
    return Project(
        folder,
        installable=installable(folder),
        name=str(project.get("name", poetry.get("name", ""))),
        dependencies=(*_texts(project.get("dependencies")), *_poetry(_table(poetry, "dependencies"))),
        extras={
            name: _texts(value)
            for name, value in _table(project, "optional-dependencies").items()
            if re.fullmatch(_NAME, name)
        },
        groups={**{name: tuple(_group(name, groups, ())) for name in groups}, **poetry_groups},
        scripts=tuple(_table(project, "scripts")),
        pythons=str(project.get("requires-python", "")),
    )


def python_for(pythons: str, running: str = platform.python_version()) -> str:
    """The version nearest to the running one that a project allows, such as "3.12"; empty where the running one is.

    Args:
        pythons: what the project allows; what cannot be read allows everything.
    """
    try:
        allowed = SpecifierSet(pythons)
    except InvalidSpecifier:
        return ""
    if allowed.contains(running, prereleases=True):
        return ""
    minor = int(running.split(".")[1])
    near = sorted(SUPPORTED_MINORS, key=lambda other: (abs(other - minor), -other))
    fitting = (f"3.{other}" for other in near if any(allowed.contains(f"3.{other}.{patch}") for patch in (0, 99)))
    return next(fitting, "")


def _table(tables: object, *keys: str) -> dict[str, Any]:
    for key in keys:
        tables = tables.get(key) if isinstance(tables, dict) else None
    return tables if isinstance(tables, dict) else {}


def _texts(value: object) -> tuple[str, ...]:
    return tuple(item for item in value if isinstance(item, str)) if isinstance(value, list) else ()


def _poetry(table: Mapping[str, Any]) -> tuple[str, ...]:
    """Names alone: Poetry's constraints are not pip's."""
    return tuple(name for name in table if name != "python")


def _group(name: str, groups: Mapping[str, Any], seen: tuple[str, ...]) -> Iterator[str]:
    """A dependency group with what it includes (PEP 735)."""
    wanted = normalised(name)
    entries: object = next((value for key, value in groups.items() if normalised(key) == wanted), [])
    if wanted in seen or not isinstance(entries, list):
        return
    for entry in entries:
        if isinstance(entry, str):
            yield entry
        elif isinstance(entry, dict) and isinstance(entry.get("include-group"), str):
            yield from _group(entry["include-group"], groups, (*seen, wanted))


def normalised(name: str) -> str:
    """A distribution's name as the index knows it (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def distribution(requirement: str) -> str:
    """The normalised name at the head of a requirement."""
    found = re.match(rf"\s*({_NAME})", requirement)
    return normalised(found[1]) if found else ""


def modules_of(requirement: str) -> set[str]:
    """Modules that a requirement probably brings."""
    name = distribution(requirement)
    short = re.sub(r"^(?:python|py)-|-(?:python|py)$", "", name)
    return {*MODULE_OF.get(name, ()), name.replace("-", "_"), short.replace("-", "_"), name.removeprefix("py")}


@dataclass(frozen=True, slots=True)
class Setup:
    """Set-up lines for a suite, and the modules it imports that nothing declares."""

    lines: tuple[str, ...] = ()
    undeclared: tuple[str, ...] = ()


def setup_of(
    project: Project,
    imported: Iterable[str],
    local: Iterable[str],
    files: Iterable[str] = (),
    through: Iterable[str] = (),
) -> Setup:
    """What to install for benchmarks that import these modules.

    Args:
        imported: names of modules that the benchmarks cannot do without.
        local: names of modules beside the benchmarks.
        files: requirements files meant for them, relative to the project's folder.
        through: names of modules that the project's own modules import; installed where an extra or a group
            declares them, and otherwise none of the benchmarks' business.
    """
    provided = sys.stdlib_module_names | PROVIDED_MODULES | set(local) | project.modules()
    direct = set(imported)
    missing = direct.union(through) - provided
    missing -= _brought_by(project.dependencies)
    extras = [name for name in project.extras if normalised(name) in BENCHMARK_NAMES and _brings(project.extras[name])]
    missing -= _brought_by(requirement for name in extras for requirement in project.extras[name])
    listed: list[str] = []
    for module in sorted(missing):
        kind, name = _declared(module, project)
        if kind == "extra" and name not in extras:
            extras.append(name)
        elif kind == "group" and name not in listed:
            listed.append(name)
        if kind:
            missing.discard(module)
    lines = (_install(project, extras, listed), *(f"pip install -r {shlex.quote(name)}" for name in files))
    return Setup(tuple(filter(None, lines)), () if tuple(files) else tuple(sorted(missing & direct)))


def _brings(requirements: Iterable[str]) -> bool:
    """Whether they hold anything that perfbot does not provide."""
    return not PROVIDED.issuperset(map(distribution, requirements))


def _brought_by(requirements: Iterable[str]) -> set[str]:
    return {module for requirement in requirements for module in modules_of(requirement)}


def _declared(module: str, project: Project) -> tuple[str, str]:
    """Where a module is declared: an extra by its name, or a group by the requirement; ``("", "")`` nowhere.

    Those meant for benchmarks come first.
    """

    def first(names: Iterable[str]) -> list[str]:
        return sorted(names, key=lambda name: normalised(name) not in BENCHMARK_NAMES)

    for name in first(project.extras):
        if module in _brought_by(project.extras[name]):
            return "extra", name
    for name in first(project.groups):
        for requirement in project.groups[name]:
            if module in modules_of(requirement):
                return "group", requirement
    return "", ""


def _install(project: Project, extras: list[str], listed: list[str]) -> str:
    targets = [quoted(requirement) for requirement in listed if distribution(requirement) not in PROVIDED]
    if project.installable:
        targets.insert(0, f'".[{",".join(extras)}]"' if extras else ".")
    return f"pip install {' '.join(targets)}" if targets else ""


def quoted(requirement: str) -> str:
    """A requirement as one word of a shell line."""
    if re.fullmatch(r"[\w.,\[\]-]+", requirement) and "[" not in requirement:
        return requirement
    return "'" + requirement.replace("'", '"') + "'"
