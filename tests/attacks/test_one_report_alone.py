"""A report that takes memory or time takes its own process's, and the service goes on."""

from __future__ import annotations

import contextlib
import json
import sys
import threading
import time
import zlib
from pathlib import Path

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from perfbot.errors import ReportError
from perfbot.history.store import Store, open_store, queries, queue
from perfbot.report import dumps
from perfbot.service import apart
from perfbot.service.apart import Apart, BusyError, own_program
from perfbot.service.identity import Gatekeeper, RefusedError
from perfbot.service.ingest import KIND, Ingest
from perfbot.service.keys import BusyError as KeysBusyError
from perfbot.service.keys import PublishedKeys
from perfbot.service.worker import Worker
from tests.builders import a_report
from tests.site.jobs import AUDIENCE, GATE, GITLAB, KEY, gitlab


def program(code: str) -> list[str]:
    return [sys.executable, "-c", code]


LIMITED = "from perfbot.cli.judging import limit; limit({'memory': 64 << 20, 'cpu': 1});"
ENDS = {
    "memory": LIMITED + "x = bytearray(256 << 20)",
    "time": LIMITED + "\nwhile True: pass",
    "a crash": "import os; os.abort()",
    "a kill": "import os, signal; os.kill(os.getpid(), signal.SIGKILL)",
    "nonsense": "print('nonsense'); raise SystemExit(1)",
    "no words": "raise SystemExit(1)",
}


@pytest.mark.parametrize("end", ENDS)
def test_a_process_that_does_not_come_back_is_the_reports_fault(end: str) -> None:
    with pytest.raises(ReportError, match="more memory or time"):
        Apart(program(ENDS[end])).check(b"{}")


def test_a_process_that_hangs_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(apart.WALL_SECONDS, "check", 0.2)
    with pytest.raises(ReportError, match="took more than"):
        Apart(program("import time; time.sleep(600)")).check(b"{}")


def test_only_so_many_are_read_at_once() -> None:
    slow = Apart(program("import time; time.sleep(0.8); print('{\"done\": {}}')"))
    threads = [threading.Thread(target=slow.check, args=(b"",)) for _ in range(apart.AT_ONCE)]
    for thread in threads:
        thread.start()
    while slow._places._value:
        time.sleep(0.01)
    with pytest.raises(BusyError):
        slow.check(b"")
    for thread in threads:
        thread.join()


@pytest.fixture
def own(tmp_path: Path) -> Store:
    with open_store(tmp_path / "own.db") as opened:
        yield opened  # type: ignore[misc]


