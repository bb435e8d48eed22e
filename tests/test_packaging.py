"""The package declares what it imports, and nothing that it does not."""

from __future__ import annotations

import ast
import functools
import re
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

import perfbot
from perfbot.cli.extras import EXTRA_OF, WHOLE

ROOT = Path(__file__).parent.parent
FOR_US = ("dev", "docs")
EVERY = ["publish", "history", "pages", "alerts", "serve"]
NEVER_IMPORTED = {"psycopg"}
"""A database driver, loaded by SQLAlchemy by name; a script for pages, read as a file of its package."""

PART_OF = {"pydantic_core": "pydantic"}
"""Packages whose distribution is versioned with another one."""


@functools.cache
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


distributions = functools.cache(packages_distributions)
"""Reads what each installed distribution holds."""


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
    by_package = distributions()
    undeclared = {
        package
        for package in imported_packages()
        if not {_normal(name) for name in by_package.get(package, [package])} & declared_distributions()
    }
    assert not undeclared


def test_every_dependency_is_imported() -> None:
    by_package = distributions()
    imported = {_normal(name) for package in imported_packages() for name in by_package.get(package, [package])}
    assert declared_distributions() - imported - NEVER_IMPORTED == set()


def pins(kind: str) -> list[tuple[str, str]]:
    """Names and versions in a lock; each has hashes."""
    text = (ROOT / f"locks/{kind}.lock").read_text("utf-8")
    entries = [entry for entry in re.split(r"\n(?=\S)", text) if entry.strip()]
    assert all("--hash=sha256:" in entry for entry in entries)
    found = [re.match(r"(\S+?)==([^\s;]+)", entry) for entry in entries]
    return [(_normal(pin[1]), pin[2]) for pin in found if pin]


@pytest.mark.parametrize(("kind", "extras"), [("run", []), ("publish", ["publish"]), ("serve", EVERY)])
def test_the_locks_pin_every_dependency_to_a_version_that_is_allowed(kind: str, extras: list[str]) -> None:
    """Versions for several Pythons of one package each count. Made anew by .ci/lock."""
    optional = project()["optional-dependencies"]
    lines = [*project()["dependencies"], *(line for name in extras for line in optional[name])]
    allowed = {_normal(r.name): r.specifier for r in map(Requirement, lines) if r.name != "perfbot"}
    locked = pins(kind)
    assert set(allowed) <= {name for name, _ in locked}
    assert [name for name, version in locked if not allowed.get(name, SpecifierSet()).contains(version)] == []


VERSION = perfbot.__version__
SHIPPED = [
    *(ROOT / "templates").glob("perfbot*.yml"), *(ROOT / "docs/examples/github").glob("*.yml"), ROOT / "action.yml",
]  # fmt: skip


@pytest.mark.parametrize("file", SHIPPED, ids=lambda path: path.name)
def test_what_is_shipped_for_ci_installs_the_version_that_wrote_it(file: Path) -> None:
    """By a lock with hashes, from the release: never a name from an index, which somebody else might own."""
    text = file.read_text("utf-8")
    assert f"/releases/download/v{VERSION}" in text
    assert set(re.findall(r"releases/download/v([^/\s]+)", text)) == {VERSION}
    assert set(re.findall(r"perfbot@(\S+)", text)) <= {VERSION}
    installs = [line for line in text.splitlines() if re.search(r"pip\"? install |pipx install|default: pip", line)]
    assert installs
    assert all(("--require-hashes" in line and ".lock" in line) or "$lock" in line for line in installs)


def test_no_document_installs_a_name_that_nobody_owns() -> None:
    """`pip install perfbot`, by itself, asks an index; see docs/releasing.md."""
    files = [ROOT / "README.md", ROOT / "Dockerfile", *ROOT.glob("docs/**/*.md"), *ROOT.glob("templates/*"), *SHIPPED]
    found = [
        f"{file.name}: {line.strip()}"
        for file in files
        if file.is_file() and "adr" not in file.parts and file.name != "releasing.md"
        for line in file.read_text("utf-8").splitlines()
        if re.search(r"(pip|pipx|uv tool|uvx)\S* (install|run) \"?perfbot\b(?!.* @ )", line)
    ]
    assert found == []


def test_extras_are_what_their_verbs_name() -> None:
    """Each package that a verb may miss is in the extra that it names, and in no smaller one."""
    extras = project()["optional-dependencies"]
    by_package = distributions()
    for package, extra in EXTRA_OF.items():
        own = {_normal(Requirement(line).name) for line in extras[extra]}
        names = {_normal(name) for name in by_package.get(package, [package])}
        assert own & names, f"{package} is not in {extra}"
    assert set(WHOLE.values()) <= set(extras)
    assert extras["all"] == ["perfbot[serve]"]
    assert "perfbot[all]" in extras["dev"]
