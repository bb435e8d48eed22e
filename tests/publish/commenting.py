"""People who comment, and what comes of it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from perfbot.forge.base import Note
from perfbot.publish.comment_commands import CommandHandler
from tests.ci_jobs import QUICK, InCI
from tests.fakes.gitlab import AUTHOR, STRANGER, FakeGitLab

NOW = datetime(2026, 11, 23, 12, 30, tzinfo=UTC)

People = dict[str, Any]


def person(ci: InCI, name: str) -> Any:
    people: People = {"ada": AUTHOR, "mallory": STRANGER} if isinstance(ci.fake, FakeGitLab) else {}
    return people.get(name, name)


def say(ci: InCI, body: str, who: str = "ada") -> Note:
    """Somebody comments; the note as the forge tells it."""
    made = ci.fake.say(body, person(ci, who))
    return next(n for n in ci.forge().comments(1).notes() if n.id == made["id"])


def desk(ci: InCI, **changes: Any) -> CommandHandler:
    return CommandHandler(ci.forge(), 1, NOW, upsert=dict(QUICK), **changes)


def reactions(ci: InCI, note: Note) -> frozenset[str]:
    return frozenset(ci.forge().comments(1).reactions(note))


def replies(ci: InCI) -> list[str]:
    return [c["body"] for c in ci.fake.by_bot() if "perfbot:reply" in c["body"]]


def measured(ci: InCI) -> int:
    """How many runs were started."""
    if isinstance(ci.fake, FakeGitLab):
        return sum(job["status"] == "pending" and job["name"] != "perfbot-publish" for job in ci.fake.jobs)
    return len(ci.fake.dispatched) + sum(run["run_attempt"] > 1 for run in ci.fake.runs)
