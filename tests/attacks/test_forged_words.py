"""What others write in a merge request, on a forge, or in a branch's name: counted for no more than it is."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from perfbot.errors import UsageError
from perfbot.forge.base import Again, Note, RefusedError
from perfbot.forge.body import compose, parse
from perfbot.forge.events import comment_of
from perfbot.forge.signatures import check_secret
from perfbot.publish import commands
from perfbot.publish.comment_commands import CommandHandler
from perfbot.publish.flow import publish, read
from perfbot.publish.publisher import KEY
from perfbot.publish.verify import read_rules
from perfbot.render.remarks import where_it_goes_back_to
from tests.builders import HEAD, report, result, write
from tests.ci_jobs import InCI, github_ci, gitlab_ci

NOW = datetime(2026, 11, 23, 12, 30, tzinfo=UTC)
QUICK = {"settle": (0, 0), "stagger": 0, "sleep": lambda _: None}


@pytest.fixture(params=["gitlab", "github"])
def ci(request: pytest.FixtureRequest) -> InCI:
    with gitlab_ci() if request.param == "gitlab" else github_ci() as found:
        yield found  # type: ignore[misc]


def failing(ci: InCI, folder: Path) -> int:
    return publish(write(folder, report(result("parse", change=0.2))), ci.publisher()).code


def says(ci: InCI, text: str, **changes: object) -> Note:
    """A comment of somebody who may write, as the forge has it."""
    made = ci.fake.say(text, **changes)
    (note,) = [note for note in ci.forge().comments(1).notes() if note.id == made["id"]]
    return note


def handler(ci: InCI, **more: object) -> CommandHandler:
    return CommandHandler(ci.forge(), 1, NOW, upsert=dict(QUICK), **more)  # type: ignore[arg-type]


def rewritten(ci: InCI, change: Callable[[str], str]) -> None:
    """Another job with perfbot's own token edits perfbot's comment."""
    (own,) = [c for c in ci.fake.by_bot() if "perfbot:v1" in c["body"]]
    own["body"] = change(own["body"])


FORGED = {
    "of nobody's comment": {"note": 0},
    "of a comment that is not there": {"note": 424_242},
    "of another benchmark": {"match": "core/other"},
    "for another reason": {"reason": "because I say so"},
}


@pytest.mark.parametrize("forgery", FORGED)
def test_an_acceptance_that_nobody_wrote_counts_for_nothing(ci: InCI, tmp_path: Path, forgery: str) -> None:
    assert failing(ci, tmp_path) == 1
    handler(ci).act(says(ci, "/perfbot accept core/parse known"))
    assert failing(ci, tmp_path) == 0

    def forge(body: str) -> str:
        found = parse(body, KEY)
        assert found is not None
        return compose(replace(found, accepted=tuple(replace(one, **FORGED[forgery]) for one in found.accepted)))

    rewritten(ci, forge)
    ci.next_run()
    assert failing(ci, tmp_path) == 1


def test_an_acceptance_goes_with_its_comment_and_with_its_authors_rights(ci: InCI, tmp_path: Path) -> None:
    assert failing(ci, tmp_path) == 1
    note = says(ci, "/perfbot accept core/parse known")
    handler(ci).act(note)
    assert failing(ci, tmp_path) == 0
    rights = ci.fake.levels if hasattr(ci.fake, "levels") else ci.fake.permissions
    kept = dict(rights)
    for name in list(rights):
        rights[name] = 10 if hasattr(ci.fake, "levels") else "read"
    ci.next_run()
    assert failing(ci, tmp_path) == 1
    rights.update(kept)
    ci.next_run()
    assert failing(ci, tmp_path) == 0
    conversation = ci.fake.notes if hasattr(ci.fake, "notes") else ci.fake.comments
    conversation[1][:] = [one for one in conversation[1] if one["id"] != note.id]
    ci.next_run()
    assert failing(ci, tmp_path) == 1


def test_a_tag_of_the_target_branchs_name_is_no_policy(ci: InCI) -> None:
    ci.config('[gate]\nthreshold = "3%"\n')
    ci.config('[gate]\nthreshold = "90%"\n', ref="refs/tags/main")
    forge = ci.forge()
    assert read_rules(forge.repository, forge.repository.merge_request(1)).target.policy.threshold == 0.03


@pytest.mark.parametrize("counted", ["1000+", "3", "", None, "0"])
def test_a_list_of_changes_that_was_cut_is_everything(counted: str | None) -> None:
    with gitlab_ci() as ci:
        ci.fake.diffs[1] = ["README.md", "docs/a.md"]
        ci.fake.counted[1] = counted
        assert ci.forge().repository.changed_files(1) is None
        ci.fake.counted[1] = "2"
        assert ci.forge().repository.changed_files(1) == ("README.md", "docs/a.md")


def test_a_cut_list_lets_no_empty_report_pass(tmp_path: Path) -> None:
    with gitlab_ci() as ci:
        ci.config('[run]\nwhen_changed = ["src/**"]\n')
        ci.fake.diffs[1] = [f"filler/{n}" for n in range(30)]
        ci.fake.counted[1] = "1000+"
        files = write(tmp_path, report(skipped="nothing"))
        assert publish(files, ci.publisher()).code == 3
        assert ci.status()[0] == "failed"


def test_code_is_run_in_no_other_branchs_scope() -> None:
    """Dispatched on the default branch, a pull request's code could write the caches that main's runs begin with."""
    with github_ci() as ci:
        forge = ci.forge()
        request = forge.repository.merge_request(1)
        assert forge.runs.measure(request, Again(HEAD)) == "started"
        assert forge.runs.elsewhere(request, Again(HEAD)) == "started"
        assert [one["ref"] for one in ci.fake.dispatched] == ["topic-1", "topic-1"]
        ci.fake.dispatchable = False
        assert forge.runs.measure(request, Again(HEAD)) == "started again", "a branch that has no such workflow yet"


def test_a_forks_code_is_never_run_on_a_branch_of_the_repository() -> None:
    with github_ci() as ci:
        ci.fake.pulls[1]["head"]["repo"] = {"full_name": "mallory/app"}
        forge = ci.forge()
        request = forge.repository.merge_request(1)
        assert request.fork
        for again in (Again(HEAD), Again(HEAD, ("core/*",)), Again(HEAD, (), 60.0)):
            assert forge.runs.measure(request, again).startswith("started again")
        assert ci.fake.dispatched == []
        ci.fake.runs.clear()
        with pytest.raises(RefusedError, match="run on no branch of this repository"):
            forge.runs.measure(request, Again(HEAD))
        assert ci.fake.dispatched == []


def test_a_stranger_causes_few_requests(ci: InCI) -> None:
    note = says(ci, "/rebench", author=12 if hasattr(ci.fake, "levels") else "mallory")
    handler(ci).act(note)
    ci.fake.log.clear()
    handler(ci, quiet=True).act(note)
    assert len([1 for _, path, _ in ci.fake.log if not path.endswith("/user")]) == 2


def test_an_internal_note_is_no_command_whose_answer_is_public(tmp_path: Path) -> None:
    with gitlab_ci() as ci:
        assert failing(ci, tmp_path) == 1
        said = handler(ci).act(says(ci, "/perfbot accept core/parse the customer's secret", internal=True))
        assert "internal" in said
        assert "secret" not in ci.comment()


@pytest.mark.parametrize("name", ["internal", "confidential"])
def test_a_hook_says_that_a_note_is_internal(name: str) -> None:
    data = {
        "id": 1,
        "noteable_type": "MergeRequest",
        "action": "create",
        "note": "/rebench",
        "author_id": 7,
        name: True,
    }
    event = {"object_kind": "note", "object_attributes": data, "user": {"username": "ada"},
             "project": {"path_with_namespace": "g/n"}, "merge_request": {"iid": 1}}  # fmt: skip
    asked = comment_of(event)
    assert asked is not None
    assert asked.note.internal


def test_deleted_comments_are_counted_all_the_same(ci: InCI, tmp_path: Path) -> None:
    failing(ci, tmp_path)
    said = []
    for minute in range(12):
        note = says(ci, "/rebench")
        moment = NOW.replace(minute=minute)
        said.append(CommandHandler(ci.forge(), 1, moment, per_hour=3, upsert=dict(QUICK)).act(note))
        conversation = ci.fake.notes if hasattr(ci.fake, "notes") else ci.fake.comments
        conversation[1][:] = [one for one in conversation[1] if one["id"] != note.id]
        for run in [*getattr(ci.fake, "jobs", []), *getattr(ci.fake, "runs", [])]:
            run["status"] = "success" if hasattr(ci.fake, "jobs") else "completed"
    assert sum("within an hour" in one for one in said) >= 9, said


# Texts --------------------------------------------------------------------------------------------------------------

COMMENTS = {
    "words": "/rebench " + "a " * 49_000,
    "options": "/rebench " + "--budget=10m " * 7_000,
    "quotes": "/rebench " + '"a" ' * 24_000,
    "an open quote": '/rebench "' + "a" * 99_000,
    "ticks": ("`" * 3 + " ") * 24_000,
    "ticks of all lengths": " ".join("`" * n for n in range(1, 440)),
    "bullets": "- " * 49_000 + "```",
    "numbers": "1. " * 33_000 + "```",
    "spaces": " " * 99_000 + "/rebench",
    "raw html": "<pre " * 19_000,
    "comments": "<!-- " * 19_000,
    "many lines": "/rebench\n" * 11_000,
    "quotation": ">>>\n" * 24_000,
    "an accept": "/perfbot accept " + '"' * 99_000,
    "an accept of spaces": "/perfbot accept a" + " " * 99_000 + "b",
    "carriage returns": "\r" * 99_000,
    "tags in a tag": "<a" * 49_000 + ">",
    "tags in a tag of a sentence": "x" + "<a " * 33_000 + ">",
    "ends of tags": "</a" * 33_000 + ">",
    "lines": "a\n" * 49_000,
    "beginnings of documents": "---\n" * 24_000,
    "open brackets": "[(\n" * 33_000,
    "elements": "<i>a\n\n" * 14_000,
}


@pytest.mark.parametrize("text", COMMENTS)
def test_a_comment_is_read_in_time_that_goes_with_its_length(text: str) -> None:
    """Processor time of 100 KB, which a thread that serves everybody spends; half a second would be an attack."""
    began = time.thread_time()
    commands.parse(COMMENTS[text])
    assert time.thread_time() - began < 0.5


@pytest.mark.parametrize(
    ("file", "line"),
    [
        ("../../etc/passwd", 1), ("/etc/passwd", 1), ("a/../../b", 1), ("a.py", 2**40), ("a.py", 0), ("a.py", -1),
        ("~/x", 1), ("a\nb", 1), ("a\0b", 1), ("x" * 600, 1), (".git/config", 1), ("a\\..\\b", 1), ("a\u202eb", 1),
    ],
)  # fmt: skip
def test_a_remark_stays_in_the_project(file: str, line: int) -> None:
    outside, inside = (
        replace(result(), gate="fail", file=name, line=at) for name, at in ((file, line), ("src/a.py", 7))
    )
    (said,) = where_it_goes_back_to(report(outside, inside), [outside, inside])
    assert (said.path, said.line) == ("src/a.py", 7)


@pytest.mark.parametrize("name", ["@all", "a|b", "<b>", "x" * 200, "a b", "-x", "é", "a\u202eb", "$(id)", "`x`"])
def test_an_artifacts_folder_names_no_status(tmp_path: Path, name: str) -> None:
    files = []
    for folder in (name, "other"):
        (tmp_path / folder).mkdir()
        files += write(tmp_path / folder, report(result()), names=("report",))
    assert [found for found, _ in read(files)] == ["report 1", "other"]


def test_too_many_reports_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="more than"):
        read([tmp_path / f"{n}.json" for n in range(1_001)])


@pytest.mark.parametrize(
    "secret", ["whsec_", "whsec_AAAAAAAAAAA=", "whsec_" + "QUFB" * 5, "short", "whsec_not base64 !!"]
)
def test_a_signing_key_that_protects_nothing_is_refused(secret: str) -> None:
    with pytest.raises(UsageError):
        check_secret("PERFBOT_GITLAB_SECRET", secret)
