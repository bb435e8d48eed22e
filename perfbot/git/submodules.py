"""Submodules of a work tree: from the user's own copies where they have the commit, else from their URLs.

Those that the user's clone never initialised stay empty, as they are there.

Nothing is written to the user's configuration, and a change's ``.gitmodules`` cannot make git read other
repositories of this machine: local copies are named here, and git's ban on file URLs stays for all others.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from perfbot.errors import ChangeError
from perfbot.git.command import NETWORK_SECONDS, Git, complaint, rest

UPDATE = ("submodule", "--quiet", "update", "--init", "--checkout")


@dataclass(frozen=True, slots=True)
class Submodule:
    """One entry of ``.gitmodules`` that the commit has."""

    name: str
    path: str
    url: str
    commit: str


def fill_submodules(clone: Git, tree: Git) -> None:
    """Check out the submodules of a fresh work tree, nested ones too.

    Raises:
        ChangeError: one could not be had; the message names it.
    """
    modules = [module for module in _submodules(clone, tree) if _initialised(clone, module)]
    if not modules:
        return
    local = [(module, copy) for module in modules if (copy := _own_copy(clone, module)) is not None]
    if local:
        settings = [("-c", f"submodule.{module.name}.url={copy}") for module, copy in local]
        paths = [module.path for module, _ in local]
        # A copy that turns out to be damaged is no failure yet: its URL is asked next.
        tree.run("-c", "protocol.file.allow=always", *_settings(settings), *UPDATE, "--", *paths)
    settings = [("-c", f"submodule.{module.name}.url={module.url}") for module in modules]
    done = tree.run(*_settings(settings), *UPDATE, "--recursive", timeout=NETWORK_SECONDS)
    if done.returncode:
        names = ", ".join(module.path for module in modules)
        message = f"a submodule could not be checked out ({names}): {complaint(done)}"
        raise ChangeError(message, hint="git submodule update --init --recursive", output=rest(done))


def _settings(settings: list[tuple[str, str]]) -> tuple[str, ...]:
    # Being active by configuration keeps `--init` from writing to the configuration of the user's clone.
    return ("-c", "submodule.active=.", *(word for pair in settings for word in pair))


def _submodules(clone: Git, tree: Git) -> tuple[Submodule, ...]:
    if not (tree.folder / ".gitmodules").is_file():
        return ()
    entries = dict(_entries(tree))
    commits = _commits(tree)
    remote = clone.maybe("remote", "get-url", clone.remote()) if clone.remote() else str(clone.folder)
    found = []
    for key, path in entries.items():
        name = key.removeprefix("submodule.").removesuffix(".path")
        if key.endswith(".path") and path in commits and _is_plain(name):
            url = clone.maybe("config", f"submodule.{name}.url") or entries.get(f"submodule.{name}.url", "")
            found.append(Submodule(name, path, resolve_url(remote, url), commits[path]))
    return tuple(found)


def _is_plain(name: str) -> bool:
    """Whether a name stays below the folder of submodules, as git wants, and ends no key of a setting too soon."""
    return "=" not in name and name.isprintable() and not Path(name).is_absolute() and ".." not in Path(name).parts


def _entries(tree: Git) -> list[tuple[str, str]]:
    listed = tree.names("config", "--file", ".gitmodules", "--null", "--get-regexp", r"^submodule\..*\.(path|url)$")
    return [(key, value) for key, _, value in (entry.partition("\n") for entry in listed)]


def _commits(tree: Git) -> dict[str, str]:
    """Commit of each gitlink, by its path."""
    listed = (entry.partition("\t") for entry in tree.names("ls-files", "--stage", "-z"))
    return {path: head.split()[1] for head, _, path in listed if head.startswith("160000")}


def uninitialised(clone: Git) -> tuple[str, ...]:
    """Paths of the submodules that the user's clone leaves empty."""
    return tuple(module.path for module in _submodules(clone, clone) if not _initialised(clone, module))


def _initialised(clone: Git, module: Submodule) -> bool:
    """Whether the user asked for it: ``git submodule init`` writes the URL to the clone's configuration."""
    return bool(clone.maybe("config", f"submodule.{module.name}.url"))


def _own_copy(clone: Git, module: Submodule) -> Path | None:
    """The user's copy of a submodule, when it has the commit.

    In the work tree it is one by its ``.git``, which no commit can hold; a change may have brought what else is there.
    """
    work, own = clone.folder / module.path, clone.common_folder() / "modules" / module.name
    if (work / ".git").exists() and Git(work).commit(module.commit):
        return work
    if (own / "HEAD").is_file() and Git(own, {"GIT_DIR": str(own)}).commit(module.commit):
        return own
    return None


def resolve_url(remote: str, url: str) -> str:
    """A submodule's URL; one that begins with ``./`` or ``../`` is relative to the superproject's remote."""
    if not url.startswith(("./", "../")):
        return url
    base = remote.rstrip("/")
    while url.startswith(("./", "../")):
        if url.startswith("../"):
            cut = max(base.rfind("/"), base.rfind(":"))
            base = base[: cut if base[cut : cut + 1] == "/" else cut + 1]
        url = url.partition("/")[2]
    return f"{base}{url}" if base.endswith(":") else f"{base}/{url}"
