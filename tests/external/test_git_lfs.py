"""Large files as git-lfs checks them out: what a commit says of where they are starts nothing and is told nothing."""

from __future__ import annotations

import shutil
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from perfbot.errors import SetupError
from perfbot.model import Change
from perfbot.sides.checkout import checkouts
from tests.repositories import Repository

pytestmark = [
    pytest.mark.external,
    pytest.mark.skipif(shutil.which("git-lfs") is None, reason="apt-get install git-lfs"),
]

POINTER = f"version https://git-lfs.github.com/spec/v1\noid sha256:{'a' * 64}\nsize 12345\n"


@pytest.fixture
def asked() -> Iterator[tuple[str, list[dict[str, str]]]]:
    """A server of a stranger, and the headers that it was told."""
    told: list[dict[str, str]] = []

    class Stranger(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            told.append(dict(self.headers))
            self.send_response(401)
            self.send_header("WWW-Authenticate", 'Basic realm="files"')
            self.end_headers()

        def log_message(self, *_: object) -> None: ...

    server = HTTPServer(("127.0.0.1", 0), Stranger)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/files", told
    server.shutdown()
    server.server_close()


@pytest.fixture
def with_lfs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """git-lfs set up as on a runner, with a credential for the project's own forge."""
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.delenv("GIT_CONFIG_GLOBAL", raising=False)
    monkeypatch.setenv("GITLAB_CI", "true")
    monkeypatch.setenv("CI_JOB_TOKEN", "hunter2")
    helper = '!f() { echo username=job; echo "password=$CI_JOB_TOKEN"; }; f'
    for words in (
        ["lfs", "install", "--skip-repo"], ["config", "--global", "credential.https://forge.example.helper", helper],
    ):  # fmt: skip
        subprocess.run(["git", *words], check=True, capture_output=True)


def pointed(tmp_path: Path, settings: str) -> tuple[Repository, Change]:
    repository = Repository(tmp_path / "project")
    base = repository.commit({"code.py": "1\n"})
    files = {".gitattributes": "*.bin filter=lfs -text\n", ".lfsconfig": settings, "big.bin": POINTER}
    repository.git("config", "filter.lfs.clean", "cat")
    repository.git("config", "filter.lfs.process", "")
    head = repository.commit(files)
    for name in ("clean", "process"):
        repository.git("config", "--unset", f"filter.lfs.{name}")
    return repository, Change(base, head)


@pytest.mark.usefixtures("with_lfs")
def test_a_commits_own_server_of_large_files_gets_no_credential(
    tmp_path: Path, asked: tuple[str, list[dict[str, str]]]
) -> None:
    address, told = asked
    repository, change = pointed(tmp_path, f"[lfs]\n\turl = {address}\n")
    with (
        pytest.raises(SetupError, match="smudge filter lfs failed") as caught,
        checkouts(repository.path, change, cache=tmp_path / "cache"),
    ):
        pass
    assert "GIT_LFS_SKIP_SMUDGE=1" in caught.value.hint
    assert told
    assert not any("authorization" in name.lower() for headers in told for name in headers)
    assert "hunter2" not in str(told)


@pytest.mark.usefixtures("with_lfs")
def test_a_commits_settings_of_large_files_start_nothing(tmp_path: Path) -> None:
    ran = tmp_path / "ran"
    program = f"touch {ran}"
    settings = (
        f'[lfs]\n\tstandalonetransferagent = x\n[lfs "customtransfer.x"]\n\tpath = {program}\n'
        f"[credential]\n\thelper = !{program}\n[core]\n\tsshCommand = {program}\n\taskpass = {program}\n"
    )
    repository, change = pointed(tmp_path, settings)
    with pytest.raises(SetupError), checkouts(repository.path, change, cache=tmp_path / "cache"):
        pass
    assert not ran.exists()


@pytest.mark.usefixtures("with_lfs")
def test_pointers_are_measured_where_nobody_wants_the_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_LFS_SKIP_SMUDGE", "1")
    repository, change = pointed(tmp_path, "")
    with checkouts(repository.path, change, cache=tmp_path / "cache") as (_, head):
        assert (head.path / "big.bin").read_text() == POINTER
