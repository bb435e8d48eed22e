"""Two sides on disk: right files, nothing left in the clone, safe reuse, no waiting for other runs."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from perfbot.errors import ChangeError, SetupError, UsageError
from perfbot.pipeline.change import find_change
from perfbot.sides.cache import KEEP, cache_folder, remove_tree
from perfbot.sides.checkout import Checkout, changed_files, checkout, checkouts, read_file_at
from tests.repositories import git
from tests.sides.checkout.conftest import Project


def files(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_each_side_has_its_commits_files(project: Project) -> None:
    with checkouts(project.path, project.change, cache=project.cache) as (base, head):
        assert (base.side, head.side) == ("base", "head")
        assert (base.path / "code.py").read_text() == "SPEED = 'base'\n"
        assert (head.path / "code.py").read_text() == "SPEED = 'head'\n"
        assert files(base.path / "benchmarks") == {"bench_a.py", "bench_old.py", "data"}
        assert base.overlaid == head.overlaid == ()


def test_both_paths_have_one_length_and_lie_outside_the_clone(project: Project) -> None:
    with checkouts(project.path, project.change, cache=project.cache) as (base, head):
        assert len(str(base.path)) == len(str(head.path))
        assert base.path != head.path
        assert not any(side.path.is_relative_to(project.path) for side in (base, head))


def test_versions_from_tags_come_out_right(project: Project) -> None:
    with checkouts(project.path, project.change, cache=project.cache) as (base, head):
        assert git(base.path, "describe", "--dirty") == "v1.2.3"
        assert git(head.path, "describe", "--dirty").startswith("v1.2.3-1-g")


def test_the_clone_is_left_as_it_was(project: Project) -> None:
    before = (project.repository.git("status", "--porcelain", "--branch"), project.repository.git("for-each-ref"))
    config = (project.path / ".git" / "config").read_text()
    with checkouts(project.path, project.change, cache=project.cache):
        assert len(project.worktrees()) == 2
    assert project.worktrees() == []
    assert not (project.path / ".git" / "worktrees").exists()
    after = (project.repository.git("status", "--porcelain", "--branch"), project.repository.git("for-each-ref"))
    assert (after, (project.path / ".git" / "config").read_text()) == (before, config)


def test_an_exception_leaves_nothing_registered(project: Project) -> None:
    with (
        pytest.raises(KeyboardInterrupt),
        checkouts(project.path, project.change, cache=project.cache),
    ):
        raise KeyboardInterrupt
    assert project.worktrees() == []


def test_the_users_own_worktrees_are_left_alone(project: Project, tmp_path: Path) -> None:
    project.repository.git("worktree", "add", "--quiet", "--detach", str(tmp_path / "mine"))
    shutil.rmtree(tmp_path / "mine")
    with checkouts(project.path, project.change, cache=project.cache):
        pass
    assert [line for line in project.worktrees() if "mine" in line]


def test_a_later_run_finds_the_commits_files_and_nothing_else(project: Project) -> None:
    with checkouts(project.path, project.change, cache=project.cache) as (base, _):
        path = base.path
        (path / "left.so").write_text("machine code")
        (path / "code.py").write_text("edited by a benchmark")
    with checkouts(project.path, project.change, cache=project.cache) as (base, _):
        assert base.path == path
        assert not (path / "left.so").exists()
        assert (path / "code.py").read_text() == "SPEED = 'base'\n"
        assert len(project.worktrees()) == 2


def test_another_recipe_is_another_folder(project: Project) -> None:
    with checkout(project.path, "base", project.change.base, cache=project.cache, recipe="pip install .") as one:
        pass
    with checkout(project.path, "base", project.change.base, cache=project.cache, recipe="make") as two:
        assert one.path != two.path
    with checkout(project.path, "head", project.change.base, cache=project.cache, recipe="make") as three:
        assert two.path != three.path


def test_a_folder_that_is_in_use_is_not_waited_for(project: Project) -> None:
    def base() -> object:
        return checkout(project.path, "base", project.change.base, cache=project.cache)

    with base() as one, base() as two:  # type: ignore[attr-defined]
        assert one.path != two.path
        assert len(str(one.path)) == len(str(two.path))
        assert (two.path / "code.py").exists()
    assert project.worktrees() == []


def test_what_a_killed_run_left_is_cleared(project: Project) -> None:
    holder = checkout(project.path, "base", project.change.base, cache=project.cache)
    held = holder.__enter__()
    worktrees = project.path / ".git" / "worktrees"
    shutil.copytree(worktrees, worktrees.with_name("saved"))
    holder.__exit__(None, None, None)
    (held.path / ".git").write_text(f"gitdir: {worktrees / held.path.name}\n")
    worktrees.with_name("saved").rename(worktrees)
    assert len(project.worktrees()) == 1, "as after SIGKILL: registered, and locked by nobody"
    with checkout(project.path, "head", project.change.head, cache=project.cache) as head:
        assert [line.split()[0] for line in project.worktrees()] == [str(head.path)]
    with checkout(project.path, "base", project.change.base, cache=project.cache) as base:
        assert (base.path / "code.py").read_text() == "SPEED = 'base'\n"


@pytest.mark.parametrize("damage", ["tree", "git", "home", "code"])
def test_whatever_became_of_a_folder_it_is_made_anew(project: Project, damage: str) -> None:
    with checkout(project.path, "base", project.change.base, cache=project.cache) as base:
        slot = base.slot
    if damage == "git":
        (slot.tree / ".git").write_text("gitdir: /nowhere\n")
    elif damage == "code":
        (slot.tree / "code.py").unlink()
    else:
        shutil.rmtree({"tree": slot.tree, "home": slot.home}[damage])
    with checkout(project.path, "base", project.change.base, cache=project.cache) as base:
        assert base.slot == slot
        assert git(base.path, "rev-parse", "HEAD") == project.change.base
        assert git(base.path, "status", "--porcelain") == ""
    assert project.worktrees() == []


def test_folders_not_used_for_long_are_thrown_away(project: Project) -> None:
    def use(recipe: str) -> Checkout:
        with checkout(project.path, "base", project.change.base, cache=project.cache, recipe=recipe) as base:
            return base

    first = use("first")
    second = use("second")
    for number in range(KEEP - 2):
        use(f"other {number}")
    use("first")
    use("one more")
    use("and another")
    assert first.path.exists()
    assert not second.slot.folder.exists()
    assert len([path for path in second.slot.folder.parent.iterdir() if path.name != "locks"]) <= KEEP + 1


def test_read_only_folders_are_thrown_away_too(tmp_path: Path) -> None:
    folder = tmp_path / "go" / "mod"
    folder.mkdir(parents=True)
    (folder / "file").write_text("text")
    folder.chmod(0o500)
    remove_tree(tmp_path / "go")
    assert not (tmp_path / "go").exists()


def test_hooks_do_not_run(project: Project, tmp_path: Path) -> None:
    hook = project.path / ".git" / "hooks" / "post-checkout"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\n")
    hook.chmod(0o755)
    with checkouts(project.path, project.change, cache=project.cache, overlaid=["benchmarks"]):
        pass
    assert not (tmp_path / "ran").exists()


def test_a_cache_in_the_checkout_is_refused(project: Project) -> None:
    with (
        pytest.raises(SetupError, match="lies in the checkout") as caught,
        checkouts(project.path, project.change, cache=project.path / ".cache"),
    ):
        pass
    assert "PERFBOT_CACHE" in caught.value.hint


def test_a_cache_that_cannot_be_written(project: Project, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with (
        pytest.raises(SetupError, match="cannot be written") as caught,
        checkouts(project.path, project.change, cache=tmp_path / "file" / "cache"),
    ):
        pass
    assert "PERFBOT_CACHE" in caught.value.hint


def test_a_commit_that_is_not_there(project: Project) -> None:
    with (
        pytest.raises(SetupError, match="checkout of 1234567 failed on base: `git worktree` failed"),
        checkout(project.path, "base", "1234567" + "0" * 33, cache=project.cache),
    ):
        pass
    assert project.worktrees() == []


def test_uncommitted_files_can_be_checked_out(project: Project) -> None:
    (project.path / "fresh.py").write_text("fresh\n")
    change = find_change(project.path, environ={}, dirty=True)
    with checkouts(project.path, change, cache=project.cache) as (base, head):
        assert (head.path / "fresh.py").read_text() == "fresh\n"
        assert not (base.path / "fresh.py").exists()


def test_reading_a_file_as_a_commit_has_it(project: Project) -> None:
    (project.path / "code.py").write_text("uncommitted")
    assert read_file_at(project.path, project.change.base, "code.py") == "SPEED = 'base'\n"
    assert read_file_at(project.path, project.change.head, "benchmarks/bench_old.py") is None
    assert read_file_at(project.path, project.change.head, "benchmarks") is None


def test_changed_files(project: Project) -> None:
    everything = ("benchmarks/bench_a.py", "benchmarks/bench_new.py", "benchmarks/bench_old.py", "code.py")
    assert changed_files(project.path, project.change) == everything
    assert changed_files(project.path, project.change, ["benchmarks/"]) == everything[:3]
    assert changed_files(project.path, project.change, ["benchmarks/*_new.py", "./code.py"]) == everything[1::2]
    assert changed_files(project.path, project.change, ["nowhere"]) == ()


def test_where_the_cache_is(tmp_path: Path) -> None:
    assert cache_folder({"PERFBOT_CACHE": str(tmp_path)}) == tmp_path.resolve()
    assert cache_folder({}).name == "perfbot"
    assert os.fspath(cache_folder({"PERFBOT_CACHE": "~/x"})).startswith(os.fspath(Path.home().resolve()))


@pytest.mark.parametrize("path", [".", "./", "*", "**", "..", "../other", "/etc", "benchmarks/.."])
def test_an_overlay_of_everything_is_refused(project: Project, path: str) -> None:
    with (
        pytest.raises(UsageError, match="nothing would be left to compare"),
        checkouts(project.path, project.change, cache=project.cache, overlaid=[path]),
    ):
        pass


def test_no_repository(tmp_path: Path) -> None:
    with pytest.raises(ChangeError), checkout(tmp_path, "base", "HEAD", cache=tmp_path / "cache"):
        pass
