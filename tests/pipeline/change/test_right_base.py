"""The right base whatever else is called like it: tags, stray branches, forks, single branches, unrelated histories."""

from __future__ import annotations

from pathlib import Path

import pytest

from perfbot.errors import NOT_MEASURED, ChangeError
from perfbot.model import Change
from perfbot.pipeline.change import find_change
from tests.pipeline.change.conftest import Clone, Project
from tests.repositories import Repository, git


def find(repo: Path, **options: object) -> Change:
    return find_change(repo, environ={}, **options)  # type: ignore[arg-type]


@pytest.fixture
def mine(project: Project, tmp_path: Path) -> Path:
    """A person's clone with the feature checked out."""
    git(tmp_path, "clone", "--quiet", project.url, "mine")
    path = tmp_path / "mine"
    git(path, "checkout", "--quiet", "-b", "topic", "origin/feature")
    return path


class TestNamesakes:
    """A tag or a stray local branch with the name of the branch that is meant."""

    @pytest.mark.parametrize("name", ["main", "origin/main", "heads/main", "remotes/origin/main"])
    def test_a_tag_never_wins(self, project: Project, mine: Path, name: str) -> None:
        git(mine, "tag", name, project.feature[0])
        assert find(mine).base == project.fork_point

    @pytest.mark.parametrize("name", ["main", "origin/main", "origin/HEAD", "refs/remotes/origin/main"])
    def test_a_stray_local_branch_never_wins(self, project: Project, mine: Path, name: str) -> None:
        git(mine, "update-ref", f"refs/heads/{name}", project.feature[0])
        assert find(mine).base == project.fork_point

    def test_a_tag_never_wins_without_any_remote(self, project: Project) -> None:
        project.repository.git("checkout", "--quiet", "feature")
        project.repository.git("tag", "main", project.feature[0])
        assert find(project.path).base == project.fork_point

    def test_a_tag_never_wins_over_the_branch_that_was_typed(self, project: Project, mine: Path) -> None:
        git(mine, "tag", "main", project.feature[0])
        change = find(mine, spec="main...topic")
        assert change.base == project.fork_point
        assert any("tag" in note for note in change.notes)

    def test_a_tag_alone_is_meant_when_it_is_typed(self, project: Project, mine: Path) -> None:
        git(mine, "tag", "v1", project.main[1])
        assert find(mine, base="v1").base == project.main[1]

    def test_a_branch_that_only_the_remote_has_can_be_typed(self, project: Project, mine: Path) -> None:
        git(mine, "branch", "--delete", "--force", "main")
        assert find(mine, spec="main...").base == project.fork_point

    def test_a_tag_never_wins_in_a_pipeline(self, project: Project, clone: Clone) -> None:
        path = clone("refs/heads/feature", branches=True)
        git(path, "tag", "main", project.feature[0])
        git(path, "update-ref", "refs/heads/main", project.feature[0])
        environ = {
            "GITLAB_CI": "true",
            "CI_DEFAULT_BRANCH": "main",
            "CI_COMMIT_BRANCH": "feature",
            "CI_COMMIT_SHA": project.feature[-1],
        }
        assert find_change(path, environ=environ).base == project.fork_point


