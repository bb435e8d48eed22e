"""Finding, reading and checking the configuration."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from perfbot.config.document import Config, Document, contradictions
from perfbot.config.explain import explain
from perfbot.errors import ConfigError
from perfbot.web import docs

FILE = "perfbot.toml"
PYPROJECT = "pyproject.toml"

MOST_CHARACTERS = 512 * 1024
MOST_PARTS = 32
"""Of a dotted key; perfbot's own have three."""

_DEEP_KEY = re.compile(r"""(?<![\w-])(?:(?>[\w-]++|"[^"\n]*+"|'[^'\n]*+')[ \t]*+\.[ \t]*+){32}""")

SHOWN, LONGEST = 20, 1_000
"""Mistakes that are told, and characters of each."""

HINT = f"See {docs('configuration')}, or type `perfbot doctor` after fixing it."


def load(path: Path | None, root: Path) -> Config:
    """The configuration of a working tree.

    Args:
        path: a file given explicitly, which wins; relative paths are relative to the current folder.
        root: the repository's top, where ``perfbot.toml`` and then ``pyproject.toml`` are looked for.

    Returns:
        The defaults, without suites, when nothing is found.

    Raises:
        ConfigError: naming file, key, what was found and what was expected.
    """
    if path is None:
        return find(lambda name: _read(root / name) if (root / name).is_file() else None)
    if not path.is_file():
        raise ConfigError(f"{path}: no such file; expected a configuration such as {FILE}")
    config = _parse_named(_read(path), path.name, str(path))
    if config is None:
        raise ConfigError(f"{path}: has no table [tool.perfbot]")
    return config


def source_file(path: Path | None, root: Path) -> Path:
    """The file that :func:`load` reads, so that it can be amended.

    Raises:
        ConfigError: there is none, or it is no configuration.
    """
    for file in (path,) if path else (root / FILE, root / PYPROJECT):
        if file.is_file() and _parse_named(_read(file), file.name, str(file)) is not None:
            return file
    raise ConfigError(
        f"{path or root / FILE}: there is no configuration to write to",
        hint="Type `perfbot init` for one to start from.",
    )


def find(read: Callable[[str], str | None], origin: str = "") -> Config:
    """The configuration of any tree, such as the target branch's.

    Args:
        read: the text of a file by its name relative to the tree's top; None when it is not there.
        origin: appended to the file's name in messages and in :attr:`Policy.origin`, such as ``at 60ab91e``.
    """
    for name in (FILE, PYPROJECT):
        text = read(name)
        if text is not None and (config := _parse_named(text, name, f"{name} {origin}".rstrip())):
            return config
    return Config()


def parse(text: str, where: str) -> Config:
    """Check the text of a perfbot.toml.

    Args:
        where: what to call it in messages.

    Raises:
        ConfigError: all that is wrong, the most important first.
    """
    return check_tables(_tables(text, where), where)


def _parse_named(text: str, name: str, where: str) -> Config | None:
    if name != PYPROJECT:
        return parse(text, where)
    tool = _tables(text, where).get("tool")
    if not isinstance(tool, dict) or "perfbot" not in tool:
        return None
    return check_tables(tool["perfbot"], f"{where} [tool.perfbot]")


def _read(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: byte {error.start} is not UTF-8, and TOML is") from error
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from error


def _tables(text: str, where: str) -> dict[str, Any]:
    _check_extent(text, where)
    try:
        return tomllib.loads(text.removeprefix("\ufeff"))  # editors on Windows begin files with it
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{where}: is not TOML: {error}", hint=HINT) from error
    except (ValueError, RecursionError) as error:  # numbers of thousands of digits; tables in tables in tables
        raise ConfigError(f"{where}: holds numbers or tables that are too large or too deep", hint=HINT) from error


def _check_extent(text: str, where: str) -> None:
    """A file that the change brings must not keep the parser busy, whose time goes with the square of a key's parts.

    Raises:
        ConfigError: it is too large, or a key too deep.
    """
    if len(text) > MOST_CHARACTERS:
        message = f"{where}: has {len(text):,} characters, expected at most {MOST_CHARACTERS:,}"
        raise ConfigError(message, hint=HINT)
    if _DEEP_KEY.search(text):
        raise ConfigError(f"{where}: has a key of more than {MOST_PARTS} parts", hint=HINT)


def check_tables(tables: object, where: str) -> Config:
    """The same for tables that are parsed already.

    Raises:
        ConfigError: all that is wrong, the most important first.
    """
    if not isinstance(tables, Mapping):
        raise _complaint(where, [f"found {tables}, expected a table"])
    try:
        document = Document.model_validate(tables)
    except ValidationError as error:
        raise _complaint(where, explain(error, tables)) from error
    if wrong := contradictions(document):
        raise _complaint(where, wrong)
    return Config(document.run, document.policy(where), document.suite, where, document.publish, document.why)


def check_paths(config: Config, tree: Path) -> None:
    """That every suite's paths match something in a checkout.

    Raises:
        ConfigError: naming the suites and the paths that match nothing.
    """
    wrong = [
        f'[[suite]] "{suite.name}" paths: "{path}" matches nothing in the repository; '
        "expected an existing file, folder or glob"
        for suite in config.suites
        for path in suite.unmatched_paths(tree)
    ]
    if wrong:
        raise _complaint(config.where, wrong)


def _complaint(where: str, wrong: list[str]) -> ConfigError:
    shown = [text if len(text) <= LONGEST else f"{text[:LONGEST]}…" for text in wrong[:SHOWN]]
    shown += [f"and {len(wrong) - SHOWN} more mistakes"] if len(wrong) > SHOWN else []
    return ConfigError("\n".join(f"{where}: {_printable(text).rstrip('.')}." for text in shown), hint=HINT)


def _printable(text: str) -> str:
    """Names and values of a file may hold anything; a terminal must not obey them."""
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape", "surrogatepass").decode() for char in text
    )
