"""Serve coding agents over the Model Context Protocol: measure the working tree, verify claims, read reports.

Measures in this repository alone, never publishes, and shows no secret. An agent's tries share one probability of a
false alarm (`perfbot session`). Needs: pip install "perfbot[mcp]". `perfbot init --agents` writes what agents should
know.

examples:
  perfbot mcp                        over stdin and stdout, as an agent's client starts it
  perfbot mcp --http 8765            streamable HTTP at http://127.0.0.1:8765/mcp, for this machine alone

To add it to a client that takes JSON:
  {"mcpServers": {"perfbot": {"command": "perfbot", "args": ["mcp"]}}}
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from perfbot.errors import PASS

TOKEN = "PERFBOT_MCP_TOKEN"  # noqa: S105 - a variable's name
SHORTEST_TOKEN = 24
LOOPBACK = "127.0.0.1"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of ``perfbot mcp``."""
    parser.add_argument("--repo", metavar="FOLDER", default=".", help="the repository (default: around this folder)")
    parser.add_argument("--config", metavar="FILE", help="a perfbot.toml to use instead of the repository's own")
    parser.add_argument("--database", metavar="URL", default="", help="a history to read")
    parser.add_argument(
        "--http",
        type=int,
        metavar="PORT",
        help=f"serve streamable HTTP on {LOOPBACK} instead; {TOKEN} holds what clients have to show, if anything",
    )


def execute(args: argparse.Namespace) -> int:
    """Serve until the client is gone."""
    from perfbot.agents.server import Workplace, server_of
    from perfbot.git.command import open_work_tree
    from perfbot.sides.cache import cache_folder

    environ = {name: value for name, value in os.environ.items() if name != TOKEN}
    place = Workplace(
        repo=open_work_tree(Path(args.repo)).folder,
        environ=environ,
        cache=cache_folder(environ),
        database=args.database,
        config=Path(args.config).resolve() if args.config else None,
    )
    server = server_of(place)
    if args.http is None:
        server.run("stdio")
        return PASS
    from perfbot.agents.http import serve

    serve(server, LOOPBACK, args.http, _token())
    return PASS


def _token() -> str:
    from perfbot.errors import UsageError

    token = os.environ.get(TOKEN, "")
    if token and len(token) < SHORTEST_TOKEN:
        raise UsageError(f"{TOKEN}: expected at least {SHORTEST_TOKEN} characters", hint="openssl rand -hex 24")
    return token
