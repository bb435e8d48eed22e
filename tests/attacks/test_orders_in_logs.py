"""What measured code says, in logs and terminals: neither a CI's runner nor a terminal takes it for an order."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from perfbot.cli.main import main
from perfbot.cli.telling import explain
from perfbot.errors import MeasureError
from perfbot.model import Problem
from perfbot.reasons import Said
from perfbot.render.escape import logged
from perfbot.render.remarks import lines
from perfbot.render.terminal import console, terminal
from tests.builders import bare, report, result

ORDERS = ("::add-mask::e", "::set-output name=code::0", "##[add-matcher]/tmp/m.json", "\x1b]52;c;cm0=\x07", "\x1b[2J")


def is_order(text: str) -> bool:
    """As GitHub's runner reads lines, and a terminal characters."""
    broken = text.replace("\r", "\n").split("\n")
    return "##[" in text or "\x1b" in text or "\x07" in text or any(line.lstrip().startswith("::") for line in broken)


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("before", ["", "x\n", "x\r", "\t", "word " * 22])
def test_nothing_that_a_report_says_is_an_order(order: str, before: str) -> None:
    text = before + order
    stream = io.StringIO()
    found = report(
        result(text, change=0.5),
        bare(f"b{text}", "failed", reasons=(Said(text),)),
        problems=(Problem(text, text, fatal=True, output=text),),
    )
    terminal(found, console(stream))
    stream.write("\n".join(map(logged, lines(found))))
    assert not is_order(stream.getvalue())


@pytest.mark.parametrize("order", ORDERS)
def test_no_error_is_an_order(order: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The output of a set-up that failed was printed as it came: it set the title of a terminal, and its clipboard."""
    explain(MeasureError(f"no\n{order}", hint=f"try\n{order}", output=f"said\n{order}\r{order}"))
    said = capsys.readouterr().err
    assert not is_order(said)
    assert "no\n" in said


def test_a_configuration_that_cannot_be_read_gives_no_orders(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "perfbot.toml").write_text('[run]\n"x\\n::add-mask::e\\u001b[2J" = 1\n')
    assert main(["doctor"]) != 0
    told = capsys.readouterr()
    assert not is_order(told.err + told.out)
