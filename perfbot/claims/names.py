"""Which benchmarks a claim is about; pure."""

from __future__ import annotations

import re
from collections.abc import Sequence

from perfbot.claims.grammar import Claim
from perfbot.config.names import closest, matches, meant
from perfbot.errors import UsageError

MOST_NAMED = 4
"""Benchmarks that are shown where one was asked for and several are called so."""


def named(claim: Claim, names: Sequence[str]) -> frozenset[str]:
    """The benchmarks that a claim is about.

    A pattern that is a whole ``suite/benchmark`` means that alone. A function's name without its file is enough, and
    means all its parameters; where functions of several files are called so, it has to be said which.

    Args:
        names: every ``suite/benchmark`` there is.

    Raises:
        UsageError: the claim may be about one benchmark or about another.
    """
    whole = [name for name in names if matches(name, claim.match)]
    if whole:
        return frozenset(whole)
    found = [name for name in names if meant(name, (claim.match,))]
    functions = sorted({name.partition("[")[0] for name in found})
    if len(functions) > 1 and not re.search(r"[*?[]", claim.match):
        shown = ", ".join(functions[:MOST_NAMED]) + (", …" if len(functions) > MOST_NAMED else "")
        raise UsageError(
            f"{claim.match!r} may be any of {len(functions)} benchmarks: {shown}",
            hint=f"Say which, or mean all of them: *{claim.match.rpartition('/')[2]}",
        )
    return frozenset(found)


def nothing_named(claim: Claim, names: Sequence[str]) -> str:
    """What to say where a claim is about no benchmark that there is."""
    near = closest(claim.match, names)
    meant_ = f"; did you mean {near}?" if near else ""
    return f"no benchmark is called {claim.match}{meant_}"
