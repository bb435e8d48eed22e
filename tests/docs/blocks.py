"""Fenced blocks of the documentation, the calls in them, and a way to try a call without doing what it asks for."""

from __future__ import annotations

import argparse
import importlib
import re
import shlex
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from markdown_it import MarkdownIt

from perfbot.cli import main as command_line

ROOT = Path(__file__).parents[2]
PAGES = sorted([*(ROOT / "docs").rglob("*.md"), *ROOT.glob("*.md")])
FENCE = re.compile(r"^( *)```(\w*)\n(.*?)^\1```", re.MULTILINE | re.DOTALL)
SHELLS = ("sh", "console", "bash")


@dataclass(frozen=True)
class Block:
    """A fenced block: where it is, its language, its text."""

    where: str
    language: str
    text: str


@dataclass(frozen=True)
class Call:
    """A call of perfbot (``program`` is ``perfbot``) or of a Python module of the project (its dotted name)."""

    program: str
    words: tuple[str, ...]


class Parsed(Exception):
    """A command line was understood; nothing of it is done."""


def blocks() -> Iterator[Block]:
    """All blocks of all pages."""
    for page in PAGES:
        text = page.read_text("utf-8")
        for found in FENCE.finditer(text):
            line = text.count("\n", 0, found.start()) + 1
            body = "".join(one.removeprefix(found[1]) for one in found[3].splitlines(keepends=True))
            yield Block(f"{page.relative_to(ROOT)}:{line}", found[2], body)


def of(*languages: str) -> list[pytest.ParameterSet]:
    """Blocks of some languages, as parameters."""
    return [pytest.param(block, id=block.where) for block in blocks() if block.language in languages]


def spans(page: Path) -> Iterator[str]:
    """What stands between backquotes in the sentences of a page."""
    for token in MarkdownIt().enable("table").parse(page.read_text("utf-8")):
        yield from (one.content for one in token.children or () if one.type == "code_inline")


def typed(block: Block) -> str:
    """What somebody types of a block, without what a console answers."""
    lines = block.text.replace("\\\n", " ").splitlines()
    if block.language == "console":
        lines = [line.removeprefix("$ ") for line in lines if line.startswith("$ ")]
    return "".join(f"{line}\n" for line in lines)


def calls(script: str) -> Iterator[Call]:
    """Each call of perfbot or of a module of the project in a shell script, in a container's command, too."""
    for line in script.splitlines():
        for part in re.split(r"&&|\|\||[|;]", line):
            try:
                words = [word for word in shlex.split(part, comments=True) if word not in ("…", "...")]
            except ValueError:
                continue
            yield from _call(words)


def _call(words: Sequence[str]) -> Iterator[Call]:
    while words and re.fullmatch(r"[A-Z_]+=\S*", words[0]):
        words = words[1:]
    for index, program in enumerate(words):
        following = [*words, ""][index + 1]
        verb = program == "perfbot" and (index == 0 or following in command_line.VERBS)
        if verb:
            return (yield Call("perfbot", tuple(words[index + 1 :])))
        if program == "-m" and following.partition(".")[0] in ("evidence", "tests", "perfbot"):
            return (yield Call(following, tuple(_until_redirection(words[index + 2 :]))))


def _until_redirection(words: Sequence[str]) -> Iterator[str]:
    for word in words:
        if word.startswith((">", "<")):
            return
        yield word


def parser_of(verb: str) -> argparse.ArgumentParser:
    """What parses a command line with this verb."""
    return command_line._parser(verb)


def options_of(verb: str) -> set[str]:
    """All options of a verb, long and short."""
    (verbs,) = (one for one in parser_of(verb)._actions if isinstance(one, argparse._SubParsersAction))
    return set(verbs.choices[verb]._option_string_actions)


def attempt(call: Call, patch: pytest.MonkeyPatch) -> None:
    """Parse the words of a call as its program would.

    Raises:
        UsageError, SystemExit: perfbot, or another program, would not understand them.
    """
    words = list(call.words)
    if call.program == "perfbot":
        parser_of(next((word for word in words if not word.startswith("-")), "")).parse_args(words)
        return
    main = vars(importlib.import_module(call.program)).get("main")
    parse = argparse.ArgumentParser.parse_args

    def parsed(self: argparse.ArgumentParser, *args: object) -> argparse.Namespace:
        parse(self, words)
        raise Parsed

    patch.setattr(argparse.ArgumentParser, "parse_args", parsed)
    patch.setattr(sys, "argv", [call.program, *words])
    if words:
        assert main, f"python -m {call.program} takes no arguments"
        with pytest.raises(Parsed):
            main()
