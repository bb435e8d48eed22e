"""Signing in as a GitHub App: by its private key to its installation in one repository.

The key signs short-lived tokens in this process and goes nowhere else; with them installation tokens are fetched, and
new ones before they expire.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

from github.Auth import AppAuth, Auth
from github.GithubApp import GithubApp
from github.InstallationAuthorization import InstallationAuthorization

from perfbot.errors import UsageError
from perfbot.forge.base import NOT_FOUND, RefusedError
from perfbot.forge.github_server import NOT_READ, RestRequester
from perfbot.forge.rest import Rest, text_in
from perfbot.forge.retry import Retries
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

EARLY = 60.0
"""Seconds before a token's end from which a new one is used."""


class InstallationAuth(Auth):
    """What an App works with in one repository: tokens of its installation, each used until shortly before its end.

    PyGithub's own would fetch them by a client of its own, past :class:`~perfbot.forge.rest.Rest`.

    Args:
        bot: the login that its comments have.
        fetch: asks for a new token; returns it and its end, in seconds since the epoch.
        clock: seconds since the epoch.
    """

    token_type = "Bearer"  # noqa: S105 - no password

    def __init__(
        self, bot: str, fetch: Callable[[], tuple[str, float]], clock: Callable[[], float] = time.time
    ) -> None:
        self.bot = bot
        self._fetch = fetch
        self._clock = clock
        self._token, self._end = "", 0.0

    @property
    def token(self) -> str:
        """One that holds."""
        if self._clock() > self._end - EARLY:
            self._token, self._end = self._fetch()
        return self._token


def sign_in(
    api: str, project: str, app: str, private_key: str, *, ca_bundle: str = "", retries: Retries
) -> InstallationAuth:
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
    auth = AppAuth(app, private_key)
    _try_key(auth)
    rest = Rest(api, retries, ca_bundle=ca_bundle, faults=NOT_READ)
    requester = RestRequester(rest, auth)
    try:
        slug = rest.call("sign in as a GitHub App", lambda: text_in(GithubApp(requester, url="/app").slug))
        what = f"find the App's installation in {project}"
        number, granted = rest.call(what, lambda: _installation(requester, project))
    except RefusedError as error:
        raise RefusedError(error.message, status=error.status, hint=_hint(error, project)) from error
    asked, url = {"permissions": asked_of(granted)}, f"/app/installations/{number}/access_tokens"

    def token() -> tuple[str, float]:
        made = InstallationAuthorization(requester, *requester.requestJsonAndCheck("POST", url, input=asked))
        return text_in(made.token), made.expires_at.timestamp()

    return InstallationAuth(f"{slug}[bot]", lambda: rest.call("get a token", token))


def asked_of(granted: Mapping[str, str]) -> dict[str, str]:
    """The permissions of a token: those that perfbot needs, as far as the installation has them."""
    return {name: "read" if granted[name] == "read" else level for name, level in NEEDED.items() if name in granted}


def _try_key(auth: AppAuth) -> None:
    """Sign something: only that shows whether the key is one. The error says nothing of its text."""
    try:
        auth.create_jwt()
    except Exception:  # noqa: BLE001 - the libraries below raise many kinds, some with the text in them
        raise UsageError(
            "The GitHub App's private key cannot be read: it is no PEM private key.",
            hint="Set PERFBOT_APP_PRIVATE_KEY_FILE to the .pem file that GitHub made, or PERFBOT_APP_PRIVATE_KEY to "
            "its text with all of its lines.",
        ) from None


def _installation(requester: RestRequester, project: str) -> tuple[int, dict[str, str]]:
    """Its number and what it was granted. PyGithub's object would make a client of its own."""
    _, found = requester.requestJsonAndCheck("GET", f"/repos/{project}/installation")
    return int(found["id"]), {str(name): str(level) for name, level in (found.get("permissions") or {}).items()}


def _hint(error: RefusedError, project: str) -> str:
    if error.status == NOT_FOUND:
        return f"Install the App in {project}: its settings, Install App. The steps: {docs('tutorial')}, section 4."
    if error.status == 401:
        return "PERFBOT_APP_ID and the private key do not belong together, or this machine's clock is wrong."
    return error.hint
