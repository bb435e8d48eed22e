"""The way to one GitLab project: python-gitlab's client over this project's HTTP, and who perfbot is there."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cached_property
from typing import Any, TypeVar
from urllib.parse import urlencode

import gitlab
import httpx
import requests
from gitlab._backends import DefaultBackend
from gitlab.base import RESTObject
from gitlab.mixins import ListMixin
from gitlab.v4.objects import CurrentUserManager, Project
from requests.structures import CaseInsensitiveDict

from perfbot.forge.base import NOT_FOUND, RefusedError
from perfbot.forge.rest import PER_PAGE, Answer, Rest
from perfbot.forge.retry import Retries

T = TypeVar("T")
Item = TypeVar("Item", bound=RESTObject)

BAD_REQUEST = 400


class RestResponse:
    """An answer as python-gitlab's backends give it."""

    def __init__(self, answer: Answer) -> None:
        self.response = requests.Response()
        self.response.status_code = answer.status
        self.response.headers["Content-Type"] = "application/json"
        self.response.encoding = "utf-8"
        self.response._content = answer.body or b"null"  # noqa: SLF001 - how every adapter of requests fills it
        self.status_code, self.headers, self.reason = answer.status, self.response.headers, ""
        self.content, self.json = answer.body, self.response.json


class RestBackend(DefaultBackend):
    """python-gitlab's way to the network: each of its requests goes through :class:`Rest`."""

    def __init__(self, rest: Rest) -> None:
        super().__init__()
        self._rest = rest

    def http_request(  # type: ignore[override]
        self,
        method: str,
        url: str,
        json: Any = None,
        data: Any = None,
        params: Any = None,
        headers: Any = None,
        auth: Any = None,
        **_: Any,
    ) -> RestResponse:
        """One request of the client. Its time, certificates and repeating are ours, and uploads are not sent."""
        if data is not None:
            raise NotImplementedError(method)
        opened = requests.PreparedRequest()
        opened.headers = CaseInsensitiveDict(headers)
        address = f"{url}?{urlencode(params, doseq=True)}" if params else url
        opened = auth(opened) if auth is not None else opened
        sent: Any = opened.headers  # texts; what checkers think of them depends on whose types of requests they have
        return RestResponse(self._rest.exchange(method.upper(), address, json, sent))


class GitLabServer:
    """The client, the project, and the retry layer, shared by the four parts."""

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
        api, faults = f"{url.rstrip('/')}/api/v4", (gitlab.exceptions.GitlabError,)
        self._rest = Rest(api, retries, ca_bundle=ca_bundle, endless=True, faults=faults, transport=transport)
        self._client = gitlab.Gitlab(
            url,
            private_token=token,
            user_agent="perfbot",
            backend=RestBackend,
            rest=self._rest,
        )
        self._name = project
        self._me = 0

    @cached_property
    def project(self) -> Project:
        """The client's object of the project; asks nothing, but has seventy managers to make."""
        return self._client.projects.get(self._name, lazy=True)

    def call(self, what: str, action: Callable[[], T], *, found: Callable[[], T | None] | None = None) -> T:
        """A method of the client, repeated where that helps."""
        return self._rest.call(what, action, found=found)

    def lost(self) -> int:
        """How many writing requests may be carried out yet."""
        return self._rest.lost()

    def find(self, what: str, action: Callable[[], T]) -> T | None:
        """One thing; None when it is not there."""
        try:
            return self.call(what, action)
        except RefusedError as error:
            if error.status != NOT_FOUND:
                raise
            return None

    def each(self, what: str, manager: ListMixin[Item], read: Callable[[Item], T], **query: Any) -> Iterator[T]:
        """All of a manager's items over all pages."""

        def page(number: int) -> list[T]:
            listed = manager.list(page=number, per_page=PER_PAGE, get_all=False, **query)
            return [read(item) for item in listed]

        return self._rest.each(what, page)

    def current_project(self) -> Project:
        """The project as it is now; to be called within a call."""
        return self._client.projects.get(self._name)

    @property
    def me(self) -> int:
        """Id of the user the token belongs to."""
        if not self._me:
            user = CurrentUserManager(self._client)
            self._me = self.call("ask who the token belongs to", lambda: int(user.get().id))
        return self._me
