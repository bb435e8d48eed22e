"""Who comes to the service: headers that are no text, and keys that anybody on the way could make up."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from perfbot.service import keys
from perfbot.service.access import Guard
from perfbot.service.keys import BusyError, fetch

TOKEN = "a-token-of-some-length"


def client() -> TestClient:
    routes = [Route("/", lambda _: PlainTextResponse("seen"))]
    return TestClient(Starlette(routes=routes, middleware=[Middleware(Guard, token=TOKEN)]))


@pytest.mark.parametrize(
    "header",
    [
        b"Basic \xff\xfe",
        b"Basic =",
        b"Basic",
        b"Bearer \xff",
        b"Bearer",
        b"Basic " + base64.b64encode(b"\xff\xff:x"),
        b"Basic " + base64.b64encode(TOKEN.encode()),
        b"Digest " + TOKEN.encode(),
    ],
)
def test_a_header_that_is_no_text_is_a_wrong_token(header: bytes) -> None:
    """One of them was a mistake of the service's."""
    assert client().get("/", headers={b"authorization": header}).status_code == 401


def test_the_token_is_let_in() -> None:
    for header in (b"Bearer " + TOKEN.encode(), b"Basic " + base64.b64encode(b"me:" + TOKEN.encode())):
        assert client().get("/", headers={b"authorization": header}).text == "seen"


@pytest.mark.parametrize("address", ["http://issuer.example/keys", "file:///etc/passwd", "ftp://x/", ""])
def test_keys_are_not_read_over_plain_http(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """An issuer that is asked by https alone could name keys that anybody on the way could answer for."""
    asked: list[str] = []

    def answer(_: Any, where: str) -> dict[str, object]:
        asked.append(where)
        return {"jwks_uri": address} if where.endswith("configuration") else {"keys": []}

    monkeypatch.setattr(keys, "_json", answer)
    with pytest.raises(BusyError):
        fetch("https://issuer.example")
    assert asked == ["https://issuer.example/.well-known/openid-configuration"]
