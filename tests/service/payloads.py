"""Events as the forges send them, cut to what is read, with the rest of a real payload's shape where it misleads."""

from __future__ import annotations

from typing import Any

from tests.builders import HEAD

NOW = "2026-11-23T12:00:00Z"


def gitlab_note(body: str = "/rebench", number: int = 501, iid: int = 1, **attributes: Any) -> dict[str, Any]:
    return {
        "object_kind": "note",
        "event_type": "note",
        "user": {"id": 11, "name": "Ada", "username": "ada"},
        "project": {"id": 1, "path_with_namespace": "group/app"},
        "object_attributes": {
            "id": number, "note": body, "noteable_type": "MergeRequest", "author_id": 11, "system": False,
            "created_at": "2026-11-23 12:00:00 UTC", "updated_at": "2026-11-23 12:00:00 UTC", "action": "create",
            **attributes,
        },
        "merge_request": {"id": 5001, "iid": iid},
    }  # fmt: skip


def github_comment(body: str = "/rebench", number: int = 501, **changes: Any) -> dict[str, Any]:
    return {
        "action": "created",
        "issue": {"number": 1, "pull_request": {"url": "https://example.com"}},
        "comment": {
            "id": number, "body": body, "user": {"login": "ada"}, "created_at": NOW, "author_association": "OWNER"
        },
        "repository": {"full_name": "octo/app"},
        "sender": {"login": "ada"},
        **changes,
    }  # fmt: skip


def github_button(**changes: Any) -> dict[str, Any]:
    return {
        "action": "requested_action",
        "requested_action": {"identifier": "rebench"},
        "check_run": {
            "id": 9, "name": "perfbot", "head_sha": HEAD, "completed_at": NOW, "pull_requests": [{"number": 1}]
        },
        "repository": {"full_name": "octo/app"},
        "sender": {"login": "ada"},
        **changes,
    }  # fmt: skip


def github_suite(**changes: Any) -> dict[str, Any]:
    """ "Re-run all checks" of one App at one commit."""
    return {
        "action": "rerequested",
        "check_suite": {
            "id": 5, "head_sha": HEAD, "updated_at": NOW, "pull_requests": [{"number": 1}], "app": {"slug": "perfbot"}
        },
        "repository": {"full_name": "octo/app"},
        "sender": {"login": "ada"},
        **changes,
    }  # fmt: skip
