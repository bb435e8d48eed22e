"""The one retry layer: what is worth another try, how long to wait for it, and how never to post twice."""

from __future__ import annotations

import email.utils
import random
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeVar

from perfbot.forge.base import RefusedError, UnreachableError
from perfbot.render.escape import clean
from perfbot.web import docs

T = TypeVar("T")

PASSING = frozenset({408, 409, 425, 429, 500, 502, 503, 504, 520, 521, 522, 523, 524})
"""HTTP statuses that say "later", 409 among them: GitLab answers it while it holds a lock."""

LONGEST_WAIT = 60.0
"""Seconds; a server's Retry-After is honoured up to here."""

PATIENCE = 180.0
"""Seconds that one request, with all of its repeats, may take."""

LONGEST_REQUEST = 30.0
"""Seconds after which one request counts as lost."""

LAST_REQUEST = 0.1
"""Share of the patience that the last request gets where nothing of it is left."""

FIRST_WAIT, SLOWEST_WAIT = 0.5, 20.0
"""Seconds: bounds of the random exponential waits where the server names none."""

SHORTEST_WAIT = 0.1
"""Seconds; for servers that say "after 0 seconds" for ever."""

_EXCERPT = 300
_LONGEST_NUMBER = 12


@dataclass(frozen=True, slots=True)
class Fault:
    """A request that failed.

    Attributes:
        status: of HTTP; 0 when there was no answer, or none that can be read.
        wait: seconds, if the server said.
        passing: worth another try.
        lost: it may have been carried out all the same.
    """

    status: int
    message: str
    wait: float | None = None
    passing: bool = False
    lost: bool = False


class FaultError(Exception):
    """Carries a :class:`Fault` to the retry layer."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.message)
        self.fault = fault


def fault_of(status: int, headers: Mapping[str, str], text: str, now: float | None = None) -> Fault:
    """Read an answer of 300 and above.

    A 403 is a passing fault only when it names its end: that is how GitHub tells of its secondary limits.
    """
    wait = _wait(headers, time.time() if now is None else now)
    limited = status == 403 and (wait is not None or "secondary rate limit" in text.lower())
    said = clean(" ".join(text.split()), _EXCERPT)
    return Fault(status, said, wait, status in PASSING or limited, lost=status >= 500 or status == 408)


def untrusted(error: Exception) -> Fault:
    """A server whose certificate is not vouched for: no waiting mends that."""
    found = re.search(r"certificate verify failed: [^(']+", str(error))
    return Fault(0, f"no trusted connection: {found[0].strip() if found else type(error).__name__}")


def _wait(headers: Mapping[str, str], now: float) -> float | None:
    found = {name.lower(): value for name, value in headers.items()}
    if "retry-after" in found:
        return _retry_after(found["retry-after"], now)
    reset = _seconds(found.get("x-ratelimit-reset", ""))
    if found.get("x-ratelimit-remaining") == "0" and reset is not None:
        return max(0.0, reset - now)
    return None


def _retry_after(text: str, now: float) -> float | None:
    """Seconds, or an HTTP date; nothing when it is neither."""
    if (seconds := _seconds(text)) is not None:
        return seconds
    try:
        moment = email.utils.parsedate_to_datetime(text)
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return max(0.0, (moment - datetime.fromtimestamp(now, UTC)).total_seconds())
    except (ValueError, TypeError, OverflowError):
        return None


def _seconds(text: str) -> float | None:
    """A plain whole number; "²" is a digit to Python, and none to HTTP."""
    text = text.strip()
    plain = text.isascii() and text.isdecimal() and len(text) <= _LONGEST_NUMBER
    return float(text) if plain else None


class Retries:
    """Runs requests, again where that helps and harms nobody.

    Args:
        patience: seconds to go on trying one request; a forge that was given up once gets one try from then on.
        sleep: waits; tests pass their own.
        clock: seconds.
        uniform: draws the waits.
    """

    def __init__(
        self,
        *,
        patience: float = PATIENCE,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
        uniform: Callable[[float, float], float] = random.uniform,
    ) -> None:
        self.patience = patience
        self.sleep = sleep
        self.clock = clock
        self._uniform = uniform
        self._left = patience

    def call(self, what: str, action: Callable[[float], T], *, found: Callable[[], T | None] | None = None) -> T:
        """Do a request until it is done.

        Args:
            what: the request in words, for messages.
            action: does it, within so many seconds; for a creation, give ``found`` too.
            found: looks for what an earlier attempt may have made although its answer was lost.

        Raises:
            RefusedError: the forge said no.
            UnreachableError: it did not answer properly in time.
        """
        left, attempt, lost = self._left, 0, False
        while True:
            began = self.clock()
            try:
                made = self._look(found, left) if found and lost else None
                done = action(self._seconds_for(left)) if made is None else made
            except FaultError as error:
                fault = error.fault
            else:
                self._left = self.patience
                return done
            left, lost = left - (self.clock() - began), lost or fault.lost
            if not fault.passing or left <= 0:
                self._left = 0.0 if fault.passing else self._left
                raise _final(what, fault)
            wait = min(self._how_long(fault, attempt), left)
            self.sleep(wait)
            left, attempt = left - wait, attempt + 1

    def _look(self, found: Callable[[], T | None], left: float) -> T | None:
        """Looking shares the patience of what is looked for."""
        before, self._left = self._left, left
        try:
            return found()
        finally:
            self._left = before

    def _seconds_for(self, left: float) -> float:
        return max(LAST_REQUEST * self.patience, min(left, LONGEST_REQUEST))

    def _how_long(self, fault: Fault, attempt: int) -> float:
        if fault.wait is not None:
            return max(SHORTEST_WAIT, min(fault.wait, LONGEST_WAIT))
        return self._uniform(SHORTEST_WAIT, min(FIRST_WAIT * 2.0 ** min(attempt, 10), SLOWEST_WAIT))


def _final(what: str, fault: Fault) -> RefusedError | UnreachableError:
    if fault.passing:
        return UnreachableError(f"Could not {what}: the forge did not do it in time ({_said(fault)}).")
    hint = {
        0: "Set PERFBOT_CA_BUNDLE to the file of the certificate authority that vouches for the server.",
        401: "The token is wrong, expired or revoked: set PERFBOT_TOKEN anew.",
        403: f"The token may not do this: see the table of permissions in {docs('security')}.",
        404: f"Either it does not exist, or the token may not see it: see {docs('security')}.",
    }.get(fault.status, "")
    return RefusedError(f"Could not {what}: the forge refused ({_said(fault)}).", status=fault.status, hint=hint)


def _said(fault: Fault) -> str:
    return f"HTTP {fault.status}: {fault.message}" if fault.status else fault.message
