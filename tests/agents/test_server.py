"""The server as the SDK's own client sees it, over stdin and stdout and over HTTP."""

from __future__ import annotations

import contextlib
import json
import socket
import subprocess
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anyio
import httpx2
import pytest

from tests.agents.conftest import SECRET, Project

if TYPE_CHECKING:  # it takes a second, which only who runs these tests pays
    from mcp import Client
    from mcp_types import CallToolResult

pytestmark = pytest.mark.timeout(240)

TOOLS = {"measure", "explain", "verify", "list_benchmarks", "session", "history", "last_report"}


@asynccontextmanager
async def over_stdio(project: Project) -> AsyncIterator[Client]:
    from mcp import Client, StdioServerParameters, stdio_client

    command, *args = project.command
    transport = stdio_client(StdioServerParameters(command=command, args=args, env=project.environ))
    async with Client(transport) as client:
        yield client


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def served(project: Project, **variables: str):  # type: ignore[no-untyped-def]
    port = free_port()
    process = subprocess.Popen([*project.command, "--http", str(port)], env={**project.environ, **variables})
    try:
        until = time.monotonic() + 60
        while time.monotonic() < until:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                break
            time.sleep(0.1)
        yield f"http://127.0.0.1:{port}/mcp"
    finally:
        process.terminate()
        process.wait(20)


@asynccontextmanager
async def over_http(project: Project) -> AsyncIterator[Client]:
    from mcp import Client

    with served(project) as url:
        async with Client(url) as client:
            yield client


def run(work: Callable[[], Awaitable[None]]) -> None:
    anyio.run(work)


def answer(result: CallToolResult) -> dict[str, Any]:
    assert not result.is_error, result.content
    assert result.structured_content is not None
    return result.structured_content


def refusal(result: CallToolResult) -> str:
    assert result.is_error
    return "\n".join(getattr(one, "text", "") for one in result.content)


@pytest.mark.parametrize("connected", [over_stdio, over_http])
def test_an_agent_lists_measures_verifies_and_reads(project: Project, connected: Any) -> None:
    told: list[tuple[float, str]] = []

    async def progress(done: float, of: float | None, message: str | None) -> None:
        told.append((done, message or ""))

    async def session() -> None:
        async with connected(project) as client:
            tools = {one.name: one for one in (await client.list_tools()).tools}
            assert set(tools) == TOOLS
            assert all(one.output_schema for one in tools.values())
            listed = answer(await client.call_tool("list_benchmarks", {}))
            assert listed["benchmarks"] == ["programs/same", "programs/slower", "programs/lasting"]

            found = answer(await client.call_tool("measure", {"only": ["slower"]}, progress_callback=progress))
            (only,) = found["results"]
            assert (only["benchmark"], only["verdict"]) == ("programs/slower", "regressed")
            assert only["interval_percent"][0] > 20, "three times the work beside the start of a shell"
            assert found["try_of_session"] == 1

            claim = "slower is at least 10 % faster"
            verified = answer(await client.call_tool("verify", {"claim": claim}))
            assert (verified["state"], verified["try_of_session"]) == ("false", 2)
            assert verified["alpha"] < found["alpha"]

            spent = answer(await client.call_tool("session", {}))
            assert spent["tries"] == 2
            again = answer(await client.call_tool("last_report", {}))
            assert again["results"][0]["benchmark"] == "programs/slower"
            (text,) = (await client.read_resource("perfbot://report/last")).contents
            assert json.loads(text.text)["schema"] == "perfbot.report/2"  # type: ignore[union-attr]
            (comment,) = (await client.read_resource("perfbot://report/last/comment")).contents
            assert "slower" in comment.text  # type: ignore[union-attr]
            assert SECRET not in f"{found}{verified}{text}{comment}"

    run(session)
    amounts = [done for done, _ in told]
    assert len(told) >= 3
    assert amounts == sorted(set(amounts)), "it only ever increases"
    assert any("programs, round" in line for _, line in told)


@pytest.mark.parametrize("connected", [over_stdio, over_http])
def test_a_cancelled_measurement_ends_with_all_that_it_started(project: Project, connected: Any) -> None:
    async def session() -> None:
        async with connected(project) as client:
            begun = anyio.Event()

            async def progress(done: float, of: float | None, message: str | None) -> None:
                if "round" in (message or ""):
                    begun.set()

            over: list[object] = []

            async def measure() -> None:
                over.append(
                    (await client.call_tool("measure", {"only": ["lasting"]}, progress_callback=progress)).content
                )
                begun.set()

            async with anyio.create_task_group() as group:
                group.start_soon(measure)
                with anyio.fail_after(60):
                    await begun.wait()
                assert not over, "it lasts longer than a first round"
                busy = refusal(await client.call_tool("measure", {"only": ["same"]}))
                assert "another measurement is running" in busy
                group.cancel_scope.cancel()
            with anyio.fail_after(30):
                while True:
                    result = await client.call_tool("verify", {"claim": "same is at most 500 % slower"})
                    if not result.is_error:
                        break
                    await anyio.sleep(0.2)
            assert answer(result)["state"] == "true"
        assert not _sleeping(project), "the benchmark's process is gone"

    run(session)


