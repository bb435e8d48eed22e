"""What becomes of a report that was taken: read, judged again, kept, published where it belongs, and told.

Runs in a process of its own (:mod:`perfbot.service.apart`). Everything may be done again without doing anything twice.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from perfbot import report
from perfbot.history import notify, recording
from perfbot.history.records import Trend
from perfbot.history.store import Store, queries
from perfbot.history.store.documents import fingerprint
from perfbot.judge.verdict import rejudge
from perfbot.model import Report
from perfbot.service.checking import MAX_BYTES, check
from perfbot.service.identity import Identity, RefusedError
from perfbot.service.pages import address_of
from perfbot.service.purpose import Purpose


class Forges(Protocol):
    """The forges, as far as reports go."""

    def settle(self, who: Identity, purpose: Purpose, found: Report) -> Report:
        """The report with the merge request that it is about, as the forge says.

        Nothing is written. Raises RefusedError where there is none, or its head is another one.
        """

    def publish(self, who: Identity, found: Report, page: str, trends: Sequence[Trend]) -> None:
        """Put a settled report into its merge request; done twice it is done once.

        Args:
            page: address of the run's page.
            trends: what the history says of the target branch.
        """


@dataclass(frozen=True, slots=True)
class Keeper:
    """Keeps reports.

    Attributes:
        forges: None: merge requests' reports are kept only.
        channels: where alerts go.
        public_url: where people reach the service.
    """

    store: Store
    forges: Forges | None = None
    channels: tuple[str, ...] = ()
    public_url: str = ""

    def check(self, body: bytes) -> dict[str, Any]:
        """See :func:`check`."""
        return check(body)

    def keep(self, job: Mapping[str, Any], body: bytes) -> None:
        """Keep and publish a report.

        Args:
            job: ``identity`` and ``purpose``, as records' fields.

        Raises:
            RefusedError: it is about no merge request that its sender may speak for.
            PublishError: the forge or the history is away.
        """
        identity = job["identity"]
        who = Identity(**{**identity, "commits": tuple(identity["commits"])})
        purpose = Purpose(**job["purpose"])
        found = report.loads(body, "the report", MAX_BYTES)
        own = dataclasses.replace(found, change=dataclasses.replace(found.change, project=who.project))
        if purpose.kind == "branch":
            self._of_branch(who, purpose.branch, own)
        else:
            self._of_merge_request(who, purpose, own)

    def _of_branch(self, who: Identity, branch: str, own: Report) -> None:
        recording.keep(self.store, rejudge(own, own.policy), branch=branch, kind="branch")
        if self.channels:
            link = address_of(self.public_url, who.project)
            notify.update(self.store, who.project, branch, self.channels, link=link)

    def _of_merge_request(self, who: Identity, purpose: Purpose, own: Report) -> None:
        settled = self.forges.settle(who, purpose, own) if self.forges else _by_number(purpose, own)
        target = settled.change.target
        judged = rejudge(settled, settled.policy)
        recording.keep(self.store, judged, branch=target, kind="merge-request")
        if self.forges is not None:
            trends = recording.read_trends(self.store, who.project, target)
            self.forges.publish(who, settled, self._page(who.project, fingerprint(judged)), trends)

    def _page(self, project: str, name: str) -> str:
        """The address of a run's page; empty where people cannot reach it."""
        with self.store.read() as connection:
            number = queries.run_number(connection, project, name)
        return f"{address_of(self.public_url, project)}runs/{number}.html" if self.public_url and number else ""


def _by_number(purpose: Purpose, found: Report) -> Report:
    """Without a forge to ask, only what the sender's token says counts."""
    if not purpose.merge_request:
        raise RefusedError("which merge request the report is about cannot be told without a token for the forge")
    return dataclasses.replace(found, change=dataclasses.replace(found.change, merge_request=purpose.merge_request))
