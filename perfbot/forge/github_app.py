"""Signing in as a GitHub App: by its private key to its installation in one repository.

The key signs short-lived tokens in this process and goes nowhere else; with them installation tokens are fetched, and
new ones before they expire.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import jwt

from perfbot.errors import UsageError
from perfbot.forge.base import NOT_FOUND, RefusedError
from perfbot.forge.github_server import ACCEPT
from perfbot.forge.rest import Rest
from perfbot.forge.retry import Retries
from perfbot.units import milliseconds
from perfbot.web import docs

NEEDED = {
    "actions": "write",
    "checks": "write",
    "contents": "read",
    "issues": "write",
    "metadata": "read",
    "pull_requests": "write",
    "statuses": "write",
}
"""What perfbot's tokens may do, whatever else the App was granted; what it was not granted is left out."""

BEFORE, AFTER = 60, 540
"""Seconds around now for which a signature holds; GitHub allows ten minutes, and clocks differ."""

EARLY = 60.0
"""Seconds before a token's end from which a new one is used."""


@dataclass(slots=True)
class Installation:
    """What an App works with in one repository.

    Attributes:
        bot: the login that its comments have.
        fetch: asks for a new token; returns it and its end, in seconds since the epoch.
    """

    bot: str
    fetch: Callable[[], tuple[str, float]] = field(repr=False)
    clock: Callable[[], float] = time.time
    _token: str = field(default="", init=False, repr=False)
    _end: float = field(default=0.0, init=False)

    def headers(self) -> Mapping[str, str]:
        """Those of a token that holds."""
        if self.clock() > self._end - EARLY:
            self._token, self._end = self.fetch()
        return {"Authorization": f"Bearer {self._token}"}


def sign_in(
    api: str, project: str, app: str, private_key: str, *, ca_bundle: str = "", retries: Retries
) -> Installation:
    """Find the App's installation in a repository, and the App's name.

    Args:
        api: base URL of the API.
        project: ``owner/name``.
        app: the App's id or client id.
        private_key: as GitHub gives it, PEM.
        ca_bundle: file with the server's certificate authority; empty for the usual ones.

    Raises:
        UsageError: the key is none.
        RefusedError: GitHub does not know the App by this key, or the App is not installed in the repository.
    """
    _signed(app, private_key)
    rest = Rest(
        api,
        lambda: {**ACCEPT, "Authorization": f"Bearer {_signed(app, private_key)}"},
        retries,
        ca_bundle=ca_bundle,
    )
    where = f"/repos/{quote(project)}/installation"
    try:
        slug = rest.send("sign in as a GitHub App", "GET", "/app", read=lambda data: str(data["slug"]))
        what = f"find the App's installation in {project}"
        number, granted = rest.send(what, "GET", where, read=_installation)
    except RefusedError as error:
        raise RefusedError(error.message, status=error.status, hint=_hint(error, project)) from error
    asked, path = {"permissions": asked_of(granted)}, f"/app/installations/{number}/access_tokens"
    return Installation(f"{slug}[bot]", lambda: rest.send("get a token", "POST", path, asked, read=_token))


def asked_of(granted: Mapping[str, str]) -> dict[str, str]:
    """The permissions of a token: those that perfbot needs, as far as the installation has them."""
    return {name: "read" if granted[name] == "read" else level for name, level in NEEDED.items() if name in granted}


def _signed(app: str, private_key: str) -> str:
    """A signature of the App. The error says nothing of the key's text."""
    now = int(time.time())
    claims = {"iat": now - BEFORE, "exp": now + AFTER, "iss": app}
    try:
        return jwt.encode(claims, private_key, algorithm="RS256")
    except Exception:  # noqa: BLE001 - the libraries below raise many kinds, some with the text in them
        raise UsageError(
            "The GitHub App's private key cannot be read: it is no PEM private key.",
            hint="Set PERFBOT_APP_PRIVATE_KEY_FILE to the .pem file that GitHub made, or PERFBOT_APP_PRIVATE_KEY to "
            "its text with all of its lines.",
        ) from None


def _installation(data: Any) -> tuple[int, dict[str, str]]:
    return int(data["id"]), {str(name): str(level) for name, level in (data.get("permissions") or {}).items()}


def _token(data: Any) -> tuple[str, float]:
    return str(data["token"]), milliseconds(str(data["expires_at"])) / 1000


def _hint(error: RefusedError, project: str) -> str:
    if error.status == NOT_FOUND:
        return f"Install the App in {project}: its settings, Install App. The steps: {docs('tutorial')}, section 4."
    if error.status == 401:
        return "PERFBOT_APP_ID and the private key do not belong together, or this machine's clock is wrong."
    return error.hint
