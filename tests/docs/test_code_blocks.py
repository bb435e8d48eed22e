"""Every code block of the documentation is valid: options exist, configuration parses, names are there.

A block that no test here knows is a failure, too: see the last ones.
"""

from __future__ import annotations

import inspect
import io
import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

import perfbot
from evidence import decide
from perfbot import config
from perfbot.claims.described import judged_claims
from perfbot.cli import main as command_line
from perfbot.errors import ConfigError, UsageError
from perfbot.harness.json_results import parse as parse_results
from perfbot.measure.processes.tools import Unreadable, Written
from perfbot.publish.commands import Misspelt
from perfbot.publish.commands import parse as commands_in
from perfbot.reasons import Said
from perfbot.render import remarks
from perfbot.render.openmetrics import openmetrics
from perfbot.render.terminal import console, terminal
from perfbot.runner.address_space import NOT_RANDOM
from tests.docs.blocks import PAGES, ROOT, SHELLS, Block, Call, attempt, blocks, calls, of, options_of, spans, typed
from tests.render.samples import regression, report, result

FOREIGN = ("Field 'mean' has failed", "| Change   | Before ")
"""In what other tools print, shown beside perfbot's."""

SOURCE_SAYS = (
    "base → head", "will probably stay undecided in", "one commit did it", "not measured: no benchmark runs them",
    "both sides can share an address-space layout",
)  # fmt: skip
"""In lines that runs print."""


