"""The image, built without an engine by buildah on a Debian base made here, and used as its own user."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.external.conftest import CONFIG, ROOT, call


class Buildah:
    """buildah with a store of its own."""

    def __init__(self, program: str, folder: Path) -> None:
        self.words = [program, "--storage-driver", "vfs", "--root", folder / "root", "--runroot", folder / "run"]
        self.folder = folder
        self.mounts: list[str] = []

    def __call__(self, *words: str | Path, code: int | None = 0) -> str:
        return call(*self.words, *words, cwd=self.folder, code=code, timeout=900).stdout.strip()


def pip_needs() -> tuple[dict[str, str], list[Path]]:
    """How pip is configured here, and the files and folders that takes: nothing on most machines.

    A folder with an index links to files beside it.
    """
    text = subprocess.run(
        [sys.executable, "-m", "pip", "config", "list"], capture_output=True, text=True, check=True
    ).stdout
    pairs = (line.partition("=")[::2] for line in text.splitlines() if "=" in line)
    settings = {name.rpartition(".")[2]: value.strip("'") for name, value in pairs}
    words = [word for value in settings.values() for word in value.split()]
    paths = [Path(urlsplit(word).path) for word in words if word.startswith(("/", "file:"))]
    return settings, [path.parent if path.name == "simple" else path for path in paths if path.exists()]


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Buildah:
    import shutil

    programs = {name: shutil.which(name) for name in ("buildah", "mmdebstrap")}
    assert all(programs.values()), f"{programs}: run .ci/external"
    folder = tmp_path_factory.mktemp("image")
    base = folder / "base.tar"
    cached = Path(os.environ.get("PERFBOT_BASE_IMAGE", ""))
    if cached.is_file():
        base = cached
    else:
        packages = "python3,python3-venv,ca-certificates,git"
        call(
            str(programs["mmdebstrap"]),
            "--variant=minbase",
            f"--include={packages}",
            "bookworm",
            base,
            cwd=folder,
            timeout=900,
        )
    buildah = Buildah(str(programs["buildah"]), folder)
    container = buildah("from", "scratch")
    buildah("add", "--quiet", container, base, "/")
    buildah("commit", "--quiet", container, "localhost/base")
    settings, paths = pip_needs()
    environment = folder / "pip.conf"
    options = "".join(f"{name} = {value}\n" for name, value in settings.items())
    environment.write_text(f"[global]\n{options}")
    shared = dict.fromkeys([*paths, Path("/etc/ssl/certs")])
    buildah.mounts = [f"--volume={environment}:/etc/pip.conf:ro", *(f"--volume={p}:{p}:ro" for p in shared)]
    words = ["--format", "docker", "--isolation", "chroot", "--build-arg", "BASE_IMAGE=localhost/base"]
    buildah("bud", *words, *buildah.mounts, "--tag", "perfbot", ROOT)
    return buildah


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
