"""The way to one GitHub repository, and who perfbot is there."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar
from urllib.parse import quote

from perfbot.forge.base import NOT_FOUND, RefusedError
from perfbot.forge.rest import Rest

T = TypeVar("T")

ACTIONS_BOT = "github-actions[bot]"
"""Who comments with a workflow's own token, which may not ask who it is."""

ACCEPT = {"Accept": "application/vnd.github+json", "X-GitHub-Api-Version": "2022-11-28"}


class GitHubServer:
    """The API, the repository, and the retry layer, shared by the parts. Paths are below the repository.

    Args:
        bot: login of an App's bot; empty for tokens, which can be asked.
    """

    def __init__(self, rest: Rest, project: str, bot: str = "") -> None:
        self._rest = rest
        self._me = bot
        self._path = f"/repos/{quote(project)}"

    def send(
        self,
        what: str,
        verb: str,
        path: str,
        data: Mapping[str, Any] | None = None,
        *,
        read: Callable[[Any], T],
        found: Callable[[], T | None] | None = None,
    ) -> T:
        """One request, repeated where that helps; an empty path is the repository itself."""
        return self._rest.send(what, verb, f"{self._path}/{path}".rstrip("/"), data, read=read, found=found)

    def lost(self) -> int:
        """How many writing requests may be carried out yet."""
        return self._rest.lost()

    def find(self, what: str, path: str, *, read: Callable[[Any], T]) -> T | None:
        """One thing; None when it is not there."""
        try:
            return self.send(what, "GET", path, read=read)
        except RefusedError as error:
            if error.status != NOT_FOUND:
                raise
            return None

    def each(self, what: str, path: str, *, read: Callable[[Any], T], within: str = "", **query: object) -> Iterator[T]:
        """All items over all pages; ``within`` names the list where an answer wraps it."""
        return self._rest.each(what, f"{self._path}/{path}", read=read, within=within, query=query)

    @property
    def me(self) -> str:
        """Login of the account perfbot acts as."""
        if not self._me:
            self._me = self._ask_me()
        return self._me

    def _ask_me(self) -> str:
        try:
            return self._rest.send("ask who the token belongs to", "GET", "/user", read=lambda d: str(d["login"]))
        except RefusedError as error:
            if error.status == 403:
                return ACTIONS_BOT
            raise
