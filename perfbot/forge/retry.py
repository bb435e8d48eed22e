"""The one retry layer: what is worth another try, how long to wait for it, and how never to post twice.

The clients' own retrying is switched off: it repeats a POST blindly, which makes a second comment when only
the answer was lost, and it never repeats a PATCH.
"""

from __future__ import annotations

import email.utils
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeVar

import tenacity

from perfbot.forge.base import RefusedError, UnreachableError

T = TypeVar("T")

PASSING = frozenset({408, 409, 425, 429, 500, 502, 503, 504, 520, 521, 522, 523, 524})
"""HTTP statuses that say "later", 409 among them: GitLab answers it while it holds a lock."""

LONGEST_WAIT = 60.0
"""Seconds; a server's Retry-After is honoured up to here."""

PATIENCE = 180.0
"""Seconds that one request, with all of its repeats, may take."""

FIRST_WAIT, SLOWEST_WAIT = 0.5, 20.0
"""Seconds: bounds of the random exponential waits where the server names none."""

MORE_THAN_ENOUGH = 20
"""Attempts; time runs out first unless the waits are short."""

_EXCERPT = 300


@dataclass(frozen=True, slots=True)
class Fault:
    """A request that failed. ``status`` is 0 when there was no answer; ``wait`` in seconds, if the server said."""

    status: int
    message: str
    wait: float | None = None
    passing: bool = False


class FaultError(Exception):
    """Carries a :class:`Fault` from a client to the retry layer."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.message)
        self.fault = fault


def fault_of(status: int, headers: Mapping[str, str], text: str, now: float | None = None) -> Fault:
    """Read an answer of 400 and above.

    A 403 is a passing fault only when it names its end: that is how GitHub tells of its secondary limits.
    """
    wait = _wait(headers, time.time() if now is None else now)
    limited = status == 403 and (wait is not None or "secondary rate limit" in text.lower())
    return Fault(status, text[:_EXCERPT], wait, status in PASSING or limited)


def untrusted(error: Exception) -> Fault:
    """A server whose certificate is not vouched for: no waiting mends that."""
    found = re.search(r"certificate verify failed: [^(']+", str(error))
    return Fault(0, f"no trusted connection: {found[0].strip() if found else type(error).__name__}")


def _wait(headers: Mapping[str, str], now: float) -> float | None:
    found = {name.lower(): value for name, value in headers.items()}
    if "retry-after" in found:
        return _retry_after(found["retry-after"], now)
    if found.get("x-ratelimit-remaining") == "0" and found.get("x-ratelimit-reset", "").isdigit():
        return max(0.0, float(found["x-ratelimit-reset"]) - now)
    return None


def _retry_after(text: str, now: float) -> float | None:
    """Seconds, or an HTTP date; nothing when it is neither."""
    if text.strip().isdigit():
        return float(text)
    try:
        moment = email.utils.parsedate_to_datetime(text)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, (moment - datetime.fromtimestamp(now, UTC)).total_seconds())


class Retries:
    """Runs requests, again where that helps and harms nobody.

    Args:
        read: turns a client's exception into a fault; None for exceptions that are not about the request.
        patience: seconds to go on trying one request.
        sleep: waits; tests pass their own.
    """

    def __init__(
        self,
        read: Callable[[Exception], Fault | None],
        *,
        patience: float = PATIENCE,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._read = read
        self._patience = patience
        self._sleep = sleep
        self._backoff = tenacity.wait_random_exponential(multiplier=FIRST_WAIT, max=SLOWEST_WAIT)

    def call(self, what: str, action: Callable[[], T], *, found: Callable[[], T | None] | None = None) -> T:
        """Do a request until it is done.

        Args:
            what: the request in words, for messages.
            action: does it; for a creation, give ``found`` too.
            found: looks for what an earlier attempt may have made although its answer was lost.

        Raises:
            RefusedError: the forge said no.
            UnreachableError: it did not answer properly in time.
        """
        try:
            for attempt in self._attempts():
                with attempt:
                    if found is not None and attempt.retry_state.attempt_number > 1:
                        made = found()
                        if made is not None:
                            return made
                    return self._once(action)
        except FaultError as error:
            raise _final(what, error.fault) from error
        raise AssertionError(what)

    def _once(self, action: Callable[[], T]) -> T:
        try:
            return action()
        except FaultError:
            raise
        except Exception as error:
            fault = self._read(error)
            if fault is None:
                raise
            raise FaultError(fault) from error

    def _attempts(self) -> tenacity.Retrying:
        return tenacity.Retrying(
            retry=tenacity.retry_if_exception(lambda e: isinstance(e, FaultError) and e.fault.passing),
            stop=tenacity.stop_after_delay(self._patience) | tenacity.stop_after_attempt(MORE_THAN_ENOUGH),
            wait=self._how_long,
            sleep=self._sleep,
            reraise=True,
        )

    def _how_long(self, state: tenacity.RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome else None
        if isinstance(error, FaultError) and error.fault.wait is not None:
            return min(error.fault.wait, LONGEST_WAIT)
        return self._backoff(state)


def _final(what: str, fault: Fault) -> RefusedError | UnreachableError:
    if fault.passing:
        return UnreachableError(f"Could not {what}: the forge did not do it in time ({_said(fault)}).")
    hint = {
        0: "Set PERFBOT_CA_BUNDLE to the file of the certificate authority that vouches for the server.",
        401: "The token is wrong, expired or revoked: set PERFBOT_TOKEN anew.",
        403: "The token may not do this: see the table of permissions in docs/security.md.",
        404: "Either it does not exist, or the token may not see it: see docs/security.md.",
    }.get(fault.status, "")
    return RefusedError(f"Could not {what}: the forge refused ({_said(fault)}).", status=fault.status, hint=hint)


def _said(fault: Fault) -> str:
    return f"HTTP {fault.status}: {fault.message}" if fault.status else fault.message
