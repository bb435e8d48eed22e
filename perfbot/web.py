"""Where perfbot's documentation is read: messages name pages on the web, never files that the reader may lack."""

from __future__ import annotations

DOCS = "https://github.com/perfbot/perfbot/blob/main/docs/"

SCHEMA = "https://raw.githubusercontent.com/perfbot/perfbot/main/docs/config-schema.json"
"""Of perfbot.toml, for editors."""


def docs(page: str, section: str = "") -> str:
    """The address of a page of the documentation: ``docs("security")``, ``docs("decision-rule", "the-comment")``."""
    return f"{DOCS}{page}.md{f'#{section}' if section else ''}"
