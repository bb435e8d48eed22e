"""From a forge's event to somebody who asks something; pure, and deaf to everything else."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from perfbot.forge.base import Note

NOT_WHOLE = (KeyError, TypeError, ValueError, AttributeError, ArithmeticError)
"""What reading a payload raises that is not as the forges describe it; the last one for numbers without end."""

MAX_BODY = 100_000
"""Characters of a comment that are looked at."""


@dataclass(frozen=True, slots=True)
class Asked:
    """Somebody wrote a comment (or pressed the button) in a merge request.

    Attributes:
        merge_request: its number; 0 when only ``head`` tells, as with buttons in merge requests from forks.
        button: the check run or suite whose "Re-run" was pressed; then there is no comment to answer.
        head: commit that the button belongs to.
    """

    kind: Literal["gitlab", "github"]
    project: str
    merge_request: int
    note: Note
    button: str = ""
    head: str = ""

    @property
    def key(self) -> str:
        """The same for every delivery of the same event, whatever its delivery's number."""
        return f"{self.kind}:{self.project}:{self.button or f'comment:{self.note.id}'}"

    def dumps(self) -> bytes:
        """As a job's payload."""
        return json.dumps(asdict(self)).encode()


def loads(payload: bytes) -> Asked:
    """Read a job's payload back."""
    data = json.loads(payload)
    return Asked(**{**data, "note": Note(**data["note"])})


def comment_of(event: Mapping[str, Any]) -> Asked | None:
    """A comment that was just created in a merge request; None for every other event, and for what is not whole."""
    try:
        return _gitlab(event) if event.get("object_kind") == "note" else _github(event)
    except NOT_WHOLE:
        return None


def button_of(event: Mapping[str, Any]) -> Asked | None:
    """The "Re-run" of perfbot's check run, or of all checks of its App; None for every other event.

    GitHub sends these to the App whose check it is, and to nobody else.
    """
    try:
        return _run_button(event) or _suite_button(event)
    except NOT_WHOLE:
        return None


def _run_button(event: Mapping[str, Any]) -> Asked | None:
    """Of one check run, told apart from an earlier press by when the run ended."""
    if "check_run" not in event:
        return None
    run, action = event["check_run"], event["action"]
    pressed = action == "requested_action" and event["requested_action"]["identifier"] == "rebench"
    again = action == "rerequested" and str(run["name"]).partition(" ")[0] == "perfbot"
    if not (pressed or again):
        return None
    return _button(event, run, f"check:{int(run['id'])}:{_iso(run.get('completed_at'))}")


def _suite_button(event: Mapping[str, Any]) -> Asked | None:
    """Of all checks of one commit. The suite stays the same, what happened to it last does not."""
    suite = event["check_suite"]
    if event["action"] != "rerequested":
        return None
    return _button(event, suite, f"suite:{int(suite['id'])}:{_iso(suite.get('updated_at'))}")


def _button(event: Mapping[str, Any], check: Mapping[str, Any], button: str) -> Asked:
    """Pull requests from forks are not listed, and one commit may be the head of several."""
    numbers = [int(pull["number"]) for pull in check["pull_requests"]]
    who = str(event["sender"]["login"])
    return Asked(
        kind="github",
        project=str(event["repository"]["full_name"]),
        merge_request=numbers[0] if len(numbers) == 1 else 0,
        note=Note(int(check["id"]), who, who, "/rebench", mine=False),
        button=button,
        head=str(check["head_sha"]),
    )


def _github(event: Mapping[str, Any]) -> Asked | None:
    comment, issue = event["comment"], event["issue"]
    if event["action"] != "created" or not issue.get("pull_request"):
        return None
    who = str(comment["user"]["login"])
    note = Note(
        id=int(comment["id"]),
        author=who,
        author_key=who,
        body=_words(comment["body"]),
        mine=False,
        created=_iso(comment.get("created_at")),
    )
    return Asked("github", str(event["repository"]["full_name"]), int(issue["number"]), note)


def _gitlab(event: Mapping[str, Any]) -> Asked | None:
    """Note hooks come for edits too; servers that do not say which are believed by their times."""
    data = event["object_attributes"]
    if data["noteable_type"] != "MergeRequest" or data.get("system"):
        return None
    fresh = data["action"] == "create" if "action" in data else data["created_at"] == data["updated_at"]
    if not fresh:
        return None
    user = event["user"]
    note = Note(
        id=int(data["id"]),
        author=str(user["username"]),
        author_key=str(int(data["author_id"])),
        body=_words(data["note"]),
        mine=False,
        created=_iso(data.get("created_at")),
        internal=bool(data.get("internal") or data.get("confidential")),
    )
    return Asked("gitlab", str(event["project"]["path_with_namespace"]), int(event["merge_request"]["iid"]), note)


def _words(text: object) -> str:
    """A comment as far as it is looked at, of characters that every database and forge takes."""
    return str(text)[:MAX_BODY].encode("utf-8", "replace").decode().replace("\0", "\ufffd")


def _iso(moment: object) -> str:
    """``2026-11-23 12:00:00 UTC`` and ISO 8601 alike as ISO 8601 in UTC; empty when it is neither."""
    text = str(moment or "").replace(" UTC", "+00:00").strip()
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return ""
    found = found if found.tzinfo else found.replace(tzinfo=UTC)
    return found.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
