"""``perfbot why``: what it asks for, what it tells, and the files it writes."""

from __future__ import annotations

import argparse
import json
from dataclasses import replace
from pathlib import Path

import pytest

from perfbot.cli import run, why
from perfbot.cli.main import main
from perfbot.model import Report
from tests.render.explanations import explained
from tests.render.samples import report, result


def typed(monkeypatch: pytest.MonkeyPatch, found: Report, *words: str) -> tuple[int, argparse.Namespace]:
    """What a command line asks to be measured, and its exit code."""
    asked: list[argparse.Namespace] = []

    def measure(args: argparse.Namespace) -> Report:
        asked.append(args)
        return found

    monkeypatch.setattr(run, "measure", measure)
    return main(["why", *words]), asked[0]


@pytest.mark.parametrize(
    ("name", "glob"),
    [("find", "*find*"), ("core/find", "core/find"), ("core/*find*", "core/*find*"), ("test_a[1]", "test_a[1]")],
)
def test_a_part_of_a_name_is_enough(monkeypatch: pytest.MonkeyPatch, name: str, glob: str) -> None:
    code, args = typed(monkeypatch, explained(), name, "v1..v2", "--budget", "30s")
    assert (code, args.only, args.range, args.budget, args.why, args.force) == (1, [glob], "v1..v2", "30s", True, True)


def test_every_function_is_told(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    typed(monkeypatch, explained(), "parse")
    told = " ".join(capsys.readouterr().out.split())
    assert "why core/parse 10.0 µs → 15.0 µs: explains +5.00 of +5.00 µs (+4.60 to +5.40 µs)" in told
    assert "+900 ns (+500 ns to +1.30 µs) `report.line`" in told


def test_nothing_to_tell_is_told(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    code, _ = typed(monkeypatch, report(result("parse")), "parse")
    assert code == 0
    assert "Nothing changed that could be looked into" in capsys.readouterr().out


def test_flame_graphs_are_written_for_viewers(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    speedscope, collapsed = tmp_path / "why.json", tmp_path / "why.txt"
    typed(monkeypatch, explained(), "parse", "--speedscope", str(speedscope), "--collapsed", str(collapsed))
    document = json.loads(speedscope.read_text())
    assert [profile["name"] for profile in document["profiles"]] == ["base", "head"]
    assert "all;search.find_customer 6100" in collapsed.read_text().splitlines()
    assert "all;search.find_customer 2000" in (tmp_path / "why.base.txt").read_text().splitlines()


def test_several_benchmarks_have_a_file_each(tmp_path: Path) -> None:
    one = explained()
    both = replace(one, explanations=one.explanations * 2)
    why.write_stacks(both, str(tmp_path / "why.json"), None)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["why.2.json", "why.json"]
