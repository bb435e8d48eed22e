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

    def __call__(self) -> str:
        self.calls += 1
        if self.faults:
            raise FaultError(self.faults.pop(0))
        return "done"


def retries(waits: list[float], patience: float = 60) -> Retries:
    return Retries(lambda error: None, patience=patience, sleep=waits.append)


def test_passing_faults_are_tried_again() -> None:
    waits: list[float] = []
    action = Flaky(Fault(502, "", passing=True), Fault(0, "", passing=True))
    assert retries(waits).call("do it", action) == "done"
    assert len(waits) == 2


def test_retry_after_is_honoured_and_capped() -> None:
    waits: list[float] = []
    action = Flaky(Fault(429, "", 7.0, passing=True), Fault(429, "", 9999.0, passing=True))
    retries(waits).call("do it", action)
    assert waits == [7.0, LONGEST_WAIT]


@pytest.mark.parametrize("status", [400, 401, 403, 404, 422])
def test_a_no_is_a_no(status: int) -> None:
    action = Flaky(Fault(status, "nope"))
    with pytest.raises(RefusedError, match=rf"Could not do it: the forge refused \(HTTP {status}: nope\)") as caught:
        retries([]).call("do it", action)
    assert (action.calls, caught.value.status, caught.value.exit_code) == (1, status, 4)


def test_patience_ends() -> None:
    action = Flaky(*[Fault(503, "busy", passing=True)] * 99)
    with pytest.raises(UnreachableError, match=r"did not do it in time \(HTTP 503: busy\)"):
        retries([]).call("do it", action)
    assert action.calls == 20


def test_a_creation_is_looked_for_before_it_is_repeated() -> None:
    action = Flaky(Fault(0, "dropped", passing=True))
    assert retries([]).call("create", action, found=lambda: "there already") == "there already"
    assert action.calls == 1
    again = Flaky(Fault(0, "dropped", passing=True))
    assert retries([]).call("create", again, found=lambda: None) == "done"
    assert again.calls == 2


def test_mistakes_of_our_own_are_not_hidden() -> None:
    def wrong() -> str:
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
