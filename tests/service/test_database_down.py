"""A database that does not answer: probes and deliveries are told so, in time."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from perfbot.history.store import Store, open_store
from perfbot.service import app as app_module
from perfbot.service import hooks as hooks_module
from perfbot.service.app import create_app
from perfbot.service.hooks import Hooks
from tests.service.payloads import gitlab_note

SECRET = "a secret that is long enough"


@pytest.fixture
def hanging(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[TestClient]:
    """A service whose database takes every question and answers none, as a paused machine does."""
    monkeypatch.setattr(app_module, "DATABASE_SECONDS", 0.2)
    monkeypatch.setattr(hooks_module, "DATABASE_SECONDS", 0.2)
    over = threading.Event()
    with open_store(tmp_path / "history.db") as store:
        app = create_app(store, Hooks(store, {"gitlab": SECRET}, ()), lambda kind, project: pytest.fail("asked"))
        with TestClient(app) as client:

            def hang(self: Store, *rest: Any) -> Any:
                over.wait(30)
                raise TimeoutError

            monkeypatch.setattr(Store, "write", hang)
            monkeypatch.setattr(Store, "read", hang)
            try:
                yield client
            finally:
                over.set()


def test_the_probe_is_told_in_time(hanging: TestClient) -> None:
    began = time.monotonic()
    assert hanging.get("/readyz").status_code == 503
    assert hanging.get("/healthz").status_code == 200
    assert time.monotonic() - began < 20, "not for as long as the database hangs"


def test_a_delivery_is_asked_to_come_again(hanging: TestClient) -> None:
    headers = {"X-Gitlab-Token": SECRET, "X-Gitlab-Event": "Note Hook"}
    moment = datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    note = gitlab_note("/rebench", created_at=moment, updated_at=moment)
    answer = hanging.post("/hooks/gitlab", content=json.dumps(note), headers=headers)
    assert answer.status_code == 503
    assert "deliver it again" in answer.text
