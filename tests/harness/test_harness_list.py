"""Every harness is documented with an example that a configuration accepts, and listed by the command."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest

from perfbot.cli.main import main
from perfbot.config import parse
from perfbot.config.suites import HARNESSES as CONFIGURED
from perfbot.config.suites import harness_meant
from perfbot.errors import PASS, USAGE, ConfigError
from perfbot.harness import SideReady, harness_for
from perfbot.harness.base import Effects
from perfbot.harness.registry import HARNESSES, about
from perfbot.measure.trace import no_trace
from perfbot.model import SIDES

DOCUMENT = (Path(__file__).parent.parent.parent / "docs" / "harnesses.md").read_text("utf-8")


def test_the_configuration_knows_the_same_harnesses() -> None:
    assert set(CONFIGURED) == set(HARNESSES)


@pytest.mark.parametrize("name", HARNESSES)
def test_examples_are_accepted_documented_and_make_a_session(name: str, tmp_path: Path) -> None:
    example = HARNESSES[name].example
    (suite,) = parse(example, "example").suites
    assert suite.harness == name
    assert f"## {name}\n\n{about(HARNESSES[name])}\n\n```toml\n{example}```\n" in DOCUMENT
    (tmp_path / "asv.conf.json").write_text("{}")
    sides = {side: SideReady(side, tmp_path, tmp_path / "python", {}) for side in SIDES}
    session = harness_for(suite).session(suite, sides, Effects(Random(1), tmp_path, no_trace))  # noqa: S311
    assert session.name == suite.name
    assert session.control_round(0, 0.0) == ()
    assert session.predicted_seconds("anything") == 0.0


def test_all_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["harnesses"]) == PASS
    shown = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in shown] == list(HARNESSES)
    assert "Google Benchmark (C++)" in "\n".join(shown)


def test_one_is_shown_with_its_example(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["harnesses", "go"]) == PASS
    assert HARNESSES["go"].example in capsys.readouterr().out


def test_examples_are_shown_for_all_when_asked(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["harnesses", "--examples"]) == PASS
    shown = capsys.readouterr().out
    assert all(harness.example in shown for harness in HARNESSES.values())


def test_a_wrong_name_says_which_fits(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["harnesses", "golang"]) == USAGE
    assert 'there is no harness "golang"; "go" fits' in capsys.readouterr().err
    assert main(["harnesses", "zzzz"]) == USAGE
    assert "expected one of pytest, pyperf, asv" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("Golang", "go"), ("c++", "google_benchmark"), ("google-benchmark", "google_benchmark"), ("java", "jmh"),
        ("pytest-benchmark", "pytest"), ("tinybench", "vitest"), ("benchmark.js", "benchmarkjs"), ("bmf", "json"),
        ("zzzz", ""),
    ],
)  # fmt: skip
def test_what_was_meant(name: str, meant: str) -> None:
    assert harness_meant(name) == meant


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('harness = "golang"\ncommand = "x"', 'found "golang", expected one of .*did you mean "go"'),
        ('harness = "go"', r"command.* is missing"),
        ('harness = "regex"\ncommand = "x"\npattern = "("', "is not a regular expression"),
        ('harness = "regex"\ncommand = "x"\npattern = "(?P<name>a)"', "has no group for a value"),
        ('harness = "http"\nstart = "serve"\nrequests = [{ name = "a" }]', r"expected \{port\} in it"),
        ('harness = "http"\nstart = "serve {port}"\nrequests = []', "at least one entry"),
        (
            'harness = "http"\nstart = "x {port}"\nrequests = [{ name = "a" }, { name = "a" }]',
            'two requests are named "a"',
        ),
        ('harness = "http"\nstart = "x {port}"\nrequests = [{ name = "a", path = "b" }]', 'found "b", expected a path'),
        (
            'harness = "http"\nstart = "x {port}"\nrequests = [{ name = "a", headers = { "X Y" = "b" } }]',
            "expected a header line",
        ),
        ('harness = "size"\nsizes = {}', "sizes"),
        ('harness = "go"\ncommand = "./x -n {iterations}"', "found {iterations} without {filter}, expected both"),
        ('harness = "size"\nsizes = { a = "b" }\nmetrics = ["time"]', 'found "time", expected some of size'),
    ],
)
def test_what_a_suite_must_say(text: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        parse(f'[[suite]]\nname = "s"\n{text}\n', "test")
