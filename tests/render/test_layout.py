"""Templates are found in the source tree and in a wheel, and can do nothing but lay out."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from jinja2 import UndefinedError
from jinja2.exceptions import SecurityError

from perfbot.render.comment import comment
from perfbot.render.layout import FOLDERS, environment, lay_out
from tests.render.samples import typical

ROOT = Path(__file__).parents[2]

RENDER = """
import sys
sys.path.insert(0, {target!r})
import perfbot
assert perfbot.__file__.startswith({target!r}), perfbot.__file__
from perfbot.render.comment import comment
from perfbot.render.page import page
from perfbot.report import loads
report = loads(open({report!r}, encoding="utf-8").read(), "report.json")
assert page(report).startswith("<!doctype html>")
sys.stdout.reconfigure(encoding="utf-8")
sys.stdout.write(comment(report))
"""


def test_a_wheel_renders(tmp_path: Path) -> None:
    from perfbot.report import write

    write(typical(), tmp_path / "report.json")
    target = str(tmp_path / "installed")
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    options = ["--no-deps", "--no-build-isolation", "--no-index", "--target", target]
    subprocess.run([*pip, "install", *options, str(ROOT)], check=True, timeout=110, capture_output=True)
    script = RENDER.format(target=target, report=str(tmp_path / "report.json"))
    found = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, check=True, timeout=60, capture_output=True, encoding="utf-8"
    )
    assert found.stdout == comment(typical())
    shipped = Path(target) / "perfbot/_templates"
    for source, inside in {
        "docs/examples/github/perfbot.yml": "github/perfbot.yml",
        "templates/perfbot.yml": "perfbot.yml",
    }.items():
        assert (shipped / inside).read_text("utf-8") == (ROOT / source).read_text("utf-8"), "what perfbot init writes"


def test_the_wheel_comes_first() -> None:
    assert [folder.name for folder in FOLDERS] == ["_templates", "templates"]


def test_a_missing_value_is_an_error() -> None:
    with pytest.raises(UndefinedError):
        lay_out("comment.md.j2")


@pytest.mark.parametrize("template", ["{{ ''.__class__.__mro__ }}", "{{ [].append(1) }}"])
def test_templates_cannot_reach_out_or_change_anything(template: str) -> None:
    with pytest.raises(SecurityError):
        environment().from_string(template).render()
