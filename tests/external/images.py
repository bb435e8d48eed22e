"""The image, built without an engine by buildah on a Debian base made here."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

from tests.external.conftest import ROOT, call


class Buildah:
    """buildah with a store of its own."""

    def __init__(self, program: str, folder: Path) -> None:
        self.store = ["--storage-driver", _driver(folder), "--root", folder / "root", "--runroot", folder / "run"]
        self.words = [program, *self.store]
        self.folder = folder
        self.mounts: list[str] = []

    def __call__(self, *words: str | Path, code: int | None = 0) -> str:
        return call(*self.words, *words, cwd=self.folder, code=code, timeout=900).stdout.strip()


def _driver(folder: Path) -> str:
    """Layers over each other where the kernel lets them be, as not in a container; else each container is a copy."""
    parts = {name: folder / "try" / name for name in ("lower", "upper", "work", "merged")}
    for part in parts.values():
        part.mkdir(parents=True, exist_ok=True)
    options = f"lowerdir={parts['lower']},upperdir={parts['upper']},workdir={parts['work']}"
    words = ["mount", "-t", "overlay", "overlay", "-o", options, str(parts["merged"])]
    if subprocess.run(words, capture_output=True, check=False).returncode:
        return "vfs"
    subprocess.run(["umount", str(parts["merged"])], check=True)
    return "overlay"


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


def build(folder: Path) -> Buildah:
    """The image `localhost/perfbot`, from the Dockerfile, in a store in a folder.

    ``PERFBOT_BASE_IMAGE`` names a tar file of the base to use again, ``PERFBOT_IMAGE_STORE`` a folder with what an
    earlier call made.
    """
    programs = {name: shutil.which(name) for name in ("buildah", "mmdebstrap")}
    assert all(programs.values()), f"{programs}: run .ci/external"
    made = os.environ.get("PERFBOT_IMAGE_STORE")
    buildah = Buildah(str(programs["buildah"]), Path(made) if made else folder)
    settings, paths = pip_needs()
    environment = folder / "pip.conf"
    options = "".join(f"{name} = {value}\n" for name, value in settings.items())
    environment.write_text(f"[global]\n{options}")
    shared = dict.fromkeys([*paths, Path("/etc/ssl/certs")])
    buildah.mounts = [f"--volume={environment}:/etc/pip.conf:ro", *(f"--volume={p}:{p}:ro" for p in shared)]
    if made:
        return buildah
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
    container = buildah("from", "scratch")
    buildah("add", "--quiet", container, base, "/")
    buildah("commit", "--quiet", container, "localhost/base")
    words = ["--format", "docker", "--isolation", "chroot", "--build-arg", "BASE_IMAGE=localhost/base"]
    buildah("bud", *words, *buildah.mounts, "--tag", "perfbot", ROOT)
    return buildah
