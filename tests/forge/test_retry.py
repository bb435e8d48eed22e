"""What is tried again, how long is waited, and what is said at the end."""

from __future__ import annotations

import pytest

from perfbot.forge.base import RefusedError, UnreachableError
from perfbot.forge.retry import LONGEST_WAIT, Fault, FaultError, Retries, fault_of

NOON = 1_795_435_200.0


class Flaky:
    """Fails with the given faults, one after the other, then succeeds."""

    def __init__(self, *faults: Fault) -> None:
        self.faults = list(faults)
        self.calls = 0
        self.seconds: list[float] = []

    def __call__(self, seconds: float) -> str:
        self.calls += 1
        self.seconds.append(seconds)
        if self.faults:
            raise FaultError(self.faults.pop(0))
        return "done"


def retries(waits: list[float], patience: float = 60) -> Retries:
    return Retries(patience=patience, sleep=waits.append)


def test_passing_faults_are_tried_again() -> None:
    waits: list[float] = []
    action = Flaky(Fault(502, "", passing=True), Fault(0, "", passing=True))
    assert retries(waits).call("do it", action) == "done"
    assert len(waits) == 2


def test_retry_after_is_honoured_and_capped() -> None:
    waits: list[float] = []
    action = Flaky(Fault(429, "", 7.0, passing=True), Fault(429, "", 9999.0, passing=True))
    retries(waits, patience=600).call("do it", action)
    assert waits == [7.0, LONGEST_WAIT]


@pytest.mark.parametrize("status", [400, 401, 403, 404, 422])
def test_a_no_is_a_no(status: int) -> None:
    action = Flaky(Fault(status, "nope"))
    with pytest.raises(RefusedError, match=rf"Could not do it: the forge refused \(HTTP {status}: nope\)") as caught:
        retries([]).call("do it", action)
    assert (action.calls, caught.value.status, caught.value.exit_code) == (1, status, 4)


LATER = Fault(503, "busy", passing=True)


class Clock:
    """Time that passes only by waiting and by requests that take long."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


@pytest.mark.parametrize("patience", [1.0, 10.0, 180.0, 3600.0])
@pytest.mark.parametrize("fault", [LATER, Fault(429, "", 60.0, passing=True), Fault(429, "", 0.0, passing=True)])
def test_patience_ends_when_it_should(patience: float, fault: Fault) -> None:
    """With waits of the server's, of our own, and of none at all."""
    clock = Clock()
    action = Flaky(*[fault] * 99_999)
    with pytest.raises(UnreachableError, match=r"did not do it in time"):
        Retries(patience=patience, sleep=clock.sleep, clock=clock).call("do it", action)
    assert 0.99 * patience <= clock.now <= 1.2 * patience


@pytest.mark.parametrize("patience", [1.0, 10.0, 180.0])
def test_patience_ends_with_servers_that_never_answer(patience: float) -> None:
    clock = Clock()

    def hang(seconds: float) -> str:
        clock.sleep(seconds)
        raise FaultError(Fault(0, "no answer: ReadTimeout", passing=True, lost=True))

    with pytest.raises(UnreachableError):
        Retries(patience=patience, sleep=clock.sleep, clock=clock).call("do it", hang, found=lambda: None)
    assert 0.99 * patience <= clock.now <= 1.2 * patience


def test_what_was_given_up_once_gets_one_try_until_it_answers() -> None:
    clock = Clock()
    calls = Retries(patience=60, sleep=clock.sleep, clock=clock)
    with pytest.raises(UnreachableError):
        calls.call("do it", Flaky(*[LATER] * 999))
    again = Flaky(*[LATER] * 999)
    with pytest.raises(UnreachableError):
        calls.call("do it", again)
    assert again.calls == 1
    assert calls.call("do it", Flaky()) == "done"
    assert calls.call("do it", Flaky(LATER)) == "done"


def test_looking_shares_the_patience() -> None:
    clock = Clock()
    calls = Retries(patience=60, sleep=clock.sleep, clock=clock)

    def found() -> str | None:
        return calls.call("look", Flaky(*[LATER] * 3)) and None

    with pytest.raises(UnreachableError):
        calls.call("create", Flaky(*[Fault(502, "", passing=True, lost=True)] * 999), found=found)
    assert 59.9 <= clock.now <= 72


def test_a_creation_is_looked_for_before_it_is_repeated() -> None:
    lost = Fault(0, "dropped", passing=True, lost=True)
    action = Flaky(lost)
    assert retries([]).call("create", action, found=lambda: "there already") == "there already"
    assert action.calls == 1
    again = Flaky(lost)
    assert retries([]).call("create", again, found=lambda: None) == "done"
    assert again.calls == 2


def test_what_was_surely_not_done_is_not_looked_for() -> None:
    action = Flaky(Fault(429, "", passing=True))
    assert retries([]).call("create", action, found=lambda: pytest.fail("looked")) == "done"


def test_mistakes_of_our_own_are_not_hidden() -> None:
    def wrong(seconds: float) -> str:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        retries([]).call("do it", wrong)


@pytest.mark.parametrize(
    ("status", "headers", "text", "passing", "wait"),
    [
        (500, {}, "", True, None),
        (409, {}, "lock", True, None),
        (429, {"Retry-After": "30"}, "", True, 30.0),
        (429, {"retry-after": "Mon, 23 Nov 2026 12:00:10 GMT"}, "", True, 10.0),
        (429, {"Retry-After": "soon"}, "", True, None),
        (429, {"Retry-After": "²"}, "", True, None),
        (429, {"Retry-After": "٣"}, "", True, None),
        (429, {"Retry-After": "-5"}, "", True, None),
        (429, {"Retry-After": "9" * 400}, "", True, None),
        (429, {"Retry-After": "Mon, 99 Nov 9999 99:00:10 GMT"}, "", True, None),
        (429, {"Retry-After": ""}, "", True, None),
        (403, {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "²"}, "", False, None),
        (403, {}, "Forbidden", False, None),
        (403, {"Retry-After": "60"}, "", True, 60.0),
        (403, {}, "You have exceeded a secondary rate limit", True, None),
        (403, {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": str(int(NOON) + 90)}, "", True, 90.0),
        (403, {"X-RateLimit-Remaining": "12", "X-RateLimit-Reset": str(int(NOON) + 90)}, "", False, None),
        (404, {}, "", False, None),
    ],
)
def test_reading_an_answer(status: int, headers: dict[str, str], text: str, passing: bool, wait: float | None) -> None:
    fault = fault_of(status, headers, text, NOON)
    assert (fault.passing, fault.wait) == (passing, wait)


def test_messages_are_cut() -> None:
    assert len(fault_of(500, {}, "x" * 10_000).message) == 300
