"""The image in real containers: podman's default profile (seccomp, capabilities, cgroups), one row each.

Every row looks at a checkout of somebody else's that it cannot write, unless it says otherwise. Only the demo has a
network: it installs pytest.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.external.conftest import CONFIG, call
from tests.external.images import Buildah

OWNER = 4242
SUITE = """
[[suite]]
name = "py"
harness = "python"
functions = { total = "bench:total" }
"""
BENCH = """
def total():
    sum(i * i for i in range({rounds}))
"""


@dataclass(frozen=True)
class Row:
    """How a container is started.

    Attributes:
        options: of podman.
        owner: of the checkout; 0 for root's own.
        writable: whether the checkout may be written.
        demo: whether the demo is run, too, which takes longest.
    """

    options: tuple[str, ...] = ()
    owner: int = OWNER
    writable: bool = False
    demo: bool = False


SCRATCH = ("--read-only", "--tmpfs", "/tmp:exec")
SMALL = ("--memory", "512m", "--memory-swap", "512m")

ROWS = {
    "as the image has it": Row(demo=True),
    "root": Row(("--user", "0:0"), demo=True),
    "root, own checkout, writable": Row(("--user", "0:0"), owner=0, writable=True),
    "uid 10001, own checkout, writable": Row(("--user", "10001:10001"), owner=10001, writable=True),
    "arbitrary uid": Row(("--user", "12345:0"), demo=True),
    "arbitrary uid and group": Row(("--user", "12345:12345")),
    "read-only root": Row(SCRATCH, demo=True),
    "read-only root, cache as tmpfs": Row((*SCRATCH, "--tmpfs", "/var/lib/perfbot:exec,mode=1777")),
    "half a core": Row(("--cpus", "0.5")),
    "512 MB": Row(SMALL),
    "all of it": Row((*SCRATCH, *SMALL, "--cpus", "0.5", "--user", "12345:0"), demo=True),
    "no capabilities": Row(("--cap-drop", "ALL", "--security-opt", "no-new-privileges")),
}
"""All but the first and those that say so differ from the image's own user by what their name says."""

Podman = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def podman(image: Buildah, tool: Callable[[str], str]) -> Podman:
    """podman over buildah's store."""
    program = tool("podman")

    def run(*words: str | Path, code: int | None = 0) -> subprocess.CompletedProcess[str]:
        own = ("--runtime", "runc", "--cgroup-manager", "cgroupfs", "--events-backend", "none")
        # Limits that any machine allows; no systemd that would run health checks.
        here = ("--rm", "--ulimit", "nofile=1024:1024", "--ulimit", "nproc=4096:4096")
        words = (*here, "--no-healthcheck", *words)
        return call(program, *image.store, *own, "run", *words, cwd=image.folder, code=code, timeout=600)

    return run


@pytest.fixture(params=ROWS, ids=lambda name: name.replace(" ", "-").replace(",", ""))
def row(request: pytest.FixtureRequest) -> Row:
    return ROWS[request.param]


@pytest.fixture
def checkout(row: Row, tmp_path: Path) -> Iterator[Path]:
    """Its last commit makes one suite's benchmark twice as slow, and leaves the other's alone."""
    folder = tmp_path / "work"
    folder.mkdir()
    for path in (tmp_path, *list(tmp_path.parents)[:2]):
        path.chmod(0o755)
    (folder / "perfbot.toml").write_text(CONFIG + SUITE)
    (folder / "work.py").write_text("from lib import ROUNDS\nsum(i * i for i in range(ROUNDS))\n")
    for rounds in (600_000, 1_200_000):
        (folder / "lib.py").write_text(f"ROUNDS = {rounds}\n")
        (folder / "bench.py").write_text(BENCH.format(rounds=1000))
        for words in (["init", "-q", "-b", "main"], ["add", "-A"], ["commit", "-qm", str(rounds)]):
            call("git", "-c", "user.name=t", "-c", "user.email=t@example.com", *words, cwd=folder)
    for path in (folder, *folder.rglob("*")):
        os.lchown(path, row.owner, row.owner)
    yield folder
    for path in (folder, *folder.rglob("*")):
        os.lchown(path, 0, 0)


@pytest.fixture
def perfbot(image: Buildah, podman: Podman, row: Row, checkout: Path) -> Podman:
    def inside(*words: str, code: int | None = 0, network: bool = False) -> subprocess.CompletedProcess[str]:
        mode = "rw" if row.writable else "ro"
        net = ("--network", "host", *image.mounts) if network else ("--network", "none")
        where = ("--volume", f"{checkout}:/work:{mode}", "localhost/perfbot")
        return podman(*row.options, *net, *where, *words, code=code)

    return inside


@pytest.mark.timeout(900)
def test_it_works(row: Row, perfbot: Podman) -> None:
    """`doctor` finds nothing in the way, `run` measures both kinds of suites, `demo` shows what it is to show.

    Half a core may leave both undecided; what is twice as slow is never called unchanged.
    """
    doctor = perfbot("doctor")
    assert "BAD" not in doctor.stdout
    done = perfbot("run", "HEAD~1..HEAD", "--budget", "15s", "--format", "json", code=None)
    results = {one["benchmark"]: one["verdict"] for one in json.loads(done.stdout or "{}").get("results", ())}
    said = f"{done.returncode}: {done.stdout}\n{done.stderr}"
    assert set(results) == {"spin", "total"}, said
    assert results["spin"] in ("regressed", "inconclusive"), said
    assert results["total"] in ("unchanged", "inconclusive", "improved"), said
    if row.demo:
        shown = perfbot("demo", code=None, network=True)
        assert shown.returncode in (0, 1, 3), shown.stdout + shown.stderr
        assert "6 benchmarks in" in shown.stdout, shown.stdout + shown.stderr
