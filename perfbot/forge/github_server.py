"""The way to one GitHub repository: PyGithub's objects over this project's HTTP, and who perfbot is there."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import github
from github.AuthenticatedUser import AuthenticatedUser
from github.Commit import Commit
from github.GithubObject import GithubObject
from github.PaginatedList import PaginatedList
from github.Repository import Repository
from github.Requester import Requester

from perfbot.forge.base import NOT_FOUND, RefusedError
from perfbot.forge.rest import PER_PAGE, Rest, text_in

T = TypeVar("T")
Item = TypeVar("Item", bound=GithubObject)

ACTIONS_BOT = "github-actions[bot]"
"""Who comments with a workflow's own token, which may not ask who it is."""

NOT_READ = (github.GithubException, github.BadAttributeException, AssertionError)
"""What PyGithub raises of an answer that it cannot read."""

API_VERSION = "2022-11-28"


class RestRequester(Requester):
    """PyGithub's way to the network: each of its objects' requests goes through :class:`Rest`.

    Its objects are lazy: they are made from our own addresses without asking, and ask when they are read.
    """

    def __init__(self, rest: Rest, auth: github.Auth.Auth) -> None:
        super().__init__(
            auth=auth,
            base_url=rest.api,
            timeout=0,
            user_agent="perfbot",
            per_page=PER_PAGE,
            verify=True,
            retry=None,
            pool_size=None,
            lazy=True,
            api_version=API_VERSION,
        )
        self._rest = rest

    def requestJson(  # noqa: N802 - PyGithub's name
        self,
        verb: str,
        url: str,
        parameters: dict[str, Any] | None = None,
        headers: dict[str, Any] | None = None,
        input: Any | None = None,  # noqa: A002 - PyGithub's name
        cnx: Any = None,
        follow_302_redirect: bool = False,
    ) -> tuple[int, dict[str, Any], str]:
        """One request of an object. Its time, certificates, redirects and repeating are ours."""
        del cnx, follow_302_redirect
        sent = {"Accept": "application/vnd.github+json", **(headers or {})}
        sent |= {"User-Agent": "perfbot", "X-GitHub-Api-Version": API_VERSION}
        if self.auth is not None:
            self.auth.authentication(sent)
        answer = self._rest.exchange(verb, self.add_parameters_to_url(url, parameters or {}), input, sent)
        return answer.status, {}, answer.body.decode("utf-8")

    def _only_json(self, *_: Any, **__: Any) -> Any:
        raise NotImplementedError("perfbot sends no files, and no request past Rest")

    requestMultipart = requestBlob = getStream = requestMemoryBlobAndCheck = _only_json  # noqa: N815
    withAuth = withLazy = withApiVersion = _only_json  # noqa: N815 - they would make requesters that ask by themselves


class GitHubServer:
    """The requester, the repository, and the retry layer, shared by the parts.

    Args:
        rest: knows :data:`NOT_READ`.
        auth: a token, or a GitHub App's installation.
        bot: login of an App's bot; empty for tokens, which can be asked.
    """

    def __init__(self, rest: Rest, auth: github.Auth.Auth, project: str, bot: str = "") -> None:
        self._rest = rest
        self.requester = RestRequester(rest, auth)
        self._project = project
        self._me = bot

    @property
    def repository(self) -> Repository:
        """The client's object of the repository, new each time: it asks what is read of it, and keeps it."""
        return Repository(self.requester, url=f"/repos/{self._project}")

    def commit(self, sha: str) -> Commit:
        """The client's object of a commit; asks nothing."""
        url = f"{self.repository.url}/commits/{sha}"
        return Commit(self.requester, {}, {"sha": sha, "url": url}, completed=True)

    def default_branch(self) -> str:
        """Name of the branch that changes are merged into."""
        return self.call("read the repository", lambda: text_in(self.repository.default_branch))

    def call(self, what: str, action: Callable[[], T], *, found: Callable[[], T | None] | None = None) -> T:
        """A method of the client, repeated where that helps; what is lazy has to be read in it."""
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

    def each(
        self, what: str, listing: PaginatedList[Item], read: Callable[[Item], T], *, wrapped: bool = False
    ) -> Iterator[T]:
        """All items over all pages; ``wrapped`` where an answer is a record with the list in it."""
        return self._rest.each(
            what, lambda number: [read(item) for item in listing.get_page(number - 1)], wrapped=wrapped
        )

    def listing(self, kind: type[Item], url: str, *, within: str = "items") -> PaginatedList[Item]:
        """A listing that PyGithub has no method for, or one with another address."""
        return PaginatedList(kind, self.requester, url, list_item=within)

    @property
    def me(self) -> str:
        """Login of the account perfbot acts as."""
        if not self._me:
            self._me = self._ask_me()
        return self._me

    def _ask_me(self) -> str:
        def read() -> str:
            return text_in(AuthenticatedUser(self.requester, url="/user").login)

        try:
            return self.call("ask who the token belongs to", read)
        except RefusedError as error:
            if error.status == 403:
                return ACTIONS_BOT
            raise


def optional(value: T) -> T | None:
    """What may be null, whatever PyGithub's types say."""
    return value


def number_in(value: int | None) -> int:
    """What has to be there, and to be a number.

    It proves nothing of an answer: PyGithub takes it from the address where the answer has none.
    """
    if not isinstance(value, int):
        raise TypeError(value)
    return value
