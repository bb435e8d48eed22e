"""Who is told what, how often, and what happens when nobody listens."""

from __future__ import annotations

import dataclasses
import http.server
import json
import re
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from perfbot.cli.main import main
from perfbot.errors import StoreError
from perfbot.history import notify, recording
from perfbot.history.alerts import Condition, Watch, conditions, news
from perfbot.history.records import Since, Step, Subject, Trend
from perfbot.history.store import Store, ledger, open_store, queue
from perfbot.model import Problem
from tests.builders import a_history, a_report, a_result, commit

SUBJECT = Subject("core", "parse", "time", "s", number=7)


def a_trend(*steps: float, since: float = 0.0, width: float = 0.01, subject: Subject = SUBJECT) -> Trend:
    found = tuple(
        Step(i, commit(i), commit(i + 1), f"2026-01-0{i + 1}T00:00:00Z", size, (size - 0.01, size + 0.01), 1e-6)
        for i, size in enumerate(steps)
    )
    chain = Since("v1", commit(0), "2026-01-01T00:00:00Z", since, (since - width, since + width), 20)
    return Trend(subject, 30, 0.01, "m", 0.03, found, None, chain)


def kinds(watch: Watch) -> list[tuple[str, str]]:
    return [(one.kind, one.key) for one in conditions(watch)]


def test_a_step_that_was_taken_back_is_no_news_any_more() -> None:
    assert kinds(Watch("main", [a_trend(0.2, -0.15)])) == []
    assert kinds(Watch("main", [a_trend(0.2, -0.02)])) == [("change point", "step:core/parse:time:1")]
    assert kinds(Watch("main", [a_trend(0.2, -0.15, 0.1)])) == [("change point", "step:core/parse:time:2")]
    served = dataclasses.replace(SUBJECT, unit="1/s", better="higher")
    assert kinds(Watch("main", [a_trend(-0.2, 0.2, subject=served)])) == []


def test_a_worse_step_is_told_and_a_better_one_is_not() -> None:
    assert kinds(Watch("main", [a_trend(0.05)])) == [("change point", "step:core/parse:time:1")]
    assert kinds(Watch("main", [a_trend(-0.05)])) == []
    faster = dataclasses.replace(SUBJECT, better="higher", unit="1/s")
    assert kinds(Watch("main", [a_trend(-0.05, subject=faster)])) == [("change point", "step:core/parse:time:1")]


def test_a_second_step_is_news_and_a_moved_one_is_not() -> None:
    first = {one.key for one in conditions(Watch("main", [a_trend(0.05)]))}
    second = conditions(Watch("main", [a_trend(0.05, 0.03)]))
    assert [one.key for one in news(second, first).raised] == ["step:core/parse:time:2"]
    moved = dataclasses.replace(a_trend(0.05).steps[0], index=3, first=commit(3))
    again = conditions(Watch("main", [dataclasses.replace(a_trend(0.05), steps=(moved,))]))
    assert news(again, first).raised == ()


def test_drift_is_told_over_its_limit_and_over_only_well_below_it() -> None:
    key = "drift:core/parse:time:v1"
    assert kinds(Watch("main", [a_trend(since=0.049)])) == []
    assert kinds(Watch("main", [a_trend(since=0.051)])) == [("drift", key)]
    assert kinds(Watch("main", [a_trend(since=0.051, width=0.06)])) == []
    held = frozenset([key])
    assert kinds(Watch("main", [a_trend(since=0.041)], held=held)) == [("drift", key)]
    assert kinds(Watch("main", [a_trend(since=0.039)], held=held)) == []


def test_the_newest_run_tells_regressions_budgets_and_failures() -> None:
    regressed = dataclasses.replace(a_result(change=0.1, verdict="regressed"), gate="fail")
    over = dataclasses.replace(a_result("budget"), budget="5 ms", budget_state="over")
    report = a_report(regressed, over, number=4)
    assert kinds(Watch("main", [], report)) == [
        ("regression", f"regression:core/parse:time:{commit(4)[:16]}"),
        ("budget", "budget:core/budget:time"),
    ]
    accepted = dataclasses.replace(regressed, gate="accepted")
    assert kinds(Watch("main", [], a_report(accepted))) == []
    assert kinds(Watch("main", [], a_report(regressed, disturbed=True))) == []
    broken = dataclasses.replace(report, verdict="error", problems=(Problem("suite core", "set-up failed"),))
    (failing,) = conditions(Watch("main", [], broken))
    assert (failing.kind, failing.title) == ("failing", "perfbot could not measure main")
    assert "set-up failed" in failing.body


def test_a_regression_that_is_a_change_point_already_is_told_once() -> None:
    regressed = dataclasses.replace(a_result(change=0.05, verdict="regressed"), gate="fail")
    trend = a_trend(0.05)
    report = a_report(regressed, head=trend.steps[0].first)
    assert [kind for kind, _ in kinds(Watch("main", [trend], report))] == ["change point"]


def test_messages_hold_numbers_commits_and_a_link() -> None:
    watch = Watch("main", [a_trend(0.05)], link=lambda subject: f"https://pages/{subject.number if subject else ''}")
    (one,) = conditions(watch)
    assert one.title == "core/parse became slower by +5.0 % on main"
    assert one.body == "[+4.0, +6.0] between 0000000aaa and 0000001aaa (2026-01-01), time.\nhttps://pages/7"


