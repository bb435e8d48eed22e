"""What code leaves on disk: another zone never finds it, and its own finds what set-up made, or nothing."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from perfbot.ci.change import detect
from perfbot.git.command import Git
from perfbot.model import Change
from perfbot.sides import cache
from perfbot.sides.cache import Checkout, Slot, drop_zones, zone, zone_of
from perfbot.sides.checkout import checkouts
from perfbot.sides.environment import Environment, prepare
from tests.repositories import Repository

SETUP = "mkdir -p made && echo product > made/product && echo more > ignored.o && ln -s product made/link"

INSTALL = "python -c \"import sysconfig; open(sysconfig.get_path('purelib') + '/package.py', 'w').write('1')\""


@pytest.fixture
def project(tmp_path: Path) -> tuple[Repository, Change]:
    repository = Repository(tmp_path / "project")
    base = repository.commit({"code.py": "SPEED = 'base'\n", "sub/deep.py": "1\n", ".gitignore": "*.o\nmade\n"})
    head = repository.commit({"code.py": "SPEED = 'head'\n"})
    return repository, Change(base, head)


@contextmanager
def made(
    project: tuple[Repository, Change], folder: Path, *, python: bool = False
) -> Iterator[tuple[Checkout, Environment]]:
    """Base with its environment, as one run has it."""
    environ = {"PATH": os.environ["PATH"], "HOME": str(folder.parent), "UV_OFFLINE": "1"}
    with checkouts(project[0].path, project[1], cache=folder) as (base, _):
        yield base, prepare(
            base, setup=[SETUP, INSTALL] if python else [SETUP], python=None, needs_python=python, timeout=60.0,
            on_line=lambda _: None, environ=environ,
        )  # fmt: skip


def used(project: tuple[Repository, Change], folder: Path, *, python: bool = False) -> Slot:
    """One whole run; its slot."""
    with made(project, folder, python=python) as (base, _):
        return base.slot


def whole(base: Checkout) -> None:
    """The tree is the commit's files and what set-up makes."""
    assert (base.path / "code.py").read_text() == "SPEED = 'base'\n"
    assert (base.path / "sub" / "deep.py").read_text() == "1\n"
    assert (base.path / "made" / "product").read_text() == "product\n"
    assert (base.path / "made" / "link").readlink() == Path("product")
    assert (base.path / "ignored.o").read_text() == "more\n"
    found = {path.relative_to(base.path).as_posix() for path in base.path.rglob("*") if ".git" not in path.parts}
    assert found == {".gitignore", "code.py", "sub", "sub/deep.py", "made", "made/product", "made/link", "ignored.o"}


def test_what_set_up_built_is_used_again_as_old_as_it_was(project: tuple[Repository, Change], tmp_path: Path) -> None:
    with made(project, tmp_path / "cache") as (base, _):
        before = {path: path.lstat().st_mtime_ns for path in base.path.rglob("*") if path.is_file()}
    with made(project, tmp_path / "cache") as (base, environment):
        assert environment.reused
        whole(base)
        after = {path: path.lstat().st_mtime_ns for path in before if path.name != ".git"}
    assert {path: before[path] for path in after} == after, "a build system would build all of it again"


def write(path: Path, text: str = "poison") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    path.write_text(text)


def replaced(path: Path, target: Path) -> None:
    path.unlink()
    path.symlink_to(target)


CHANGES: dict[str, Callable[[Slot], object]] = {
    "a built file": lambda slot: write(slot.tree / "made" / "product"),
    "a built file of the same size": lambda slot: write(slot.tree / "made" / "product", "PRODUCT\n"),
    "a built file that may be executed": lambda slot: (slot.tree / "made" / "product").chmod(0o755),
    "a built file gone": lambda slot: (slot.tree / "made" / "product").unlink(),
    "a built file that is a link": lambda slot: replaced(slot.tree / "made" / "product", Path("/etc/passwd")),
    "a link that leads elsewhere": lambda slot: replaced(slot.tree / "made" / "link", Path("/etc/passwd")),
    "an ignored file": lambda slot: write(slot.tree / "ignored.o"),
    "a folder that is a link": lambda slot: (
        shutil.rmtree(slot.tree / "made"),
        (slot.tree / "made").symlink_to("/etc"),
    ),
    "a pipe for a file": lambda slot: ((slot.tree / "ignored.o").unlink(), os.mkfifo(slot.tree / "ignored.o")),
    "the whole tree": lambda slot: shutil.rmtree(slot.tree),
    "the tree a link": lambda slot: (shutil.rmtree(slot.tree), slot.tree.symlink_to("/etc")),
    "the note": lambda slot: slot.done.write_text("[]"),
    "the note's depth": lambda slot: slot.done.write_text("[" * 100_000),
    "the note a pipe": lambda slot: (slot.done.unlink(), os.mkfifo(slot.done)),
    "a file of the home gone": lambda slot: (slot.home / ".gitconfig").unlink(),
    "a file of the home": lambda slot: write(slot.home / ".gitconfig", "[core]\n\tfsmonitor = evil\n"),
}

