"""Deliveries that are not the forge's are refused; other implementations agree on which are."""

from __future__ import annotations

import base64
import hashlib
import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfbot.cli.serve import read_secrets
from perfbot.errors import UsageError
from perfbot.forge.signatures import check_secret, from_github, from_gitlab

SECRET = "It's a Secret to Everybody"
SIGNING = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


def signed(body: bytes, moment: int = 1_700_000_000, identity: str = "msg_1", secret: str = SIGNING) -> dict[str, str]:
    key = base64.b64decode(secret.removeprefix("whsec_"))
    text = f"{identity}.{moment}.".encode() + body
    signature = base64.b64encode(hmac.new(key, text, hashlib.sha256).digest()).decode()
    return {"webhook-id": identity, "webhook-timestamp": str(moment), "webhook-signature": f"v1,{signature}"}


def test_githubs_own_example() -> None:
    """From GitHub's documentation on validating webhook deliveries."""
    signature = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
    assert from_github(SECRET, {"x-hub-signature-256": signature}, b"Hello, World!")
    assert not from_github(SECRET, {"x-hub-signature-256": signature}, b"Hello, World?")


@pytest.mark.parametrize("header", ["", "sha256=", "sha1=abc", "sha256=" + "0" * 64, "é", "\udcff"])
def test_github_refuses(header: str) -> None:
    assert not from_github(SECRET, {"x-hub-signature-256": header}, b"{}")
    assert not from_github(SECRET, {}, b"{}")


def test_gitlab_token() -> None:
    assert from_gitlab(SECRET, {"x-gitlab-token": SECRET}, b"{}", 0)
    assert not from_gitlab(SECRET, {"x-gitlab-token": SECRET + "x"}, b"{}", 0)
    assert not from_gitlab(SECRET, {"x-gitlab-token": ""}, b"{}", 0)
    assert not from_gitlab(SECRET, {}, b"{}", 0)


def test_the_specifications_own_example() -> None:
    """From the Standard Webhooks specification."""
    body = b'{"test": 2432232314}'
    headers = {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }
    assert from_gitlab(SIGNING, headers, body, 1_614_265_330)
    assert not from_gitlab(SIGNING, headers, body, 1_614_265_330 + 301)
    assert not from_gitlab(SIGNING, headers, body + b" ", 1_614_265_330)


def test_signing_token_wants_a_signature() -> None:
    """The token itself in the plain header opens nothing."""
    assert not from_gitlab(SIGNING, {"x-gitlab-token": SIGNING}, b"{}", 0)


def test_several_signatures_while_a_secret_is_changed() -> None:
    headers = signed(b"{}")
    headers["webhook-signature"] = "v1,AAAA v1a,xxx " + headers["webhook-signature"]
    assert from_gitlab(SIGNING, headers, b"{}", 1_700_000_000)


@pytest.mark.parametrize("changes", [
    {"webhook-id": "msg_2"}, {"webhook-timestamp": "1700000001"}, {"webhook-timestamp": ""},
    {"webhook-timestamp": "9" * 400}, {"webhook-timestamp": "-1"}, {"webhook-timestamp": "١٧"},
    {"webhook-signature": ""}, {"webhook-signature": "v2,AAAA"},
])  # fmt: skip
def test_gitlab_signature_refuses(changes: dict[str, str]) -> None:
    assert not from_gitlab(SIGNING, {**signed(b"{}"), **changes}, b"{}", 1_700_000_000)


@given(st.dictionaries(
    st.sampled_from(["webhook-id", "webhook-timestamp", "webhook-signature", "x-gitlab-token", "x-hub-signature-256"]),
    st.text(), max_size=5,
), st.binary(max_size=50))  # fmt: skip
def test_anything_else_is_refused(headers: dict[str, str], body: bytes) -> None:
    assert not from_gitlab(SIGNING, headers, body, 1_700_000_000)
    assert not from_github(SECRET, headers, body)


@given(st.binary(), st.integers(0, 2**33))
def test_what_is_signed_is_accepted(body: bytes, moment: int) -> None:
    assert from_gitlab(SIGNING, signed(body, moment), body, float(moment))


def test_no_secret_no_service() -> None:
    with pytest.raises(UsageError, match="No webhook secret is configured"):
        read_secrets({"PERFBOT_GITLAB_SECRET": ""})
    with pytest.raises(UsageError, match="fewer than 16 characters"):
        read_secrets({"PERFBOT_GITHUB_SECRET": "short"})
    assert read_secrets({"PERFBOT_GITHUB_SECRET": SECRET}) == {"github": SECRET}


def test_a_signing_token_that_is_none() -> None:
    with pytest.raises(UsageError, match="not base64"):
        check_secret("PERFBOT_GITLAB_SECRET", "whsec_" + "?" * 20)
