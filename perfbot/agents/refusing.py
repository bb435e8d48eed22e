"""What an agent may say: everything else is answered with what was expected. Pure.

Whoever talks to the server may be told what to say by a stranger's text. So an argument names revisions, benchmarks and
numbers, and never a path, an option, a command or an address.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from perfbot.claims.grammar import MOST_CHARACTERS
from perfbot.errors import UsageError

MOST_GLOBS, LONGEST_GLOB = 20, 200
LEAST_SECONDS, MOST_SECONDS = 1.0, 900.0
LEAST_THRESHOLD, MOST_THRESHOLD = 0.0005, 1.0

_REVISION = re.compile(r"[A-Za-z0-9_][\w./~^@{}+-]{0,199}")
_PLAIN = re.compile(r"[^\x00-\x1f\x7f\u2028\u2029\u202a-\u202e\u2066-\u2069]*")


def revision(text: str) -> str:
    """A commit to compare with; empty for the merge base.

    Raises:
        UsageError: it is none.
    """
    if text and (not _REVISION.fullmatch(text) or ".." in text or "@{-" in text or "//" in text):
        raise UsageError('base: expected a commit, branch or tag such as "main", "v1.2" or "HEAD~2"')
    return text


def globs(several: Sequence[str]) -> tuple[str, ...]:
    """Patterns of benchmarks' names.

    Raises:
        UsageError: too many, too long, or not text of one line.
    """
    if len(several) > MOST_GLOBS:
        raise UsageError(f"only: expected at most {MOST_GLOBS} patterns, found {len(several)}")
    for one in several:
        if not one.strip() or len(one) > LONGEST_GLOB or not _PLAIN.fullmatch(one):
            raise UsageError(f'only: expected patterns such as "core/parse*" of at most {LONGEST_GLOB} characters')
    return tuple(several)


def claim(text: str) -> str:
    """A claim, before it is read.

    Raises:
        UsageError: longer than any claim, or not text of one line.
    """
    if len(text) > MOST_CHARACTERS or not _PLAIN.fullmatch(text):
        raise UsageError(f"claim: expected one line of at most {MOST_CHARACTERS} characters")
    return text


def seconds(value: float) -> float:
    """A time limit.

    Raises:
        UsageError: outside of what a server waits for.
    """
    if not LEAST_SECONDS <= value <= MOST_SECONDS:
        raise UsageError(f"budget_seconds: expected {LEAST_SECONDS:.0f} to {MOST_SECONDS:.0f}")
    return value


def threshold(percent: float | None) -> float | None:
    """The smallest change that matters, as a fraction.

    Raises:
        UsageError: no percentage that can be decided.
    """
    if percent is None:
        return None
    if not LEAST_THRESHOLD <= percent / 100 <= MOST_THRESHOLD:
        raise UsageError("threshold_percent: expected 0.05 to 100")
    return percent / 100
