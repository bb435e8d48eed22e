"""Packages that only some verbs need, by the extra that brings them."""

from __future__ import annotations

from perfbot.errors import UsageError

EXTRA_OF = {
    "httpx": "publish",
    "github": "publish",
    "gitlab": "publish",
    "requests": "publish",
    "tenacity": "publish",
    "jwt": "serve",
    "alembic": "history",
    "psycopg": "history",
    "sqlalchemy": "history",
    "apprise": "alerts",
    "starlette": "serve",
    "uvicorn": "serve",
    "mcp": "mcp",
    "mcp_types": "mcp",
}
"""Package → the smallest extra that it is part of; pyproject.toml says the same."""

WHOLE = {"serve": "serve", "mcp": "mcp", "site": "pages", "report": "pages", "history": "history"}
"""Verb → the extra that has all it needs."""


def missing(error: ModuleNotFoundError, verb: str) -> UsageError | None:
    """What to install for a verb; None where no extra would help."""
    package = (error.name or "").partition(".")[0]
    extra = EXTRA_OF.get(package)
    if extra is None:
        return None
    extra = WHOLE.get(verb, extra)
    return UsageError(
        f"perfbot {verb} needs {package}, which is not installed here.",
        hint=f'pip install "perfbot[{extra}]"',
    )
