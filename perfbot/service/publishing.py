"""Merge requests' reports on their forges: which one a report is about, and into it.

The first is asked of the forge, and settled before anything is written anywhere.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import cast

from perfbot.ci.place import Place
from perfbot.forge.base import Forge, MergeRequest, Repository
from perfbot.forge.base import RefusedError as ForgeRefusedError
from perfbot.history.records import Trend
from perfbot.model import ForgeKind, Report
from perfbot.publish.flow import publish_sections
from perfbot.publish.publisher import Publisher
from perfbot.service.identity import Identity, RefusedError
from perfbot.service.purpose import Purpose

NOT_FOUND = 404

Connect = Callable[[str, str], Forge]
"""(kind of forge, project) → connected forge."""


@dataclass(slots=True)
class MergeRequests:
    """The forges that this service has tokens for.

    Attributes:
        kinds: of them; with several, a project's token has to come with ``?forge=``.
        options: for writing comments; tests pass their clocks.
    """

    connect: Connect
    kinds: tuple[str, ...]
    urls: dict[str, str] = dataclasses.field(default_factory=dict)
    options: dict[str, object] = dataclasses.field(default_factory=dict)
    _settled: dict[int, tuple[str, Forge, MergeRequest]] = dataclasses.field(default_factory=dict, init=False)

    def settle(self, who: Identity, purpose: Purpose, found: Report) -> Report:
        """The report with the number and target of the merge request that it is about.

        Raises:
            RefusedError: there is none, or its head is another one.
        """
        kind = self._kind(purpose)
        forge = self.connect(kind, who.project)
        number = purpose.merge_request or _number(forge.repository, purpose)
        if not number:
            raise RefusedError("no open merge request, or more than one, has this branch or head")
        request = _request(forge.repository, number)
        head = found.change.head
        stands = {request.head, request.merge_sha} - {""}
        if head not in stands and not forge.repository.is_merge(head, request.head):
            raise RefusedError(f"the report is about {head[:10]}, the head of {number} is {request.head[:10]}")
        change = dataclasses.replace(found.change, merge_request=number, target=request.target)
        settled = dataclasses.replace(found, change=change)
        self._settled[id(settled)] = (kind, forge, request)
        return settled

    def publish(self, who: Identity, found: Report, page: str, trends: Sequence[Trend]) -> None:
        """Put a report that was settled into its merge request."""
        kind, forge, request = self._settled.pop(id(found))
        place = Place(
            kind=cast("ForgeKind", kind), url=self.urls.get(kind, ""), project=who.project, merge_request=request.number
        )
        publisher = Publisher(
            forge,
            place,
            request,
            details_url=page,
            history_url=page.rpartition("runs/")[0],
            trends=trends,
            started=found.started,
            options=self.options,
        )
        publish_sections([("", found)], publisher)

    def _kind(self, purpose: Purpose) -> str:
        kind = purpose.forge or (self.kinds[0] if len(self.kinds) == 1 else "")
        if kind not in self.kinds:
            raise RefusedError("this service has no token for that forge, or for several: add ?forge=gitlab or github")
        return kind


def _number(repository: Repository, purpose: Purpose) -> int:
    """By source branch of the project itself (GitLab), or by head and repository (GitHub)."""
    if purpose.source:
        numbers = repository.find("", purpose.source)
        return numbers[0] if len(numbers) == 1 else 0
    found = [
        request.number
        for request in repository.open_merge_requests("")
        if request.head == purpose.head and purpose.repository in ("", request.source)
    ]
    return found[0] if len(found) == 1 else 0


def _request(repository: Repository, number: int) -> MergeRequest:
    try:
        return repository.merge_request(number)
    except ForgeRefusedError as error:
        if error.status == NOT_FOUND:
            raise RefusedError(f"there is no merge request {number}") from error
        raise
