"""The MCP inspector of npm, a client by other hands, against `perfbot mcp`: lists, calls, reads, is refused."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.external.conftest import ROOT, Project, call

INSPECTOR = "@modelcontextprotocol/inspector"
TOOLS = {"measure", "verify", "explain", "list_benchmarks", "session", "history", "last_report"}
TOKEN = "a-token-of-this-test-alone-9"
STARTS = 20.0
"""Seconds in which a server is there."""


@dataclass(frozen=True)
class Inspector:
    """``npx @modelcontextprotocol/inspector --cli``, asking one server."""

    npx: str
    server: tuple[str, ...]
    environ: dict[str, str]
    folder: Path

    def ask(self, *words: str, code: int = 0) -> Any:
        """What a method answers."""
        done = call(
            self.npx, "--yes", INSPECTOR, "--cli", *self.server, *words, cwd=self.folder, env=self.environ, code=code
        )
        return json.loads(done.stdout) if done.stdout.strip() else done.stderr

    def tool(self, name: str, *arguments: str, code: int = 0) -> Any:
        """What a tool answers."""
        given = ("--tool-arg", *arguments) if arguments else ()
        return self.ask("--method", "tools/call", "--tool-name", name, *given, code=code)


@pytest.fixture
def served(project: Project, tmp_path: Path) -> dict[str, str]:
    """A changed working tree, and the environment of a server for it."""
    (project.folder / "lib.py").write_text("ROUNDS = 2_400_000\n")
    config = (project.folder / "perfbot.toml").read_text()
    (project.folder / "perfbot.toml").write_text(config + '[gate]\nthreshold = "60%"\nconfirm = "no"\n')
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    return {**kept, "PERFBOT_CACHE": str(tmp_path / "cache"), "PYTHONPATH": str(ROOT), "PERFBOT_MCP_TOKEN": TOKEN}


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


def wait_for(port: int) -> None:
    until = time.monotonic() + STARTS
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            assert time.monotonic() < until, "no server"
            time.sleep(0.1)
        else:
            return


@pytest.fixture(params=["stdio", "http"])
def inspector(
    request: pytest.FixtureRequest,
    project: Project,
    served: dict[str, str],
    tool: Callable[[str], str],
    tmp_path: Path,
) -> Iterator[Inspector]:
    folder = Path(os.environ.get("PERFBOT_NODE_MODULES", tmp_path)).parent
    environ = {**os.environ, "HOME": str(tmp_path)}
    command = [sys.executable, "-m", "perfbot", "mcp", "--repo", str(project.folder)]
    if request.param == "stdio":
        settings = [word for name, value in served.items() for word in ("-e", f"{name}={value}")]
        yield Inspector(tool("npx"), (*command, *settings), environ, folder)
        return
    port = free_port()
    with subprocess.Popen([*command, "--http", str(port)], env=served, cwd=project.folder) as server:
        try:
            wait_for(port)
            header = ("--header", f"Authorization: Bearer {TOKEN}")
            yield Inspector(tool("npx"), (f"http://127.0.0.1:{port}/mcp", *header), environ, folder)
        finally:
            server.terminate()


def test_it_lists_measures_and_reads(inspector: Inspector) -> None:
    listed = inspector.ask("--method", "tools/list", "--strict")  # ends with 6 where a schema is of no use to a client
    assert {one["name"] for one in listed["tools"]} == TOOLS
    assert all(one["outputSchema"]["type"] == "object" for one in listed["tools"])

    measured = inspector.tool("measure", "base=HEAD", 'only=["work/*"]', "budget_seconds=40")["structuredContent"]
    assert [(one["benchmark"], one["verdict"]) for one in measured["results"]] == [("work/spin", "regressed")]

    resources = {one["uri"] for one in inspector.ask("--method", "resources/list")["resources"]}
    assert resources == {"perfbot://report/last", "perfbot://report/last/comment"}
    (comment,) = inspector.ask("--method", "resources/read", "--uri", "perfbot://report/last/comment")["contents"]
    assert "work/spin" in comment["text"]
    assert TOKEN not in comment["text"]


def test_it_is_refused(inspector: Inspector) -> None:
    refused = inspector.tool("measure", "base=--upload-pack=touch gone", code=5)
    assert "expected a commit, branch or tag" in str(refused)
    assert "Unknown resource" in str(inspector.ask("--method", "resources/read", "--uri", "file:///etc/passwd", code=1))


@pytest.mark.parametrize("inspector", ["http"], indirect=True)
def test_a_client_without_the_token_learns_nothing(inspector: Inspector) -> None:
    stranger = Inspector(inspector.npx, inspector.server[:1], inspector.environ, inspector.folder)
    said = call(
        stranger.npx, "--yes", INSPECTOR, "--cli", *stranger.server, "--method", "tools/list",
        cwd=stranger.folder, env=stranger.environ, code=None,
    )  # fmt: skip
    assert said.returncode != 0
    assert "measure" not in said.stdout + said.stderr.replace("measured", "")
