"""Publishes through everything that goes wrong: one comment, one status, both of the newest run, each time.

    python -m evidence.publishing --publishes 1000 --seed 1

Episodes of a merge request in which several runs of one head publish at once and in any order, some of them again, some
while a new head is pushed. Publishers are the real code down to its HTTP client; the forge is the tests' stateful
double, behind a network that drops requests before and after they are carried out, answers 5xx, 429, HTML or half a
document, lets answers time out and carries such requests out up to 12 s later, delays each request by its own time (so
that they overtake each other), and shows new comments in listings up to 3 s late. Publishers are killed between any two
requests and while one is under way; a job that was killed or gave up is started again, as CI does.

Time is virtual: one actor runs at a time, all waits are jumps of a clock, and everything that is random comes from the
seed. An episode is right when, after everything has come to rest, there is one comment by perfbot, and it and the
status of the head say what the newest run said.
"""

from __future__ import annotations

import argparse
import heapq
import itertools
import json
import random
import sys
import tempfile
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx
from github.Auth import Token

from perfbot.ci.place import Place
from perfbot.errors import PublishError
from perfbot.forge import github, gitlab
from perfbot.forge.base import Forge
from perfbot.forge.body import parse
from perfbot.forge.order import RunOrder, Told
from perfbot.forge.retry import Retries
from perfbot.forge.status_address import read_signature, speaker_in
from perfbot.publish.flow import publish
from perfbot.publish.publisher import Publisher
from tests.builders import HEAD, OTHER, report, result, write
from tests.fakes.github import FakeGitHub
from tests.fakes.gitlab import FakeGitLab
from tests.fakes.server import Request

EPOCH = 1_795_435_200.0
LAG = 3.0
"""Seconds until a listing shows a new comment, at most."""

LATEST = 12.0
"""Seconds until a request is carried out whose answer timed out, at most."""

FAULTS = {
    "dropped before": 0.02,
    "dropped after": 0.02,
    "late": 0.01,
    "502": 0.03,
    "429": 0.02,
    "not an answer": 0.01,
    "killed before": 0.004,
    "killed after": 0.004,
}
"""Probability of each, for each request; a publication makes about thirty."""


class Killed(BaseException):
    """What SIGKILL is to a process: nothing in it runs any more."""


@dataclass
class Time:
    """A clock that jumps, and actors of which one runs at a time."""

    draw: random.Random
    now: float = 0.0
    _queue: list[tuple[float, float, int, Any]] = field(default_factory=list)
    _count: Any = field(default_factory=itertools.count)
    _idle: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    _here: threading.local = field(default_factory=threading.local)

    def at(self, moment: float, what: Callable[[], None] | threading.Semaphore) -> None:
        """Call something, or let an actor go on, at a moment."""
        heapq.heappush(self._queue, (moment, self.draw.random(), next(self._count), what))

    def spawn(self, moment: float, actor: Callable[[], None]) -> None:
        """An actor that begins at a moment."""
        turn = threading.Semaphore(0)

        def live() -> None:
            turn.acquire()
            self._here.turn = turn
            try:
                actor()
            finally:
                self._idle.release()

        threading.Thread(target=live, daemon=True).start()
        self.at(moment, turn)

    def sleep(self, seconds: float) -> None:
        """Let others go on until so much time has passed."""
        self.at(self.now + seconds, self._here.turn)
        self._idle.release()
        self._here.turn.acquire()

    def run(self) -> None:
        """Until nobody has anything to do."""
        while self._queue:
            self.now, _, _, what = heapq.heappop(self._queue)
            if callable(what):
                what()
            else:
                what.release()
                self._idle.acquire()

    def clock(self) -> float:
        """Seconds since the beginning."""
        return self.now


