"""Whether a delivery comes from the forge; pure, constant in time, and closed by default.

GitHub signs the body (``X-Hub-Signature-256``). GitLab sends either a plain token (``X-Gitlab-Token``) or, with a
signing token that begins with ``whsec_``, signatures after the Standard Webhooks specification over id, time and body.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping

from perfbot.errors import UsageError

TOLERANCE = 300.0
"""Seconds that a signed time may be off."""

SIGNING = "whsec_"
SHORTEST = 16
"""Characters of a secret."""

SHORTEST_KEY = 24
"""Bytes of a signing key, as the specification has it."""


def check_secret(name: str, secret: str) -> None:
    """That a configured secret can protect anything.

    Raises:
        UsageError: it is too short, or no signing token although it looks like one.
    """
    if len(secret) < SHORTEST:
        raise UsageError(
            f"{name} has fewer than {SHORTEST} characters.",
            hint='Make one with: python3 -c "import secrets; print(secrets.token_urlsafe())"',
        )
    if secret.startswith(SIGNING) and len(_signing_key(secret, name)) < SHORTEST_KEY:
        raise UsageError(f"{name} holds a signing key of fewer than {SHORTEST_KEY} bytes.")


def from_github(secret: str, headers: Mapping[str, str], body: bytes) -> bool:
    """Whether GitHub signed the body with the secret. ``headers`` has lower-case names."""
    expected = "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return _equal(headers.get("x-hub-signature-256", ""), expected)


def from_gitlab(secret: str, headers: Mapping[str, str], body: bytes, now: float) -> bool:
    """Whether GitLab sent the body. ``now`` in seconds since the epoch; ``headers`` has lower-case names."""
    if not secret.startswith(SIGNING):
        return _equal(headers.get("x-gitlab-token", ""), secret)
    moment = headers.get("webhook-timestamp", "")
    if not moment.isdecimal() or len(moment) > len("99999999999") or abs(now - int(moment)) > TOLERANCE:
        return False
    content = b".".join((headers.get("webhook-id", "").encode(), moment.encode(), body))
    digest = hmac.new(_signing_key(secret, "secret"), content, hashlib.sha256).digest()
    expected = base64.b64encode(digest).decode()
    given = [part.partition(",") for part in headers.get("webhook-signature", "").split()]
    return any(version == "v1" and _equal(signature, expected) for version, _, signature in given)


def _signing_key(secret: str, name: str) -> bytes:
    try:
        return base64.b64decode(secret.removeprefix(SIGNING), validate=True)
    except binascii.Error as error:
        raise UsageError(f"{name} begins with {SIGNING}, but what follows is not base64.") from error


def _equal(given: str, expected: str) -> bool:
    return hmac.compare_digest(given.encode("utf-8", "surrogateescape"), expected.encode())
