"""The way to one GitLab project: python-gitlab's client, the retry layer, and who perfbot is there.

The client's own retrying is off; a hook on its session turns every answer of 400 and above into a fault before the
client reads it, so that Retry-After is not lost.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, TypeVar, cast

import gitlab
import requests
from gitlab.v4.objects import Project, ProjectMergeRequest

from perfbot.forge.retry import Fault, FaultError, Retries, fault_of, untrusted

T = TypeVar("T")

PER_PAGE = 100
BAD_REQUEST = 400


def raise_fault(response: requests.Response, *_: Any, **__: Any) -> None:
    """A hook for the client's session."""
    if response.status_code >= BAD_REQUEST:
        raise FaultError(fault_of(response.status_code, response.headers, response.text))


def read(error: Exception) -> Fault | None:
    """A client's exception as a fault."""
    if isinstance(error, requests.exceptions.SSLError):
        return untrusted(error)
    if isinstance(error, requests.exceptions.RequestException):
        return Fault(0, f"no answer: {type(error).__name__}", passing=True)
    if isinstance(error, gitlab.exceptions.GitlabParsingError):
        return Fault(0, "the answer was not what the API promises", passing=True)
    return None


class GitLabServer:
    """The client, the project, and the retry layer, shared by the four parts."""

    def __init__(self, client: gitlab.Gitlab, project: str, retries: Retries) -> None:
        self.client = client
        self.project: Project = client.projects.get(project, lazy=True)
        self.path = f"/projects/{self.project.encoded_id}"
        self._retries = retries
        self._me = 0

    def call(self, what: str, action: Callable[[], T], found: Callable[[], T | None] | None = None) -> T:
        """One request, repeated where that helps."""
        return self._retries.call(what, action, found=found)

    def each(self, what: str, listing: Callable[[], Any]) -> Iterator[Any]:
        """All items over all pages; a page that fails is asked for again by itself."""
        pages = self.call(what, listing)
        while (item := self.call(what, lambda: next(pages, None))) is not None:
            yield item

    def merge_request(self, number: int) -> ProjectMergeRequest:
        """The client's object for one merge request; asks nothing."""
        return self.project.mergerequests.get(number, lazy=True)

    @property
    def me(self) -> int:
        """Id of the user the token belongs to."""
        if not self._me:
            answer = self.call("ask who the token belongs to", lambda: self.client.http_get("/user"))
            self._me = int(cast("dict[str, Any]", answer)["id"])
        return self._me