@dataclass
class Network:
    """Between a publisher and the double."""

    time: Time
    fake: Any
    draw: random.Random
    struck: Counter[str]

    def __call__(self, asked: httpx.Request) -> httpx.Response:
        self.time.sleep(self.draw.uniform(0.01, 0.4))
        fault = self._fault()
        if fault:
            self.struck[fault] += 1
        match fault:
            case "dropped before":
                raise httpx.RemoteProtocolError("dropped", request=asked)
            case "killed before":
                raise Killed
            case "502":
                return httpx.Response(502, text="Bad Gateway")
            case "429":
                return httpx.Response(429, headers={"Retry-After": str(self.draw.randint(1, 5))})
            case "late":
                return self._late(asked)
        answer = self._carry_out(asked)
        self.time.sleep(self.draw.uniform(0.01, 0.2))
        match fault:
            case "dropped after":
                raise httpx.ReadError("dropped", request=asked)
            case "killed after":
                raise Killed
            case "not an answer":
                text = self.draw.choice(["<html>", "null", "[null]", "{}", '{"id": 1'])
                return httpx.Response(200, text=text, headers={"Content-Type": "text/html"})
        return answer

    def _fault(self) -> str:
        chance = self.draw.random()
        for name, probability in FAULTS.items():
            chance -= probability
            if chance < 0:
                return name
        return ""

    def _late(self, asked: httpx.Request) -> httpx.Response:
        """The client gives up; the request is carried out before that or after."""
        seconds = float(asked.extensions["timeout"]["read"])
        self.time.at(self.time.now + seconds + self.draw.uniform(-4, LATEST), lambda: self._carry_out(asked) and None)
        self.time.sleep(seconds)
        raise httpx.ReadTimeout("too late", request=asked)

    def _carry_out(self, asked: httpx.Request) -> httpx.Response:
        parts = urlsplit(str(asked.url))
        body = asked.read()
        request = Request(
            asked.method,
            parts.path,
            dict(parse_qsl(parts.query)),
            json.loads(body) if body else None,
            {name.lower(): value for name, value in asked.headers.items()},
            f"{parts.path}?{parts.query}",
        )
        answer = self.fake.carry_out(request)
        if answer.text is not None:
            return httpx.Response(answer.status, headers=answer.headers, text=answer.text)
        if answer.status == 204:
            return httpx.Response(204)
        return httpx.Response(answer.status, headers=answer.headers, json=answer.data)


@dataclass
class Run:
    """A run of one head and what it says."""

    order: RunOrder
    head: str
    slower: bool
    pipeline: int = 0
    done: bool = False


@dataclass
class Episode:
    """One merge request from its first run to rest."""

    kind: str
    draw: random.Random
    files: dict[tuple[str, bool], Path]
    tally: Counter[str]
    struck: Counter[str]

    def __post_init__(self) -> None:
        self.time = Time(self.draw)
        self.fake: Any = FakeGitLab() if self.kind == "gitlab" else FakeGitHub()
        self.fake.url = "http://forge.invalid"
        self.fake.time = self.time.clock
        self.fake.lag = self.draw.choice([0.0, self.draw.uniform(0, LAG)])
        self.fake.personal = self.kind == "github" and self.draw.random() < 0.3
        self.fake.add_merge_request(1, HEAD)
        self.head = HEAD

    def play(self) -> str:
        """What is wrong in the end; nothing when all is right."""
        runs = self._runs(HEAD, 0.0)
        if self.draw.random() < 0.2:
            pushed = self.draw.uniform(5, 40)
            self.time.at(pushed, self._push)
            runs += self._runs(OTHER, pushed + 1)
        for run in runs:
            if self.draw.random() < 0.5:
                self.time.spawn(run.order.moment / 1000 - EPOCH, lambda run=run: self._begin(run))
            late = run.order.moment / 1000 - EPOCH + self.draw.uniform(1, 30)
            self.time.spawn(late, lambda run=run: self._say(run))
        self.time.run()
        newest = max((run for run in runs if run.head == self.head), key=lambda run: run.order)
        return self._wrong(newest) if all(run.done for run in runs) else "a run did not come to its end"

    def _push(self) -> None:
        self.head = OTHER
        self.fake.add_merge_request(1, OTHER)

    def _runs(self, head: str, after: float) -> list[Run]:
        """Two to five runs, each an own pipeline, or a later attempt in one that there was."""
        found: list[Run] = []
        for number in range(self.draw.randint(2, 5)):
            moment = round((EPOCH + after + 4 * number + self.draw.uniform(0, 8)) * 1000)
            again = self.draw.choice(found) if found and self.draw.random() < 0.4 else None
            pipeline = again.pipeline if again else self._pipeline(head)
            order = RunOrder(moment, pipeline, (again.order.attempt if again else 0) + number + 1)
            found.append(Run(order, head, self.draw.random() < 0.5, pipeline))
        return found

    def _pipeline(self, head: str) -> int:
        return int(self.fake.add_pipeline(head) if self.kind == "gitlab" else self.fake.add_run(head))

    def _publisher(self, run: Run) -> Publisher:
        place = Place(
            kind="gitlab" if self.kind == "gitlab" else "github",
            url="http://forge.invalid",
            project=self.fake.project,
            merge_request=1,
            head=run.head,
            pipeline=run.pipeline if self.kind == "gitlab" else 0,
        )
        forge = self._connect()
        options = {"sleep": self.time.sleep, "uniform": self.draw.uniform}
        request = forge.repository.merge_request(1)
        return Publisher(forge, place, request, run=run.order, options=dict(options), clock=self._now)

    def _connect(self) -> Forge:
        retries = Retries(sleep=self.time.sleep, clock=self.time.clock, uniform=self.draw.uniform)
        transport = httpx.MockTransport(Network(self.time, self.fake, self.draw, self.struck))
        if self.kind == "gitlab":
            own = {"job": "perfbot", "retries": retries, "transport": transport}
            return gitlab.connect("http://forge.invalid", self.fake.project, self.fake.token, **own)  # type: ignore[arg-type]
        return github.connect(
            "http://forge.invalid",
            self.fake.project,
            Token(self.fake.token),
            workflow="perfbot.yml",
            retries=retries,
            transport=transport,
        )

    def _now(self) -> float:
        return EPOCH + self.time.now

    def _begin(self, run: Run) -> None:
        """Started again when it was killed; a run that could not say that it begins goes on."""
        while True:
            try:
                self._publisher(run).begin()
            except Killed:
                self.tally["beginnings killed and started again"] += 1
                self.time.sleep(self.draw.uniform(5, 90))
            except PublishError:
                self.tally["beginnings given up"] += 1
                return
            else:
                return

    def _say(self, run: Run) -> None:
        while True:
            try:
                publish([self.files[run.head, run.slower]], self._publisher(run))
            except Killed:
                self.tally["killed and started again"] += 1
            except PublishError:
                self.tally["given up and started again"] += 1
            else:
                self.tally["published"] += 1
                run.done = True
                return
            self.time.sleep(self.draw.uniform(5, 90))

    def _wrong(self, newest: Run) -> str:
        wanted: tuple[object, ...] = (newest.order, "failed" if newest.slower else "success")
        comments = self.fake.by_bot()
        if len(comments) != 1:
            return f"{len(comments)} comments"
        body = parse(comments[0]["body"], "default")
        said = body.section("").said if body and body.section("") else None  # type: ignore[union-attr]
        if not isinstance(said, Told) or (_run(said.order), said.state) != wanted or said.head != newest.head:
            return f"the comment is of {said}, not of {newest}"
        if (shown := self._status(newest)) != (said.order, said.state):
            return f"the status is of {shown}, not of {newest}"
        return "; ".join(self.fake.violations)

    def _status(self, newest: Run) -> tuple[object, ...]:
        """Order and state of the status that counts: the last one of the head, on GitLab in the newest pipeline."""
        if self.kind == "gitlab":
            own = [s for s in self.fake.statuses if (s["sha"], s["pipeline_id"]) == (newest.head, newest.pipeline)]
            return speaker_in(own[-1]["target_url"]).order, own[-1]["status"]
        if self.fake.personal:
            state = {"failure": "failed"}
            own = [s for s in self.fake.statuses if s["sha"] == newest.head]
            return speaker_in(own[-1]["target_url"]).order, state.get(own[-1]["state"], own[-1]["state"])
        checks = [c for c in self.fake.checks if c["head_sha"] == newest.head]
        last = max(checks, key=lambda check: check["id"])
        order = read_signature(last.get("external_id") or "").order
        return order, {"failure": "failed"}.get(last["conclusion"], last["conclusion"])