ADDED: dict[str, Callable[[Slot], object]] = {
    "beside the code": lambda slot: write(slot.tree / "sitecustomize.py"),
    "an ignored one": lambda slot: write(slot.tree / "other.o"),
    "in a folder of its own": lambda slot: write(slot.tree / "conftest" / "conftest.py"),
    "beside what was built": lambda slot: write(slot.tree / "made" / "more"),
    "in the home": lambda slot: write(slot.home / ".config" / "pip" / "pip.conf"),
    "the shell's": lambda slot: write(slot.home / ".profile"),
    "the commit's code": lambda slot: write(slot.tree / "code.py"),
    "the commit's code gone": lambda slot: (slot.tree / "code.py").unlink(),
    "a folder of the commit a link": lambda slot: (
        shutil.rmtree(slot.tree / "sub"),
        (slot.tree / "sub").symlink_to("/etc"),
    ),
    "byte code": lambda slot: write(slot.tree / "__pycache__" / "code.cpython-311.pyc"),
    "a repository's pointer": lambda slot: write(slot.tree / ".git", "gitdir: ../evil\n"),
    "a repository": lambda slot: write(slot.tree / ".git" / "config", "[core]\n\tfsmonitor = evil\n"),
    "a submodule's repository": lambda slot: write(slot.tree / "sub" / ".git" / "config", "[core]\n\tbare = true\n"),
    "an environment": lambda slot: write(slot.env / "bin" / "python"),
}


def test_what_is_not_as_it_was_is_made_anew(project: tuple[Repository, Change], tmp_path: Path) -> None:
    """One after the other, each in what the run before left."""
    slot = used(project, tmp_path / "cache")
    for name, change in CHANGES.items():
        change(slot)
        with made(project, tmp_path / "cache") as (base, environment):
            assert not environment.reused, name
            whole(base)
            assert (environment.home / ".gitconfig").read_text() == "[safe]\n\tdirectory = *\n", name


def test_what_came_later_is_gone(project: tuple[Repository, Change], tmp_path: Path) -> None:
    slot = used(project, tmp_path / "cache")
    for name, change in ADDED.items():
        change(slot)
        with made(project, tmp_path / "cache") as (base, environment):
            assert environment.reused, name
            whole(base)
            assert {path.name for path in environment.home.iterdir()} == {".gitconfig"}, name
            assert not slot.env.exists() or list(slot.env.iterdir()) == [], name


def site_packages(slot: Slot) -> Path:
    return next((slot.env / "lib").glob("python3*")) / "site-packages"


PYTHONS: dict[str, Callable[[Slot], object]] = {
    "a .pth": lambda slot: write(site_packages(slot) / "evil.pth", "import os; open('/tmp/never', 'w')\n"),
    "sitecustomize": lambda slot: write(site_packages(slot) / "sitecustomize.py"),
    "byte code beside code": lambda slot: write(site_packages(slot) / "__pycache__" / "evil.pyc"),
    "a package edited": lambda slot: write(site_packages(slot) / "package.py"),
    "the interpreter": lambda slot: replaced(slot.env / "bin" / "python", Path("/bin/true")),
    "pyvenv.cfg": lambda slot: write(slot.env / "pyvenv.cfg", "home = /tmp/evil\n"),
    "the activation": lambda slot: write(slot.env / "bin" / "activate"),
}


