"""Places that a run cannot use: refused before anything is set up, and by doctor in the same words."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from perfbot.cli.main import main
from perfbot.errors import SetupError
from perfbot.sides import storage
from perfbot.sides.checkout import checkout
from perfbot.sides.storage import check_places


@pytest.fixture(autouse=True)
def anew() -> None:
    storage._check_cache.cache_clear()


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    folder = tmp_path / "repo"
    folder.mkdir()
    git = ["git", "-c", "user.name=t", "-c", "user.email=t@example.com", "-C", str(folder)]
    subprocess.run([*git, "init", "-q"], check=True)
    (folder / "a.txt").write_text("a")
    subprocess.run([*git, "add", "-A"], check=True)
    subprocess.run([*git, "commit", "-qm", "a"], check=True)
    return folder


def test_what_can_be_used(repo: Path, tmp_path: Path) -> None:
    check_places(tmp_path / "cache", repo)
    assert list((tmp_path / "cache").iterdir()) == []


def inside(repo: Path, cache: Path, patch: pytest.MonkeyPatch) -> Path:
    return repo / "cache"


def unwritable(repo: Path, cache: Path, patch: pytest.MonkeyPatch) -> Path:
    cache.write_text("a file where the folder should be")
    return cache


def noexec(repo: Path, cache: Path, patch: pytest.MonkeyPatch) -> Path:
    capture = storage.process.capture

    def refused(argv: list[str], **more: object) -> object:
        if argv[0].startswith(str(cache)):
            raise PermissionError(13, "Permission denied")
        return capture(argv, **more)  # type: ignore[arg-type]

    patch.setattr(storage.process, "capture", refused)
    return cache


def no_temporary(repo: Path, cache: Path, patch: pytest.MonkeyPatch) -> Path:
    def none() -> str:
        raise FileNotFoundError(2, "No usable temporary directory found")

    patch.setattr(tempfile, "gettempdir", none)
    return cache


PLACES = [(inside, "lies in the checkout"), (unwritable, "cannot be written"), (noexec, "noexec"),
          (no_temporary, "no temporary folder")]  # fmt: skip


@pytest.mark.parametrize(("make", "words"), PLACES, ids=[make.__name__ for make, _ in PLACES])
def test_what_cannot_is_refused_by_a_run_and_by_doctor(
    make: Callable[[Path, Path, pytest.MonkeyPatch], Path], words: str, repo: Path, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    cache = make(repo, tmp_path / "cache", monkeypatch)
    with pytest.raises(SetupError, match=words) as caught, checkout(repo, "head", "HEAD", cache=cache):
        pytest.fail("it was used")
    assert caught.value.hint
    monkeypatch.chdir(repo)
    monkeypatch.setenv("PERFBOT_CACHE", str(cache))
    storage._check_cache.cache_clear()
    assert main(["doctor"]) != 0
    assert words in capsys.readouterr().out


def test_a_read_only_clone_is_borrowed_from(repo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As a container has it with `-v "$PWD:/work:ro"`, or as another user."""
    before = sorted(str(path) for path in (repo / ".git").rglob("*"))
    access = os.access
    monkeypatch.setattr(os, "access", lambda path, mode: Path(path) != repo / ".git" and access(path, mode))
    with checkout(repo, "head", "HEAD", cache=tmp_path / "cache") as made:
        assert (made.path / "a.txt").read_text() == "a"
        shown = subprocess.run(["git", "-C", made.path, "describe", "--always"], capture_output=True, check=True)
        assert shown.stdout.strip()
    assert sorted(str(path) for path in (repo / ".git").rglob("*")) == before


@pytest.mark.skipif(os.geteuid() != 0 or not shutil.which("unshare"), reason="mounting needs root")
def test_a_cache_that_is_really_noexec(tmp_path: Path) -> None:
    script = (
        f"mount -t tmpfs -o noexec tmpfs {tmp_path} && "
        f'python3 -c "from pathlib import Path; from perfbot.sides.storage import check_places; '
        f"check_places(Path('{tmp_path}/cache'), Path('/nowhere'))\""
    )
    done = subprocess.run(["unshare", "--mount", "sh", "-c", script], capture_output=True, text=True, check=False)
    if "mount:" in done.stderr or "unshare:" in done.stderr:
        pytest.skip("no mounts here")
    assert "mounted noexec" in done.stderr
