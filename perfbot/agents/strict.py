"""A server that answers what it does not understand with what was expected, and never passes over it.

The SDK leaves out arguments that a tool does not have. An agent that asked for ``repo`` or ``fresh`` would then believe
that it was heard.
"""

from __future__ import annotations

from typing import Any

from mcp.server.mcpserver import Context, MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from mcp_types import CallToolResult, InputRequiredResult, Tool
from pydantic import ValidationError

from perfbot.agents.answers import text

MOST_NAMES, LONGEST_NAME = 5, 60


class StrictServer(MCPServer[object]):
    """Tools have the arguments that their schemas name, and no other."""

    async def list_tools(self) -> list[Tool]:
        """All tools, with schemas that are closed."""
        tools = await super().list_tools()
        return [one.model_copy(update={"input_schema": _closed(one.input_schema)}) for one in tools]

    async def call_tool(
        self, name: str, arguments: dict[str, Any], context: Context[object, Any] | None = None
    ) -> CallToolResult | InputRequiredResult:
        """Call a tool.

        Raises:
            ToolError: there is no such tool or argument, a value is none that is expected, or the tool failed.
        """
        known = {one.name: list(one.input_schema.get("properties", {})) for one in await super().list_tools()}
        if unknown := [one for one in arguments if name in known and one not in known[name]]:
            raise ToolError(_unknown(name, unknown, known[name]))
        try:
            return await super().call_tool(name, arguments, context)
        except ToolError as error:
            if isinstance(error.__cause__, ValidationError):
                raise ToolError("\n".join(map(_expected, error.__cause__.errors(include_input=False)))) from error
            raise


def _closed(schema: dict[str, Any]) -> dict[str, Any]:
    return {**schema, "additionalProperties": False}


def _unknown(tool: str, unknown: list[str], known: list[str]) -> str:
    shown = ", ".join(text(one[:LONGEST_NAME]) for one in unknown[:MOST_NAMES])
    expected = f"expected {', '.join(known)}" if known else "it takes none"
    return f"{tool} has no argument {shown}; {expected}"


def _expected(mistake: Any) -> str:
    """One mistake, such as ``only: expected a valid list``."""
    where = ".".join(text(str(part)) for part in mistake["loc"])
    return f"{where}: {mistake['msg'].replace('Input should be', 'expected')}"
