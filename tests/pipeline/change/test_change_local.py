"""The change in a person's own clone: defaults, ranges, uncommitted files, and what can be wrong."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from perfbot.errors import NOT_MEASURED, USAGE, ChangeError, UsageError
from perfbot.git.command import KEPT, Git
from perfbot.model import Change
from perfbot.pipeline.change import find_change
from tests.pipeline.change.conftest import Project
from tests.repositories import Repository, git


def find(repo: Path, **options: object) -> Change:
    return find_change(repo, environ={}, **options)  # type: ignore[arg-type]


def test_alone_compares_a_branch_with_its_merge_base(project: Project) -> None:
    project.repository.git("checkout", "--quiet", "feature")
    change = find(project.path)
    assert (change.base, change.head) == (project.fork_point, project.feature[-1])
    assert (change.base_name, change.head_name, change.origin) == ("merge base", "feature", "local")
    assert change.notes == ("Base is the merge base with main.",)


def test_alone_on_the_default_branch_compares_with_the_parent(project: Project) -> None:
    change = find(project.path)
    assert (change.base, change.head) == (project.main[-2], project.main[-1])
    assert change.notes == ("Base is head's parent: main already holds head.",)


def test_works_from_a_folder_inside(project: Project) -> None:
    folder = project.path / "deep" / "down"
    folder.mkdir(parents=True)
    assert find(folder).head == project.main[-1]


@pytest.mark.parametrize("default", ["main", "trunk"])
def test_the_remotes_head_is_the_default_branch(project: Project, tmp_path: Path, default: str) -> None:
    project.repository.git("branch", "--move", "main", default)
    git(tmp_path, "clone", "--quiet", project.url, "mine")
    mine = tmp_path / "mine"
    git(mine, "checkout", "--quiet", "-b", "topic", "origin/feature")
    change = find(mine)
    assert (change.base, change.head) == (project.fork_point, project.feature[-1])
    assert change.notes == (f"Base is the merge base with origin/{default}.",)


def test_without_any_default_branch_the_parent_is_base(tmp_path: Path) -> None:
    repository = Repository(tmp_path / "r")
    first, second = repository.series(2)
    repository.git("branch", "--move", "main", "odd")
    change = find(repository.path)
    assert (change.base, change.head) == (first, second)
    assert change.notes == ("Base is head's parent: no default branch was found.",)


def test_two_dots_mean_those_two_commits(project: Project) -> None:
    change = find(project.path, spec="main..feature")
    assert (change.base, change.head) == (project.main[-1], project.feature[-1])
    assert (change.base_name, change.head_name) == ("main", "feature")


def test_three_dots_mean_the_merge_base(project: Project) -> None:
    change = find(project.path, spec="main...feature")
    assert (change.base, change.head) == (project.fork_point, project.feature[-1])
    assert (change.base_name, change.head_name) == ("merge base", "feature")


def test_an_open_range_ends_at_head(project: Project) -> None:
    change = find(project.path, spec=f"{project.main[0]}..")
    assert (change.base, change.head) == (project.main[0], project.main[-1])
    assert change.base_name == ""


def test_base_and_head_one_by_one(project: Project) -> None:
    change = find(project.path, base=project.main[1][:10], head="feature")
    assert (change.base, change.head) == (project.main[1], project.feature[-1])
    assert find(project.path, base="feature").base == project.feature[-1]
    assert find(project.path, head="feature").base == project.fork_point


def test_uncommitted_changes_are_left_out_and_told(project: Project) -> None:
    project.repository.write({"log.txt": "edited\n", "new.txt": "new\n", "perfbot.toml": "# obeyed as it is\n"})
    change = find(project.path)
    assert not change.dirty
    assert change.notes[-1] == "Uncommitted changes in 2 files are not measured; --dirty measures them."


def test_uncommitted_changes_do_not_matter_to_a_head_elsewhere(project: Project) -> None:
    project.repository.write({"log.txt": "edited\n"})
    assert find(project.path, head="feature").notes == ("Base is the merge base with main.",)


def test_dirty_measures_the_working_tree_and_leaves_the_users_index_alone(project: Project) -> None:
    repository = project.repository
    repository.commit({".gitignore": "*.tmp\n"})
    repository.write({"log.txt": "edited\n", "new.txt": "new\n", "junk.tmp": "junk\n", "other.txt": None})
    repository.write({"staged.txt": "staged\n"})
    repository.git("add", "staged.txt")
    before = (repository.git("status", "--porcelain"), repository.git("for-each-ref"), repository.head)
    change = find(project.path, dirty=True)
    assert (repository.git("status", "--porcelain"), repository.git("for-each-ref"), repository.head) == before
    assert change.dirty
    assert change.head_name == "main with uncommitted changes"
    assert change.base == repository.head
    files = repository.git("ls-tree", "-r", "--name-only", change.head).split()
    assert files == [".gitignore", "log.txt", "new.txt", "staged.txt"]
    assert repository.git("show", f"{change.head}:log.txt") == "edited"
    assert find(project.path, dirty=True).head == change.head, "the same content is the same commit"


def test_dirty_on_a_branch_compares_with_the_merge_base(project: Project) -> None:
    project.repository.git("checkout", "--quiet", "feature")
    project.repository.write({"code.py": "SPEED = 3\n"})
    assert find(project.path, dirty=True).base == project.fork_point


def test_dirty_works_for_a_person_without_a_name(
    project: Project, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    project.repository.write({"new.txt": "new\n"})
    assert find(project.path, dirty=True).dirty


def test_dirty_with_a_clean_tree_says_so(project: Project) -> None:
    change = find(project.path, dirty=True)
    assert not change.dirty
    assert change.head == project.main[-1]
    assert "There are no uncommitted changes: head is the last commit." in change.notes


def test_dirty_contradicts_another_head(project: Project) -> None:
    with pytest.raises(UsageError, match="which is not checked out") as caught:
        find(project.path, head="feature", dirty=True)
    assert caught.value.exit_code == USAGE


@pytest.mark.parametrize("spec", ["main", "..", "..main", "a..b..c", "a....b"])
def test_what_is_no_range(project: Project, spec: str) -> None:
    with pytest.raises(UsageError, match="is not a range of two commits") as caught:
        find(project.path, spec=spec)
    assert caught.value.hint == "perfbot run BASE..HEAD"


def test_a_range_and_a_base_contradict_each_other(project: Project) -> None:
    with pytest.raises(UsageError, match="Both a range and --base or --head"):
        find(project.path, spec="main..feature", base="main")


@pytest.mark.parametrize("revision", ["nonsense", "--upload-pack=touch", "main^{tree}", "deadbeef"])
def test_an_unknown_revision(project: Project, revision: str) -> None:
    with pytest.raises(ChangeError, match="There is no commit called") as caught:
        find(project.path, base=revision)
    assert caught.value.exit_code == NOT_MEASURED
    assert revision in caught.value.message
    assert caught.value.hint == "git branch --all"
    project.repository.git("remote", "add", "other", project.url)
    with pytest.raises(ChangeError, match="There is no commit called") as caught:
        find(project.path, base=revision)
    assert caught.value.hint == "git fetch other && git branch --all"


def test_the_same_commit_twice(project: Project) -> None:
    with pytest.raises(ChangeError, match="Base and head are the same commit") as caught:
        find(project.path, spec="main..HEAD")
    assert caught.value.hint == "Name two commits: perfbot run BASE..HEAD"


def test_a_first_commit_has_nothing_to_compare_with(tmp_path: Path) -> None:
    repository = Repository(tmp_path / "r")
    repository.series(1)
    with pytest.raises(ChangeError, match="is the first commit of this repository"):
        find(repository.path)


def test_histories_without_a_common_commit(project: Project) -> None:
    project.repository.git("checkout", "--quiet", "--orphan", "island")
    project.repository.commit({"island.txt": "alone\n"})
    with pytest.raises(ChangeError, match=r"have no common ancestor: their histories are unrelated"):
        find(project.path)


def test_no_repository(tmp_path: Path) -> None:
    with pytest.raises(ChangeError, match="is not in a git repository") as caught:
        find(tmp_path)
    assert caught.value.hint == "Run perfbot in a clone of the project."
    assert not caught.value.output


def test_a_repository_that_git_cannot_read(project: Project) -> None:
    (project.path / ".git" / "config").write_text("[core\n")
    with pytest.raises(
        ChangeError, match=r"^Git cannot open the repository that .* lies in: bad config line 1"
    ) as told:
        find(project.path)
    assert not told.value.output


def test_somebody_elses_repository(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    inside = project.path / "in side"
    inside.mkdir()
    monkeypatch.setattr("perfbot.git.command.KEPT", KEPT | {"GIT_TEST_ASSUME_DIFFERENT_OWNER"})
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")
    with pytest.raises(ChangeError, match="belongs to another user") as caught:
        find(inside)
    assert caught.value.hint == f"git config --global --add safe.directory {shlex.quote(str(project.path))}"
    assert not caught.value.output


def test_what_git_complains_of_is_said_once(project: Project) -> None:
    with pytest.raises(ChangeError, match=r"^`git cat-file` failed: Not a valid object name nonsense$") as caught:
        Git(project.path).text("cat-file", "commit", "nonsense")
    assert not caught.value.output


def test_what_git_says_besides_is_kept(project: Project) -> None:
    with pytest.raises(ChangeError) as caught:
        Git(project.path).text("fetch", "nowhere")
    assert caught.value.message not in caught.value.output
    assert "correct access rights" in caught.value.output


def test_no_folder(tmp_path: Path) -> None:
    with pytest.raises(ChangeError, match="nowhere is no folder"):
        find(tmp_path / "nowhere")


def test_no_commits(tmp_path: Path) -> None:
    with pytest.raises(ChangeError, match="has no commits yet") as caught:
        find(Repository(tmp_path / "r").path)
    assert caught.value.hint.startswith("Commit twice")


def test_commits_that_are_not_checked_out(project: Project, tmp_path: Path) -> None:
    fetched = Repository(tmp_path / "fetched")
    fetched.git("fetch", "--quiet", "--depth=2", project.url, "main")
    cloned = Repository(tmp_path / "cloned")
    cloned.git("remote", "add", "origin", project.url)
    cloned.git("fetch", "--quiet", "--depth=2", "origin")
    for repository, checkout in ((fetched, "git checkout FETCH_HEAD"), (cloned, "git checkout main")):
        with pytest.raises(ChangeError, match="Nothing is checked out in") as caught:
            find(repository.path)
        assert caught.value.hint == checkout
        repository.git(*checkout.split()[1:])
        assert find(repository.path).head == project.main[-1]


def test_a_remote_that_nothing_was_fetched_from(project: Project, tmp_path: Path) -> None:
    repository = Repository(tmp_path / "r")
    repository.git("remote", "add", "origin", project.url)
    with pytest.raises(ChangeError, match="has no commits yet") as caught:
        find(repository.path)
    assert caught.value.hint.startswith("git fetch origin, then check a branch out")


def test_a_commit_whose_objects_are_gone(project: Project, tmp_path: Path) -> None:
    head = project.main[-1]
    git(tmp_path, "clone", "--quiet", project.url, "mine")
    mine = tmp_path / "mine"
    for objects in (mine / ".git" / "objects" / "pack").iterdir():
        objects.unlink()
    (mine / ".git" / "objects" / head[:2] / head[2:]).unlink(missing_ok=True)
    with pytest.raises(ChangeError, match=f"is not whole: HEAD is {head[:7]}") as caught:
        find(mine)
    assert caught.value.hint.startswith(f"git fetch origin {head}")


def test_a_cut_history_without_a_remote_says_where_to_get_the_rest(project: Project, tmp_path: Path) -> None:
    git(tmp_path, "clone", "--quiet", "--depth=1", project.url, "mine")
    git(tmp_path / "mine", "remote", "remove", "origin")
    with pytest.raises(ChangeError, match="there was no remote that has more history") as caught:
        find(tmp_path / "mine")
    assert caught.value.hint == "git remote add origin URL && git fetch --unshallow origin"


def test_what_a_whole_clone_lacks_is_not_sought_deeper(project: Project, tmp_path: Path) -> None:
    git(tmp_path, "clone", "--quiet", project.url, "mine")
    with pytest.raises(ChangeError, match="could not be fetched") as caught:
        find(tmp_path / "mine", base="1234567" + "0" * 33)
    assert caught.value.hint == "git fetch origin"


def test_a_bare_repository(project: Project, tmp_path: Path) -> None:
    git(tmp_path, "clone", "--quiet", "--bare", project.url, "bare.git")
    with pytest.raises(ChangeError, match="is a bare repository"):
        find(tmp_path / "bare.git")


def test_hooks_do_not_run(project: Project, tmp_path: Path) -> None:
    for name in ("post-checkout", "reference-transaction", "post-index-change"):
        hook = project.path / ".git" / "hooks" / name
        hook.parent.mkdir(exist_ok=True)
        hook.write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\n")
        hook.chmod(0o755)
    project.repository.git("config", "core.fsmonitor", f"touch {tmp_path}/ran; :")
    (tmp_path / "ran").unlink(missing_ok=True)
    (project.path / "new.txt").write_text("new")
    assert find(project.path, dirty=True).dirty
    assert not (tmp_path / "ran").exists()


def test_variables_of_a_hook_do_not_lead_elsewhere(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = Repository(tmp_path / "other")
    other.series(2)
    monkeypatch.setenv("GIT_DIR", str(other.path / ".git"))
    monkeypatch.setenv("GIT_WORK_TREE", str(other.path))
    assert find(project.path).head == project.main[-1]


def test_large_files_that_stay_pointers_are_told(project: Project) -> None:
    project.repository.commit({"data/.gitattributes": "*.bin filter=lfs diff=lfs merge=lfs -text\n"})
    project.repository.git("config", "filter.lfs.smudge", "")  # as where it is not installed
    assert "Git LFS, which is not set up here" in find(project.path).notes[-1]


def test_what_perfbot_wrote_is_no_uncommitted_change(project: Project) -> None:
    project.repository.git("checkout", "--quiet", "feature")
    own = ("perfbot.toml", ".gitlab/perfbot.yml", ".github/workflows/perfbot-publish.yml", ".perfbot/history.db",
           "perf/perfbot-report.json", "perf/perfbot-comment.md")  # fmt: skip
    project.repository.write(dict.fromkeys(own, "\n"))
    assert find(project.path).notes == ("Base is the merge base with main.",)
    assert find(project.path, dirty=True).head == project.feature[-1]
    project.repository.write({".github/workflows/test.yml": "\n"})
    assert "Uncommitted changes in 1 file are not measured" in find(project.path).notes[-1]
