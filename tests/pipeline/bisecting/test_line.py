"""The line of commits: first parents, merges, what matters, cut-off histories."""

from __future__ import annotations

from pathlib import Path

import pytest

from perfbot.errors import ChangeError
from perfbot.git.command import Git
from perfbot.pipeline.bisecting.line import line_of, merged
from tests.repositories import Repository

HINT = "git fetch --unshallow"


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(tmp_path / "repository")


def subjects(repository: Repository, base: str, head: str, *, only: str = "") -> list[str]:
    line = line_of(
        Git(repository.path), base, head, hint=HINT, concerns=lambda files: any(name.startswith(only) for name in files)
    )
    return [commit.subject for commit in line.commits]


def test_commits_come_in_order_and_the_first_is_the_one_before(repository: Repository) -> None:
    commits = repository.series(4)
    assert subjects(repository, commits[0], commits[3]) == ["step 0", "step 1", "step 2", "step 3"]


def test_a_merge_is_one_commit_and_says_where_to_look_on(repository: Repository) -> None:
    begin = repository.commit({"a": "1"}, "begin")
    repository.git("checkout", "--quiet", "-b", "topic")
    repository.series(3, "topic.txt")
    repository.git("checkout", "--quiet", "main")
    repository.commit({"b": "1"}, "beside")
    repository.git("merge", "--quiet", "--no-ff", "-m", "merge topic", "topic")
    git = Git(repository.path)
    line = line_of(git, begin, repository.head, hint=HINT, concerns=lambda _: True)
    assert [commit.subject for commit in line.commits] == ["begin", "beside", "merge topic"]
    found = merged(git, line.commits[2])
    assert found is not None
    assert found.count == 3
    within = line_of(git, *(git.commit(end) for end in found.spec.split("..")), hint=HINT, concerns=lambda _: True)
    assert [commit.subject for commit in within.commits] == ["begin", "step 0", "step 1", "step 2"]
    assert merged(git, line.commits[1]) is None


def test_commits_that_change_nothing_measured_are_left_out(repository: Repository) -> None:
    begin = repository.commit({"src/a": "1"}, "begin")
    repository.commit({"docs/a": "1"}, "words")
    repository.commit({"src/a": "2"}, "code")
    repository.commit({}, "empty")
    repository.commit({"docs/a": "2"}, "more words")
    assert subjects(repository, begin, repository.head, only="src/") == ["begin", "code"]
    assert subjects(repository, begin, repository.head) == ["begin", "words", "code", "more words"]


def test_a_release_on_another_branch_begins_where_both_part(repository: Repository) -> None:
    repository.commit({"a": "1"}, "begin")
    fork = repository.commit({"a": "2"}, "fork")
    repository.git("checkout", "--quiet", "-b", "release")
    release = repository.commit({"a": "3"}, "release")
    repository.git("checkout", "--quiet", "main")
    repository.commit({"a": "4"}, "after")
    line = line_of(Git(repository.path), release, repository.head, hint=HINT, concerns=lambda _: True)
    assert [commit.subject for commit in line.commits] == ["fork", "after"]
    assert line.notes
    assert fork[:7] in line.notes[0]


def test_nothing_between_is_an_error_that_says_what_to_type(repository: Repository) -> None:
    commits = repository.series(2)
    with pytest.raises(ChangeError, match="no commits between") as raised:
        subjects(repository, commits[1], commits[0])
    assert "perfbot bisect" in raised.value.hint


def test_a_history_that_is_cut_off_is_an_error(repository: Repository, tmp_path: Path) -> None:
    commits = repository.series(5)
    repository.git("clone", "--quiet", "--depth=2", f"file://{repository.path}", str(tmp_path / "shallow"))
    shallow = Git(tmp_path / "shallow")
    shallow.text("fetch", "--quiet", "--depth=1", "origin", commits[0])
    with pytest.raises(ChangeError, match="cut off") as raised:
        line_of(shallow, commits[0], commits[4], hint=HINT, concerns=lambda _: True)
    assert raised.value.hint == HINT
