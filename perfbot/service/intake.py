"""Into the queue by the handful: deliveries that arrive while one commit is under way share the next.

A forge waits ten seconds for its answer, and what was answered with 2xx must survive whatever happens next, so each
delivery waits for a commit that holds it. One transaction at a time, on one thread: writers of SQLite would only wait
for each other, and a commit of many costs hardly more than a commit of one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from starlette.concurrency import run_in_threadpool

from perfbot.forge.events import Asked

MOST_TOGETHER = 256
"""Deliveries in one transaction: about 50 ms in which nobody else can write."""

DATABASE_SECONDS = 4.0
"""After which a database that does not answer counts as down: forges give a delivery ten seconds, probes five."""

Keep = Callable[[Sequence[Asked]], list[bool]]
"""Commits what is asked, and says of each whether it is new."""


@dataclass(slots=True)
class Intake:
    """Gathers what arrives on one event loop and hands it to ``keep``, one call at a time."""

    keep: Keep
    _waiting: list[tuple[Asked, asyncio.Future[bool]]] = field(default_factory=list, init=False)
    _keeping: asyncio.Task[None] | None = field(default=None, init=False)

    async def put(self, asked: Asked) -> bool:
        """Returns when it is committed: whether it is new. Raises what ``keep`` raises."""
        answer: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._waiting.append((asked, answer))
        if self._keeping is None:
            self._keeping = asyncio.create_task(self._keep_all())
        return await answer

    async def _keep_all(self) -> None:
        while self._waiting:
            together, self._waiting = self._waiting[:MOST_TOGETHER], self._waiting[MOST_TOGETHER:]
            try:
                fresh = await run_in_threadpool(self.keep, [asked for asked, _ in together])
            except Exception as error:  # noqa: BLE001 - each of those who wait is told
                _tell(together, [error] * len(together))
            else:
                _tell(together, fresh)
        self._keeping = None


def _tell(together: Sequence[tuple[Asked, asyncio.Future[bool]]], answers: Sequence[bool | Exception]) -> None:
    for (_, waiting), answer in zip(together, answers, strict=True):
        if waiting.done():  # its client went away
            continue
        if isinstance(answer, Exception):
            waiting.set_exception(answer)
        else:
            waiting.set_result(answer)
