"""Which events ask for something."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfbot.forge.events import button_of, comment_of, loads
from tests.builders import HEAD
from tests.service.payloads import github_button, github_comment, github_suite, gitlab_note


def test_gitlab() -> None:
    asked = comment_of(gitlab_note())
    assert asked is not None
    assert (asked.kind, asked.project, asked.merge_request) == ("gitlab", "group/app", 1)
    assert (asked.note.id, asked.note.author, asked.note.author_key) == (501, "ada", "11")
    assert (asked.note.body, asked.note.created) == ("/rebench", "2026-11-23T12:00:00Z")
    assert loads(asked.dumps()) == asked


@pytest.mark.parametrize("make", [gitlab_note, github_comment])
def test_characters_that_no_database_takes_are_shown_as_such(make: Any) -> None:
    asked = comment_of(make("/rebench \ud800 a\0b"))
    assert asked is not None
    assert asked.note.body == "/rebench ? a\ufffdb"


def test_github() -> None:
    asked = comment_of(github_comment())
    assert asked is not None
    assert (asked.kind, asked.project, asked.merge_request) == ("github", "octo/app", 1)
    assert asked.note.author_key == "ada"
    assert asked.key == "github:octo/app:comment:501"


@pytest.mark.parametrize(
    "event",
    [
        {},
        gitlab_note(action="update"),
        gitlab_note(noteable_type="Issue"),
        gitlab_note(noteable_type="Commit"),
        gitlab_note(system=True),
        {**gitlab_note(), "user": None},
        {**gitlab_note(), "merge_request": None},
        github_comment(action="edited"),
        github_comment(action="deleted"),
        github_comment(issue={"number": 1}),
        github_comment(comment=None),
        github_comment(repository={}),
        {"zen": "Design for failure.", "hook_id": 1},
        github_button(),
        github_suite(),
    ],
)
def test_deaf(event: dict[str, Any]) -> None:
    assert comment_of(event) is None


def test_an_older_gitlab_does_not_say_what_happened() -> None:
    event = gitlab_note()
    del event["object_attributes"]["action"]
    assert comment_of(event) is not None
    event["object_attributes"]["updated_at"] = "2026-11-23 12:05:00 UTC"
    assert comment_of(event) is None


def test_the_button() -> None:
    asked = button_of(github_button())
    assert asked is not None
    assert (asked.merge_request, asked.head, asked.note.author_key) == (1, HEAD, "ada")
    assert asked.key == "github:octo/app:check:9:2026-11-23T12:00:00Z"
    assert loads(asked.dumps()) == asked
    assert button_of(github_button(action="rerequested", requested_action=None)) is not None
    assert button_of(github_button(action="created")) is None
    assert button_of(github_button(requested_action={"identifier": "deploy"})) is None
    foreign = {**github_button()["check_run"], "name": "lint"}
    assert button_of(github_button(action="rerequested", check_run=foreign)) is None


@pytest.mark.parametrize("pulls", [[], [{"number": 1}, {"number": 2}]])
def test_a_button_whose_merge_request_only_the_head_tells(pulls: list[dict[str, int]]) -> None:
    """Forks are not listed; one commit may be the head of several."""
    run = {**github_button()["check_run"], "pull_requests": pulls}
    asked = button_of(github_button(check_run=run))
    assert asked is not None
    assert (asked.merge_request, asked.head) == (0, HEAD)


def test_all_checks_again() -> None:
    """The suite keeps its number: another press is told apart by what happened to it in between."""
    first, second = button_of(github_suite()), button_of(github_suite())
    assert first is not None
    assert first == second
    assert first.head == HEAD
    later = button_of(github_suite(check_suite={**github_suite()["check_suite"], "updated_at": "2026-11-23T12:09:00Z"}))
    assert later is not None
    assert later.key != first.key
    assert button_of(github_suite(action="completed")) is None
    assert button_of(github_suite(check_suite=None)) is None


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
        st.sampled_from(["object_kind", "object_attributes", "user", "note", "id", "comment", "issue", "action",
                         "check_run", "check_suite", "repository", "created_at"]), inner, max_size=6),
    max_leaves=20,
)  # fmt: skip


@given(
    st.dictionaries(
        st.sampled_from(sorted({*gitlab_note(), *github_comment(), *github_button(), *github_suite()})), JSON
    )
)
def test_any_payload_is_survived(changes: dict[str, Any]) -> None:
    for whole in (gitlab_note(), github_comment(), github_button(), github_suite()):
        comment_of({**whole, **changes})
        button_of({**whole, **changes})
