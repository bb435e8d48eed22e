"""One comment with the newest verdict, whatever the network, the forge and other publishers do."""

from __future__ import annotations

import random
import threading
import time
from typing import Any

import pytest

from perfbot.errors import PublishError
from perfbot.forge.body import Body, Section, parse, put
from perfbot.forge.order import RunOrder, Told
from perfbot.forge.upsert import SupersededError, Upsert
from tests.fakes.server import Fault

HEAD = "a" * 40
OLD = "b" * 40


def section(text: str = "verdict", name: str = "", head: str = HEAD, run: tuple[int, int] = (1, 1)) -> Section:
    order = RunOrder(0, *run)
    return Section(name, head, order, text, said=Told(head, order, "success", text))


def publish(world: Any, part: Section, **options: Any) -> str:
    forge = world.connect()

    def current() -> None:
        if forge.repository.merge_request(1).head != part.head:
            raise SupersededError

    options = {"settle": (0, 0), "lag": 0, "lost": 0, "stagger": 0, "sleep": lambda s: None, **options}
    return Upsert(forge.comments(1), "default", lambda b: put(b, part), current, **options).run()


def only(world: Any) -> Body:
    comments = world.fake.by_bot()
    assert len(comments) == 1, [c["body"] for c in comments]
    body = parse(comments[0]["body"], "default")
    assert body is not None
    return body


def test_first_creates_second_edits(world: Any) -> None:
    assert publish(world, section("one")) == "created"
    assert publish(world, section("two", run=(2, 1))) == "edited"
    assert publish(world, section("two", run=(2, 1))) == "unchanged"
    assert only(world).sections == (section("two", run=(2, 1)),)


def test_found_behind_120_foreign_comments(world: Any) -> None:
    publish(world, section("one"))
    for number in range(120):
        world.fake.say(f"foreign {number}")
    assert publish(world, section("two", run=(2, 1))) == "edited"
    assert only(world).sections[0].text == "two"


def test_found_over_pages_that_are_short(gitlab_fake: Any, request: pytest.FixtureRequest) -> None:
    from tests.forge.conftest import gitlab_world

    world = gitlab_world(gitlab_fake)
    publish(world, section("one"))
    for number in range(120):
        gitlab_fake.say(f"foreign {number}")
    gitlab_fake.short_pages = 93
    assert publish(world, section("two", run=(2, 1))) == "edited"
    only(world)


def test_a_stranger_with_the_same_marker_is_left_alone(world: Any) -> None:
    publish(world, section("one"))
    stolen = world.fake.by_bot()[0]["body"]
    world.fake.by_bot()[0].clear()
    world.fake.notes[1].clear() if hasattr(world.fake, "notes") else world.fake.comments[1].clear()
    foreign = world.fake.say(stolen)
    assert publish(world, section("two")) == "created"
    assert foreign["body"] == stolen
    assert only(world).sections[0].text == "two"


def test_an_older_run_never_overwrites_a_newer_one(world: Any) -> None:
    publish(world, section("new", run=(9, 1)))
    assert publish(world, section("old", run=(8, 7))) == "unchanged"
    assert only(world).sections[0].text == "new"


def test_an_older_head_never_overwrites_a_newer_one(world: Any) -> None:
    publish(world, section("new"))
    assert publish(world, section("old", head=OLD, run=(99, 1))) == "superseded"
    assert only(world).sections[0].text == "new"


def test_matrix_jobs_share_a_comment(world: Any) -> None:
    publish(world, section("three", "py312"))
    publish(world, section("four", "py313"))
    assert [s.text for s in only(world).sections] == ["three", "four"]


def test_deleted_by_a_person_is_made_anew(world: Any) -> None:
    publish(world, section("one"))
    world.fake.notes[1].clear() if hasattr(world.fake, "notes") else world.fake.comments[1].clear()
    assert publish(world, section("one")) == "created"
    only(world)


