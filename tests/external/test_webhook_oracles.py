"""Other people's webhook libraries agree on what is signed, and on what an event says."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime

import pytest

from perfbot.forge.events import comment_of
from perfbot.forge.signatures import from_github, from_gitlab
from tests.service.payloads import github_comment, gitlab_note

SECRET = "a-secret-of-the-webhook"
SIGNING = "whsec_" + base64.b64encode(b"0123456789abcdef01234567").decode()


@pytest.mark.parametrize("spoiled", [False, True])
def test_gidgethub(spoiled: bool) -> None:
    from gidgethub import ValidationFailure, sansio

    body = json.dumps(github_comment()).encode()
    signature = "sha256=" + hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
    body = body + b" " if spoiled else body
    headers = {
        "content-type": "application/json", "x-github-event": "issue_comment", "x-github-delivery": "1",
        "x-hub-signature-256": signature,
    }  # fmt: skip
    assert from_github(SECRET, headers, body) is not spoiled
    if spoiled:
        with pytest.raises(ValidationFailure):
            sansio.Event.from_http(headers, body, secret=SECRET)
        return
    event = sansio.Event.from_http(headers, body, secret=SECRET)
    asked = comment_of(event.data)
    assert asked is not None
    assert asked.note.id == event.data["comment"]["id"]


@pytest.mark.parametrize("token", [SECRET, "wrong"])
def test_gidgetlab(token: str) -> None:
    from gidgetlab import ValidationFailure, sansio

    body = json.dumps(gitlab_note()).encode()
    headers = {"content-type": "application/json", "x-gitlab-event": "Note Hook", "x-gitlab-token": token}
    assert from_gitlab(SECRET, headers, body, 0) is (token == SECRET)
    if token != SECRET:
        with pytest.raises(ValidationFailure):
            sansio.Event.from_http(headers, body, secret=SECRET)
        return
    event = sansio.Event.from_http(headers, body, secret=SECRET)
    asked = comment_of(event.data)
    assert asked is not None
    assert event.project_id == 1


@pytest.mark.parametrize("spoiled", [False, True])
def test_standardwebhooks(spoiled: bool) -> None:
    from standardwebhooks import Webhook, WebhookVerificationError

    now = datetime.now(UTC)
    body = json.dumps(gitlab_note())
    headers = {
        "webhook-id": "msg_1",
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": Webhook(SIGNING).sign("msg_1", now, body),
    }
    sent = body + " " if spoiled else body
    assert from_gitlab(SIGNING, headers, sent.encode(), now.timestamp()) is not spoiled
    if spoiled:
        with pytest.raises(WebhookVerificationError):
            Webhook(SIGNING).verify(sent, headers)
    else:
        Webhook(SIGNING).verify(sent, headers)
