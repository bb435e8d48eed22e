"""Forges behind a private certificate authority, behind a proxy, and below a path of their server."""

from __future__ import annotations

import datetime as dt
import ipaddress
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from perfbot.ci.place import find_place, given
from perfbot.forge.base import Forge, RefusedError
from perfbot.forge.connect import connect
from tests.builders import HEAD
from tests.fakes.github import APP, FakeGitHub, app_pem
from tests.fakes.gitlab import FakeGitLab

KINDS = ["gitlab", "github", "app"]


@dataclass
class Remote:
    """A fake with what is needed to reach it."""

    kind: str
    fake: Any

    def connect(self, url: str, **environ: str) -> Forge:
        own = {"PERFBOT_TOKEN": self.fake.token, **environ}
        if self.kind == "app":
            own |= {"PERFBOT_APP_ID": APP, "PERFBOT_APP_PRIVATE_KEY": app_pem()}
        forge = "gitlab" if self.kind == "gitlab" else "github"
        place = given(find_place(own, {}), own, forge=forge, project=self.fake.project, url=url)
        return connect(place, root=Path.cwd(), patience=3, pace=0)


def make(kind: str) -> Any:
    fake = FakeGitLab() if kind == "gitlab" else FakeGitHub()
    fake.add_merge_request(1, HEAD)
    return fake


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A certificate for 127.0.0.1 that only itself vouches for, with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "forge.example")])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = tmp_path / "server.pem"
    file.write_bytes(
        made.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return file


@pytest.fixture(params=KINDS)
def private(request: pytest.FixtureRequest, certificate: Path) -> Iterator[Remote]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with make(request.param).running(context) as fake:
        yield Remote(request.param, fake)
        assert fake.violations == []


def test_a_certificate_of_ones_own(private: Remote, certificate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"):
        monkeypatch.delenv(name, raising=False)
    forge = private.connect(private.fake.url, PERFBOT_CA_BUNDLE=str(certificate))
    assert forge.repository.merge_request(1).head == HEAD
    forge.comments(1).write("hello", "hello")
    assert len(private.fake.by_bot()) == 1


def test_a_certificate_that_nobody_vouches_for_is_refused_at_once(
    private: Remote, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(RefusedError, match="no trusted connection") as caught:
        private.connect(private.fake.url).repository.merge_request(1)
    assert "PERFBOT_CA_BUNDLE" in str(caught.value)
    assert private.fake.log == []


@pytest.mark.parametrize("kind", KINDS)
def test_through_a_proxy(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The fake plays the proxy: it is asked for whole addresses of a host that does not exist."""
    for name in ("NO_PROXY", "no_proxy", "http_proxy"):
        monkeypatch.delenv(name, raising=False)
    with make(kind).running() as fake:
        monkeypatch.setenv("HTTP_PROXY", fake.url)
        forge = Remote(kind, fake).connect("http://forge.invalid")
        assert forge.repository.merge_request(1).head == HEAD
        assert fake.violations == []


@pytest.mark.parametrize("kind", KINDS)
def test_below_a_path(kind: str) -> None:
    """GitLab at a relative URL, GitHub's API at /api/v3; listings of several pages stay below it."""
    with make(kind).running(below="/below/api") as fake:
        for number in range(120):
            fake.say(f"foreign {number}")
        forge = Remote(kind, fake).connect(fake.url)
        assert len(forge.comments(1).notes()) == 120
        assert fake.violations == []
