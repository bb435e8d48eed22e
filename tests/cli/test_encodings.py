"""Output under any locale: what the stream's encoding lacks is written plainly, and no verb ends over it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from perfbot import report as reports
from tests.worlds import report, result

COMMAND = [sys.executable, "-c", "from perfbot.cli.main import run; run()"]
KINDS: tuple[dict[str, str], ...] = (
    {"LC_ALL": "C"},
    {"LC_ALL": "POSIX", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
    {"PYTHONIOENCODING": "ascii"},
    {"PYTHONIOENCODING": "ascii:strict"},
    {"PYTHONIOENCODING": "latin-1"},
    {"PYTHONIOENCODING": "cp1252:strict"},
    {"PYTHONIOENCODING": "utf-16"},
    {"PYTHONIOENCODING": "shift_jis"},
)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: "-".join(kind.values()))
def test_a_verdict_is_shown_under_any_encoding(tmp_path: Path, kind: dict[str, str]) -> None:
    file = tmp_path / "report.json"
    reports.write(report(result("parse µ", 0.2), result("dump")), file)
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


def test_what_cannot_be_shown_is_written_plainly(tmp_path: Path) -> None:
    code = "from perfbot.cli.plain import any_encoding; any_encoding(); print('1 µs → 2 µs, −5 %, é, 🔴, 漢')"
    done = subprocess.run([sys.executable, "-c", code], env={**os.environ, "PYTHONIOENCODING": "ascii:strict"},
                          capture_output=True, text=True, check=True)  # fmt: skip
    assert done.stdout == "1 us -> 2 us, -5 %, e, FAIL, ?\n"
