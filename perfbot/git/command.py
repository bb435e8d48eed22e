"""Git, asked safely: no hooks, no prompts, no translated messages, none of the caller's repository variables.

Nothing that a change contains is executed by these calls: hooks and file-system monitors are switched off,
filters run only where the user's own configuration names them, and a folder of a commit that looks like a repository
is none (git can hold a bare one as files, and would obey its configuration). A commit is what its id says: replacements
of it, grafts, and a graph that tells of other parents, which code of an earlier job may have left in the clone, do not
count.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from perfbot import process
from perfbot.errors import ChangeError

QUICK_SECONDS = 120.0
"""Time-out of a command that stays on this machine."""

NETWORK_SECONDS = 900.0
"""Time-out of a command that talks to a remote."""

SAFE = (
    "-c", "core.hooksPath=/dev/null",
    "-c", "core.fsmonitor=false",
    "-c", "core.useReplaceRefs=false",
    "-c", "core.commitGraph=false",
    "-c", "safe.bareRepository=explicit",
    "-c", "gc.auto=0",
    "-c", "maintenance.auto=false",
    "-c", "log.showSignature=false",
    "-c", "submodule.recurse=false",
    "-c", "advice.detachedHead=false",
)  # fmt: skip

KEPT = frozenset({
    "PATH", "HOME", "XDG_CONFIG_HOME", "USER", "LOGNAME", "TMPDIR", "TMP", "TEMP",
    "GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM", "GIT_CONFIG_NOSYSTEM", "GIT_CONFIG_COUNT", "GIT_CONFIG_PARAMETERS",
    "GIT_SSH", "GIT_SSH_COMMAND", "GIT_SSH_VARIANT", "GIT_ASKPASS", "SSH_AUTH_SOCK", "GIT_EXEC_PATH",
    "GIT_SSL_CAINFO", "GIT_SSL_CAPATH", "GIT_SSL_NO_VERIFY", "SSL_CERT_FILE", "SSL_CERT_DIR",
    "http_proxy", "https_proxy", "no_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY",
    "LD_LIBRARY_PATH",
})  # fmt: skip
"""Variables that git sees: what finds it, its configuration, and its remotes. It may run programs that a configuration
names, and those need no secret; nor is it to be led to another repository by what a hook or alias left behind."""

KEPT_PREFIXES = ("GIT_CONFIG_KEY_", "GIT_CONFIG_VALUE_", "GIT_LFS_")

JOB_TOKEN = "CI_JOB_TOKEN"  # noqa: S105 - a name
"""Kept on GitLab's runners, whose own credential helper reads it."""

USUAL = ("main", "master")
"""Default branches by custom, where nobody can be asked."""

_LABEL = r"(?:fatal|error): "
_FULL_ID = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_CREDENTIALS = re.compile(r"(?<=://)[^/\s@]+@")


def is_full_id(revision: str) -> bool:
    """Whether a revision is a whole object id (SHA-1 or SHA-256), which a remote can be asked for."""
    return _FULL_ID.fullmatch(revision) is not None


def short(commit: str) -> str:
    """The first seven digits, as people know commits."""
    return commit[:7]


def without_credentials(text: str) -> str:
    """Text with ``user:password@`` removed from its URLs."""
    return _CREDENTIALS.sub("", text)


def _environment(extra: Mapping[str, str]) -> dict[str, str]:
    names = KEPT | {JOB_TOKEN} if os.environ.get("GITLAB_CI") else KEPT
    kept = {name: value for name, value in os.environ.items() if name in names or name.startswith(KEPT_PREFIXES)}
    kept.setdefault("GIT_SSH_COMMAND", "ssh -oBatchMode=yes")
    return {
        **kept,
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_GRAFT_FILE": os.devnull,
        "LC_ALL": "C",
        **extra,
    }