def test_news_is_what_began_and_ended() -> None:
    one, two = (Condition("drift", key, key, "") for key in ("a", "b"))
    found = news([one, two], ["b", "c"])
    assert ([c.key for c in found.raised], found.ended) == (["a"], ("c",))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with open_store(tmp_path / "history.db") as opened:
        yield opened


class Channels:
    """Channels that note what arrives, and refuse when they are down."""

    def __init__(self) -> None:
        self.arrived: list[tuple[str, str]] = []
        self.down: set[str] = set()

    def send(self, channel: str, title: str, body: str) -> None:
        if channel in self.down:
            raise StoreError("down")
        self.arrived.append((channel, title))


def stepped(store: Store, runs: int = 20) -> None:
    for report in a_history([0.010] * 12 + [0.0115] * (runs - 12), noise=0.02):
        recording.keep(store, report, branch="main", kind="branch")


def test_each_thing_is_told_once_to_each_channel(store: Store) -> None:
    stepped(store)
    channels, told = Channels(), ("one://", "two://")
    for _ in range(3):
        notify.update(store, "group/name", "main", told)
        notify.send_all(store, told, channels.send)
    titles = sorted(title for channel, title in channels.arrived if channel == "one://")
    assert len(titles) == 2
    assert titles[0].startswith("core/parse became slower by +1")
    assert titles[1].startswith("core/parse: +1")
    assert sorted(title for channel, title in channels.arrived if channel == "two://") == titles


def test_a_channel_that_is_down_loses_nothing_and_stops_no_other(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    stepped(store)
    clock = [1000.0]
    monkeypatch.setattr(notify.time, "time", lambda: clock[0])
    channels, told = Channels(), ("down://secret", "up://")
    channels.down = {"down://secret"}
    notify.update(store, "group/name", "main", told)
    sent = notify.send_all(store, told, channels.send, lambda: clock[0])
    assert (sent.arrived, sent.waiting) == (2, 2)
    channels.down.clear()
    assert notify.send_all(store, told, channels.send, lambda: clock[0]).arrived == 0
    clock[0] += 60
    assert notify.send_all(store, told, channels.send, lambda: clock[0]).arrived == 2
    assert {channel for channel, _ in channels.arrived} == set(told)


def test_a_channel_that_is_down_for_half_a_day_gets_its_messages(store: Store) -> None:
    stepped(store)
    channels, told, start = Channels(), ("down://secret",), time.time()
    channels.down = set(told)
    notify.update(store, "group/name", "main", told)
    for hour in range(1, 13):
        assert notify.send_all(store, told, channels.send, lambda hour=hour: start + 3600.0 * hour).waiting == 2
    channels.down.clear()
    assert notify.send_all(store, told, channels.send, lambda: start + 3600.0 * 13).arrived == 2


def test_the_history_holds_no_address_of_a_channel(store: Store, tmp_path: Path) -> None:
    stepped(store)
    notify.update(store, "group/name", "main", ("mailto://user:hunter2@host",))
    held = b"".join(path.read_bytes() for path in tmp_path.glob("history.db*"))
    assert b"hunter2" not in held
    with store.read() as connection:
        assert queue.waiting(connection) == {"alert": 2}


def test_recovery_is_told_and_arms_again(store: Store) -> None:
    over = dataclasses.replace(a_result(), budget="5 ms", budget_state="over")
    within = dataclasses.replace(a_result(seed=2), budget="5 ms", budget_state="within")
    channels, told = Channels(), ("c://",)
    for number, result in enumerate((over, over, within, over), start=1):
        recording.keep(store, a_report(result, number=number), branch="main", kind="branch")
        notify.update(store, "group/name", "main", told)
        notify.send_all(store, told, channels.send)
    titles = [title for _, title in channels.arrived]
    assert [title.partition(" is over")[0] for title in titles] == ["core/parse", "Over: core/parse", "core/parse"]
    with store.read() as connection:
        assert [alert.key for alert in ledger.open_alerts(connection, "group/name")] == ["budget:core/parse:time"]


@pytest.fixture
def listener() -> Iterator[tuple[str, list[dict[str, str]]]]:
    """A real HTTP service that apprise speaks to."""
    heard: list[dict[str, str]] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            heard.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"json://127.0.0.1:{server.server_port}/token-hunter2", heard
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_the_verb_tells_through_apprise(
    store: Store, tmp_path: Path, listener: tuple[str, list[dict[str, str]]],
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    stepped(store)
    address, heard = listener
    words = ["history", "alerts", "--database", str(tmp_path / "history.db"), "--link", "https://pages/"]
    assert main([*words, "--dry-run"]) == 0
    assert "2 conditions hold; dry run, nothing sent" in capsys.readouterr().out
    assert main(words) == 2
    assert "No channel is configured in PERFBOT_ALERTS" in capsys.readouterr().err
    monkeypatch.setenv(notify.VARIABLE, address)
    assert main(words) == 0
    out = capsys.readouterr()
    assert "2 new, 2 messages delivered, 0 will be tried again" in out.out
    assert "hunter2" not in out.out + out.err
    assert re.search(r"https://pages/benchmarks/core-parse-\w{10}\.html", heard[0]["message"])
    assert main(words) == 0
    assert "0 new, 0 messages delivered" in capsys.readouterr().out
    assert len(heard) == 2


@pytest.mark.parametrize("channel", ["nonsense", "json://127.0.0.1:1/hunter2"])
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_channel_that_does_not_take_it_is_named_without_its_address(channel: str) -> None:
    with pytest.raises(StoreError) as caught:
        notify.apprise_send(channel, "title", "body")
    assert "hunter2" not in str(caught.value)
