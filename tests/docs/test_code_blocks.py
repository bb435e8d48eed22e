"""Every code block of the documentation is valid: options exist, configuration parses, names are there."""

from __future__ import annotations

import argparse
import ast
import json
import re
import shlex
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

import perfbot
from perfbot import config
from perfbot.claims.grammar import parse_claim
from perfbot.cli import main as command_line
from perfbot.errors import ConfigError
from perfbot.publish.commands import Misspelt
from perfbot.publish.commands import parse as commands_in

ROOT = Path(__file__).parents[2]
PAGES = sorted([*(ROOT / "docs").rglob("*.md"), *ROOT.glob("*.md")])
FENCE = re.compile(r"^( *)```(\w*)\n(.*?)^\1```", re.MULTILINE | re.DOTALL)
OURS = ("run", "gate", "publish", "suite", "limit")
"""Tables of perfbot.toml; other TOML in the documentation is somebody else's."""


@dataclass(frozen=True)
class Block:
    """A fenced block: where it is, its language, its text."""

    where: str
    language: str
    text: str


def blocks() -> Iterator[Block]:
    for page in PAGES:
        text = page.read_text("utf-8")
        for found in FENCE.finditer(text):
            line = text.count("\n", 0, found.start()) + 1
            body = "".join(one.removeprefix(found[1]) for one in found[3].splitlines(keepends=True))
            yield Block(f"{page.relative_to(ROOT)}:{line}", found[2], body)


def of(*languages: str) -> list[pytest.ParameterSet]:
    return [pytest.param(block, id=block.where) for block in blocks() if block.language in languages]


def commands(block: Block) -> Iterator[list[str]]:
    """Each call of perfbot in a shell block."""
    text = block.text.replace("\\\n", " ")
    for line in text.splitlines():
        if block.language == "console" and not line.startswith("$ "):
            continue
        for part in re.split(r"&&|\|\||[|;]", line.removeprefix("$ ")):
            try:
                words = shlex.split(part, comments=True)
            except ValueError:
                continue
            while words and re.fullmatch(r"[A-Z_]+=\S*", words[0]):
                words = words[1:]
            if words[:1] == ["perfbot"]:
                yield [word for word in words[1:] if word not in ("…", "...")]


def parser_of(verb: str) -> argparse.ArgumentParser:
    return command_line._parser(verb)


@pytest.mark.parametrize("block", of("sh", "console", "bash"))
def test_commands_exist_with_their_options(block: Block, capsys: pytest.CaptureFixture[str]) -> None:
    for words in commands(block):
        verb = next((word for word in words if not word.startswith("-")), "")
        try:
            parser_of(verb).parse_args(words)
        except SystemExit as ended:
            if ended.code:
                pytest.fail(f"{block.where}: perfbot {' '.join(words)}\n{capsys.readouterr().err}")


@pytest.mark.parametrize("block", of("toml"))
def test_configuration_is_valid(block: Block) -> None:
    tables = tomllib.loads(block.text)
    for claim in tables.get("claim", []):
        parse_claim(claim["that"])
    if not tables.keys() <= set(OURS) or not tables:
        return
    try:
        config.parse(block.text, block.where)
    except ConfigError as error:
        pytest.fail(f"{block.where}: {error.message}")


@pytest.mark.parametrize("block", of("json"))
def test_json_is_json(block: Block) -> None:
    json.loads(block.text)


@pytest.mark.parametrize("block", of("yaml", "yml"))
def test_yaml_is_yaml(block: Block) -> None:
    assert yaml.safe_load(block.text) is not None


@pytest.mark.parametrize("block", of("python", "py"))
def test_python_compiles_and_names_what_is_there(block: Block) -> None:
    for node in ast.walk(ast.parse(block.text)):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "perfbot":
            assert hasattr(perfbot, node.attr), f"{block.where}: perfbot.{node.attr}"


@pytest.mark.parametrize("block", of("prometheus"))
def test_metrics_are_read_as_such(block: Block) -> None:
    assert [*text_string_to_metric_families(block.text)]


@pytest.mark.parametrize("block", of("text"))
def test_what_is_typed_into_a_comment_is_a_command(block: Block) -> None:
    typed = [line for line in block.text.splitlines() if line.startswith("/")]
    found = commands_in(block.text)
    assert len(found) == len(typed), f"{block.where}: {found}"
    assert not [one for one in found if isinstance(one, Misspelt)], f"{block.where}: {found}"


def test_each_block_says_what_it_is() -> None:
    known = {"sh", "console", "bash", "toml", "json", "yaml", "yml", "python", "py", "prometheus", "text"}
    assert {block.where: block.language for block in blocks() if block.language not in known} == {}


def test_blocks_are_found() -> None:
    assert sum(1 for _ in blocks()) > 70
    assert [*commands(Block("", "console", "$ A=b perfbot run --only 'x y' && perfbot init\nperfbot no\n"))] == [
        ["run", "--only", "x y"], ["init"],
    ]  # fmt: skip
