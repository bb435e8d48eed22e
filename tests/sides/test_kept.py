"""What set-up did to the commit's own files is there when it is used again, or it is done again."""

from __future__ import annotations

import stat
from collections.abc import Collection
from pathlib import Path

import pytest

from perfbot.sides.cache import Slot
from perfbot.sides.kept import before_set_up, note, reusable

FILES = ("run", "version.py", "gone.py", "plain.py")


def fresh(slot: Slot, files: Collection[str] = FILES) -> None:
    slot.tree.mkdir()
    for name in files:
        (slot.tree / name).write_text(f"{name} of the commit\n")
        (slot.tree / name).chmod(0o644)


@pytest.fixture
def slot(tmp_path: Path) -> Slot:
    """Set-up made a script executable, wrote a version, removed a file and built another."""
    slot = Slot(tmp_path / "key")
    for folder in (slot.env, slot.home):
        folder.mkdir(parents=True)
    fresh(slot)
    before = before_set_up(slot, FILES)
    (slot.tree / "run").chmod(0o755)
    (slot.tree / "version.py").write_text("1.2.3\n")
    (slot.tree / "gone.py").unlink()
    (slot.tree / "built").write_text("built\n")
    note(slot, "stamp", FILES, before)
    return slot


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.parametrize("quick", [True, False])
def test_it_is_done_to_the_fresh_tree(slot: Slot, quick: bool) -> None:
    for _ in range(2):
        slot.tree.rename(slot.old)
        fresh(slot)
        assert reusable(slot, "stamp", FILES, quick=quick)
        assert mode(slot.tree / "run") == 0o755
        assert (slot.tree / "run").read_text() == "run of the commit\n"
        assert (slot.tree / "version.py").read_text() == "1.2.3\n"
        assert not (slot.tree / "gone.py").exists()
        assert (slot.tree / "built").read_text() == "built\n"
        assert mode(slot.tree / "plain.py") == 0o644
        note(slot, "stamp", FILES, None)


@pytest.mark.parametrize("name", ["run", "version.py", "gone.py"])
def test_a_file_that_it_was_done_to_and_that_is_another_now_wants_set_up_again(slot: Slot, name: str) -> None:
    slot.tree.rename(slot.old)
    fresh(slot)
    (slot.tree / name).write_text("edited\n")
    assert not reusable(slot, "stamp", FILES)
    assert (slot.tree / name).read_text() == "edited\n"
    assert mode(slot.tree / "run") == 0o644, "set-up begins with the commit's own files"


def test_what_a_run_made_of_it_does_not_count(slot: Slot) -> None:
    (slot.tree / "version.py").write_text("hostile\n")
    slot.tree.rename(slot.old)
    fresh(slot)
    assert not reusable(slot, "stamp", FILES)
    assert (slot.tree / "version.py").read_text() == "version.py of the commit\n"


def test_an_edit_of_another_file_changes_nothing(slot: Slot) -> None:
    slot.tree.rename(slot.old)
    fresh(slot)
    (slot.tree / "plain.py").write_text("edited\n")
    assert reusable(slot, "stamp", FILES)
    assert (slot.tree / "plain.py").read_text() == "edited\n"
    assert (slot.tree / "version.py").read_text() == "1.2.3\n"
