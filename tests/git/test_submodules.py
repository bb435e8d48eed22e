"""Submodules come along, from the user's own copies, without a trace in the user's configuration."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from perfbot.errors import SetupError
from perfbot.git.submodules import _is_plain, resolve_url
from perfbot.pipeline.change import find_change
from perfbot.sides.checkout import checkout
from tests.repositories import Repository, git


@pytest.fixture
def library(tmp_path: Path) -> Repository:
    repository = Repository(tmp_path / "library")
    repository.commit({"library.py": "VERSION = 1\n"})
    return repository


@pytest.fixture
def project(tmp_path: Path, library: Repository) -> Repository:
    """A project whose submodule is checked out, and whose own .gitmodules has a URL that leads nowhere."""
    repository = Repository(tmp_path / "project")
    repository.git("submodule", "--quiet", "add", library.path.as_uri(), "vendor/library")
    repository.git("config", "--file", ".gitmodules", "submodule.vendor/library.url", "https://127.0.0.1:1/gone.git")
    repository.commit({"code.py": "SPEED = 1\n"})
    repository.git("config", "submodule.vendor/library.url", "https://127.0.0.1:1/gone.git")
    return repository


def test_the_users_copy_is_enough(project: Repository, tmp_path: Path) -> None:
    config = (project.path / ".git" / "config").read_text()
    with checkout(project.path, "base", project.head, cache=tmp_path / "cache") as base:
        path = base.path / "vendor" / "library"
        assert (path / "library.py").read_text() == "VERSION = 1\n"
        assert git(base.path, "status", "--porcelain") == ""
    with checkout(project.path, "base", project.head, cache=tmp_path / "cache") as base:
        assert (base.path / "vendor" / "library" / "library.py").read_text() == "VERSION = 1\n", "a second time, too"
        assert git(base.path, "submodule", "status").endswith("vendor/library (heads/main)")
    assert (project.path / ".git" / "config").read_text() == config


def test_a_submodule_that_cannot_be_had_is_named(project: Repository, tmp_path: Path) -> None:
    shutil.rmtree(project.path / ".git" / "modules")
    shutil.rmtree(project.path / "vendor")
    with (
        pytest.raises(SetupError, match=r"checkout of \w{7} failed on head: a submodule could not be .*vendor/library"),
        checkout(project.path, "head", project.head, cache=tmp_path / "cache"),
    ):
        pass
    assert not (project.path / ".git" / "worktrees").exists()


@pytest.mark.parametrize("name", ["x.url=/etc #", "x.update=!true #", "a\nb", "../../x", "/x"])
def test_a_name_is_no_setting_and_no_way_out(name: str) -> None:
    assert not _is_plain(name)


def test_a_change_cannot_read_other_repositories_of_the_machine(
    project: Repository, library: Repository, tmp_path: Path
) -> None:
    shutil.rmtree(project.path / ".git" / "modules")
    shutil.rmtree(project.path / "vendor")
    project.git("config", "submodule.vendor/library.url", library.path.as_uri())
    with (
        pytest.raises(SetupError, match="a submodule could not be checked out") as caught,
        checkout(project.path, "head", project.head, cache=tmp_path / "cache"),
    ):
        pass
    assert "transport 'file' not allowed" in caught.value.output
    assert caught.value.hint == "git submodule update --init --recursive"


def test_what_the_clone_never_initialised_stays_empty_and_is_named(project: Repository, tmp_path: Path) -> None:
    project.git("commit", "--quiet", "--allow-empty", "-m", "second")
    project.git("submodule", "--quiet", "deinit", "--force", "vendor/library")
    shutil.rmtree(project.path / ".git" / "modules")
    with checkout(project.path, "head", project.head, cache=tmp_path / "cache") as head:
        assert list((head.path / "vendor" / "library").iterdir()) == []
    change = find_change(project.path, environ={}, spec="HEAD^..HEAD")
    assert any("vendor/library" in note for note in change.notes)


@pytest.mark.parametrize(
    ("remote", "url", "expected"),
    [
        ("https://host/group/project.git", "../library.git", "https://host/group/library.git"),
        ("https://host/group/project.git", "../../other/library.git", "https://host/other/library.git"),
        ("https://host/group/project", "./sub.git", "https://host/group/project/sub.git"),
        ("git@host:group/project.git", "../library.git", "git@host:group/library.git"),
        ("git@host:project.git", "../library.git", "git@host:library.git"),
        ("https://host/project.git", "https://else/library.git", "https://else/library.git"),
    ],
)
def test_relative_urls(remote: str, url: str, expected: str) -> None:
    assert resolve_url(remote, url) == expected
