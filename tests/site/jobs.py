"""Jobs that hand reports over, the tokens by which a service knows them, and a service without its threads."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Sequence
from typing import Any

import httpx
import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from starlette.applications import Starlette
from starlette.testclient import TestClient

from perfbot.history.records import Trend
from perfbot.history.store import Store
from perfbot.history.told import describe
from perfbot.model import Report
from perfbot.report import dumps
from perfbot.service.history import History
from perfbot.service.identity import Gatekeeper, Identity
from perfbot.service.purpose import Purpose
from perfbot.service.worker import Worker
from tests.builders import commit

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


class Service:
    """Routes and worker of a service, without its threads."""

    def __init__(self, store: Store) -> None:
        self.published: list[tuple[Identity, Report]] = []
        self.told: list[tuple[str, str]] = []
        history = History(store, GATE, self, public_url="https://perf.test/below")
        routes, handlers = history.parts()
        self.client = TestClient(Starlette(routes=routes))
        self.worker = Worker(store, handlers)

    def settle(self, who: Identity, purpose: Purpose, found: Report) -> Report:
        """A forge whose merge request 7 has every branch and every head."""
        change = dataclasses.replace(found.change, merge_request=purpose.merge_request or 7, target="main")
        return dataclasses.replace(found, change=change)

    def publish(self, who: Identity, report: Report, page: str, trends: Sequence[Trend]) -> None:
        self.published.append((who, report))
        self.told.append((page, describe(trends)))

    def send(self, report: Report | bytes, token: str, query: str = "") -> httpx.Response:
        body = report if isinstance(report, bytes) else dumps(report).encode()
        headers = {"authorization": f"Bearer {token}"} if token else {}
        return self.client.post(f"/api/v1/reports{query}", content=body, headers=headers)
