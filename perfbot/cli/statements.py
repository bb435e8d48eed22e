"""A statement as a suite: of the command line, or of a comment."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from perfbot.config import CallableSuite
    from perfbot.model.statement import Statement

NAME = "statement"


def parts(asked: Statement) -> tuple[str, str]:
    """What is measured, and what runs before; code that is no Python is left to whoever runs it to tell.

    >>> from perfbot.model.statement import Statement
    >>> parts(Statement("", "import json; TEXT = '1'\\njson.loads(TEXT)"))
    ('json.loads(TEXT)', "import json; TEXT = '1'\\n")
    """
    import ast

    if asked.line:
        return asked.line, asked.block
    try:
        *_, last = ast.parse(asked.block).body
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        return asked.block, ""
    lines = asked.block.split("\n")
    at = len("\n".join(lines[: last.lineno - 1])) + (last.lineno > 1)
    at += len(lines[last.lineno - 1].encode()[: last.col_offset].decode())
    return asked.block[at:].rstrip(), asked.block[:at]


def suite_of(statement: str, preamble: str, config: Path | None, repo: Path, *, checked: bool = True) -> CallableSuite:
    """A suite of one statement, set up as the project's first Python suite is.

    Args:
        checked: refuse what is no Python here, before anything is set up; else both sides say so.

    Raises:
        UsageError: it is no Python.
    """
    from perfbot.config import CallableSuite, load
    from perfbot.config.suites import PythonSuite
    from perfbot.errors import UsageError

    for what, text in (("STATEMENT", statement), ("--setup", preamble)) if checked else ():
        try:
            compile(text, f"<{what}>", "exec")
        except (SyntaxError, ValueError) as error:
            raise UsageError(f"{what}: {error}", hint="Python that one could give to timeit.") from error
    first = next((suite for suite in load(config, repo).suites if isinstance(suite, PythonSuite)), None)
    kept = {name: getattr(first, name) for name in ("directory", "setup", "env", "python")} if first else {}
    own = {"name": "bench", "harness": "python", "statements": {NAME: statement}, "preamble": preamble}
    return CallableSuite.model_validate({**kept, **own})
