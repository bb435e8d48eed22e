"""Which events ask for something."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfbot.service.events import button_of, comment_of, loads
from tests.service.payloads import github_button, github_comment, gitlab_note


def test_gitlab() -> None:
    asked = comment_of(gitlab_note())
    assert asked is not None
    assert (asked.kind, asked.project, asked.merge_request) == ("gitlab", "group/app", 1)
    assert (asked.note.id, asked.note.author, asked.note.author_key) == (501, "ada", "11")
    assert (asked.note.body, asked.note.created) == ("/rebench", "2026-11-23T12:00:00Z")
    assert loads(asked.dumps()) == asked


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
    assert asked.button
    assert button_of(github_button(action="rerequested", requested_action=None)) is not None
    assert button_of(github_button(action="created")) is None
    assert button_of(github_button(requested_action={"identifier": "deploy"})) is None
    foreign = {"id": 9, "name": "lint", "pull_requests": [{"number": 1}]}
    assert button_of(github_button(action="rerequested", check_run=foreign)) is None
    of_a_fork = {"id": 9, "name": "perfbot", "pull_requests": []}
    assert button_of(github_button(check_run=of_a_fork)) is None


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
        st.sampled_from(["object_kind", "object_attributes", "user", "note", "id", "comment", "issue", "action",
                         "check_run", "repository", "created_at"]), inner, max_size=6),
    max_leaves=20,
)  # fmt: skip


@given(st.dictionaries(st.sampled_from(sorted({*gitlab_note(), *github_comment(), *github_button()})), JSON))
def test_any_payload_is_survived(changes: dict[str, Any]) -> None:
    for whole in (gitlab_note(), github_comment(), github_button()):
        comment_of({**whole, **changes})
        button_of({**whole, **changes})
