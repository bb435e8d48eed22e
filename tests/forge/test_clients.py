"""python-gitlab and PyGithub above, one HTTP layer below: nothing of theirs reaches the network by itself."""

from __future__ import annotations

from typing import Any

import github
import pytest
import requests
from github.Auth import AppAuth

from perfbot.forge.base import RefusedError, Status
from perfbot.forge.github_app import sign_in
from perfbot.forge.github_server import NOT_READ, RestRequester
from perfbot.forge.order import RunOrder
from perfbot.forge.rest import Rest
from perfbot.forge.retry import FaultError, Retries
from tests.fakes.github import APP, app_pem
from tests.forge.conftest import HEAD, World

ORDER = RunOrder(1_795_435_200_000, 5, 1)


@pytest.fixture(autouse=True)
def _no_requests(monkeypatch: pytest.MonkeyPatch) -> None:
    """Both clients' own way to the network."""

    def send(*_: Any, **__: Any) -> Any:
        pytest.fail("a client asked by itself")

    monkeypatch.setattr(requests.Session, "send", send)


def everything(world: World, forge: Any) -> None:
    """Each thing that a forge can do, once."""
    world.fake.files[("main", "perfbot.toml")] = "[gate]\n"
    repository, comments, status = (
        forge.repository,
        forge.comments(1),
        Status("success", "perfbot", HEAD, "well", order=ORDER),
    )
    assert repository.merge_request(1).head == HEAD
    assert [request.number for request in repository.open_merge_requests("")] == [1]
    assert repository.default_branch() == "main"
    assert repository.file_at("refs/heads/main", "perfbot.toml") == "[gate]\n"
    assert repository.file_at("refs/heads/main", "nothing.toml") is None
    repository.changed_files(1)
    repository.may_write("ada" if forge.kind == "github" else "11")
    note = comments.write("marked", "marked")
    comments.edit(note, "marked again")
    comments.react(note, "seen")
    assert comments.reactions(note) == {"seen"}
    assert comments.get(note.id).body == "marked again"
    comments.delete(note)
    assert comments.get(note.id) is None
    forge.statuses.show(Status("running", "perfbot", HEAD, "measuring"))
    forge.statuses.show(status)
    assert forge.statuses.shown(status)[0].state == "success"
    forge.runs.in_flight(repository.merge_request(1))
    forge.runs.began((1, 1))


def test_each_request_goes_through_one_place(world: World) -> None:
    everything(world, world.connect())


def test_an_app_too(github_fake: Any) -> None:
    retries = Retries()
    auth = sign_in(github_fake.url, github_fake.project, APP, app_pem(), retries=retries)
    from perfbot.forge import github as github_forge

    forge = github_forge.connect(
        github_fake.url, github_fake.project, auth, workflow="perfbot.yml", bot=auth.bot, pace=0, retries=retries
    )
    everything(World(github_fake, lambda seconds: None, lambda retries: forge), forge)  # type: ignore[arg-type]
    assert app_pem()[40:80] not in repr(auth)


def test_a_listing_costs_a_request_a_page(world: World) -> None:
    """PyGithub would ask for each item again that lacks a field which is read. GitLab says where it ends by nothing."""
    for number in range(250):
        world.fake.say(f"foreign {number}")
    forge = world.connect()
    forge.comments(1).notes()
    before = len(world.fake.log)
    assert len(forge.comments(1).notes()) == 250
    assert len(world.fake.log) - before == {"gitlab": 4, "github": 3}[forge.kind]


@pytest.fixture
def requester(github_fake: Any) -> RestRequester:
    rest = Rest(github_fake.url, Retries(patience=1), faults=NOT_READ)
    return RestRequester(rest, github.Auth.Token(github_fake.token))


@pytest.mark.parametrize(
    "way", ["withAuth", "withLazy", "withApiVersion", "requestMultipart", "requestBlob", "getStream"]
)
def test_what_would_ask_past_it_is_refused(requester: RestRequester, way: str) -> None:
    with pytest.raises(NotImplementedError):
        getattr(requester, way)(None)


def test_an_installation_of_pygithubs_own_is_refused(requester: RestRequester) -> None:
    """It fetches its tokens by a client that it makes itself."""
    with pytest.raises(NotImplementedError):
        AppAuth(APP, app_pem()).get_installation_auth(1, requester=requester)


@pytest.mark.parametrize("url", ["https://evil.invalid/repos/octo/app", "http://127.0.0.1:1/repos/octo/app"])
def test_addresses_in_answers_that_lead_elsewhere_are_not_asked(
    requester: RestRequester, github_fake: Any, url: str
) -> None:
    with pytest.raises((FaultError, AssertionError)):
        requester.requestJsonAndCheck("GET", url)
    assert github_fake.log == []


def test_a_file_that_github_does_not_hand_out_is_not_read_as_empty(github_fake: Any) -> None:
    from tests.forge.conftest import github_world

    github_fake.files[("main", "perfbot.toml")] = "#" * 1_000_001
    with pytest.raises(RefusedError, match=r"perfbot.toml is too large"):
        github_world(github_fake).connect().repository.file_at("refs/heads/main", "perfbot.toml")
