"""What a commit can hold: repositories in folders, attributes, names, links, times. Git runs nothing of it."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from perfbot.errors import ChangeError, SetupError
from perfbot.git.command import Git, open_work_tree
from perfbot.model import Change
from perfbot.pipeline.change import find_change
from perfbot.sides.checkout import changed_files, checkouts, read_file_at
from tests.repositories import Repository


def bait(folder: Path) -> Path:
    """A program that leaves a trace when it is run."""
    ran = folder / "ran.sh"
    ran.write_text(f'#!/bin/sh\necho "$0 $*" >> {folder}/ran\ncat\n')
    ran.chmod(0o755)
    return ran


def embedded(folder: Path, ran: Path) -> None:
    """A bare repository as a commit can hold it, whose missing objects are fetched by a program of its own."""
    subprocess.run(["git", "init", "-q", "--bare", str(folder)], check=True)
    (folder / "refs" / "heads" / ".keep").write_text("")
    sections = {
        "core": {"repositoryformatversion": "1", "bare": "true", "fsmonitor": ran, "sshCommand": ran, "pager": ran},
        "extensions": {"partialClone": "evil"},
        'remote "evil"': {"url": folder.parent, "promisor": "true", "uploadpack": ran},
        "protocol": {"allow": "always"},
    }
    lines = [f"[{name}]\n" + "".join(f"\t{k} = {v}\n" for k, v in keys.items()) for name, keys in sections.items()]
    (folder / "config").write_text("".join(lines))


@pytest.fixture
def project(tmp_path: Path) -> tuple[Repository, Change]:
    """Base has a submodule that the clone initialised; head has a repository's files in its place."""
    library = Repository(tmp_path / "library")
    library.commit({"lib.py": "1\n"})
    repository = Repository(tmp_path / "project")
    repository.commit({"code.py": "1\n"})
    repository.git("-c", "protocol.file.allow=always", "submodule", "add", "-q", str(library.path), "vendor/lib")
    base = repository.commit({"code.py": "2\n"})
    repository.git("rm", "-q", "--cached", "vendor/lib")
    repository.git("worktree", "prune")
    subprocess.run(
        ["rm", "-rf", str(repository.path / "vendor/lib"), str(repository.path / ".git/modules")], check=True
    )
    embedded(repository.path / "vendor/lib", bait(tmp_path))
    repository.git("add", "-A")
    head = repository.commit({"code.py": "3\n"})
    assert "vendor/lib/HEAD" in repository.git("ls-files")
    return repository, Change(base, head)


def test_a_repository_in_a_folder_is_no_copy_of_a_submodule(project: tuple[Repository, Change], tmp_path: Path) -> None:
    """Its configuration named a program, which ran with what git sees: on GitLab the job's token."""
    repository, change = project
    with pytest.raises(SetupError), checkouts(repository.path, change, cache=tmp_path / "cache"):
        pass
    assert not (tmp_path / "ran").exists()


def test_perfbot_in_such_a_folder_refuses(project: tuple[Repository, Change], tmp_path: Path) -> None:
    inside = project[0].path / "vendor" / "lib"
    with pytest.raises(ChangeError):
        open_work_tree(inside)
    assert Git(inside).commit("0" * 40) == ""
    assert read_file_at(inside, "0" * 40, "x") is None
    assert not (tmp_path / "ran").exists()


def test_a_replaced_commit_is_not_what_is_measured(tmp_path: Path) -> None:
    """Code of an earlier job in a clone that stays wrote ``refs/replace``: base became as slow as it liked."""
    repository = Repository(tmp_path / "project")
    base = repository.commit({"code.py": "fast\n"})
    slow = repository.commit({"code.py": "slow\n"})
    head = repository.commit({"code.py": "head\n"})
    repository.git("replace", base, slow)
    with checkouts(repository.path, Change(base, head), cache=tmp_path / "cache") as (one, _):
        assert (one.path / "code.py").read_text() == "fast\n"
    assert read_file_at(repository.path, base, "code.py") == "fast\n"


