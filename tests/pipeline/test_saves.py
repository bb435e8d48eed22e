"""Saves of tracked and new files are seen, those that git ignores are not."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from perfbot.pipeline.saves import Saves
from tests.repositories import Repository


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    made = Repository(tmp_path / "project")
    made.commit({"a.py": "1\n", "lib/b.py": "2\n", ".gitignore": "*.log\n"})
    return made


def saves_of(repository: Repository) -> Saves:
    now = iter(range(0, 100_000, 2))  # each look lists anew
    return Saves(repository.path, lambda: next(now), lambda seconds: None)


@pytest.mark.parametrize(
    ("save", "seen"),
    [
        (lambda top: (top / "a.py").write_text("changed\n"), True),
        (lambda top: (top / "new.py").write_text("3\n"), True),
        (lambda top: (top / "lib" / "b.py").unlink(), True),
        (lambda top: os.utime(top / "a.py", ns=(1, 1)), True),
        (lambda top: (top / "out.log").write_text("noise"), False),
        (lambda top: None, False),
    ],
)
def test_what_is_a_save(repository: Repository, save: Callable[[Path], object], seen: bool) -> None:
    saves = saves_of(repository)
    assert not saves.changed()
    save(repository.path)
    assert saves.peek() is seen
    assert saves.changed() is seen
    assert not saves.changed()


def test_a_save_during_a_run_is_remembered(repository: Repository) -> None:
    saves = saves_of(repository)
    (repository.path / "a.py").write_text("x")
    assert saves.peek()
    (repository.path / "a.py").write_text("1\n")
    assert saves.pending
    assert saves.changed()


def test_writing_in_pieces_is_one_save(repository: Repository) -> None:
    saves = saves_of(repository)
    file = repository.path / "a.py"
    pieces = iter(["12", "123", "1234"])

    def sleep(seconds: float) -> None:
        if piece := next(pieces, ""):
            file.write_text(piece)

    saves.sleep = sleep
    file.write_text("1")
    assert saves.changed()
    assert file.read_text() == "1234"
    assert not saves.changed()
