"""Addresses of forges and services, and the clients that ask these.

No message repeats an address that cannot be used: a password may stand in it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from perfbot.errors import UsageError

if TYPE_CHECKING:
    import httpx


def plain_address(address: str, name: str) -> str:
    """The address, known to hold no password: logs, comments and statuses show it.

    Args:
        name: of where it comes from, for the message.

    Raises:
        UsageError: it is none of http or https, or says more than host, port and path.
    """
    try:
        parts = urlsplit(address)
        fine = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        fine = False
    if not fine or "@" in parts.netloc or not address.isprintable() or " " in address:
        raise UsageError(
            f"{name} is no address that can be used (it is not shown: a password may stand in it).",
            hint="Expected https://HOST, without a user's name or password: tokens have variables of their own.",
        )
    return address


def http_client(**options: Any) -> httpx.Client:
    """An ``httpx.Client``, by way of the proxies that the environment names.

    Raises:
        UsageError: one of them cannot be used.
    """
    import httpx  # noqa: PLC0415  (most verbs ask nobody)

    try:
        return httpx.Client(**options)
    except (httpx.InvalidURL, ValueError, ImportError):
        raise UsageError(
            "A proxy of the environment cannot be used (it is not shown: a password may stand in it).",
            hint="Set HTTPS_PROXY, HTTP_PROXY or ALL_PROXY to http://HOST:PORT; / and # of a password are written "
            "%2F and %23.",
        ) from None
