"""Hands reports to a perfbot service, which keeps and publishes them: the forge's token never lives in CI.

Who speaks is proved by a project's token (``PERFBOT_SERVER_TOKEN``), by GitLab's identity token
(``id_tokens: PERFBOT_ID_TOKEN``), or by GitHub's, which is asked for here (``permissions: id-token: write``).
"""

from __future__ import annotations

import dataclasses
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from urllib.parse import urlsplit

import httpx
from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_random_exponential

from perfbot.addresses import http_client, plain_address
from perfbot.ci.place import Place
from perfbot.errors import PublishError, ReportError, UsageError
from perfbot.history.records import Release
from perfbot.report import read_bytes

TRIES = 6
TIMEOUT_SECONDS = 60.0


class _AgainError(Exception):
    """Worth another try: the service was away, busy, or restarting."""


def hand_over(
    files: Sequence[Path],
    server: str,
    environ: Mapping[str, str],
    *,
    about: Mapping[str, str] = MappingProxyType({}),
    releases: Sequence[Release] = (),
    client: httpx.Client | None = None,
    wait: float = 1.0,
) -> tuple[bool, ...]:
    """Sends reports; for each, whether it was new to the service.

    Sending one again changes nothing, so a lost answer is simply asked for again.

    Args:
        server: address of the service; plain HTTP only on this machine.
        about: what the job knows of what it hands over, see :func:`about`; an identity token says most by itself.
        releases: told along with a branch's reports, for drift since the last one.
        wait: seconds before the first repetition.

    Raises:
        UsageError: no token, an address without encryption, or the service refuses the report for good.
        PublishError: the service cannot be reached.
    """
    address = urlsplit(plain_address(server, "--server"))
    if address.scheme != "https" and address.hostname not in ("localhost", "127.0.0.1", "::1"):
        raise UsageError(f"--server {server}: a token is sent along, so the address must begin with https://.")
    with client or http_client(timeout=TIMEOUT_SECONDS) as connection:
        token = _token(environ, server.rstrip("/"), connection)
        post = _Post(connection, server.rstrip("/"), token, wait)
        taken = tuple(post.send("reports", _read(file), str(file), dict(about)) for file in files)
        if about.get("branch") and releases:
            _tell(post, releases)
        return taken


def about(place: Place, branch: str) -> dict[str, str]:
    """What a job's own environment and event say of the reports it hands over; of the reports themselves nothing.

    Args:
        branch: that the job measured; empty in a merge request.
    """
    forge = {"forge": place.kind} if place.kind != "local" else {}
    if place.merge_request:
        return {"merge_request": str(place.merge_request), **forge}
    if place.head:
        return {"head": place.head, **({"repository": place.source} if place.source else {}), **forge}
    return {"branch": branch} if branch else {}


def _tell(post: _Post, releases: Sequence[Release]) -> None:
    """Releases are told by the branch whose runs count; another's are refused, which costs its report nothing."""
    body = json.dumps([dataclasses.asdict(one) for one in releases]).encode()
    try:
        post.send("releases", body, "the tags", {})
    except UsageError as error:
        print(f"perfbot: {error.message}", file=sys.stderr)


def _read(file: Path) -> bytes:
    try:
        return read_bytes(file)
    except ReportError as error:
        raise UsageError(error.message) from error


@dataclass(frozen=True, slots=True)
class _Post:
    """A service, and who speaks to it."""

    client: httpx.Client
    server: str
    token: str = field(repr=False)
    wait: float

    def send(self, what: str, body: bytes, name: str, parameters: dict[str, str]) -> bool:
        """Sends until there is an answer; whether it was new."""
        attempts = Retrying(
            retry=retry_if_exception_type(_AgainError),
            stop=stop_after_attempt(TRIES),
            wait=wait_random_exponential(multiplier=self.wait, max=30),
            reraise=True,
        )
        try:
            return attempts(self._once, what, body, name, parameters)
        except _AgainError as error:
            raise PublishError(
                f"{self.server} could not be reached: {error}.",
                hint=f"Later: perfbot publish --server {self.server} {name}",
            ) from error

    def _once(self, what: str, body: bytes, name: str, parameters: dict[str, str]) -> bool:
        try:
            answer = self.client.post(
                f"{self.server}/api/v1/{what}", content=body, params=parameters,
                headers={"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"},
            )  # fmt: skip
        except httpx.TransportError as error:
            raise _AgainError(str(error)) from error
        if answer.status_code in (408, 425, 429) or answer.status_code >= 500:
            raise _AgainError(f"it answered {answer.status_code}")
        if answer.is_success:
            return _queued(answer)
        raise UsageError(f"{self.server} refused {name}: {_why(answer)}")


def _queued(answer: httpx.Response) -> bool:
    """What is no answer of the service's (a proxy's page, half a document) is asked for again."""
    try:
        return bool(answer.json().get("queued"))
    except (ValueError, AttributeError, RecursionError) as error:
        raise _AgainError("the answer is not the service's") from error


def _why(answer: httpx.Response) -> str:
    try:
        return f"{answer.json()['error']} ({answer.status_code})"
    except (ValueError, KeyError, TypeError):
        return f"status {answer.status_code}"


def _token(environ: Mapping[str, str], audience: str, client: httpx.Client) -> str:
    for name in ("PERFBOT_SERVER_TOKEN", "PERFBOT_ID_TOKEN"):
        if environ.get(name):
            return environ[name]
    address, key = environ.get("ACTIONS_ID_TOKEN_REQUEST_URL"), environ.get("ACTIONS_ID_TOKEN_REQUEST_TOKEN")
    if not (address and key):
        raise UsageError(
            "Nothing proves who hands the report over.",
            hint="Set PERFBOT_SERVER_TOKEN, or on GitLab id_tokens: PERFBOT_ID_TOKEN, or on GitHub id-token: write.",
        )
    try:
        answer = client.get(address, params={"audience": audience}, headers={"Authorization": f"Bearer {key}"})
        return str(answer.raise_for_status().json()["value"])
    except (httpx.HTTPError, httpx.InvalidURL, ValueError, KeyError, TypeError) as error:
        raise PublishError("GitHub gave no identity token.") from error
