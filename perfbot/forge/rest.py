"""HTTP to a forge: each answer read whole and in time, and either understood or asked for again.

Every request of the forges' clients (python-gitlab, PyGithub) is carried out here, whatever object made it. What a
proxy, a half-started server or a broken cable can make of an answer (HTML with 200, ``null``, half a document) is a
fault like a 502: it is asked again, and never read as "there is nothing".
"""

from __future__ import annotations

import functools
import json
import re
import ssl
import weakref
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar
from urllib.parse import parse_qs, urljoin, urlsplit

import httpx

from perfbot.addresses import http_client
from perfbot.errors import UsageError
from perfbot.forge.base import UnreachableError
from perfbot.forge.retry import Fault, FaultError, Retries, fault_of, untrusted

T = TypeVar("T")

PER_PAGE = 100
MOST_PAGES = 1_000
MOST_BYTES = 32 * 1024 * 1024
"""Of one answer."""

MOST_REDIRECTS = 3
NOT_AS_PROMISED = "the answer is not what the API promises"
NOT_UNDERSTOOD: tuple[type[Exception], ...] = (
    KeyError, TypeError, ValueError, AttributeError, IndexError, RecursionError, ArithmeticError,
)  # fmt: skip
"""What reading an answer raises that has another shape than it should; a client adds its own."""

_COMMIT = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_SECRET = frozenset({"authorization", "private-token", "job-token"})
_REDIRECTED = frozenset({301, 302, 307, 308})


@dataclass(frozen=True, slots=True)
class Answer:
    """Status below 300, and the document: a record, a list, or None where there is none."""

    status: int
    body: bytes
    document: Any


@dataclass(frozen=True, slots=True)
class Page:
    """What a listing's answer says beside its items.

    ``wrapped``: the list is a field of a record; ``body``: tells it from other pages.
    """

    wrapped: bool
    more: bool
    body: int = 0