def test_deleted_again_and_again_is_made_anew_once(world: Any) -> None:
    """A person (or a robot) that deletes each new comment wins."""
    listed = world.fake.notes if hasattr(world.fake, "notes") else world.fake.comments
    removed = []

    def remove(seconds: float) -> None:
        removed.extend(world.fake.by_bot())
        listed[1].clear()

    assert publish(world, section("one"), sleep=remove) == "created"
    assert len(removed) == 2


def test_edited_away_while_writing(world: Any) -> None:
    """Somebody else's edit between our write and our look is noticed and mended."""
    publish(world, section("one"))
    stale = world.fake.by_bot()[0]["body"]
    struck = []

    def overwrite(seconds: float) -> None:
        if not struck:
            struck.append(seconds)
            world.fake.by_bot()[0]["body"] = stale

    publish(world, section("two", run=(2, 1)), sleep=overwrite)
    assert only(world).sections[0].text == "two"


def test_nothing_is_made_where_nothing_should(world: Any) -> None:
    assert publish(world, section("one"), create=False) == "none"
    assert world.fake.by_bot() == []


def test_others_that_never_stop_are_reported(world: Any) -> None:
    turns = []

    def disturb(seconds: float) -> None:
        turns.append(seconds)
        for comment in world.fake.by_bot():
            comment["body"] = "<!-- perfbot:v1 key=default head= previous= -->"

    with pytest.raises(PublishError, match="others kept changing it"):
        publish(world, section("one"), sleep=disturb)


FAULTS = [
    pytest.param(Fault(502), id="every-request-502-once"),
    pytest.param(Fault(429, headers={"Retry-After": "3"}), id="429-with-retry-after"),
    pytest.param(Fault(429), id="429-without-retry-after"),
    pytest.param(Fault(0), id="dropped-after-processing"),
    pytest.param(Fault(409), id="409-locked"),
]


@pytest.mark.parametrize("fault", FAULTS)
def test_faults_cost_nothing_but_time(world: Any, fault: Fault) -> None:
    for number in range(120):
        world.fake.say(f"foreign {number}")
    fault.struck.clear()
    world.fake.faults = [fault]
    publish(world, section("one"))
    publish(world, section("two", run=(2, 1)))
    assert only(world).sections[0].text == "two"
    assert world.fake.count("POST") == 1
    assert world.waits.seconds, "it waited between attempts"
    if fault.headers:
        assert 3.0 in world.waits.seconds


@pytest.mark.parametrize("fault", FAULTS)
def test_twenty_publishers_at_once(world: Any, fault: Fault) -> None:
    """Twenty runs of one head and one of an older head, each through its own client, under each fault."""
    for number in range(5):
        world.fake.say(f"foreign {number}")
    fault.struck.clear()
    world.fake.faults = [fault]
    outcomes: dict[int, str] = {}

    def one(number: int) -> None:
        draw = random.Random(number)  # noqa: S311 - only waiting
        part = section(f"run {number}", run=(number, 1), head=HEAD if number else OLD)
        outcomes[number] = publish(
            world,
            part,
            settle=(0.1, 0.4),
            stagger=0.2,
            sleep=time.sleep,
            uniform=draw.uniform,
        )

    threads = [threading.Thread(target=one, args=(n,)) for n in range(21)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(outcomes) == 21
    assert outcomes[0] == "superseded"
    assert only(world).sections[0].text == "run 20"


def test_twenty_sections_at_once(world: Any) -> None:
    """A matrix of twenty jobs that end together: nobody's section is lost."""
    outcomes: list[str] = []

    def one(number: int) -> None:
        part = section(f"text {number}", name=f"job {number:02d}", run=(5, number))
        outcomes.append(publish(world, part, settle=(0.1, 0.4), stagger=0.2, sleep=time.sleep))

    threads = [threading.Thread(target=one, args=(n,)) for n in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(outcomes) == 20
    assert [s.text for s in only(world).sections] == [f"text {n}" for n in range(20)]