def _run(order: RunOrder) -> RunOrder:
    """Of a run, whichever of its words."""
    return replace(order, spoken=0)


def prepared(folder: Path) -> dict[tuple[str, bool], Path]:
    """Reports of each head, unchanged and slower."""
    found = {}
    for head, slower in itertools.product((HEAD, OTHER), (False, True)):
        own = folder / f"{head[:3]}-{slower}"
        own.mkdir()
        (found[head, slower],) = write(own, report(result(change=0.3 if slower else 0.0), head=head))
    return found


def measure(kind: str, publishes: int, seed: int) -> tuple[Counter[str], Counter[str], list[str]]:
    """Episodes until so many publications came to their end: what happened, which faults struck, what was wrong."""
    tally: Counter[str] = Counter()
    struck: Counter[str] = Counter()
    wrong = []
    with tempfile.TemporaryDirectory() as folder:
        files = prepared(Path(folder))
        while tally["published"] < publishes:
            number = seed * 100_000 + tally["episodes"]
            found = Episode(kind, random.Random(f"{kind} {number}"), files, tally, struck).play()
            tally["episodes"] += 1
            if found:
                wrong.append(f"{kind}, episode {number}: {found}")
    return tally, struck, wrong


def main() -> int:
    """Measure, print, and fail when an episode ended wrong."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--publishes", type=int, default=1000, help="on each forge (default: 1000)")
    parser.add_argument("--seed", type=int, default=1, help="default: 1")
    args = parser.parse_args()
    bad = []
    for kind in ("gitlab", "github"):
        tally, struck, wrong = measure(kind, args.publishes, args.seed)
        bad += wrong
        print(f"{kind}: {tally['episodes']} merge requests, {tally['published']} publications; wrong: {len(wrong)}")
        print("   ", ", ".join(f"{count} {name}" for name, count in sorted(tally.items()) if " " in name))
        print("   ", ", ".join(f"{count} {name}" for name, count in sorted(struck.items())))
        print("\n".join(wrong[:5]))
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
