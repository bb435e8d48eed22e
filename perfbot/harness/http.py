"""Servers: latency and throughput of requests, asked of both sides in turns."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from perfbot.config import HttpSuite
from perfbot.harness.base import Effects, SideReady
from perfbot.model import SIDES, Side

if TYPE_CHECKING:
    from perfbot.measure.http.servers import HttpSession


class HttpHarness:
    """A fresh server a side in each round; the client is perfbot's own."""

    requires: tuple[str, ...] = ()
    example = """\
[[suite]]
name = "api"
harness = "http"
start = "python -m app --port {port}"
ready = "/health"
concurrency = 4
setup = ["pip install ."]
metrics = ["latency_p50", "latency_p95", "throughput"]

[[suite.requests]]
name = "search"
path = "/search?q=red"

[[suite.requests]]
name = "create"
method = "POST"
path = "/items"
body = '{"name": "chair"}'
headers = { Content-Type = "application/json" }
status = 201
"""

    def session(self, suite: HttpSuite, sides: Mapping[Side, SideReady], effects: Effects) -> HttpSession:
        """The same requests to both sides' servers."""
        from perfbot.measure.http.client import Ask  # noqa: PLC0415 - what no other suite needs takes long to load
        from perfbot.measure.http.servers import HttpSession, metric_of  # noqa: PLC0415

        return HttpSession(
            name=suite.name,
            start=suite.start,
            ready=suite.ready,
            requests=[Ask(one.name, one.path, one.method, one.body, one.headers, one.status) for one in suite.requests],
            metrics=[metric_of(name) for name in suite.metrics],
            cwd={side: sides[side].tree / suite.directory for side in SIDES},
            env={side: sides[side].env for side in SIDES},
            start_timeout=suite.start_timeout,
            timeout=suite.timeout,
            concurrency=suite.concurrency,
            turn=suite.turn,
            random=effects.random,
            trace=effects.trace,
        )
