"""Hands reports to a perfbot service, which keeps and publishes them: the forge's token never lives in CI.

Who speaks is proved by a project's token (``PERFBOT_SERVER_TOKEN``), by GitLab's identity token
(``id_tokens: PERFBOT_ID_TOKEN``), or by GitHub's, which is asked for here (``permissions: id-token: write``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from urllib.parse import urlsplit

import httpx
from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_random_exponential

from perfbot.errors import PublishError, UsageError

TRIES = 6
TIMEOUT_SECONDS = 60.0


class _AgainError(Exception):
    """Worth another try: the service was away, busy, or restarting."""


def hand_over(
    files: Sequence[Path],
    server: str,
    environ: Mapping[str, str],
    *,
    branch: str = "",
    client: httpx.Client | None = None,
    wait: float = 1.0,
) -> tuple[bool, ...]:
    """Sends reports; for each, whether it was new to the service.

    Sending one again changes nothing, so a lost answer is simply asked for again.

    Args:
        server: address of the service; plain HTTP only on this machine.
        branch: for a project's token on a branch; identity tokens say it themselves.
        wait: seconds before the first repetition.

    Raises:
        UsageError: no token, an address without encryption, or the service refuses the report for good.
        PublishError: the service cannot be reached.
    """
    address = urlsplit(server)
    if address.scheme != "https" and address.hostname not in ("localhost", "127.0.0.1", "::1"):
        raise UsageError(f"--server {server}: a token is sent along, so the address must begin with https://.")
    with client or httpx.Client(timeout=TIMEOUT_SECONDS) as connection:
        token = _token(environ, server.rstrip("/"), connection)
        return tuple(_send(connection, server.rstrip("/"), token, file, branch, wait) for file in files)


def _send(client: httpx.Client, server: str, token: str, file: Path, branch: str, wait: float) -> bool:
    try:
        body = file.read_bytes()
    except OSError as error:
        raise UsageError(f"{file} cannot be read: {error.strerror}.") from error

    def once() -> bool:
        try:
            answer = client.post(
                f"{server}/api/v1/reports", content=body, params={"branch": branch} if branch else {},
                headers={"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
            )  # fmt: skip
        except httpx.TransportError as error:
            raise _AgainError(str(error)) from error
        if answer.status_code in (408, 425, 429) or answer.status_code >= 500:
            raise _AgainError(f"it answered {answer.status_code}")
        if answer.is_success:
            return bool(answer.json().get("queued"))
        raise UsageError(f"{server} refused {file}: {_why(answer)}")

    attempts = Retrying(
        retry=retry_if_exception_type(_AgainError),
        stop=stop_after_attempt(TRIES),
        wait=wait_random_exponential(multiplier=wait, max=30),
        reraise=True,
    )
    try:
        return attempts(once)
    except _AgainError as error:
        raise PublishError(
            f"{server} could not be reached: {error}.", hint=f"Later: perfbot publish --server {server} {file}"
        ) from error


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
    except (httpx.HTTPError, ValueError, KeyError) as error:
        raise PublishError("GitHub gave no identity token.") from error
