"""Set-up at the desk: what it may point to, and what makes it necessary again."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from perfbot.sides.cache import Slot
from perfbot.sides.desk import inputs, pointing
from perfbot.sides.kept import note, reusable
from tests.repositories import Repository

HATCH = '[build-system]\nbuild-backend = "hatchling.build"\n'


@pytest.mark.parametrize(
    ("setup", "pointed"),
    [
        (["pip install ."], ["pip install -e ."]),
        (["python -m pip install '.[test,speed]'", "pip install pytest>=8"], None),
        (["pip install '.[test,speed]' 'pytest==8'"], ["pip install -e '.[test,speed]' pytest==8"]),
        (["pip install . 'pytest>=8'"], ["pip install -e . 'pytest>=8'"]),
        (["pip install . pytest>=8"], None),
        (["pip install . 'pytest"], None),
        (["pip install -e ."], ["pip install -e ."]),
        (["pip install -r requirements.txt"], ["pip install -r requirements.txt"]),
        ([], []),
        (["make"], None),
        (["pip install . && make"], None),
        (["pip install ../other"], None),
        (["pip install ./lib"], None),
        (["pip install $EXTRA"], None),
        (["npm ci"], None),
    ],
)
def test_what_can_point_to_the_sources(setup: list[str], pointed: list[str] | None) -> None:
    found = pointing(setup, HATCH)
    assert found == (None if pointed is None else tuple(pointed))


@pytest.mark.parametrize(
    ("backend", "known"),
    [
        ("hatchling.build", True),
        ("setuptools.build_meta", True),
        ("flit_core.buildapi", True),
        ("mesonpy", False),
        ("maturin", False),
        ("scikit_build_core.build", False),
        ("setuptoolsy", False),
    ],
)
def test_whose_installations_are_known(backend: str, known: bool) -> None:
    assert (pointing(["pip install ."], f'[build-system]\nbuild-backend = "{backend}"') is not None) is known


def test_a_project_that_cannot_be_read_is_not_known() -> None:
    assert pointing(["pip install ."], "[build-system") is None
    assert pointing(["pip install ."], None) == ("pip install -e .",)


FILES = {
    "pyproject.toml": HATCH,
    "src/p/__init__.py": "",
    "src/p/a.py": "1\n",
    "src/p/fast.c": "",
    "setup.py": "",
    "README.md": "x",
}


@pytest.mark.parametrize(
    ("change", "again_"),
    [
        ({"src/p/a.py": "2\n"}, False),
        ({"src/p/new.py": "2\n"}, False),
        ({"new.py": "2\n"}, True),
        ({"src/new.py": "2\n"}, True),
        ({"src/p/a.py": None}, False),
        ({"README.md": "y"}, False),
        ({"pyproject.toml": f"{HATCH}\n"}, True),
        ({"setup.py": "2\n"}, True),
        ({"src/p/fast.c": "int x;"}, True),
        ({"src/q/__init__.py": ""}, True),
        ({"requirements.txt": "pytest"}, True),
    ],
)
def test_what_set_up_reads(tmp_path: Path, change: Mapping[str, str | None], again_: bool) -> None:
    repository = Repository(tmp_path)
    before = inputs(tmp_path, repository.commit(FILES))
    assert (inputs(tmp_path, repository.commit(change)) != before) is again_


class TestUsedAgain:
    """A slot that was set up for one commit, and gets the files of the next."""

    @pytest.fixture
    def slot(self, tmp_path: Path) -> Slot:
        slot = Slot(tmp_path / "key")
        for folder in (slot.tree / "p" / "__pycache__", slot.env / "lib", slot.home):
            folder.mkdir(parents=True)
        (slot.tree / "p" / "a.py").write_text("1")
        (slot.tree / "p" / "gone.py").write_text("1")
        (slot.tree / "p" / "built.so").write_text("so")
        (slot.tree / "p" / "__pycache__" / "a.cpython-311.pyc").write_text("old")
        (slot.env / "lib" / "x.py").write_text("x")
        note(slot, "stamp", {"p", "p/a.py", "p/gone.py"}, {})
        return slot

    def next_commit(self, slot: Slot) -> set[str]:
        slot.tree.rename(slot.old)
        (slot.tree / "p").mkdir(parents=True)
        (slot.tree / "p" / "a.py").write_text("2")
        return {"p", "p/a.py"}

    @pytest.mark.parametrize("quick", [True, False])
    def test_what_was_built_comes_along_and_what_the_commit_lacks_does_not(self, slot: Slot, quick: bool) -> None:
        assert reusable(slot, "stamp", self.next_commit(slot), quick=quick)
        assert (slot.tree / "p" / "built.so").read_text() == "so"
        assert (slot.tree / "p" / "a.py").read_text() == "2"
        assert not (slot.tree / "p" / "gone.py").exists()

    def test_bytecode_that_was_made_again_is_left_behind(self, slot: Slot) -> None:
        (slot.tree / "p" / "__pycache__" / "a.cpython-311.pyc").write_text("new")
        assert reusable(slot, "stamp", self.next_commit(slot), quick=True)
        assert not (slot.tree / "p" / "__pycache__" / "a.cpython-311.pyc").exists()

    def test_folders_of_bytecode_come_along_as_they_are(self, slot: Slot) -> None:
        place = Path("p", "__pycache__")
        (slot.tree / place / "later.cpython-311.pyc").write_text("later")
        before = (slot.tree / place / "a.cpython-311.pyc").stat()
        for _ in range(2):
            assert reusable(slot, "stamp", self.next_commit(slot), quick=True) == "glanced at"
            assert (slot.tree / place / "a.cpython-311.pyc").stat() == before
            assert not (slot.tree / place / "later.cpython-311.pyc").exists()

    def test_a_folder_in_which_something_else_was_written_is_no_longer_what_was_built(self, slot: Slot) -> None:
        place = slot.tree / "made"
        place.mkdir()
        (place / "table.bin").write_text("1")
        note(slot, "stamp", {"p", "p/a.py", "p/gone.py"}, {})
        (place / "table.bin").write_text("2")
        assert not reusable(slot, "stamp", self.next_commit(slot), quick=True)

    @pytest.mark.parametrize("quick", [True, False])
    def test_what_somebody_wrote_into_the_environment_is_seen(self, slot: Slot, quick: bool) -> None:
        (slot.env / "lib" / "x.py").write_text("y")
        assert not reusable(slot, "stamp", self.next_commit(slot), quick=quick)

    def test_what_was_built_and_is_another_now_is_seen(self, slot: Slot) -> None:
        (slot.tree / "p" / "built.so").write_text("other")
        assert not reusable(slot, "stamp", self.next_commit(slot), quick=True)

    def test_what_came_later_goes(self, slot: Slot) -> None:
        (slot.env / "lib" / "later.py").write_text("y")
        assert reusable(slot, "stamp", self.next_commit(slot), quick=True)
        assert not (slot.env / "lib" / "later.py").exists()

    def test_a_state_that_had_to_be_compared_is_known_by_a_glance_from_then_on(self, slot: Slot) -> None:
        (slot.env / "lib" / "later.py").write_text("y")
        files = self.next_commit(slot)
        assert reusable(slot, "stamp", files, quick=True) == "compared"
        note(slot, "stamp", files, {})
        assert reusable(slot, "stamp", self.next_commit(slot), quick=True) == "glanced at"