@dataclass(frozen=True, slots=True)
class Git:
    """Git in one work tree.

    Attributes:
        folder: where commands run.
        variables: added to the environment of each command.
        common: the ``.git`` folder that all work trees of the clone share, where that is known.
    """

    folder: Path
    variables: Mapping[str, str] = field(default_factory=dict)
    common: Path | None = None

    def run(
        self, *arguments: str, timeout: float = QUICK_SECONDS, stdin: bytes | None = None
    ) -> subprocess.CompletedProcess[bytes]:
        """One command, however it ends.

        Raises:
            ChangeError: git is not installed, or did not end in ``timeout`` seconds.
        """
        argv = ["git", *SAFE, *arguments]
        try:
            return process.capture(
                argv, cwd=self.folder, env=_environment(self.variables), timeout=timeout, stdin=stdin
            )
        except FileNotFoundError as error:
            if not self.folder.is_dir():
                raise ChangeError(f"{self.folder} is no folder.", hint="Name a clone, or a folder in one.") from error
            message = f"`git {arguments[0]}` could not be started: git was not found."
            raise ChangeError(message, hint="perfbot needs git 2.25 or newer on PATH.") from error
        except subprocess.TimeoutExpired as error:
            message = f"`git {arguments[0]}` did not end within {timeout:.0f} s."
            raise ChangeError(message) from error

    def ok(self, *arguments: str) -> bool:
        """Whether a command ends with 0."""
        return self.run(*arguments).returncode == 0

    def text(self, *arguments: str, timeout: float = QUICK_SECONDS, stdin: bytes | None = None) -> str:
        """What a command that must succeed prints, without the final line end.

        Raises:
            ChangeError: it failed; the message holds the command and what git says about it.
        """
        done = self.run(*arguments, timeout=timeout, stdin=stdin)
        if done.returncode:
            raise ChangeError(f"`git {arguments[0]}` failed: {complaint(done)}", output=rest(done))
        return done.stdout.decode("utf-8", "surrogateescape").rstrip("\n")

    def maybe(self, *arguments: str) -> str:
        """What a command prints, or nothing when it fails."""
        done = self.run(*arguments)
        return "" if done.returncode else done.stdout.decode("utf-8", "surrogateescape").rstrip("\n")

    def names(self, *arguments: str) -> tuple[str, ...]:
        """What a command prints with ``-z``: names between zero bytes."""
        return tuple(name for name in self.text(*arguments).split("\0") if name)

    def commit(self, revision: str) -> str:
        """The full id of a commit that is in this clone, or nothing."""
        if revision.startswith("-"):
            return ""
        return self.maybe("rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}")

    def is_shallow(self) -> bool:
        """Whether the history of this clone is cut off."""
        return self.text("rev-parse", "--is-shallow-repository") == "true"

    def common_folder(self) -> Path:
        """The ``.git`` folder that all work trees of this clone share."""
        return self.common or (self.folder / self.text("rev-parse", "--git-common-dir")).resolve()

    def remotes(self) -> tuple[str, ...]:
        """The names of the remotes, in git's order."""
        return tuple(self.maybe("remote").splitlines())

    def remote(self) -> str:
        """``origin``, or the only other remote, or nothing."""
        remotes = self.remotes()
        if "origin" in remotes:
            return "origin"
        return remotes[0] if remotes else ""


def errors(done: subprocess.CompletedProcess[bytes]) -> str:
    """What a command wrote to stderr, without credentials."""
    return without_credentials(done.stderr.decode("utf-8", "replace").strip())


def complaint(done: subprocess.CompletedProcess[bytes]) -> str:
    """The line of stderr that says why, without git's own label, or the exit code."""
    line = _telling(done)
    return re.sub(_LABEL, "", line) if line else process.describe_code(done.returncode)


def rest(done: subprocess.CompletedProcess[bytes]) -> str:
    """What stderr says besides :func:`complaint`; empty where that is all of it."""
    said = _said(done)
    return "" if said == [_telling(done)] else "\n".join(said)


def _said(done: subprocess.CompletedProcess[bytes]) -> list[str]:
    return [line for line in errors(done).splitlines() if line.strip()]