def forged_graph(repository: Repository, commit: str, parent: str) -> None:
    """A commit-graph that tells of another parent than the commit itself."""
    repository.git("commit-graph", "write", "--reachable")
    file = repository.path / ".git" / "objects" / "info" / "commit-graph"
    data = bytearray(file.read_bytes())
    place = {bytes(data[at : at + 4]): int.from_bytes(data[at + 4 : at + 12]) for at in range(8, 8 + 12 * data[6], 12)}
    count = (place[b"CDAT"] - place[b"OIDL"]) // 20
    known = [data[at : at + 20].hex() for at in range(place[b"OIDL"], place[b"OIDL"] + 20 * count, 20)]
    row = place[b"CDAT"] + 36 * known.index(commit) + 20
    data[row : row + 4] = known.index(parent).to_bytes(4)
    file.chmod(0o644)
    file.write_bytes(data)


@pytest.mark.parametrize("way", ["grafts", "graph"])
def test_no_file_beside_the_commits_tells_of_other_parents(tmp_path: Path, way: str) -> None:
    """Left in a clone that stays, they lead the next job's merge base, or the commits that it bisects, elsewhere."""
    repository = Repository(tmp_path / "project")
    old = repository.commit({"code.py": "slow\n"})
    base = repository.commit({"code.py": "fast\n"})
    head = repository.commit({"code.py": "head\n"})
    if way == "grafts":
        (repository.path / ".git" / "info").mkdir(exist_ok=True)
        (repository.path / ".git" / "info" / "grafts").write_text(f"{head} {old}\n")
    else:
        forged_graph(repository, head, old)
    assert repository.git("log", "--format=%P", "-1", head).strip() == old, "git itself believes it"
    assert Git(repository.path).text("log", "--format=%P", "-1", head) == base


ATTRIBUTES = {
    "filter": "* filter=evil\n",
    "diff": "* diff=evil\n",
    "merge": "* merge=evil\n",
    "encoding": "* working-tree-encoding=UTF-16\n",
    "no encoding": "* working-tree-encoding=no-such-encoding\n",
    "ident": "* ident export-subst\n",
    "macro": "[attr]binary filter=evil\n* binary\n",
    "long": f"* {'a' * 3000}\n",
    "deep": "*/" * 2000 + "x filter=evil\n",
    "many": "".join(f"f{number} filter=evil\n" for number in range(5000)),
}


@pytest.mark.parametrize("name", ATTRIBUTES)
def test_attributes_start_nothing(name: str, tmp_path: Path) -> None:
    """Filters and drivers are named by a configuration, and that of the tree is none."""
    repository, ran = Repository(tmp_path / "project"), bait(tmp_path)
    base = repository.commit({"code.py": "1\n"})
    told = f'[filter "evil"]\n\tsmudge = {ran}\n\tclean = {ran}\n\trequired = true\n[diff "evil"]\n\ttextconv = {ran}\n'
    files = {
        ".gitattributes": ATTRIBUTES[name],
        ".gitconfig": told,
        "config": told,
        ".git-config": told,
        "code.py": "2\n",
    }
    subprocess.run(["git", "config", "--global", "--list"], check=False, capture_output=True)
    repository.commit({**files, ".gitattributes": "\n"})
    # Not added as a file: git would obey it at once.
    blob = repository.git("hash-object", "-w", "--stdin", stdin=ATTRIBUTES[name]).strip()
    repository.git("update-index", "--add", "--cacheinfo", f"100644,{blob},.gitattributes")
    repository.git("commit", "-qm", "attributes")
    head = repository.head
    with checkouts(repository.path, Change(base, head), cache=tmp_path / "cache") as (_, there):
        assert (there.path / "code.py").exists()
    assert "code.py" in changed_files(repository.path, Change(base, head))
    assert not (tmp_path / "ran").exists()


NAMES = [
    "caf\N{LATIN SMALL LETTER E WITH ACUTE}/\N{SNOWMAN}.py", "a\nb.py", "a\tb.py", "-rf", "--upload-pack=x", ":(top)x",
    "\N{RIGHT-TO-LEFT OVERRIDE}yp.x", "[a]", "a b", "'quoted'", '"double"', "back\\slash", "$(touch x)", "`x`",
    "\N{ZERO WIDTH NON-JOINER}.git\N{ZERO WIDTH NON-JOINER}/config", "x" * 250, "é" + "/d" * 60,
    os.fsdecode(b"\xff\xfe.py"), ".gitmodules.d/x", "perfbot.toml/x",
]  # fmt: skip