class Rest:
    """One forge's API, below its client.

    A client's method is called within :meth:`call` or :meth:`each`, which bound it, repeat it and tell what became of
    it; the client sends its requests through :meth:`exchange`, and only there.

    Args:
        api: base address.
        retries: decide what is repeated.
        pace: seconds between two writing requests.
        ca_bundle: file with the server's certificate authority; empty for the usual ones.
        endless: whether listings say where they end; where they do not, pages are asked for until one is empty.
        faults: what the client raises when it cannot read an answer.
        transport: instead of the network.

    Raises:
        UsageError: the file of the authority cannot be read.
    """

    def __init__(
        self,
        api: str,
        retries: Retries,
        *,
        pace: float = 0.0,
        ca_bundle: str = "",
        endless: bool = False,
        faults: tuple[type[Exception], ...] = (),
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self.api = api.rstrip("/")
        self._retries = retries
        self._pace = pace
        self._endless = endless
        self._faults = (*NOT_UNDERSTOOD, *faults)
        self._client = http_client(verify=_trust(ca_bundle), transport=transport)
        self._free = 0.0
        self._lost = 0
        self._until = 0.0
        self._wrote = False
        self._page: Page | None = None
        weakref.finalize(self, self._client.close)

    def call(self, what: str, action: Callable[[], T], *, found: Callable[[], T | None] | None = None) -> T:
        """Call a client's method and read what it gives, again where that helps.

        Args:
            what: the request in words, for messages.
            action: calls and reads; what it cannot read is asked for again.
            found: looks for what an earlier attempt may have made, before a creation is repeated.

        Raises:
            RefusedError: the forge said no.
            UnreachableError: it did not answer properly in time.
        """

        def once(seconds: float) -> T:
            self._until, self._wrote, self._page = self._retries.clock() + seconds, False, None
            try:
                return self._understood(action)
            except FaultError as error:
                self._lost += error.fault.lost and self._wrote
                raise

        return self._retries.call(what, once, found=found)

    def each(self, what: str, page: Callable[[int], Sequence[T]], *, wrapped: bool = False) -> Iterator[T]:
        """All items over all pages; a page that fails is asked for again by itself.

        Args:
            page: a page's items, read, by its number from 1 on; its first request is the listing's.
            wrapped: the list is a field of a record.

        Raises:
            UnreachableError: there is no end to them, or the same page comes again and again.
        """
        before: Page | None = None
        for number in range(1, MOST_PAGES + 1):

            def items(number: int = number, before: Page | None = before) -> tuple[Sequence[T], Page]:
                read = page(number)
                if self._page is None or self._page.wrapped != wrapped or (read and self._page == before):
                    raise TypeError(what)
                return read, self._page

            read, told = self.call(what, items)
            yield from read
            if not told.more:
                return
            before = told
        raise UnreachableError(f"Could not {what}: the forge lists more than {MOST_PAGES} pages.")

    def lost(self) -> int:
        """How many writing requests had no answer that was understood: they may be carried out yet."""
        return self._lost

    def exchange(self, verb: str, address: str, data: Any, headers: Mapping[str, str]) -> Answer:
        """Carry out one request of a client, within the call that is under way.

        Args:
            verb: in capitals.
            address: a path below the API's address, or a whole address of it, with its query.
            data: sent as JSON unless it is None.

        Raises:
            FaultError: no answer below 300 that is a document.
        """
        url = self._own(address)
        self._wrote = self._wrote or verb != "GET"
        self._wait_for_pace(verb)
        for _ in range(MOST_REDIRECTS):
            status, told, body = self._once(verb, url, data, headers)
            moved = urljoin(url, told.get("location", ""))
            if status not in _REDIRECTED or urlsplit(moved)[:2] != urlsplit(url)[:2] or moved == url:
                break
            url = self._address(moved)
        if status >= 300:
            raise FaultError(fault_of(status, told, _without_secrets(body.decode("utf-8", "replace"), headers)))
        document = self._understood(lambda: _document(verb, body))
        if verb == "GET" and self._page is None:
            self._page = replace(self._paged(url, told, document), body=hash(body))
        return Answer(status, body, document)

    def _own(self, address: str) -> str:
        """An address of this API. Answers hold addresses, too; one that leads elsewhere is never asked."""
        if address.startswith("/"):
            return self.api + address
        if address.startswith(f"{self.api}/"):
            return address
        raise FaultError(Fault(0, NOT_AS_PROMISED, passing=True))

    def _address(self, moved: str) -> str:
        """An address that a forge has sent us to."""
        try:
            httpx.URL(moved)
        except httpx.InvalidURL as error:
            raise FaultError(Fault(0, NOT_AS_PROMISED, passing=True)) from error
        return moved

    def _paged(self, url: str, headers: Mapping[str, str], document: Any) -> Page:
        """Whether pages follow: by Link, by X-Next-Page, or by counting where a proxy has lost both."""
        if link := headers.get("link"):
            more = _has_next(link)
        elif (following := headers.get("x-next-page")) is not None:
            more = bool(following.strip())
        else:
            size = int((parse_qs(urlsplit(url).query).get("per_page") or [str(PER_PAGE)])[-1])
            count = len(_listed(document))
            more = count > 0 if self._endless else count >= size
        return Page(isinstance(document, dict), more)

    def _once(self, verb: str, url: str, data: Any, headers: Mapping[str, str]) -> tuple[int, Mapping[str, str], bytes]:
        """Status, headers and body, before the call's end."""
        seconds = max(self._until - self._retries.clock(), 0.01)
        try:
            with self._client.stream(verb, url, json=data, headers=headers, timeout=seconds) as response:
                return response.status_code, response.headers, self._whole(response)
        except httpx.RequestError as error:
            if isinstance(error.__cause__, ssl.SSLCertVerificationError) or "CERTIFICATE_VERIFY_FAILED" in str(error):
                raise FaultError(untrusted(error)) from error
            fault = Fault(0, f"no answer: {type(error).__name__}", passing=True, lost=not _never_sent(error))
            raise FaultError(fault) from error
        except (httpx.InvalidURL, UnicodeError) as error:
            raise UsageError(f"{self.api} cannot be asked: {error}") from error

    def _whole(self, response: httpx.Response) -> bytes:
        body = bytearray()
        for part in response.iter_bytes():
            body += part
            if self._retries.clock() > self._until:
                raise FaultError(Fault(0, "no answer: it came too slowly", passing=True, lost=True))
            if len(body) > MOST_BYTES:
                raise FaultError(Fault(0, f"the answer has more than {MOST_BYTES >> 20} MiB", passing=True, lost=True))
        return bytes(body)

    def _wait_for_pace(self, verb: str) -> None:
        if verb == "GET" or not self._pace:
            return
        now = self._retries.clock()
        if now < self._free:
            self._retries.sleep(self._free - now)
        self._free = max(now, self._free) + self._pace

    def _understood(self, read: Callable[[], T]) -> T:
        try:
            return read()
        except self._faults as error:
            raise FaultError(Fault(0, NOT_AS_PROMISED, passing=True, lost=True)) from error


def _without_secrets(text: str, headers: Mapping[str, str]) -> str:
    """An error's text, which some proxies fill with the request that they did not like."""
    for name, value in headers.items():
        if name.lower() in _SECRET:
            text = text.replace(value.rpartition(" ")[2] or "\0", "***")
    return text


def _document(verb: str, body: bytes) -> Any:
    """The decoded body: a record or a list. Only who asked for something to be done may get nothing back."""
    found = json.loads(body) if body.strip() else None
    if isinstance(found, list) or (isinstance(found, dict) and (found or verb != "GET")):
        return found
    if verb == "GET" or found is not None:
        raise TypeError(verb)
    return None


def text_in(value: str | None) -> str:
    """What has to be there, and to be a text. Clients read None where an answer lacks it."""
    if not isinstance(value, str):
        raise TypeError(value)
    return value


def commit_in(value: str | None) -> str:
    """A commit's id; empty where the forge knows none."""
    if value and not _COMMIT.fullmatch(text_in(value)):
        raise ValueError("no commit")
    return value or ""


def _listed(document: Any) -> Sequence[Any]:
    """The list in an answer; nothing where it is a record without one."""
    if isinstance(document, list):
        return document
    return next((value for value in document.values() if isinstance(value, list)), ())


@functools.cache
def _trust(ca_bundle: str) -> ssl.SSLContext:
    """Whom connections believe; read once a process: reading a hundred authorities takes longer than a request."""
    try:
        if not ca_bundle:
            return httpx.create_ssl_context()
        return ssl.create_default_context(cafile=ca_bundle)
    except OSError as error:
        raise UsageError(
            f"The certificates in {ca_bundle} cannot be read.",
            hint="Set PERFBOT_CA_BUNDLE to a PEM file of the certificate authority that vouches for the server.",
        ) from error


def _has_next(link: str) -> bool:
    """Only whether there is one is read of a link: the page is asked for under our own address."""
    parts = (part.partition(";")[2].replace(" ", "") for part in link.split(","))
    return any('rel="next"' in part or "rel=next" in part for part in parts)


def _never_sent(error: httpx.RequestError) -> bool:
    return isinstance(error, (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol))