def _telling(done: subprocess.CompletedProcess[bytes]) -> str:
    lines = _said(done)
    telling = [line for line in lines if re.match(_LABEL, line)]
    return (telling or lines or [""])[-1]


def open_work_tree(repo: Path) -> Git:
    """Git at the top of the work tree that ``repo`` lies in.

    Raises:
        ChangeError: there is none, it is bare, it belongs to somebody else, or nothing is checked out in it.
    """
    done = Git(repo).run("rev-parse", "--show-toplevel", "--git-common-dir", "HEAD^{commit}")
    lines = done.stdout.splitlines()
    if done.returncode == 0 and len(lines) == len(("top", "common folder", "commit")):  # no name has a line end in it
        top, common, _ = map(os.fsdecode, lines)
        return Git(Path(top), common=(repo / common).resolve())
    return _opened_by_steps(repo)


def _opened_by_steps(repo: Path) -> Git:
    """The same question by question: what is wrong shows in the answer to one of them."""
    done = Git(repo).run("rev-parse", "--show-toplevel")
    if done.returncode:
        raise _no_work_tree(repo, done)
    git = Git(Path(os.fsdecode(done.stdout.rstrip(b"\n"))))
    if not git.commit("HEAD"):
        raise _no_commit(git)
    return git


def _no_work_tree(repo: Path, done: subprocess.CompletedProcess[bytes]) -> ChangeError:
    said = errors(done)
    if "dubious ownership" in said:
        found = re.search(r"repository at '(.+)'", said)
        top = found[1] if found else str(repo)
        message = f"Git refuses to work in {top}, because it belongs to another user."
        return ChangeError(message, hint=f"git config --global --add safe.directory {shlex.quote(top)}")
    if "must be run in a work tree" in said or "cannot use bare repository" in said:
        return ChangeError(f"{repo} is a bare repository: it has no files.", hint="Clone it, and run there.")
    if "not a git repository (or any" in said:
        message = f"{repo} is not in a git repository, so base and head cannot be found."
        return ChangeError(message, hint="Run perfbot in a clone of the project.")
    message = f"Git cannot open the repository that {repo} lies in: {complaint(done)}"
    return ChangeError(message, hint="Mend it until `git status` works there.", output=rest(done))


def _no_commit(git: Git) -> ChangeError:
    """Why HEAD is no commit: a new repository is told to commit, one whose commits are elsewhere where they are."""
    named = git.maybe("rev-parse", "--verify", "--quiet", "HEAD")
    if named:
        message = f"{git.folder} is not whole: HEAD is {short(named)}, and that commit is not in this clone."
        return ChangeError(message, hint=f"git fetch {git.remote() or 'URL'} {named}, or clone the project anew.")
    if fetched := _fetched(git):
        message = f"Nothing is checked out in {git.folder}: its commits were fetched, and HEAD is on none of them."
        return ChangeError(message, hint=f"git checkout {fetched}")
    message = f"{git.folder} has no commits yet, so there is nothing to compare."
    commit = 'git add -A && git commit -m "start"'
    if remote := git.remote():
        return ChangeError(message, hint=f"git fetch {remote}, then check a branch out; in a new project: {commit}")
    return ChangeError(message, hint=f"Commit twice, then run again: {commit}")


def _fetched(git: Git) -> str:
    """What to check out in a clone that has commits and is on none: a branch, or what was fetched last."""
    branches = git.maybe("for-each-ref", "--format=%(refname:lstrip=2)", "refs/heads").splitlines()
    remote = git.maybe("for-each-ref", "--format=%(refname:lstrip=3)", f"refs/remotes/{git.remote()}/").splitlines()
    usual = sorted((name for name in (*branches, *remote) if name != "HEAD"), key=lambda name: name not in USUAL)
    last = "FETCH_HEAD" if git.commit("FETCH_HEAD") else ""
    return next((shlex.quote(name) for name in usual), last)
