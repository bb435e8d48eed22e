"""Tells people about conditions, each once, through any channel that apprise knows.

What is new is noted and queued in one transaction, a message a channel; sending happens afterwards. A channel that is
down keeps its messages in the queue, which are tried again later, and breaks nothing else. Channel addresses hold
secrets: they come from the environment, and the history holds only a fingerprint of each.
"""

from __future__ import annotations

import hashlib
import json
import logging
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from perfbot.errors import StoreError
from perfbot.history.alerts import DRIFT_LIMIT, Condition, Watch, conditions, news
from perfbot.history.recording import now
from perfbot.history.records import Subject
from perfbot.history.store import Store, ledger, queries, queue, standings
from perfbot.history.store.consumer import Consumer
from perfbot.history.store.queue import Job

JOB = "alert"
VARIABLE = "PERFBOT_ALERTS"

log = logging.getLogger("perfbot.history.alerts")

Send = Callable[[str, str, str], None]
"""(channel, title, body); raises when it could not be delivered."""


@dataclass(frozen=True, slots=True)
class Message:
    """What is told."""

    title: str
    body: str


def channels(environ: Mapping[str, str]) -> tuple[str, ...]:
    """The channels' addresses, from ``PERFBOT_ALERTS``, between white space."""
    return tuple(environ.get(VARIABLE, "").split())


def look(
    connection: Connection, project: str, branch: str, *, link: str = "", drift_limit: float = DRIFT_LIMIT
) -> tuple[Condition, ...]:
    """Everything that holds on a branch now. ``link``: address of the project's pages."""
    below = link.rstrip("/") + "/"
    newest = queries.runs(connection, project, kind="branch", branch=branch, limit=1)
    report = queries.bare_report(connection, newest[0].number) if newest else None

    def address(subject: Subject | None) -> str:
        if not link:
            return ""
        return f"{below}benchmarks/{subject.page}.html" if subject else f"{below}runs/{newest[0].number}.html"

    return conditions(
        Watch(
            branch,
            standings.trends(connection, project, branch),
            report,
            frozenset(alert.key for alert in ledger.open_alerts(connection, project)),
            drift_limit,
            address,
        )
    )


def update(
    store: Store,
    project: str,
    branch: str,
    told: Sequence[str],
    *,
    link: str = "",
    drift_limit: float = DRIFT_LIMIT,
) -> tuple[Message, ...]:
    """Notes what began and what ended, and queues a message a channel; the messages.

    Args:
        told: addresses of channels.
    """
    moment = now()

    def work(connection: Connection) -> tuple[Message, ...]:
        holding = look(connection, project, branch, link=link, drift_limit=drift_limit)
        held = {alert.key: alert.title for alert in ledger.open_alerts(connection, project)}
        found = news(holding, held)
        began = [
            (condition.key, Message(condition.title, condition.body))
            for condition in found.raised
            if ledger.raise_alert(connection, project, condition.key, condition.title, now=moment)
        ]
        over = [
            (f"{key}:over", Message(f"Over: {held[key]}", f"No longer so on {branch}."))
            for key in found.ended
            if ledger.recover_alerts(connection, project, [key], now=moment) and _has_an_end(key)
        ]
        for key, message in (*began, *over):
            _queue(connection, f"{project}:{key}:{time.time():.6f}", message, told)
        return tuple(message for _, message in (*began, *over))

    return store.write(work)


def _has_an_end(key: str) -> bool:
    """Change points and regressions are events: that one is no longer the newest is no news."""
    return key.partition(":")[0] in ("failing", "budget", "drift")


def _queue(connection: Connection, key: str, message: Message, told: Sequence[str]) -> None:
    for channel in told:
        payload = {"channel": fingerprint(channel), "title": message.title, "body": message.body}
        queue.enqueue(connection, JOB, f"{key}:{fingerprint(channel)}", json.dumps(payload).encode(), now=time.time())


def fingerprint(channel: str) -> str:
    """Names a channel without telling its address."""
    return hashlib.sha256(channel.encode()).hexdigest()[:16]


def handler(told: Sequence[str], send: Send) -> Callable[[Job], None]:
    """Delivers one queued message; what it raises, the queue tries again later."""
    known = {fingerprint(channel): channel for channel in told}

    def handle(job: Job) -> None:
        payload = json.loads(job.payload)
        channel = known.get(payload["channel"])
        if channel is None:
            log.warning("an alert for a channel that is no longer configured was dropped: %s", payload["title"])
            return
        send(channel, harmless(payload["title"].replace("\n", " ")), harmless(payload["body"]))

    return handle


def harmless(text: str) -> str:
    """A text in which chats find nobody to call: names of benchmarks are anything, and `<!channel>` is a whole company.

    Apprise hands `@everyone` to some as it is, and makes mentions for a channel whose format is markdown.
    """
    shown = "".join(one if one.isprintable() or one == "\n" else " " for one in text)
    return shown.translate({ord("<"): "‹", ord(">"): "›", ord("@"): "@\u200b"})


@dataclass(frozen=True, slots=True)
class Sent:
    """How many messages arrived, and how many wait for another try."""

    arrived: int
    waiting: int


def send_all(store: Store, told: Sequence[str], send: Send, clock: Callable[[], float] = time.time) -> Sent:
    """Delivers every message that is due; one that fails waits and costs the others nothing."""
    consumer = Consumer(store, {JOB: handler(told, send)}, clock=clock)
    ended = Counter(iter(consumer.one, None))
    return Sent(ended["done"], ended["postponed"])


def apprise_send(channel: str, title: str, body: str) -> None:
    """Delivers through apprise.

    Raises:
        StoreError: the channel did not take it; its address is not in the message.
    """
    import apprise  # noqa: PLC0415  (knows a hundred services, and takes its time)

    service = apprise.Apprise()
    if not service.add(channel):
        raise StoreError(f"A channel in {VARIABLE} is of no kind that apprise knows (its address is not shown).")
    if not service.notify(title=title, body=body, body_format=apprise.NotifyFormat.TEXT):
        raise StoreError(f"The channel {fingerprint(channel)} did not take the message.")
