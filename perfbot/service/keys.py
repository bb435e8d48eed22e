"""The public keys of issuers, found where they publish them, and kept.

Anybody can send a token that names an issuer and a key nobody knows. So issuers are asked by one thread at a time and
not more often than every half minute; who comes meanwhile is told to come again, and holds nothing up.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import jwt

from perfbot.addresses import http_client
from perfbot.errors import UsageError

PAUSE = 30.0
"""Seconds between two questions to one issuer."""

FRESH = 3600.0
"""Seconds after which keys are asked for again, since issuers change them."""

STALE = 24 * 3600.0
"""Seconds for which keys are believed while their issuer does not answer."""

TIMEOUT = 10.0
LARGEST = 1024 * 1024
"""Bytes of an issuer's answer."""

_NOT_READ = (ValueError, KeyError, TypeError, AttributeError, RecursionError)

Fetch = Callable[[str], Mapping[str, Any]]
"""(issuer) → its keys by their names; raises :class:`jwt.PyJWTError`."""


class BusyError(Exception):
    """The issuer cannot be asked right now; the same token may be good in a moment."""


@dataclass(slots=True)
class PublishedKeys:
    """Finds the key that a token says it is signed with."""

    fetch: Fetch
    clock: Callable[[], float] = time.monotonic
    _known: dict[str, tuple[float, Mapping[str, Any]]] = field(default_factory=dict, init=False)
    _asked: dict[str, float] = field(default_factory=dict, init=False)
    _asking: threading.Lock = field(default_factory=threading.Lock, init=False)

    def __call__(self, issuer: str, token: str) -> Any:
        """The issuer's key for a token.

        Raises:
            jwt.PyJWTError: there is no such key.
            BusyError: the issuer cannot be asked now.
        """
        name = str(jwt.get_unverified_header(token).get("kid", ""))
        since, keys = self._known.get(issuer, (float("-inf"), {}))
        age = self.clock() - since
        if name in keys and age < FRESH:
            return keys[name]
        try:
            return self._ask(issuer)[name]
        except KeyError:
            raise jwt.PyJWKClientError("the issuer has no such key") from None
        except (BusyError, jwt.PyJWTError):
            if name in keys and age < STALE:
                return keys[name]
            raise

    def _ask(self, issuer: str) -> Mapping[str, Any]:
        if not self._asking.acquire(blocking=False):
            raise BusyError("the issuer's keys are being asked for")
        try:
            now = self.clock()
            if now - self._asked.get(issuer, float("-inf")) < PAUSE:
                return self._lately(issuer)
            self._asked[issuer] = now
            found = self.fetch(issuer)
            self._known[issuer] = (self.clock(), found)
            return found
        finally:
            self._asking.release()

    def _lately(self, issuer: str) -> Mapping[str, Any]:
        """What was answered a moment ago is not asked again."""
        if issuer not in self._known:
            raise BusyError("the issuer did not answer a moment ago")
        return self._known[issuer][1]


def fetch(issuer: str) -> Mapping[str, Any]:
    """An issuer's keys, by ``/.well-known/openid-configuration``."""
    import httpx  # noqa: PLC0415

    try:
        with http_client(timeout=TIMEOUT) as client:
            about = _json(client, f"{issuer.rstrip('/')}/.well-known/openid-configuration")
            listed = _json(client, _as_safe(str(about["jwks_uri"]), issuer))
        return dict(filter(None, map(_key, listed["keys"])))
    except (httpx.HTTPError, httpx.InvalidURL, UsageError, *_NOT_READ) as error:
        raise BusyError("the issuer's keys cannot be found") from error


def _as_safe(address: str, issuer: str) -> str:
    """The address of the keys, which nobody on the way may answer for where the issuer's cannot be.

    Raises:
        ValueError: it is plain HTTP, and the issuer's is not.
    """
    if issuer.startswith("https://") and not address.startswith("https://"):
        raise ValueError("keys over plain HTTP")
    return address


def _key(key: Mapping[str, Any]) -> tuple[str, Any] | None:
    """Name and key; None for one of another kind, which keeps nobody from using the others."""
    try:
        return (str(key["kid"]), jwt.PyJWK(dict(key)).key) if _usable(key) else None
    except jwt.PyJWTError:
        return None


def _usable(key: Mapping[str, Any]) -> bool:
    return key.get("kty") in ("RSA", "EC") and key.get("use", "sig") == "sig" and "kid" in key


def _json(client: Any, address: str) -> Any:
    import json  # noqa: PLC0415

    with client.stream("GET", address) as answer:
        answer.raise_for_status()
        parts, size = [], 0
        for part in answer.iter_bytes():
            size += len(part)
            if size > LARGEST:
                raise ValueError("an answer without an end")
            parts.append(part)
    return json.loads(b"".join(parts))
