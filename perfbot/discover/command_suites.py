"""Suites of whole commands for projects whose benchmarks no tool runs: scripts, programs made for measuring, starts."""

from __future__ import annotations

import ast
import re
import shlex
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from perfbot.config.suites import CommandSuite
from perfbot.discover import sources
from perfbot.discover.requirements import Project, Setup, python_for
from perfbot.discover.tree import BENCHMARK_FOLDER

MEANT_FOR_BENCHMARKS = re.compile(r"(?:.*[-_.])?(?:micro)?bench(?:es|marks?|marking)?(?:[-_.].*)?", re.IGNORECASE)
"""Names of installed programs that say that they measure."""

ASKS = frozenset({"click", "docopt", "fire", "optparse", "typer", "plac", "absl"})
"""Modules that read a command line: what to write there, only a person knows."""

MOST_SCRIPTS = 12
"""In one suite; what a project has more of are not its benchmarks."""

SetUp = Callable[[Sequence[Path]], Setup]
"""What some files need to be installed."""


def script_suite(project: Project, root: Path, scripts: Sequence[str], set_up: SetUp) -> CommandSuite | None:
    """Scripts that run without arguments and whose requirements are declared, each measured as a whole."""
    plain = [script for script in scripts if runs_alone(root / script)]
    needed = set_up([root / script for script in plain]) if plain else Setup()
    if not plain or len(plain) > MOST_SCRIPTS or needed.undeclared:
        return None
    folder = project.folder
    commands = {_named(script, plain): f"python {shlex.quote(_inside(root / script, folder))}" for script in plain}
    tops = {top for script in plain if (top := _benchmark_folder(script))}
    inside = len(tops) == 1 and all(map(_benchmark_folder, plain))
    return _suite("scripts", project, root, needed.lines, commands, [f"{top}/" for top in tops] if inside else [])


def program_suite(project: Project, root: Path, requirements: Sequence[str]) -> CommandSuite | None:
    """Programs that the project installs and whose names say that they measure.

    Args:
        requirements: files of them that are meant for benchmarks.
    """
    programs = [name for name in project.scripts if MEANT_FOR_BENCHMARKS.fullmatch(name)]
    commands = {name: name for name in programs}
    setup = ("pip install .", *(f"pip install -r {shlex.quote(file)}" for file in requirements))
    return _suite("programs", project, root, setup, commands) if programs else None


def start_suite(project: Project, root: Path) -> CommandSuite | None:
    """The start of a project without benchmarks: its programs' help, else its import."""
    if not project.installable:
        return None
    module = project.name.replace("-", "_").lower()
    if project.scripts:
        commands = {"help": f"{project.scripts[0]} --help"}
    elif module in {name.lower() for name in project.packages()}:
        commands = {"import": f"python -c 'import {module}'"}
    else:
        return None
    return _suite("start", project, root, ("pip install .",), commands)


def runs_alone(path: Path) -> bool:
    """Whether a script does something when it is run, and needs no argument."""
    module = sources.parse(path)
    if module is None:
        return False
    found = sources.imports(module)
    return not (found.needed | found.optional) & ASKS and not any(map(_needs_arguments, ast.walk(module)))


def _needs_arguments(node: ast.AST) -> bool:
    """``sys.argv[1]``, or a positional argument that argparse insists on."""
    if isinstance(node, ast.Subscript) and ast.unparse(node.value).endswith("argv"):
        return isinstance(node.slice, ast.Constant | ast.UnaryOp) and ast.unparse(node.slice) != "0"
    if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "add_argument"):
        return False
    keys = {keyword.arg: ast.unparse(keyword.value) for keyword in node.keywords if keyword.arg}
    name = node.args[0] if node.args else None
    positional = isinstance(name, ast.Constant) and not str(name.value).startswith("-")
    return (positional and keys.get("nargs") not in ("'?'", "'*'")) or keys.get("required") == "True"


def _benchmark_folder(script: str) -> str:
    """The topmost folder above a script that is named after benchmarks; empty where none is."""
    folders = [folder.as_posix() for folder in Path(script).parents if BENCHMARK_FOLDER.fullmatch(folder.name)]
    return folders[-1] if folders else ""


def _named(script: str, all_of_them: Sequence[str]) -> str:
    """The file's name, with its folder where two have the same."""
    stem = Path(script).stem
    twins = [other for other in all_of_them if Path(other).stem == stem]
    return stem if len(twins) == 1 else script.removesuffix(".py").replace("/", "_")


def _inside(path: Path, folder: Path) -> str:
    return path.relative_to(folder).as_posix()


def _suite(
    name: str,
    project: Project,
    root: Path,
    setup: Sequence[str],
    commands: Mapping[str, str],
    paths: Sequence[str] = (),
) -> CommandSuite:
    given = {
        "name": name,
        "harness": "command",
        "commands": commands,
        "directory": project.folder.relative_to(root).as_posix(),
        "paths": tuple(paths) or None,
        "python": python_for(project.pythons) or None,
        "setup": tuple(setup) or None,
    }
    return CommandSuite.model_validate({key: value for key, value in given.items() if value is not None})
