"""From a place to a connected forge; the clients are imported only when they are needed."""

from __future__ import annotations

from pathlib import Path

from perfbot.ci.place import Place, check
from perfbot.forge.base import Forge
from perfbot.forge.retry import PATIENCE, Retries

PACE = 1.0
"""Seconds between two writing requests, as GitHub asks for."""

LOCAL_FOLDER = Path(".perfbot/forge")


def connect(place: Place, *, root: Path, patience: float = PATIENCE, pace: float = PACE) -> Forge:
    """Connect; no request is made yet, except to find a GitHub App's installation.

    Args:
        root: the checkout, for the local stand-in.
        patience: seconds to go on trying one request.
        pace: seconds between two writing requests to GitHub.

    Raises:
        UsageError: something to connect with is missing.
        PublishError: the App's installation cannot be found.
    """
    check(place)
    if place.kind == "gitlab":
        return _gitlab(place, patience)
    if place.kind == "github":
        return _github(place, patience, pace)
    from perfbot.forge import local  # noqa: PLC0415

    return local.connect(root / LOCAL_FOLDER, root, place.head)


def _gitlab(place: Place, patience: float) -> Forge:
    from perfbot.forge import gitlab  # noqa: PLC0415

    return gitlab.connect(
        place.url,
        place.project,
        place.secrets.token,
        job=place.measured_by,
        ca_bundle=place.ca_bundle,
        retries=Retries(patience=patience),
    )


def _github(place: Place, patience: float, pace: float) -> Forge:
    from github.Auth import Auth, Token  # noqa: PLC0415

    from perfbot.forge import github  # noqa: PLC0415

    retries, bot = Retries(patience=patience), ""
    auth: Auth
    if place.secrets.app:
        from perfbot.forge.github_app import sign_in  # noqa: PLC0415

        app, key = place.secrets.app, place.secrets.private_key
        auth = sign_in(place.url, place.project, app, key, ca_bundle=place.ca_bundle, retries=retries)
        bot = auth.bot
    else:
        auth = Token(place.secrets.token)
    return github.connect(
        place.url,
        place.project,
        auth,
        workflow=place.measured_by,
        bot=bot,
        ca_bundle=place.ca_bundle,
        pace=pace,
        retries=retries,
    )
