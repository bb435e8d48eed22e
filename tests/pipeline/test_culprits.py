"""Which commits of a change are looked into after its verdicts, and which of its benchmarks."""

from __future__ import annotations

from pathlib import Path

from perfbot.git.command import Git
from perfbot.model import Result
from perfbot.pipeline.culprits import _several, _worst
from tests.repositories import Repository


def test_one_commit_needs_no_search(tmp_path: Path) -> None:
    repository = Repository(tmp_path / "repository")
    commits = repository.series(3)
    git = Git(repository.path)
    assert _several(git, commits[1], commits[2]) is None
    assert _several(git, commits[0], commits[2]) == (commits[0], commits[2])


def test_the_forges_own_merge_is_looked_into(tmp_path: Path) -> None:
    """A merged-results pipeline measures one commit, which merges all of the change's."""
    repository = Repository(tmp_path / "repository")
    fork = repository.commit({"a": "1"}, "begin")
    repository.git("checkout", "--quiet", "-b", "topic")
    tip = repository.series(3, "topic.txt")[-1]
    repository.git("checkout", "--quiet", "main")
    target = repository.commit({"b": "1"}, "beside")
    repository.git("merge", "--quiet", "--no-ff", "-m", "merge", "topic")
    assert _several(Git(repository.path), target, repository.head) == (fork, tip)


def test_what_fails_comes_first_the_worst_before_others() -> None:
    def one(name: str, change: float, **more: object) -> Result:
        known = {"metric": "time", "unit": "s", "better": "lower", "verdict": "regressed", "change": change}
        return Result("s", name, **{**known, **more})  # type: ignore[arg-type]

    calm = [one("memory", 3.0, metric="memory"), one("own", 2.0, rewritten=True), one("fine", 0.0, verdict="unchanged")]
    slower = [one("a", 0.1), one("b", 0.5), one("c", 0.3)]
    assert _worst([*calm, *slower], 2) == ["s/b", "s/c"]
    assert _worst([*calm, *slower, one("d", 0.05, gate="fail")], 2) == ["s/d"]
    assert _worst(calm, 5) == []
