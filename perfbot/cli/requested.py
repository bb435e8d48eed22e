"""What verbs that measure ask of the pipeline: the options that they share, read in one place."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from perfbot.errors import UsageError

if TYPE_CHECKING:
    from perfbot.pipeline.job import Request


def request_here(args: argparse.Namespace, **own: Any) -> Request:
    """Asked in the current folder, with this process's environment.

    Args:
        args: ``--config`` and ``--budget``; ``--suite``, ``--only`` and ``--threshold`` of verbs that have them.
        own: what the verb has besides, as fields of the request.

    Raises:
        UsageError: a value means nothing.
    """
    from pathlib import Path

    from perfbot.pipeline.job import Request
    from perfbot.sides.cache import cache_folder
    from perfbot.units import parse_duration, parse_percentage

    chosen = {"suites": tuple(getattr(args, "suite", ())), "only": tuple(getattr(args, "only", ()))}
    return Request(
        repo=Path.cwd(),
        environ=dict(os.environ),
        cache=cache_folder(os.environ),
        config=Path(args.config) if args.config else None,
        budget=parsed_option("--budget", args.budget, parse_duration),
        threshold=parsed_option("--threshold", getattr(args, "threshold", None), parse_percentage),
        **{**chosen, **own},
    )


def parsed_option(option: str, text: str | None, parse: Callable[[str], float]) -> float | None:
    """An option's value; what cannot be read is told with the option's name."""
    if text is None:
        return None
    try:
        return parse(text)
    except ValueError as error:
        raise UsageError(f"{option}: {error}") from error
