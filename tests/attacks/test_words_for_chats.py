"""Alerts go to chats, and hold names of benchmarks, which are anything."""

from __future__ import annotations

import json
import re
from typing import Any

import apprise
import pytest
import requests

from perfbot.history.notify import fingerprint, handler
from perfbot.history.store.queue import Job

CALLS = (
    "<!channel>",
    "!here>",
    "<@U6TTX1F9R>",
    "@everyone",
    "<#C024BE91L>",
    "<https://evil.example|all is well>",
    "@all",
)


def sent(name: str) -> tuple[str, str]:
    got: list[tuple[str, str]] = []
    payload = {"channel": fingerprint("x://"), "title": f"core/{name} regressed", "body": f"{name}\nhttps://p.example/"}
    job = Job(1, "alert", "key", json.dumps(payload).encode(), 1, 0.0)
    handler(["x://"], lambda _, title, body: got.append((title, body)))(job)
    return got[0]


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize(
    "channel",
    [
        "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/#general?format=markdown",
        "discord://4174216298/JHMHI8qBe7bk2ZwO5U711o3dV_js/?format=markdown",
    ],
)
def test_no_name_calls_anybody(channel: str, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """As apprise hands it over."""
    asked: list[str] = []

    def answer(self: requests.Session, method: str, url: str, **options: Any) -> requests.Response:
        del self, method, url
        asked.append(str(options.get("data") or options.get("json")))
        found = requests.Response()
        found.status_code = 200
        return found

    monkeypatch.setattr(requests.Session, "request", answer)
    service = apprise.Apprise()
    assert service.add(channel)
    title, body = sent(name)
    service.notify(title=title, body=body, body_format=apprise.NotifyFormat.TEXT)
    assert asked
    assert not re.search(r"<[!@#]|<http|@(?:everyone|all|here)", asked[0]), asked


@pytest.mark.parametrize("name", ["a\r\nBcc: all@example.com", "\x1b]0;t\x07", "a\0b"])
def test_no_name_ends_a_line(name: str) -> None:
    title, body = sent(name)
    assert title.isprintable() or "\u200b" in title
    assert "\n" not in title + body.partition("\n")[0]
    assert not set("\r\x1b\x07\0") & set(title + body)
    assert body.endswith("https://p.example/")
