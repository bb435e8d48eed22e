"""HTTP to a forge: each answer read whole and in time, and either understood or asked for again.

Both forges speak REST with JSON, so both go through this one place. What a proxy, a half-started server or a broken
cable can make of an answer (HTML with 200, ``null``, a list where a record belongs, half a document) is a fault like
a 502: it is asked again, and never read as "there is nothing".
"""

from __future__ import annotations

import functools
import json
import ssl
import weakref
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit

import httpx

from perfbot.errors import UsageError
from perfbot.forge.retry import Fault, FaultError, Retries, fault_of, untrusted

T = TypeVar("T")

PER_PAGE = 100
MOST_PAGES = 1_000
MOST_BYTES = 32 * 1024 * 1024
"""Of one answer."""

MOST_REDIRECTS = 3
NOT_AS_PROMISED = "the answer is not what the API promises"
NOT_UNDERSTOOD = (KeyError, TypeError, ValueError, AttributeError, IndexError, RecursionError)
"""What reading an answer raises that has another shape than it should."""

_REDIRECTED = frozenset({301, 302, 307, 308})


@dataclass(frozen=True, slots=True)
class Answer:
    """Status below 300."""

    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """The decoded body; None where there is none. Raises ValueError when it is not JSON."""
        return json.loads(self.body) if self.body.strip() else None


class Rest:
    """One forge's API.

    Args:
        api: base address.
        authorise: headers that open it, asked for before each request, within so many seconds.
        pace: seconds between two writing requests.
        ca_bundle: file with the server's certificate authority; empty for the usual ones.
        endless: whether listings say where they end; where they do not, pages are asked for until one is empty.
        transport: instead of the network.

    Raises:
        UsageError: the file of the authority cannot be read.
    """

    def __init__(
        self,
        api: str,
        authorise: Callable[[], Mapping[str, str]],
        retries: Retries,
        *,
        pace: float = 0.0,
        ca_bundle: str = "",
        endless: bool = False,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self._api = api.rstrip("/")
        self._authorise = authorise
        self._retries = retries
        self._pace = pace
        self._endless = endless
        headers = {"User-Agent": "perfbot"}
        self._client = httpx.Client(verify=_trust(ca_bundle), headers=headers, transport=transport)
        self._free = 0.0
        self._lost = 0
        weakref.finalize(self, self._client.close)

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
        """One request, repeated where that helps.

        Args:
            what: the request in words, for messages.
            path: below the API's address, with its query.
            read: makes a value of the decoded answer; what it cannot read is asked for again.
            found: looks for what an earlier attempt may have made, before a creation is repeated.
        """

        def once(seconds: float) -> T:
            try:
                return _understood(lambda: read(self._exchange(verb, path, data, seconds).json()))
            except FaultError as error:
                self._lost += error.fault.lost and verb != "GET"
                raise

        return self._retries.call(what, once, found=found)

    def text(self, what: str, path: str) -> bytes:
        """The body of an answer as it is; a page of HTML is some proxy's, and not what was asked for."""

        def once(seconds: float) -> bytes:
            answer = self._exchange("GET", path, None, seconds)
            if answer.headers.get("content-type", "").startswith("text/html"):
                raise FaultError(Fault(0, NOT_AS_PROMISED, passing=True))
            return answer.body

        return self._retries.call(what, once)

    def each(
        self,
        what: str,
        path: str,
        *,
        read: Callable[[Any], T],
        within: str = "",
        query: Mapping[str, object] | None = None,
    ) -> Iterator[T]:
        """All items over all pages; a page that fails is asked for again by itself.

        Args:
            read: makes a value of an item.
            within: name of the list in the answer; empty where the answer is the list.
        """
        asked: dict[str, object] = {"per_page": PER_PAGE, **(query or {})}
        for number in range(1, MOST_PAGES + 1):
            address = f"{path}?{urlencode(asked)}"

            def page(seconds: float, address: str = address) -> tuple[list[T], Answer]:
                answer = self._exchange("GET", address, None, seconds)
                return _understood(lambda: [read(item) for item in _listed(answer.json(), within)]), answer

            items, answer = self._retries.call(what, page)
            yield from items
            following = self._next(answer, asked, number, len(items))
            if following is None:
                return
            asked = following

    def _next(self, answer: Answer, asked: dict[str, object], number: int, count: int) -> dict[str, object] | None:
        """The next page's query: by Link, by X-Next-Page, or by counting where a proxy has lost both."""
        if link := answer.headers.get("link"):
            return _linked(link)
        following = answer.headers.get("x-next-page")
        if following is not None:
            return {**asked, "page": following} if following.strip() else None
        more = count > 0 if self._endless else count >= PER_PAGE
        return {**asked, "page": number + 1} if more else None

    def lost(self) -> int:
        """How many writing requests had no answer that was understood: they may be carried out yet."""
        return self._lost

    def _exchange(self, verb: str, path: str, data: Mapping[str, Any] | None, seconds: float) -> Answer:
        until = self._retries.clock() + seconds
        self._wait_for_pace(verb)
        url = self._api + path
        for _ in range(MOST_REDIRECTS):
            status, headers, body = self._once(verb, url, data, until)
            moved = urljoin(url, headers.get("location", ""))
            if status not in _REDIRECTED or urlsplit(moved)[:2] != urlsplit(url)[:2] or moved == url:
                break
            url = moved
        if status >= 300:
            raise FaultError(fault_of(status, headers, body.decode("utf-8", "replace")))
        return Answer(headers, body)

    def _once(
        self, verb: str, url: str, data: Mapping[str, Any] | None, until: float
    ) -> tuple[int, Mapping[str, str], bytes]:
        """Status, headers and body, before a moment of the clock."""
        seconds = max(until - self._retries.clock(), 0.01)
        headers = {**self._authorise(), "Accept": "application/json"}
        try:
            with self._client.stream(verb, url, json=data, headers=headers, timeout=seconds) as response:
                return response.status_code, response.headers, self._whole(response, until)
        except httpx.RequestError as error:
            if isinstance(error.__cause__, ssl.SSLCertVerificationError) or "CERTIFICATE_VERIFY_FAILED" in str(error):
                raise FaultError(untrusted(error)) from error
            fault = Fault(0, f"no answer: {type(error).__name__}", passing=True, lost=not _never_sent(error))
            raise FaultError(fault) from error
        except (httpx.InvalidURL, UnicodeError) as error:
            raise UsageError(f"{self._api} cannot be asked: {error}") from error

    def _whole(self, response: httpx.Response, until: float) -> bytes:
        body = bytearray()
        for part in response.iter_bytes():
            body += part
            if self._retries.clock() > until:
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


def _understood(read: Callable[[], T]) -> T:
    try:
        return read()
    except NOT_UNDERSTOOD as error:
        raise FaultError(Fault(0, NOT_AS_PROMISED, passing=True, lost=True)) from error


def _listed(data: Any, within: str) -> list[Any]:
    items = data[within] if within else data
    if not isinstance(items, list):
        raise TypeError(within)
    return items


def _linked(link: str) -> dict[str, object] | None:
    """The query of the next page; its host and path stay ours, whatever a proxy makes of them."""
    for part in link.split(","):
        address, _, parameters = part.partition(";")
        if 'rel="next"' in parameters.replace(" ", "") or "rel=next" in parameters.replace(" ", ""):
            return dict(parse_qsl(urlsplit(address.strip(" <>")).query))
    return None


def _never_sent(error: httpx.RequestError) -> bool:
    return isinstance(error, (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol))
