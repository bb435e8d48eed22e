"""The package declares what it imports, and nothing that it does not."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from perfbot.cli.extras import EXTRA_OF, WHOLE

ROOT = Path(__file__).parent.parent
FOR_US = ("dev", "docs")
NEVER_IMPORTED = {"psycopg"}
"""A database driver, loaded by SQLAlchemy by name; a script for pages, read as a file of its package."""

PART_OF = {"pydantic_core": "pydantic"}
"""Packages whose distribution is versioned with another one."""


def imported_packages() -> set[str]:
    """Top-level packages that perfbot imports anywhere, except inside measured environments."""
    found: set[str] = set()
    for file in (ROOT / "perfbot").rglob("*.py"):
        if "worker" in file.parts:
            continue
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.Import):
                found |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                found.add(node.module.partition(".")[0])
    return {PART_OF.get(name, name) for name in found - set(sys.stdlib_module_names) - {"perfbot"}}


def project() -> dict[str, Any]:
    found: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    return found


def declared_distributions() -> set[str]:
    """Of the plain package, and of all extras that users install."""
    extras = project()["optional-dependencies"]
    lines = [*project()["dependencies"], *(line for name in extras if name not in FOR_US for line in extras[name])]
    return {_normal(re.split(r"[\[><=~! ]", line, maxsplit=1)[0]) for line in lines} - {"perfbot"}


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def test_every_import_is_a_declared_dependency() -> None:
    by_package = packages_distributions()
    undeclared = {
        package
        for package in imported_packages()
        if not {_normal(name) for name in by_package.get(package, [package])} & declared_distributions()
    }
    assert not undeclared


def test_every_dependency_is_imported() -> None:
    by_package = packages_distributions()
    imported = {_normal(name) for package in imported_packages() for name in by_package.get(package, [package])}
    assert declared_distributions() - imported - NEVER_IMPORTED == set()


def test_the_image_pins_every_dependency_to_a_version_that_is_allowed() -> None:
    """Versions for several Pythons of one package each count."""
    lines = [line.partition(";")[0] for line in (ROOT / "constraints.txt").read_text("utf-8").splitlines()]
    pins = [line.strip().partition("==")[::2] for line in lines if line and not line.startswith("#")]
    assert all(version for _, version in pins)
    pinned = {_normal(name) for name, _ in pins}
    assert declared_distributions() <= pinned
    extras = project()["optional-dependencies"]
    lines = [*project()["dependencies"], *(line for name in extras if name not in FOR_US for line in extras[name])]
    allowed = {_normal(r.name): r.specifier for r in map(Requirement, lines)}
    assert [name for name, version in pins if not allowed.get(_normal(name), SpecifierSet()).contains(version)] == []


def test_extras_are_what_their_verbs_name() -> None:
    """Each package that a verb may miss is in the extra that it names, and in no smaller one."""
    extras = project()["optional-dependencies"]
    by_package = packages_distributions()
    for package, extra in EXTRA_OF.items():
        own = {_normal(Requirement(line).name) for line in extras[extra]}
        names = {_normal(name) for name in by_package.get(package, [package])} | (
            {"pyjwt"} if extra == "app" else set()
        )
        assert own & names, f"{package} is not in {extra}"
    assert set(WHOLE.values()) <= set(extras)
    assert extras["all"] == ["perfbot[serve]"]
    assert "perfbot[all]" in extras["dev"]