def test_the_real_process_reads_and_keeps(own: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PERFBOT_TOKEN", "PERFBOT_GITLAB_TOKEN", "PERFBOT_GITHUB_TOKEN", "PERFBOT_APP_ID"):
        monkeypatch.delenv(name, raising=False)
    names = ("public_url", "gitlab_url", "github_url", "gitlab_job", "github_workflow")
    settings = {"database": f"sqlite:///{own.database.url.database}", "channels": [], **dict.fromkeys(names, "")}
    ingest = Ingest(own, GATE, Apart(own_program(), settings))
    who = GATE.admit(f"Bearer {gitlab()}")
    from perfbot.service.purpose import Asked

    assert ingest._queue(who, dumps(a_report()).encode(), Asked())
    assert Worker(own, {KIND: ingest.handle}).one()
    with own.read() as connection:
        assert [run.branch for run in queries.runs(connection)] == ["main"]
    with pytest.raises(ReportError, match="schema"):
        ingest._queue(who, b"{}", Asked())


def test_what_cannot_be_read_is_given_up_at_once(own: Store) -> None:
    ingest = Ingest(own, GATE, Apart(program(ENDS["a kill"])))
    payload = json.dumps({"identity": {}, "purpose": {}}).encode() + b"\n" + zlib.compress(b"{}")
    own.write(lambda c: queue.enqueue(c, KIND, "k", payload, now=0.0))
    worker = Worker(own, {KIND: ingest.handle})
    assert worker.one()
    assert not worker.one()


def test_a_job_that_ends_its_worker_each_time_is_not_tried_for_ever(own: Store) -> None:
    """As one that takes the whole service down does: nobody lives to count the failure."""
    own.write(lambda c: queue.enqueue(c, "report", "deadly", b"", now=0.0))
    now, tries = 0.0, 0
    while own.write(lambda c, now=now: queue.claim(c, ["report"], "h", now=now, lease=1.0)):  # type: ignore[misc]
        now, tries = now + 2.0, tries + 1
    assert tries == queue.MOST_TRIES
    with own.read() as connection:
        assert queue.waiting(connection) == {}


@pytest.mark.parametrize("back", [60.0, 3 * 3600.0, 400 * 24 * 3600.0])
def test_a_clock_that_is_set_back_leaves_nothing_waiting_for_long(own: Store, back: float) -> None:
    now = 2_000_000_000.0
    own.write(lambda c: queue.enqueue(c, "report", "early", b"", now=now))
    later = now - back + queue.LONGEST_WAIT_SECONDS
    assert own.write(lambda c: queue.claim(c, ["report"], "h", now=later, lease=1.0)) is not None


def test_one_merge_request_hands_over_so_many_reports_a_day(own: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    from perfbot.service import ingest as module
    from tests.site.jobs import Service

    monkeypatch.setattr(module, "A_DAY", 2)
    service = Service(own)
    answers = [service.send(a_report(number=1, started=None, base=f"{n:040x}"), gitlab()).status_code for n in range(4)]
    assert answers == [202, 202, 429, 429]


# Identity tokens ----------------------------------------------------------------------------------------------------


def signed(kid: object, **claims: object) -> str:
    said = jwt.decode(gitlab(**claims), options={"verify_signature": False})
    return jwt.encode(said, KEY, algorithm="RS256", headers={"kid": kid} if kid is not None else None)


def gate(keys: PublishedKeys) -> Gatekeeper:
    return Gatekeeper({}, {GITLAB: "gitlab"}, AUDIENCE, ("group/name",), keys)


class Issuer:
    """Answers, hangs, or is away."""

    def __init__(self) -> None:
        self.asked = 0
        self.now = 0.0
        self.away = False
        self.hang = threading.Event()
        self.hang.set()

    def fetch(self, issuer: str) -> dict[str, object]:
        self.asked += 1
        self.hang.wait(20)
        if self.away:
            raise KeysBusyError("away")
        return {"good": KEY.public_key(), "ec": ec.generate_private_key(ec.SECP256R1()).public_key()}

    @property
    def keys(self) -> PublishedKeys:
        return PublishedKeys(self.fetch, clock=lambda: self.now)


def test_strangers_cause_one_question_in_half_a_minute() -> None:
    issuer = Issuer()
    checked = gate(issuer.keys)
    assert checked.admit(f"Bearer {signed('good')}").branch == "main"
    for number in range(50):
        with pytest.raises((RefusedError, KeysBusyError)):
            checked.admit(f"Bearer {signed(f'unknown {number}')}")
    assert issuer.asked <= 2
    assert checked.admit(f"Bearer {signed('good')}").branch == "main"


def test_an_issuer_that_hangs_holds_one_sender_and_no_other() -> None:
    issuer = Issuer()
    checked = gate(issuer.keys)
    issuer.hang.clear()

    def stranger() -> None:
        with contextlib.suppress(RefusedError):
            checked.admit(f"Bearer {signed('unknown')}")

    first = threading.Thread(target=stranger)
    first.start()
    while not issuer.asked:
        time.sleep(0.01)
    began = time.monotonic()
    for _ in range(20):
        with pytest.raises(KeysBusyError):
            checked.admit(f"Bearer {signed('other')}")
    assert time.monotonic() - began < 10
    issuer.hang.set()
    first.join()
    assert checked.admit(f"Bearer {signed('good')}").branch == "main"


def test_known_keys_outlive_an_issuer_that_is_away_but_not_for_ever() -> None:
    issuer = Issuer()
    checked = gate(issuer.keys)
    checked.admit(f"Bearer {signed('good')}")
    issuer.away, issuer.now = True, 2 * 3600.0
    assert checked.admit(f"Bearer {signed('good')}").branch == "main"
    issuer.now = 48 * 3600.0
    with pytest.raises(KeysBusyError):
        checked.admit(f"Bearer {signed('good')}")


HEADERS: list[object] = [None, "", 7, [], {"a": 1}, "x" * 10_000, "ec", "good\0"]


@pytest.mark.parametrize("kid", HEADERS, ids=[str(kid)[:12] for kid in HEADERS])
def test_a_token_of_any_shape_is_refused_and_nothing_else(kid: object) -> None:
    try:
        token = signed(kid)
    except (TypeError, jwt.InvalidTokenError):
        import base64

        head = base64.urlsafe_b64encode(json.dumps({"alg": "RS256", "kid": kid}).encode()).rstrip(b"=").decode()
        token = f"{head}.{gitlab().split('.')[1]}.AAAA"
    with pytest.raises((RefusedError, KeysBusyError)):
        gate(Issuer().keys).admit(f"Bearer {token}")


ODD_CLAIMS: list[dict[str, object]] = [
    {"exp": "soon"}, {"exp": 1e400}, {"exp": -1}, {"iat": []}, {"iat": 1e300}, {"aud": {}}, {"aud": [[]]}, {"iss": []},
    {"project_path": []}, {"project_path": "x" * 100_000}, {"sha": 7}, {"ref": None}, {"ref_path": []},
    {"pipeline_source": {}}, {"ref_type": []},
]  # fmt: skip


@pytest.mark.parametrize("claims", ODD_CLAIMS, ids=str)
def test_claims_of_any_shape_are_refused_and_nothing_else(claims: dict[str, object]) -> None:
    said = {**jwt.decode(gitlab(), options={"verify_signature": False}), **claims}
    try:
        token = jwt.encode(said, KEY, algorithm="RS256", headers={"kid": "good"})
    except (TypeError, ValueError, OverflowError):
        pytest.skip("the library does not write it")
    try:
        gate(Issuer().keys).admit(f"Bearer {token}")
    except RefusedError as error:
        assert len(str(error)) < 1000  # noqa: PT017
    else:
        assert claims in ({"ref_path": []}, {"aud": [[]]}, {"iat": -1})


@pytest.mark.parametrize("algorithm", ["ES256", "ES384", "PS256", "HS256"])
def test_a_token_of_another_algorithm_than_its_key_is_refused(algorithm: str) -> None:
    said = jwt.decode(gitlab(), options={"verify_signature": False})
    key: object = KEY
    if algorithm == "ES256":
        key = ec.generate_private_key(ec.SECP256R1())
    elif algorithm == "ES384":
        key = ec.generate_private_key(ec.SECP384R1())
    elif algorithm == "HS256":
        key = "k" * 64
    elif algorithm == "PS256":
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    token = jwt.encode(said, key, algorithm=algorithm, headers={"kid": "good"})  # type: ignore[arg-type]
    with pytest.raises(RefusedError):
        gate(Issuer().keys).admit(f"Bearer {token}")
