"""Jobs that hand reports over, and the tokens by which a service knows them."""

from __future__ import annotations

import time
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

from perfbot.service.identity import Gatekeeper
from tests.histories import commit

TOKEN = "a-project-token-of-some-length"
GITLAB, GITHUB = "https://gitlab.test", "https://token.github.test"
AUDIENCE = "https://perf.test"
KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
OTHER_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)


def key_of(issuer: str, token: str) -> Any:
    del issuer, token
    return KEY.public_key()


GATE = Gatekeeper({"group/name": TOKEN}, {GITLAB: "gitlab", GITHUB: "github"}, AUDIENCE, ("group/name",), key_of)


def gitlab(**changes: Any) -> str:
    claims = {
        "iss": GITLAB, "aud": AUDIENCE, "iat": time.time(), "exp": time.time() + 86_400, "project_path": "group/name",
        "ref": "main", "ref_type": "branch", "ref_path": "refs/heads/main", "pipeline_source": "push", "sha": commit(1),
    }  # fmt: skip
    key = changes.pop("key", KEY)
    algorithm = changes.pop("algorithm", "RS256")
    return jwt.encode({k: v for k, v in {**claims, **changes}.items() if v is not None}, key, algorithm=algorithm)


def github(**changes: Any) -> str:
    claims = {
        "iss": GITHUB, "aud": AUDIENCE, "iat": time.time(), "exp": time.time() + 86_400, "repository": "group/name",
        "ref": "refs/heads/main", "event_name": "push", "sha": commit(1),
    }  # fmt: skip
    return jwt.encode({**claims, **changes}, KEY, algorithm="RS256")


MR = {"pipeline_source": "merge_request_event", "ref_path": "refs/merge-requests/7/head", "ref": "feature"}
