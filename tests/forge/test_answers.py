"""What proxies, half-started servers and broken cables make of answers: asked again, never read as "nothing"."""

from __future__ import annotations

import time
from typing import Any

import pytest

from perfbot.errors import PublishError
from perfbot.forge.base import RefusedError, UnreachableError
from perfbot.forge.rest import NOT_AS_PROMISED
from tests.fakes.server import Answer, Fault, Request
from tests.forge.conftest import HEAD

NOT_ANSWERS = {
    "html": "<!DOCTYPE html><title>502 Bad Gateway</title>",
    "list": "[]",
    "null": "null",
    "empty": "",
    "number": "17",
    "string": '"ok"',
    "empty record": "{}",
    "message": '{"message": "hello"}',
    "cut": '{"id": 1000, "body": "x", "auth',
    "cut list": '[{"id": 1000, "body": "x"',
    "list of null": "[null]",
    "list of lists": "[[]]",
    "deep": "[" * 100_000,
    "not text": "\xff\xfe\x00",
}


@pytest.mark.parametrize("text", NOT_ANSWERS.values(), ids=NOT_ANSWERS)
def test_what_is_no_answer_is_asked_again(world: Any, text: str) -> None:
    """Once for each request, with status 200: everything works all the same."""
    world.fake.faults = [Fault(200, text=text)]
    forge = world.connect()
    assert forge.repository.merge_request(1).head == HEAD
    note = forge.comments(1).write("marked hello", "marked")
    bodies = [c["body"] for c in world.fake.by_bot()]
    assert set(bodies) == {"marked hello"}
    assert len(bodies) == (2 if text == "[]" else 1), "a listing that says it is empty may be right"
    forge.comments(1).edit(note, "marked again")
    assert forge.comments(1).get(note.id).body == "marked again"


@pytest.mark.parametrize("text", [t for name, t in NOT_ANSWERS.items() if name != "list"])
def test_what_never_answers_is_given_up(world: Any, text: str) -> None:
    world.fake.faults = [Fault(200, text=text, times=10**6, methods=("GET",))]
    forge = world.connect(patience=30)  # waits are not real; the last request has a tenth of it
    with pytest.raises(UnreachableError, match=NOT_AS_PROMISED):
        forge.repository.merge_request(1)
    with pytest.raises(UnreachableError, match=NOT_AS_PROMISED):
        forge.comments(1).notes()


def test_pages_without_link_headers(world: Any) -> None:
    world.fake.links = False
    for number in range(250):
        world.fake.say(f"foreign {number}")
    assert len(world.connect().comments(1).notes()) == 250


def test_short_pages_without_link_headers(gitlab_fake: Any) -> None:
    from tests.forge.conftest import gitlab_world

    gitlab_fake.links, gitlab_fake.short_pages = False, 93
    for number in range(40):
        gitlab_fake.say(f"foreign {number}")
    assert len(gitlab_world(gitlab_fake).connect().comments(1).notes()) == 40


def test_links_to_another_host_are_not_followed_there(world: Any) -> None:
    """A proxy that rewrites, or an answer that was tampered with: the token goes to the forge alone."""
    for number in range(120):
        world.fake.say(f"foreign {number}")
    page = world.fake.page

    def elsewhere(request: Request, items: list[Any], default: int, short: int = 0) -> Answer:
        answer = page(request, items, default, short)
        headers = {name: value.replace(world.fake.url, "http://evil.invalid") for name, value in answer.headers.items()}
        return Answer(answer.status, answer.data, headers)

    world.fake.page = elsewhere
    assert len(world.connect().comments(1).notes()) == 120


def test_redirects_stay_on_the_host(world: Any) -> None:
    """A renamed project is followed; a redirect to elsewhere is refused, and takes no token along."""
    dispatch = world.fake.dispatch

    def moved(request: Request) -> Answer:
        return Answer(301, {"message": "Moved Permanently"}, {"Location": "http://evil.invalid/user"})

    world.fake.dispatch = moved
    with pytest.raises(RefusedError, match="HTTP 301"):
        world.connect().repository.merge_request(1)

    def renamed(request: Request) -> Answer:
        query = "moved=1"
        if request.query.get("moved"):
            return dispatch(request)
        return Answer(301, {"message": "Moved Permanently"}, {"Location": f"{world.fake.url}{request.path}?{query}"})

    world.fake.dispatch = renamed
    assert world.connect().repository.merge_request(1).head == HEAD
    world.fake.violations.clear()


def test_an_answer_that_drips_is_given_up(world: Any) -> None:
    """Byte after byte keeps every single read in time; the whole is not."""

    def slowly(request: Request) -> Answer:
        time.sleep(0.3)
        return Answer(200, text="x")

    world.fake.dispatch = slowly
    began = time.monotonic()
    with pytest.raises(PublishError):
        world.connect(patience=0.5).repository.merge_request(1)
    assert time.monotonic() - began < 30


def test_requests_that_may_be_carried_out_yet_are_counted(world: Any) -> None:
    """A listing that lags does not show what was made, so it is made twice; each can be read under its number."""
    world.fake.faults = [Fault(0, methods=("POST",))]
    world.fake.lag = 1e9
    forge = world.connect()
    note = forge.comments(1).write("marked hello", "marked")
    assert forge.lost() == 1
    assert len(world.fake.by_bot()) == 2
    assert world.connect().comments(1).notes() == []
    assert world.connect().comments(1).get(note.id) == note