class TestDefaultBranch:
    """Which branch a change goes to, where the clone does not say."""

    def test_the_remote_is_asked(self, project: Project, mine: Path) -> None:
        project.repository.git("branch", "develop", "main")
        project.repository.git("update-ref", "refs/heads/main", project.main[0])
        project.repository.git("symbolic-ref", "HEAD", "refs/heads/develop")
        git(mine, "fetch", "--quiet")
        git(mine, "remote", "set-head", "origin", "--delete")
        assert find(mine).base == project.fork_point

    def test_a_single_branch_clone_gets_the_default_branch(self, project: Project, tmp_path: Path) -> None:
        git(tmp_path, "clone", "--quiet", "--single-branch", "--branch", "feature", project.url, "one")
        change = find(tmp_path / "one")
        assert (change.base, change.head) == (project.fork_point, project.feature[-1])
        assert change.notes == ("Base is the merge base with origin/main.",)

    def test_a_shallow_single_branch_clone_too(self, project: Project, tmp_path: Path) -> None:
        git(tmp_path, "clone", "--quiet", "--depth=1", "--branch", "feature", project.url, "one")
        assert find(tmp_path / "one").base == project.fork_point

    def test_a_remote_that_does_not_answer_costs_nothing_where_the_clone_knows(
        self, project: Project, mine: Path
    ) -> None:
        git(mine, "remote", "set-url", "origin", f"{project.url}-gone")
        assert find(mine).base == project.fork_point

    def test_a_remote_that_does_not_answer_is_told_where_it_matters(self, project: Project, mine: Path) -> None:
        git(mine, "remote", "set-head", "origin", "--delete")
        git(mine, "remote", "set-url", "origin", f"{project.url}-gone")
        change = find(mine)
        assert change.base == project.fork_point
        assert any("could not be asked" in note for note in change.notes)

    def test_a_lone_branch_has_its_parent_as_base(self, tmp_path: Path) -> None:
        repository = Repository(tmp_path / "r")
        first, second = repository.series(2)
        repository.git("branch", "--move", "main", "odd")
        assert find(repository.path).base == first
        assert second == repository.head

    def test_branches_of_which_none_is_the_default_need_a_word(self, tmp_path: Path) -> None:
        repository = Repository(tmp_path / "r")
        repository.series(2)
        repository.git("branch", "--move", "main", "odd")
        repository.git("checkout", "--quiet", "-b", "work")
        repository.series(2, "more.txt")
        with pytest.raises(ChangeError) as error:
            find(repository.path)
        assert error.value.exit_code == NOT_MEASURED
        assert "perfbot run odd...HEAD" in error.value.hint


class TestForks:
    """origin is a fork that lags behind, upstream is where changes go."""

    @pytest.fixture
    def fork(self, project: Project, tmp_path: Path) -> Path:
        git(tmp_path, "clone", "--quiet", "--bare", project.url, "fork.git")
        git(tmp_path / "fork.git", "update-ref", "refs/heads/main", project.main[0])
        git(tmp_path, "clone", "--quiet", (tmp_path / "fork.git").as_uri(), "mine")
        path = tmp_path / "mine"
        git(path, "checkout", "--quiet", "-b", "topic", "origin/feature")
        git(path, "remote", "add", "upstream", project.url)
        return path

    @pytest.mark.parametrize("fetched", [True, False])
    def test_upstream_is_where_changes_go(self, project: Project, fork: Path, fetched: bool) -> None:
        if fetched:
            git(fork, "fetch", "--quiet", "upstream")
        change = find(fork)
        assert change.base == project.fork_point
        assert "upstream/main" in change.notes[0]

    def test_upstream_that_does_not_answer_is_told(self, project: Project, fork: Path) -> None:
        git(fork, "remote", "set-url", "upstream", f"{project.url}-gone")
        change = find(fork)
        assert change.base == project.main[0]
        assert any("upstream" in note for note in change.notes)

    def test_remotes_with_names_of_their_own_need_a_word(self, project: Project, fork: Path) -> None:
        git(fork, "remote", "rename", "origin", "ada")
        git(fork, "remote", "rename", "upstream", "team")
        git(fork, "fetch", "--quiet", "--all")
        with pytest.raises(ChangeError) as error:
            find(fork)
        assert error.value.exit_code == NOT_MEASURED
        assert "perfbot run team/main...HEAD" in error.value.hint or "perfbot run ada/main...HEAD" in error.value.hint
        assert find(fork, spec="team/main...HEAD").base == project.fork_point


class TestUnrelated:
    """Histories without a common commit."""

    def test_exit_3_with_the_command_to_type(self, project: Project, mine: Path) -> None:
        git(mine, "checkout", "--quiet", "--orphan", "fresh")
        git(mine, "commit", "--quiet", "--allow-empty", "-m", "fresh")
        with pytest.raises(ChangeError) as error:
            find(mine)
        assert error.value.exit_code == NOT_MEASURED
        assert "no common" in error.value.message.lower()
        assert "perfbot run origin/main..HEAD" in error.value.hint
        assert find(mine, spec="origin/main..HEAD").base == project.main[-1]
