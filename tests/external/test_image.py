"""The image's own parts: its user, its health check, and use as a CI job's image."""

from __future__ import annotations

import json
import os
import re
import shlex
from pathlib import Path

import pytest

from tests.external.conftest import CONFIG, ROOT, call
from tests.external.images import Buildah


@pytest.mark.timeout(1200)
def test_it_works_as_its_user(image: Buildah) -> None:
    container = image("from", "localhost/perfbot")

    def inside(*words: str, code: int | None = 0) -> str:
        return image("run", "--isolation", "chroot", *image.mounts, container, "--", *words, code=code)

    assert inside("id", "-u") == "10001"
    assert "git version" in inside("git", "--version")
    assert "Exit codes" in inside("perfbot", "--help")
    shown = inside("perfbot", "demo", code=None)
    assert "6 benchmarks in" in shown, "measured, whatever a loaded machine let it decide"


@pytest.mark.timeout(600)
def test_its_health_check_asks_serve(image: Buildah) -> None:
    container = image("from", "localhost/perfbot")
    found = re.search(r"^HEALTHCHECK .*\n\s+CMD (\[.*\])$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    assert found
    check = shlex.join(json.loads(found[1]))
    script = f"""
        {check} 2>/dev/null && exit 10
        perfbot serve --database /var/lib/perfbot/history.db & served=$!
        for second in $(seq 90); do {check} 2>/dev/null && well=yes && break; sleep 1; done
        kill $served
        test "$well" = yes"""
    words = ["--env", "PERFBOT_GITHUB_SECRET=0123456789abcdef", "--env", "PERFBOT_GITHUB_TOKEN=x"]
    image("run", "--isolation", "chroot", *words, container, "--", "sh", "-c", script)


@pytest.mark.timeout(900)
@pytest.mark.parametrize("user", ["0:0", "10001:10001", "12345:12345"], ids=["root", "its-own", "any"])
def test_whoever_it_runs_as_and_whoever_owns_the_checkout(image: Buildah, user: str, tmp_path: Path) -> None:
    """On a checkout of somebody else's that cannot be written, through the entry point and as a CI job's image."""
    folder = tmp_path / "work"
    folder.mkdir()
    (folder / "perfbot.toml").write_text(CONFIG)
    for rounds in (600_000, 900_000):
        (folder / "work.py").write_text(f"sum(i * i for i in range({rounds}))\n")
        for words in (["init", "-q"], ["add", "-A"], ["commit", "-qm", str(rounds)]):
            call("git", "-c", "user.name=t", "-c", "user.email=t@example.com", *words, cwd=folder)
    for path in (folder, *folder.rglob("*")):
        os.chown(path, 4242, 4242)
    container = image("from", "localhost/perfbot")
    mounts = [*image.mounts, f"--volume={folder}:/work:ro", "--user", user]

    def inside(*words: str, code: int | None = 0) -> str:
        return image("run", "--isolation", "chroot", *mounts, container, "--", "perfbot-entrypoint", *words, code=code)

    inside("sh", "-c", "perfbot --version")
    inside("doctor", code=None)
    shown = inside("run", "HEAD~1..HEAD", "--budget", "20s", code=None)
    assert "work/spin" in shown