@pytest.mark.parametrize("name", NAMES, ids=range(len(NAMES)))
def test_any_name_is_a_name(name: str, tmp_path: Path) -> None:
    repository = Repository(tmp_path / "project")
    base = repository.commit({"code.py": "1\n"})
    file = repository.path / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("x\n")
    subprocess.run(["git", "-c", "core.protectNTFS=false", "-c", "core.protectHFS=false", "add", "-A"],
                   cwd=repository.path, check=True)  # fmt: skip
    repository.git("-c", "core.protectNTFS=false", "commit", "-qm", "x")
    head = repository.git("rev-parse", "HEAD").strip()
    change = Change(base, head)
    assert changed_files(repository.path, change) == (name,)
    with checkouts(repository.path, change, cache=tmp_path / "cache", overlaid=[name.partition("/")[0]]) as (one, two):
        assert (two.path / name).read_text() == "x\n"
        assert (one.path / name).exists() or any(letter in name for letter in "*[\\")


@pytest.mark.parametrize("name", ["git~1/config", ".git /config", ".GIT/config"])
def test_a_name_that_some_system_takes_for_git_is_refused(name: str, tmp_path: Path) -> None:
    repository = Repository(tmp_path / "project")
    base = repository.commit({"code.py": "1\n"})
    blob = repository.git("hash-object", "-w", "--stdin", stdin="x\n").strip()
    folder, _, file = name.partition("/")
    inner = repository.git("mktree", stdin=f"100644 blob {blob}\t{file}\n").strip()
    tree = repository.git("mktree", stdin=f"040000 tree {inner}\t{folder}\n").strip()
    head = repository.git("commit-tree", "-m", "x", "-p", base, tree).strip()
    with pytest.raises(SetupError), checkouts(repository.path, Change(base, head), cache=tmp_path / "cache"):
        pass


LINKS = {"/": "root", "/etc/passwd": "file", ".": "itself", "..": "above", "link": "loop", "/dev/zero": "device",
         "../../../../../../../../etc": "far", "\n": "line", "x" * 4000: "long"}  # fmt: skip


@pytest.mark.parametrize("target", LINKS, ids=LINKS.values())
def test_links_are_not_followed_out_of_a_tree(target: str, tmp_path: Path) -> None:
    repository = Repository(tmp_path / "project")
    base = repository.commit({"code.py": "1\n", "bench/a.py": "1\n"})
    shutil.rmtree(repository.path / "bench")
    (repository.path / "bench").symlink_to(target)
    repository.git("add", "-A")
    head = repository.commit({"code.py": "2\n"})
    with checkouts(repository.path, Change(base, head), cache=tmp_path / "cache", overlaid=["bench"]) as (one, two):
        assert (two.path / "bench").is_symlink()
        assert all(not file.startswith(("etc", "/")) for file in two.files)
        assert len(one.files) < 10
    assert read_file_at(repository.path, head, "bench/passwd") is None


TIMES = ["1970-01-01T00:00:00 +0000", "2099-12-31T23:59:59 -1200", "@9999999999 +9999", "@0 -0000"]


@pytest.mark.parametrize("moment", TIMES)
@pytest.mark.parametrize("author", ["x" * 20_000, "<script>", "a\N{RIGHT-TO-LEFT OVERRIDE}b", "@everyone"])
def test_a_commits_own_words_are_only_words(moment: str, author: str, tmp_path: Path) -> None:
    repository = Repository(tmp_path / "project")
    base = repository.commit({"code.py": "1\n"})
    (repository.path / "code.py").write_text("2\n")
    told = {**os.environ, "GIT_AUTHOR_DATE": moment, "GIT_COMMITTER_DATE": moment, "GIT_AUTHOR_NAME": author,
            "GIT_AUTHOR_EMAIL": "x@example.com", "GIT_COMMITTER_NAME": author, "GIT_COMMITTER_EMAIL": "x"}  # fmt: skip
    words = ["git", "commit", "-qam", f"{author}\n\n/perfbot accept *"]
    subprocess.run(words, cwd=repository.path, env=told, check=True)
    found = find_change(repository.path, environ={}, spec=f"{base}..HEAD")
    assert len(found.author) <= 300
    assert len(found.subject) <= 300
