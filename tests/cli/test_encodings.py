"""Output under any locale: what the stream's encoding lacks is written plainly, and no verb ends over it."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from pathlib import Path

import pytest

from perfbot import report as reports
from perfbot.cli.main import run
from tests.builders import report, result

COMMAND = [sys.executable, "-c", "from perfbot.cli.main import run; run()"]
LOCALES: tuple[dict[str, str], ...] = (
    {"LC_ALL": "C"},
    {"LC_ALL": "POSIX", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
    {"PYTHONIOENCODING": "ascii:strict"},
)
ENCODINGS = ("ascii", "latin-1", "cp1252", "utf-16", "shift_jis")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A report with names and signs that few encodings have."""
    file = tmp_path / "report.json"
    reports.write(report(result("parse µ", 0.2), result("dump")), file)
    return file


@pytest.mark.parametrize("kind", LOCALES, ids=lambda kind: "-".join(kind.values()))
def test_a_verdict_is_shown_under_any_locale(tmp_path: Path, file: Path, kind: dict[str, str]) -> None:
    rest = {name: value for name, value in os.environ.items() if not name.startswith(("LC_", "LANG", "PYTHONIO"))}
    done = subprocess.run(
        [*COMMAND, "judge", str(file)], env={**rest, **kind}, capture_output=True, check=False, cwd=tmp_path
    )
    assert done.returncode == 1, done.stderr
    encoding = kind.get("PYTHONIOENCODING", "utf-8").partition(":")[0]
    text = done.stdout.decode(encoding)
    assert "is slower: the gate fails" in text
    assert "core/parse" in text
    assert b"Traceback" not in done.stderr


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_a_verdict_is_shown_in_any_encoding(file: Path, encoding: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """As ``PYTHONIOENCODING`` sets it, on the streams that it sets."""
    shown, told = (io.TextIOWrapper(io.BytesIO(), encoding=encoding) for _ in range(2))
    monkeypatch.setattr("sys.stdout", shown)
    monkeypatch.setattr("sys.stderr", told)
    monkeypatch.setattr("sys.argv", ["perfbot", "judge", str(file)])
    with pytest.raises(SystemExit) as ended:
        run()
    assert ended.value.code == 1
    shown.seek(0)
    text = shown.read()
    assert "is slower: the gate fails" in text
    assert "core/parse" in text


def test_what_cannot_be_shown_is_written_plainly(tmp_path: Path) -> None:
    code = "from perfbot.cli.plain import any_encoding; any_encoding(); print('1 µs → 2 µs, −5 %, é, 🔴, 漢')"
    done = subprocess.run([sys.executable, "-c", code], env={**os.environ, "PYTHONIOENCODING": "ascii:strict"},
                          capture_output=True, text=True, check=True)  # fmt: skip
    assert done.stdout == "1 us -> 2 us, -5 %, e, FAIL, ?\n"
