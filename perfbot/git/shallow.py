"""Commits that a shallow clone lacks: fetched one by one, then deepened, then the whole history."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from perfbot.errors import ChangeError
from perfbot.git.command import NETWORK_SECONDS, Git, complaint, is_full_id, short, without_credentials

DEEPEN = (50, 200, 1000)
"""Commits of history added at each attempt to find a merge base, before all of it is fetched."""

WHOLE_HISTORY = {
    "gitlab": 'Let CI fetch the whole history: add `GIT_DEPTH: "0"` to the job\'s `variables:` in .gitlab-ci.yml',
    "github": "Let CI fetch the whole history: add `with: {fetch-depth: 0}` to actions/checkout",
    "local": "",
}
"""What to change in CI when the history does not reach far enough, by the origin of the change."""


@dataclass(frozen=True, slots=True)
class Reach:
    """Finds commits in a clone and, where they are missing, on its remotes.

    Attributes:
        git: the clone.
        urls: asked after the clone's own remote (the parent project, in a fork's pipeline).
        hint: what to change when nothing helps; empty: what to fetch.
    """

    git: Git
    urls: Sequence[str] = ()
    hint: str = ""
    _tried: list[str] = field(default_factory=list)

    def commit(self, revision: str) -> str:
        """The full id of a commit, fetched when it is a full id that this clone lacks.

        Raises:
            ChangeError: it is unknown, or no remote hands it out; the message says what was tried.
        """
        found = self.git.commit(revision)
        if found:
            return found
        if not is_full_id(revision):
            shallow = self.git.is_shallow()
            message = f"There is no commit called `{revision}` in this {'shallow ' if shallow else ''}clone."
            fetch = f"{by_hand(self.git)} && " if shallow or self.git.remotes() else ""
            raise ChangeError(message, hint=f"{fetch}git branch --all")
        if any(self._fetch(remote, revision) and self.git.commit(revision) for remote in self._remotes()):
            return revision
        raise self._unreachable(f"Commit {short(revision)} is not in this clone and could not be fetched")

    def parents(self, commit: str) -> tuple[str, ...]:
        """The parents' ids as the commit names them, also where a shallow clone lacks them."""
        header = self.git.text("cat-file", "commit", commit).split("\n\n", 1)[0]
        return tuple(line.removeprefix("parent ") for line in header.split("\n") if line.startswith("parent "))

    def branch(self, name: str) -> str:
        """The tip of a branch as its remote has it now, else as this clone last saw it.

        A runner's clone is kept from job to job, and what it saw of other branches may be old. Local branches count
        only where there is no remote.

        Raises:
            ChangeError: neither knows it.
        """
        remote = self.git.remote()
        if not remote:
            return self.git.commit(f"refs/heads/{name}")
        wanted = f"refs/heads/{name}"
        listed = self.git.run("ls-remote", remote, wanted, timeout=NETWORK_SECONDS)
        lines = listed.stdout.decode("utf-8", "surrogateescape").splitlines() if listed.returncode == 0 else []
        tip = next((line.partition("\t")[0] for line in lines if line.partition("\t")[2] == wanted), "")
        found = self.commit(tip) if tip else self.git.commit(f"refs/remotes/{remote}/{name}")
        if not found:
            why = complaint(listed) if listed.returncode else f"{remote} has no such branch"
            raise ChangeError(
                f"The branch {name} is not in this clone, and {remote} did not name its tip: {why}.",
                hint="Name the commit to compare with: perfbot run --base REV",
            )
        return found

    def merge_base(self, one: str, other: str, *, called: str = "") -> str:
        """The best common ancestor of two commits, deepening a shallow history until it shows.

        Args:
            called: what people call ``one``.

        Raises:
            ChangeError: they share no history, or it could not be fetched.
        """
        for _ in self._ever_deeper(one, other):
            found = self.git.maybe("merge-base", one, other)
            if found:
                return found.split("\n", 1)[0]
        if not self.git.is_shallow():
            raise ChangeError(
                f"{called or short(one)} and {short(other)} have no common ancestor: their histories are unrelated.",
                hint=f"Compare them as they are: perfbot run {called or one}..HEAD",
            )
        raise self._unreachable(f"No common ancestor of {short(one)} and {short(other)} was found")

    def _ever_deeper(self, *commits: str) -> Iterator[None]:
        yield
        for depth in (*(f"--deepen={count}" for count in DEEPEN), "--unshallow"):
            if not self.git.is_shallow():
                return
            for remote in self._remotes():
                self._run_fetch(depth, remote, *commits)
            yield

    def _remotes(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(name for name in (self.git.remote(), *self.git.remotes(), *self.urls) if name))

    def _fetch(self, remote: str, commit: str) -> bool:
        # A depth on a complete clone would cut its history off, so it is asked for in shallow ones alone.
        depth = ("--depth=1",) if self.git.is_shallow() else ()
        return self._run_fetch(*depth, remote, commit)

    def _run_fetch(self, *arguments: str) -> bool:
        command = ("fetch", "--quiet", "--no-tags", "--no-recurse-submodules", "--no-write-fetch-head")
        done = self.git.run(*command, *arguments, timeout=NETWORK_SECONDS)
        if done.returncode:
            shown = without_credentials(" ".join(arguments))
            self._tried.append(f"`git fetch {shown}` said: {complaint(done)}")
        return done.returncode == 0

    def _unreachable(self, what: str) -> ChangeError:
        why = "; ".join(dict.fromkeys(self._tried)) or "there was no remote that has more history"
        return ChangeError(f"{what}: {why}.", hint=self.hint or by_hand(self.git))


def by_hand(git: Git) -> str:
    """The command that brings what a clone lacks; without a remote, with the place to put its address."""
    deep = "--unshallow " if git.is_shallow() else ""
    remote = git.remote()
    return f"git fetch {deep}{remote}" if remote else f"git remote add origin URL && git fetch {deep}origin"
