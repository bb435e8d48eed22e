"""Signing in as a GitHub App: by its private key to its installation in one repository.

The key signs short-lived tokens in this process and goes nowhere else; the client fetches the installation's tokens
with them, and new ones before they expire.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import github

from perfbot.errors import UsageError
from perfbot.forge.base import NOT_FOUND, RefusedError
from perfbot.forge.retry import Retries

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


@dataclass(frozen=True, slots=True)
class SignedIn:
    """What an App works with in one repository. ``bot`` is the login that its comments have."""

    auth: github.Auth.AppInstallationAuth
    bot: str


def sign_in(api: str, project: str, app: str, private_key: str, *, ca_bundle: str = "", retries: Retries) -> SignedIn:
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
    auth = github.Auth.AppAuth(app, private_key)
    _try_key(auth)
    integration = github.GithubIntegration(
        auth=auth, base_url=api, timeout=30, verify=ca_bundle or True, retry=None, user_agent="perfbot"
    )
    owner, _, name = project.partition("/")
    try:
        slug = retries.call("sign in as a GitHub App", lambda: integration.get_app().slug)
        installation = retries.call(
            f"find the App's installation in {project}", lambda: integration.get_repo_installation(owner, name)
        )
    except RefusedError as error:
        raise RefusedError(error.message, status=error.status, hint=_hint(error, project)) from error
    return SignedIn(auth.get_installation_auth(installation.id, asked_of(installation.permissions)), f"{slug}[bot]")


def asked_of(granted: Mapping[str, str]) -> dict[str, str]:
    """The permissions of a token: those that perfbot needs, as far as the installation has them."""
    return {name: "read" if granted[name] == "read" else level for name, level in NEEDED.items() if name in granted}


def _try_key(auth: github.Auth.AppAuth) -> None:
    """Sign something: only that shows whether the key is one. The error says nothing of its text."""
    try:
        auth.create_jwt()
    except Exception:  # noqa: BLE001 - the libraries below raise many kinds, some with the text in them
        raise UsageError(
            "The GitHub App's private key cannot be read: it is no PEM private key.",
            hint="Set PERFBOT_APP_PRIVATE_KEY_FILE to the .pem file that GitHub made, or PERFBOT_APP_PRIVATE_KEY to "
            "its text with all of its lines.",
        ) from None


def _hint(error: RefusedError, project: str) -> str:
    if error.status == NOT_FOUND:
        return f"Install the App in {project}: its settings, Install App. docs/tutorial.md, section 4, has the steps."
    if error.status == 401:
        return "PERFBOT_APP_ID and the private key do not belong together, or this machine's clock is wrong."
    return error.hint
