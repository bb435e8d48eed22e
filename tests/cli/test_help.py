"""Help is there for every verb, and quick to come: nothing heavy is imported for it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from perfbot.cli.main import VERBS, main

HEAVY = (
    *("pydantic", "numpy", "scipy", "sqlalchemy", "alembic", "rich", "jinja2", "httpx"),
    *("starlette", "uvicorn", "apprise", "pyperf", "psycopg", "tenacity", "psutil", "platformdirs"),
    *("requests", "asyncio", "subprocess"),
)

LISTING = """\
import sys
before = set(sys.modules)
from perfbot.cli.main import main
try:
    main(sys.argv[1:])
except SystemExit:
    pass
print("MODULES", *sorted({name.partition(".")[0] for name in set(sys.modules) - before}))
"""


def imported(*words: str) -> set[str]:
    """Top-level modules that ``perfbot WORDS…`` imports."""
    done = subprocess.run([sys.executable, "-c", LISTING, *words], capture_output=True, text=True, check=True)
    return set(done.stdout.rpartition("MODULES ")[2].split())


@pytest.mark.parametrize("words", [("--help",), ("--version",), ("run", "--help"), ()])
def test_nothing_heavy_is_imported(words: tuple[str, ...]) -> None:
    found = imported(*words)
    assert "perfbot" in found
    assert not found & set(HEAVY)


def test_what_counts_as_heavy_is_installed() -> None:
    missing = {name for name in HEAVY if find_spec(name) is None}
    assert missing == set(), "a misspelt name would let anything pass"


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_explains_itself(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([verb, "--help"])
    out = capsys.readouterr().out
    assert ended.value.code == 0
    assert f"usage: perfbot {verb}" in out
    assert len(out.splitlines()) > 5


def test_all_verbs_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--help"])
    out = capsys.readouterr().out
    for verb, line in VERBS.items():
        assert re.search(rf"^\s+{verb}\s", out, re.MULTILINE), verb
        assert " ".join(line.split()[:3]) in out
    assert "Exit codes: 0 pass, 1 the gate failed" in out


@pytest.mark.parametrize(("words", "code"), [((), 2), (("nonsense",), 2), (("--nonsense",), 2), (("--version",), 0)])
def test_codes(words: tuple[str, ...], code: int) -> None:
    try:
        found = main(words)
    except SystemExit as error:
        found = int(str(error.code))
    assert found == code


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["rnu"], "there is no verb 'rnu'; did you mean run?"),
        (["xyzzy"], "there is no verb 'xyzzy'"),
        (["site"], "site needs FOLDER"),
        (["history", "--format", "nope"], "--format: invalid choice: 'nope' (choose from 'table', 'json', 'csv')"),
        (["run", "--budgte", "2m"], "run knows no option '--budgte'; did you mean --budget?"),
        (["run", "--treshold=2%"], "run knows no option '--treshold=2%'; did you mean --threshold?"),
        (["doctor", "b.json"], "doctor knows no argument 'b.json'"),
    ],
)
def test_what_was_mistyped_is_named_with_what_was_meant(
    words: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words) == 2
    assert capsys.readouterr().err.startswith(f"perfbot: {said}\n  → perfbot ")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_shells_can_complete(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["completion", shell]) == 0
    assert "perfbot" in capsys.readouterr().out


def test_a_shell_is_told_what_could_come_next(tmp_path: Path) -> None:
    def answers(line: str) -> set[str]:
        environ = {
            **os.environ, "_ARGCOMPLETE": "1", "_ARGCOMPLETE_SHELL": "bash", "_ARGCOMPLETE_IFS": "\n",
            "_ARGCOMPLETE_STDOUT_FILENAME": str(tmp_path / "said"), "COMP_LINE": line, "COMP_POINT": str(len(line)),
        }  # fmt: skip
        subprocess.run([sys.executable, "-m", "perfbot"], env=environ, check=False, capture_output=True)
        return {word.strip() for word in (tmp_path / "said").read_text().split("\n")}

    assert {"run", "rebench"} <= answers("perfbot r")
    assert {"--budget", "--base"} <= answers("perfbot run --b")