@pytest.mark.parametrize("block", of(*SHELLS))
def test_commands_exist_with_their_options(
    block: Block, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for call in calls(typed(block)):
        try:
            with monkeypatch.context() as patch:
                attempt(call, patch)
        except SystemExit as ended:
            if ended.code:
                pytest.fail(f"{block.where}: {call}\n{capsys.readouterr().err}")


@pytest.mark.parametrize("block", of(*SHELLS))
def test_what_is_typed_is_shell(block: Block) -> None:
    read = subprocess.run(["sh", "-n"], input=typed(block), text=True, capture_output=True, check=False)
    assert not read.stderr, f"{block.where}: {read.stderr}"
    assert typed(block).strip()


@pytest.mark.parametrize("block", of("toml"))
def test_configuration_is_valid(block: Block) -> None:
    tables = tomllib.loads(block.text)
    if "claim" in tables:
        claims = judged_claims(block.text, report(result()))
        assert len(claims) == len(tables["claim"])
        assert [one.text for one in claims if one.state == "unreadable"] == []
        return
    try:
        config.parse(block.text, block.where)
    except ConfigError as error:
        pytest.fail(f"{block.where}: {error.message}")


@pytest.mark.parametrize("block", of("json"))
def test_json_is_what_reads_it_expects(block: Block, monkeypatch: pytest.MonkeyPatch) -> None:
    found = json.loads(block.text)
    if "benchmarks" in found:
        parsed = parse_results([Written("results.json", block.text.encode())])
        assert [one for one in parsed if isinstance(one, Unreadable)] == []
        assert len(parsed) == len(found["benchmarks"])
    elif "args" in found:  # of a container's seccomp profile
        assert [one["value"] for one in found["args"]] == [NOT_RANDOM]
    else:
        words = [task["command"] for task in found.get("tasks", ())]
        words += [" ".join([one["command"], *one["args"]]) for one in found.get("mcpServers", {}).values()]
        understood = [call for line in words for call in calls(line)]
        assert understood, f"{block.where}: nobody knows what reads this"
        for call in understood:
            attempt(call, monkeypatch)


def strings(value: Any) -> Iterator[str]:
    """All texts of what was read from YAML."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for one in value.values() if isinstance(value, dict) else value:
            yield from strings(one)


@pytest.mark.parametrize("block", of("yaml", "yml"))
def test_yaml_calls_and_includes_what_is_there(block: Block, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same blocks are held against GitLab's schema in the external part."""
    found = yaml.safe_load(block.text)
    assert isinstance(found, dict), block.where
    for line in strings(found):
        for call in calls(line):
            attempt(call, monkeypatch)
    for component in found.get("include", ()):
        name = component["component"].partition("@")[0].rpartition("/")[2]
        spec = (ROOT / "templates" / f"{name}.yml").read_text("utf-8").partition("\n---\n")[0]
        assert component["inputs"].keys() <= yaml.safe_load(spec)["spec"]["inputs"].keys()


@pytest.mark.parametrize("block", of("python", "py"))
def test_python_runs(block: Block, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """All of it is run; only what would measure is answered at once, if it is called as it may be."""
    app = ModuleType("app")
    vars(app)["parse"] = len
    monkeypatch.setitem(sys.modules, "app", app)
    signature = inspect.signature(perfbot.compare)

    def compare(*args: object, **named: object) -> object:
        signature.bind(*args, **named)
        return report(regression())

    monkeypatch.setattr(perfbot, "compare", compare)
    exec(compile(block.text, block.where, "exec"), {})  # noqa: S102 - the documentation's own words


@pytest.mark.parametrize("block", of("prometheus"))
def test_metrics_are_those_that_are_written(block: Block) -> None:
    shown = {family.name for family in text_string_to_metric_families(block.text)}
    assert shown
    assert shown <= set(re.findall(r"perfbot_\w+", openmetrics(report(result()))))


def shown(block: Block) -> bool:
    """What somebody reads: not what somebody types into a comment, nor what another tool printed."""
    return not block.text.startswith("/") and not any(words in block.text for words in FOREIGN)


@pytest.mark.parametrize("block", [one for one in of("text") if not shown(one.values[0])])  # type: ignore[arg-type]
def test_what_is_typed_into_a_comment_is_a_command(block: Block) -> None:
    lines = [line for line in block.text.splitlines() if line.startswith("/")]
    found = commands_in(block.text)
    assert len(found) == len(lines), f"{block.where}: {found}"
    assert not [one for one in found if isinstance(one, Misspelt)], f"{block.where}: {found}"


def said() -> str:
    """Messages and lines that blocks show, as perfbot says them."""
    with pytest.raises(ConfigError) as caught:
        config.parse('[[suite]]\nname = "core"\nharness = "pytest"\npath = "a"\n', "perfbot.toml")
    placed = regression(file="benchmarks/test_parse.py", line=12, reasons=(Said("over the 2 % threshold"),))
    return f"perfbot: {caught.value.message}\n" + "\n".join(remarks.lines(report(placed)))


@pytest.mark.parametrize("block", [one for one in of("text") if shown(one.values[0])])  # type: ignore[arg-type]
def test_what_is_shown_is_what_perfbot_says(block: Block) -> None:
    """Numbers of runs differ; messages, headlines, and the words that make a line what it is do not."""
    if gate := re.search(r"^🔴 (\d+) of (\d+) benchmarks .*$", block.text, re.MULTILINE):
        slower, all_of_them = map(int, gate.groups())
        results = [regression(f"r{index}") for index in range(slower)]
        results += [result(f"u{index}") for index in range(all_of_them - slower)]
        stream = io.StringIO()
        terminal(report(*results), console(stream))
        assert gate[0] in stream.getvalue()
    if any(words in block.text for words in SOURCE_SAYS):
        return
    assert block.text.partition("…")[0].strip() in said()


def test_words_that_blocks_are_known_by_are_perfbots() -> None:
    source = "".join(file.read_text("utf-8") for file in (ROOT / "perfbot").rglob("*.py"))
    assert [words for words in SOURCE_SAYS if words not in source] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_calls_in_sentences_name_verbs_and_options(page: Path) -> None:
    """There, what must follow an option is often left out."""
    if page.name == "CHANGELOG.md":  # it also names what was called otherwise before
        return
    for span in spans(page):
        verb, *words = [word for call in calls(span) if call.program == "perfbot" for word in call.words] or [""]
        if re.fullmatch(r"[a-z]+", verb):
            assert verb in command_line.VERBS, f"{page.name}: {span}"
            options = {word.partition("=")[0] for word in words if word.startswith("-")}
            assert options <= options_of(verb), f"{page.name}: {span}"


def test_variables_and_extras_of_the_documentation_are_there() -> None:
    texts = "".join(page.read_text("utf-8") for page in PAGES)
    source = "".join(
        file.read_text("utf-8")
        for folder in ("perfbot", "templates", "docs/examples")
        for file in (ROOT / folder).rglob("*")
        if file.suffix in (".py", ".yml", ".yaml", ".sh")
    ) + (ROOT / "action.yml").read_text("utf-8")
    named = set(re.findall(r"\bPERFBOT_[A-Z_]*[A-Z]\b", texts))
    assert {name for name in named if not re.search(rf"\b{name}\b", source)} == set()
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    extras = {
        name
        for found in re.findall(r'perfbot\[([\w,]+)\]|"\.\[([\w,]+)\]"', texts)
        for name in ",".join(found).split(",")
    }
    assert extras - {""} <= project["optional-dependencies"].keys()


def test_the_line_that_is_decided_is_decided(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (line,) = {
        found[1] for block in blocks() for found in re.finditer(r"echo '(.*)' \| python -m evidence.decide", block.text)
    }
    monkeypatch.setattr(sys, "stdin", io.StringIO(line))
    assert decide.main() == 0
    assert json.loads(capsys.readouterr().out)


def test_each_block_says_what_it_is() -> None:
    known = {*SHELLS, "toml", "json", "yaml", "yml", "python", "py", "prometheus", "text"}
    assert {block.where: block.language for block in blocks() if block.language not in known} == {}


def test_blocks_and_calls_are_found() -> None:
    assert sum(1 for _ in blocks()) > 120
    block = Block(
        "", "console", "$ A=b perfbot run --only 'x y' && perfbot init\nperfbot no\n$ docker run x perfbot serve -h"
    )
    assert [*calls(typed(block))] == [
        Call("perfbot", ("run", "--only", "x y")), Call("perfbot", ("init",)), Call("perfbot", ("serve", "-h")),
    ]  # fmt: skip
    assert [*calls("python -m evidence.zoo --only x > y")] == [Call("evidence.zoo", ("--only", "x"))]


@pytest.mark.parametrize("wrong", ["perfbot rnu", "perfbot run --budgte 3", "python -m evidence.zoo --onyl x"])
def test_what_does_not_exist_is_noticed(
    wrong: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (call,) = calls(wrong)
    with pytest.raises(UsageError if call.program == "perfbot" else SystemExit):
        attempt(call, monkeypatch)