def _sleeping(project: Project) -> list[str]:
    """Processes that still run in the cache's work trees."""
    top = project.repository.path.parent / "cache"
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if (process / "cwd").readlink().is_relative_to(top):
                found.append(process.name)
    return found


HOSTILE = [
    ("measure", {"base": "--output=/tmp/x"}, "base: expected"),
    ("measure", {"base": "../../etc/passwd"}, "base: expected"),
    ("measure", {"base": "$(touch /tmp/owned)"}, "base: expected"),
    ("measure", {"base": "no-such-branch"}, "no-such-branch"),
    ("measure", {"only": ["x\ny"]}, "only: expected"),
    ("measure", {"only": ["x"] * 50}, "only: expected"),
    ("measure", {"only": ["slwer"]}, "programs/slower"),
    ("measure", {"only": "x"}, "only"),
    ("measure", {"budget_seconds": 1e9}, "budget_seconds: expected"),
    ("measure", {"budget_seconds": "DROP TABLE"}, "budget_seconds"),
    ("measure", {"threshold_percent": -5}, "threshold_percent: expected"),
    ("verify", {"claim": "x" * 100_000}, "claim: expected"),
    ("verify", {"claim": "everything is better"}, "expected one such as"),
    ("verify", {}, "claim"),
    ("history", {"pattern": "*"}, "start the server with --database"),
    ("history", {"limit": 10_000}, "limit"),
    ("list_benchmarks", {"pattern": "x" * 300}, "pattern"),
    ("last_report", {}, "nothing was measured yet"),
    ("publish", {}, "publish"),
    (
        "measure",
        {"repo": "/etc", "only": ["same"]},
        "measure has no argument repo; expected only, base, budget_seconds",
    ),
    ("measure", {"only": ["same"], "fresh": True}, "has no argument fresh"),
    ("session", {"fresh": True}, "session has no argument fresh; it takes none"),
    ("last_report", {"path": "/etc/passwd", "\x1b[2Jx" * 99: 1}, "has no argument path, "),
    ("measure", {"only": "*"}, "only: expected a valid list"),
    ("measure", {"only": [["a"]]}, "only.0: expected a valid string"),
    ("measure", {"base": None}, "base: expected a valid string"),
    ("measure", {"budget_seconds": "soon"}, "budget_seconds: expected a valid number"),
    ("measure", {"budget_seconds": 10**400}, "budget_seconds: expected a"),
    ("measure", {"threshold_percent": 5e-324}, "threshold_percent: expected 0.05 to 100"),
    ("measure", {"base": "HEAD^{tree}"}, "There is no commit called `HEAD^{tree}`"),
    ("measure", {"base": "HEAD~99999999999999999999"}, "There is no commit called"),
    ("measure", {"only": ["\x9b31m"]}, "is meant"),
    ("measure", {"only": ["*a" * 99 + "b"] * 20}, "is meant"),
    ("verify", {}, "claim: Field required"),
    ("verify", {"claim": "slower is at least 1e400 % faster"}, "is not a claim that can be checked"),
    ("history", {"limit": 10**400}, "limit: expected less than or equal to 100"),
]


def test_hostile_arguments_are_refused(project: Project) -> None:
    from mcp import MCPError

    async def session() -> None:
        async with over_stdio(project) as client:
            for tool, arguments, said in HOSTILE:
                try:
                    text = refusal(await client.call_tool(tool, arguments))
                except MCPError as error:
                    text = str(error)
                assert said in text, (tool, arguments, text)
                assert "Traceback" not in text
                assert "pydantic" not in text
                assert text.isprintable() or set(filter(lambda one: not one.isprintable(), text)) == {"\n"}
                assert SECRET not in text
                assert len(text) < 3000
            for uri in ("file:///etc/passwd", "perfbot://report/../../x", "perfbot://report/last"):
                with pytest.raises(MCPError):
                    await client.read_resource(uri)
            assert answer(await client.call_tool("session", {}))["tries"] == 0, "what is refused is no try"

    run(session)


class TestOverHttp:
    def post(self, url: str, **headers: str) -> int:
        call = {"jsonrpc": "2.0", "id": 1, "method": "ping"}
        accept = {"Accept": "application/json, text/event-stream"}
        return httpx2.post(url, json=call, headers={**accept, **headers}).status_code

    def test_pages_of_other_origins_are_refused(self, project: Project) -> None:
        with served(project) as url:
            assert self.post(url, Origin="http://evil.example") == 403
            assert self.post(url, Host="evil.example") == 421

    def test_a_token_is_asked_for_where_one_is_set(self, project: Project) -> None:
        token = "t" * 32
        with served(project, PERFBOT_MCP_TOKEN=token) as url:
            assert self.post(url) == 401
            assert self.post(url, Authorization="Bearer wrong") == 401
            assert self.post(url, Authorization=f"Bearer {token}") != 401

    def test_a_short_token_is_refused(self, project: Project) -> None:
        done = subprocess.run(
            [*project.command, "--http", "1"],
            env={**project.environ, "PERFBOT_MCP_TOKEN": "x"},
            capture_output=True,
            check=False,
        )
        assert done.returncode == 2
        assert b"at least 24 characters" in done.stderr
