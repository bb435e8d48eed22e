"""CONTRIBUTING's map names every room, and nothing that is not there; records of decisions say since when they hold."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MAP = (ROOT / "CONTRIBUTING.md").read_text("utf-8").partition("## Rules of the house")[0]
CELLS = re.findall(r"^\|[^|]*\|(.*)\|$", MAP, re.MULTILINE)
NAMED = {name.rstrip("/") for cell in CELLS for name in re.findall(r"`([\w./]+)`", cell)}
DECISIONS = sorted((ROOT / "docs" / "adr").glob("[0-9]*.md"))


def is_room(path: Path) -> bool:
    return path.suffix == ".py" or (path / "__init__.py").exists()


def test_every_room_is_on_the_map() -> None:
    rooms = {path.name for path in (ROOT / "perfbot").iterdir() if is_room(path)}
    assert rooms - {"__init__.py", "__main__.py"} <= NAMED


def test_the_map_names_what_is_there() -> None:
    places = [ROOT, ROOT / "perfbot", ROOT / "perfbot" / "measure"]
    lost = {name for name in NAMED if not any((place / name).exists() for place in places)}
    assert lost - {"evidence.NAME"} == set()


@pytest.mark.parametrize("file", DECISIONS, ids=lambda file: file.stem)
def test_a_decision_has_its_number_status_and_date(file: Path) -> None:
    text = file.read_text("utf-8")
    assert text.startswith(f"# {int(file.name[:4])}. ")
    assert re.search(
        r"^(Status: )?([Aa]ccepted|[Ss]uperseded( by \[ADR \d+\]\(\S+\))?), 20\d\d-\d\d-\d\d", text, re.MULTILINE
    )


def test_each_decision_has_a_number_of_its_own() -> None:
    names = sorted(file.name for file in (ROOT / "docs" / "adr").glob("*.md"))
    assert len({name[:4] for name in names}) == len(names)
    for name in names:
        first = (ROOT / "docs" / "adr" / name).read_text("utf-8").splitlines()[0]
        assert first.startswith(f"# {int(name[:4])}. "), name


def test_no_test_imports_a_test() -> None:
    imports = re.compile(r"^\s*(?:from|import) tests(?:\.\w+)*(?:\.test_\w+| import (?:\w+, )*test_)", re.MULTILINE)
    found = [
        str(file.relative_to(ROOT))
        for file in (ROOT / "tests").rglob("*.py")
        if imports.search(file.read_text("utf-8"))
    ]
    assert found == []
    assert imports.search("from tests.render.test_page import Reader")
