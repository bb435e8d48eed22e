"""What agents are told: once, and without touching what others wrote."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from perfbot.agents.teaching import BEGIN, END, PARAGRAPH, SKILL, SKILL_FILE, with_paragraph
from perfbot.cli.main import VERBS, main
from tests.repositories import Repository


@pytest.mark.parametrize(
    "text", ["", "\n", "# Ours\n\nBe kind.", "# Ours\n", f"# Ours\n\n{BEGIN}\nold\n{END}\n\nmore\n"]
)
def test_the_paragraph_is_there_once_and_the_rest_as_it_was(text: str) -> None:
    found = with_paragraph(text)
    assert found.count(BEGIN) == found.count(END) == 1
    assert PARAGRAPH in found
    assert with_paragraph(found) == found
    for line in ("# Ours", "Be kind.", "more"):
        assert (line in found) is (line in text)


def test_it_names_verbs_and_options_that_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    commands = re.findall(r"`perfbot (\w+)([^`]*)`", SKILL + PARAGRAPH)
    assert commands
    for verb, rest in commands:
        assert verb in VERBS
        with pytest.raises(SystemExit):
            main([verb, "--help"])
        text = capsys.readouterr().out
        assert all(option in text for option in re.findall(r"--[a-z-]+", rest)), (verb, rest)


def test_init_writes_both(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    repository = Repository(tmp_path)
    repository.commit({"AGENTS.md": "# Ours\n"})
    monkeypatch.chdir(tmp_path)
    assert main(["init", "--agents", "--dry-run"]) == 0
    assert (tmp_path / "AGENTS.md").read_text() == "# Ours\n"
    assert main(["init", "--agents"]) == 0
    assert main(["init", "--agents"]) == 0
    assert (tmp_path / "AGENTS.md").read_text().startswith("# Ours\n\n<!-- perfbot")
    assert (tmp_path / SKILL_FILE).read_text() == SKILL
    assert not (tmp_path / "perfbot.toml").exists()
    assert "wrote AGENTS.md" in capsys.readouterr().out
