"""The way to one GitLab project, and who perfbot is there."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar
from urllib.parse import quote

import httpx

from perfbot.forge.base import NOT_FOUND, RefusedError
from perfbot.forge.rest import Rest
from perfbot.forge.retry import Retries

T = TypeVar("T")

BAD_REQUEST = 400


class GitLabServer:
    """The API, the project, and the retry layer, shared by the four parts. Paths are below the project."""

    def __init__(
        self,
        url: str,
        project: str,
        token: str,
        retries: Retries,
        *,
        ca_bundle: str = "",
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        headers = {"PRIVATE-TOKEN": token}
        self._rest = Rest(
            f"{url.rstrip('/')}/api/v4",
            lambda: headers,
            retries,
            ca_bundle=ca_bundle,
            endless=True,
            transport=transport,
        )
        self._path = f"/projects/{quote(project, safe='')}"
        self._me = 0

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
        """One request, repeated where that helps."""
        return self._rest.send(what, verb, f"{self._path}/{path}", data, read=read, found=found)

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

    def file(self, what: str, path: str) -> bytes | None:
        """A file's bytes; None when it is not there."""
        try:
            return self._rest.text(what, f"{self._path}/{path}")
        except RefusedError as error:
            if error.status != NOT_FOUND:
                raise
            return None

    def each(self, what: str, path: str, *, read: Callable[[Any], T], **query: object) -> Iterator[T]:
        """All items over all pages."""
        return self._rest.each(what, f"{self._path}/{path}", read=read, query=query)

    @property
    def me(self) -> int:
        """Id of the user the token belongs to."""
        if not self._me:
            self._me = self._rest.send("ask who the token belongs to", "GET", "/user", read=lambda d: int(d["id"]))
        return self._me
