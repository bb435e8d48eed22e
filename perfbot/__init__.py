"""perfbot: says in a merge request which benchmarks became slower, and is right about it on noisy runners.

What can be done from Python is :mod:`perfbot.api`; its names are here, too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from perfbot.api import (
        PerfbotError,
        Policy,
        Report,
        Result,
        claim_globs,
        compare,
        in_words,
        join,
        read_report,
        rejudge,
        runs,
        trends,
        verify,
        write_report,
    )

__all__ = [
    "PerfbotError",
    "Policy",
    "Report",
    "Result",
    "__version__",
    "claim_globs",
    "compare",
    "in_words",
    "join",
    "read_report",
    "rejudge",
    "runs",
    "trends",
    "verify",
    "write_report",
]


def __getattr__(name: str) -> Any:
    """The surface of :mod:`perfbot.api`, imported when it is asked for."""
    if name in __all__:
        from perfbot import api

        return getattr(api, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