def test_an_environment_with_python_is_what_was_made(project: tuple[Repository, Change], tmp_path: Path) -> None:
    """One after the other in one environment."""
    slot = used(project, tmp_path / "cache", python=True)
    for name, change in PYTHONS.items():
        change(slot)
        with made(project, tmp_path / "cache", python=True) as (_, environment):
            assert environment.reused == (name in list(PYTHONS)[:3]), name
            assert environment.python is not None
            assert environment.python.resolve() != Path("/bin/true").resolve()
            for path in slot.env.rglob("*"):
                assert not path.is_file() or path.read_bytes() != b"poison", path
            assert not list(slot.env.rglob("evil*"))


# Git never obeys a tree that code could write to --------------------------------------------------------------------


EVIL = """\
[core]
	repositoryformatversion = 0
	fsmonitor = {ran}
	hooksPath = {folder}
	sshCommand = {ran}
	pager = {ran}
	editor = {ran}
	alternateRefsCommand = {ran}
[filter "evil"]
	smudge = {ran}
	clean = {ran}
	process = {ran}
	required = true
[diff]
	external = {ran}
[gpg]
	program = {ran}
[log]
	showSignature = true
"""


def test_a_repository_in_the_old_tree_is_not_obeyed(project: tuple[Repository, Change], tmp_path: Path) -> None:
    """The tree's ``.git`` led to a configuration of the attacker's, and ``git reset`` ran its filter."""
    slot = used(project, tmp_path / "cache")
    ran, evil = tmp_path / "ran.sh", tmp_path / "evil"
    ran.write_text(f"#!/bin/sh\nenv >> {tmp_path}/ran\ncat\n")
    ran.chmod(0o755)
    shutil.copytree(project[0].path / ".git", evil)
    (evil / "config").write_text(EVIL.format(ran=ran, folder=tmp_path))
    (evil / "info").mkdir(exist_ok=True)
    (evil / "info" / "attributes").write_text("* filter=evil diff=evil\n")
    (slot.tree / ".git").write_text(f"gitdir: {evil}\n")
    (slot.tree / "code.py").write_text("changed")
    with made(project, tmp_path / "cache") as (base, _):
        whole(base)
        assert (base.path / ".git").read_text().startswith(f"gitdir: {project[0].path}/.git/worktrees/")
    assert not (tmp_path / "ran").exists()


WITHHELD = (
    "PERFBOT_TOKEN", "GITHUB_TOKEN", "MY_PASSWORD", "GIT_DIR", "GIT_WORK_TREE", "GIT_EXTERNAL_DIFF", "GIT_INDEX_FILE",
    "GIT_CONFIG", "GIT_TEMPLATE_DIR", "GIT_TRACE", "GIT_TRACE2", "GIT_EDITOR", "GIT_PAGER", "GIT_ATTR_SOURCE",
    "GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_REPLACE_REF_BASE", "GIT_PROXY_COMMAND", "CI_JOB_TOKEN", "LD_PRELOAD",
    "PERFBOT_APP_PRIVATE_KEY", "AWS_SECRET_ACCESS_KEY", "BASH_ENV", "ENV", "PYTHONPATH",
)  # fmt: skip


def test_git_inherits_no_secret_and_no_other_repository(
    project: tuple[Repository, Change], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Seen by a program that a configuration names."""
    monkeypatch.delenv("GITLAB_CI", raising=False)
    for name in WITHHELD:
        monkeypatch.setenv(name, str(tmp_path / "hunter2"))
    git = Git(project[0].path)
    assert git.text("-c", f"alias.show-all=!env > {tmp_path}/seen", "show-all") == ""
    assert "hunter2" not in (tmp_path / "seen").read_text().replace(f"PWD={tmp_path}", "")


def test_configuration_of_the_clone_starts_nothing(project: tuple[Repository, Change], tmp_path: Path) -> None:
    """A set-up of an earlier run in the same clone may have written to it; filters are the owner's own."""
    ran = tmp_path / "ran.sh"
    ran.write_text(f"#!/bin/sh\necho $0 >> {tmp_path}/ran\ncat\n")
    ran.chmod(0o755)
    hook = project[0].path / ".git" / "hooks" / "post-checkout"
    hook.parent.mkdir(exist_ok=True)
    shutil.copy(ran, hook)
    for key in ("core.fsmonitor", "core.pager", "core.editor", "gpg.program", "diff.external"):
        project[0].git("config", key, str(ran))
    project[0].git("config", "core.hooksPath", str(hook.parent))
    project[0].git("config", "log.showSignature", "true")
    with made(project, tmp_path / "cache") as (base, _):
        whole(base)
    Git(project[0].path).text("show", "--no-patch", "--format=%cI", "HEAD")
    Git(project[0].path).names("diff", "--name-only", "--no-ext-diff", "-z", project[1].base, project[1].head)
    assert not (tmp_path / "ran").exists()


# Zones --------------------------------------------------------------------------------------------------------------

LOCAL = Change("b" * 40, "a" * 40)
ZONES = {
    "one's own machine": LOCAL,
    "a merge request": replace(LOCAL, origin="gitlab", project="g/n", merge_request=7, head_name="main"),
    "another merge request": replace(LOCAL, origin="gitlab", project="g/n", merge_request=8, head_name="main"),
    "the main branch": replace(LOCAL, origin="gitlab", project="g/n", head_name="main"),
    "another branch": replace(LOCAL, origin="gitlab", project="g/n", head_name="feature"),
    "a branch that is called as a number": replace(LOCAL, origin="gitlab", project="g/n", head_name="7"),
    "the same of another project": replace(LOCAL, origin="gitlab", project="g/m", head_name="main"),
    "the same of another forge": replace(LOCAL, origin="github", project="g/n", head_name="main"),
    "a name that ends a text": replace(LOCAL, origin="gitlab", project="g/n", head_name="main\0x"),
    "a way out": replace(LOCAL, origin="gitlab", project="g/n", head_name="../../local"),
}


def test_whose_code_may_differ_has_a_zone_of_its_own(tmp_path: Path) -> None:
    names = {zone_of(change) for change in ZONES.values()}
    assert len(names) == len(ZONES)
    assert all("/" not in name and ".." not in name for name in names)
    assert all(zone(tmp_path, change).parent == tmp_path.resolve() for change in ZONES.values())


@pytest.mark.parametrize("other", [
    {"GITHUB_REF_TYPE": "tag"}, {"GITHUB_EVENT_NAME": "pull_request_review", "GITHUB_HEAD_REF": "main"},
])  # fmt: skip
def test_what_is_called_like_a_branch_does_not_share_its_cache(other: dict[str, str]) -> None:
    """Who may push a tag called `main` may not push to `main`."""
    branch = {
        "GITHUB_ACTIONS": "true", "GITHUB_EVENT_NAME": "push", "GITHUB_REF_NAME": "main", "GITHUB_REF_TYPE": "branch",
        "GITHUB_REPOSITORY": "o/r",
    }  # fmt: skip
    one, two = (detect(environ, {}) for environ in (branch, {**branch, **other}))
    zones = {zone_of(replace(ZONES["the main branch"], head_name=found.head_name)) for found in (one, two)}
    assert len(zones) == 2


def test_nothing_is_shared_between_zones(project: tuple[Repository, Change], tmp_path: Path) -> None:
    slots = []
    for name in ("a merge request", "the main branch"):
        folder = zone(tmp_path / "cache", replace(ZONES[name], base=project[1].base, head=project[1].head))
        slots.append(used(project, folder))
    one, other = slots
    assert one.downloads != other.downloads
    assert not one.downloads.is_relative_to(other.downloads.parent)
    assert one.folder != other.folder


def test_zones_that_nobody_uses_go_and_those_in_use_stay(
    project: tuple[Repository, Change], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cache, "ZONES", 2)
    cache_folder = tmp_path / "cache"
    changes = [replace(ZONES["a merge request"], merge_request=number) for number in range(1, 5)]
    folders = [zone(cache_folder, change) for change in changes]
    with made(project, folders[0]):
        for number, folder in enumerate(folders[1:], start=1):
            used(project, folder)
            os.utime(folder, (number, number))
            drop_zones(folder)
        os.utime(folders[0], (0, 0))
        (cache_folder / "not-ours").mkdir()
        drop_zones(folders[-1])
        assert folders[0].is_dir(), "a run holds it"
        assert (cache_folder / "not-ours").is_dir()
    os.utime(folders[0], (0, 0))
    drop_zones(folders[-1])
    assert [folder.is_dir() for folder in folders] == [False, False, False, True]
