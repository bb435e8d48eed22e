"""Telling a forge: the section of the comment, the status, and both again when a run begins or fails."""

from __future__ import annotations

import contextlib
import functools
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Literal

from perfbot.ci.place import Place, source_url
from perfbot.claims.described import Described
from perfbot.errors import PublishError
from perfbot.forge.base import Annotation, Comments, Forge, MergeRequest, Shown, State, Status
from perfbot.forge.body import LONGEST_FAILING, MAX_FAILING, Body, Failing, Section, marker, merge, parse, put, stale
from perfbot.forge.order import Ended, RunOrder, Told, place_among
from perfbot.forge.upsert import LOST, SETTLE, SupersededError, Upsert
from perfbot.forge.upsert import Outcome as Done
from perfbot.history.records import Trend
from perfbot.model import Acceptance, Report, Result
from perfbot.publish.agreement import Agreement, begins_late, comes_late, newest_shown, restored, taken_back
from perfbot.publish.fitting import fitted
from perfbot.publish.shared_commit import held_back, is_of_commit, of_request
from perfbot.publish.verify import believed
from perfbot.render import headline
from perfbot.render.comment import comment
from perfbot.render.links import Links
from perfbot.render.remarks import Remark, where_it_goes_back_to
from perfbot.render.trend_column import by_result

KEY = "default"
LONGEST_COMMENT = 100_000
"""Bytes of a comment, however much longer the forge lets it be: what is longer is not read, and slow to show."""

NOTABLE = frozenset({"regressed", "improved", "added", "removed", "failed"})
STATES: dict[str, Ended] = {"pass": "success", "fail": "failed", "error": "failed"}

UNKNOWN_RUN = RunOrder()

ALONE: dict[str, object] = {"settle": (), "stagger": 0.0, "lag": 0.0}
"""Pauses where nobody else writes, and what was written is there: in a folder."""

Outcome = Literal[Done, "outrun", "waits"]
"""What became of a comment; ``outrun``: a newer run of the same head has spoken; ``waits``: it asks another machine."""


@dataclass(frozen=True, slots=True)
class Publisher:
    """Speaks about one merge request.

    Attributes:
        section: name of this job's part of the comment, and of its status; empty where there is one job.
        key: tells several perfbots in one merge request apart.
        details_url: page of the full report, linked from the comment.
        history_url: the project's pages, linked from the comment.
        claims: of the author, judged.
        waits: what merging waits for, in place of whether it is blocked.
        trends: of the target branch, of a history that is ours; what a report says of it is dropped.
        run: the run's place among those of its head, as far as the forge told; see :func:`find_run`.
        started: when the report says that measuring began; counts where the forge did not tell.
        options: for :class:`perfbot.forge.upsert.Upsert`; tests pass their clocks.
        clock: seconds since the epoch.
    """

    forge: Forge
    place: Place
    request: MergeRequest
    section: str = ""
    key: str = KEY
    details_url: str = ""
    history_url: str = ""
    trends: Sequence[Trend] = ()
    claims: Sequence[Described] = ()
    waits: str = ""
    run: RunOrder = UNKNOWN_RUN
    started: str = ""
    options: dict[str, object] = field(default_factory=dict)
    clock: Callable[[], float] = time.time

    @property
    def comments(self) -> Comments:
        """The conversation."""
        return self.forge.comments(self.request.number)

    def accepted(self) -> tuple[Acceptance, ...]:
        """What people who may accepted in this merge request."""
        found = self.body().accepted
        if self.place.kind == "local":
            return found
        return believed(found, self.comments, self.forge.repository)

    def body(self) -> Body:
        """The comment as it is; empty when there is none."""
        return read_body(self.comments, self.key)

    def order(self) -> RunOrder:
        """The run's place among the runs of its head."""
        started = "" if self.place.kind == "local" else self.started
        ids, now = (self.run.run, self.run.attempt), round(self.clock() * 1000)
        return place_among(ids, forge=self.run.moment, started=started, now=now)

    def begin(self) -> bool:
        """A run begins: the status waits, and what the comment says is marked as old.

        Returns:
            False where this run or a newer one has spoken of this head: then its word stands.
        """
        head, order = self.request.head, self.order()
        status, lost = self.status("running", "Measuring."), self.forge.lost()
        if begins_late(order, self.body(), self.section, head, self.shown(status)):
            self._take_back(status, order)
            return False
        self.forge.statuses.show(status)
        banner = f"Measuring `{head[:7]}`; what follows is older."
        self.upsert(lambda body: stale(body, self.section, head, order, banner), create=False)
        if self.forge.lost() > lost:
            self._sleep(LOST)
        return not self._take_back(status, order)

    def _take_back(self, status: Status, order: RunOrder) -> bool:
        """A verdict may have come between looking and saying "running", which may have been carried out late."""
        head, every = self.request.head, self.forge.statuses.shown(status)
        shown = of_request(every, self.request.number)
        self._restore(newest_shown(shown, Told(head, UNKNOWN_RUN, "failed", "")))
        verdict = taken_back(status, order, self.body(), self.section, head, shown)
        if verdict is not None:
            self.forge.statuses.show(held_back(verdict, every, self._counts))
        return verdict is not None

    def verdict(self, report: Report, *, create: bool) -> tuple[Outcome, Ended]:
        """Say what a judged report found: the comment first, since the status points at it.

        Returns:
            What became of the comment, and the state that the status shows in the end: a newer run's where that
            has spoken.
        """
        text = functools.cache(functools.partial(self.text, report))
        said = self._said(STATES[report.verdict], headline.sentence(report))
        kept = remembered(report)
        part = replace(self._part(said), failing=kept, more=_fails_besides(report, kept))
        status = self.status(
            said.state,
            said.words,
            summary=text(self.room),
            annotations=tuple(map(_annotation, where_it_goes_back_to(report, _failing(report)))),
            order=said.order,
        )
        return self._say(lambda body: fitted(body, part, text, self.room), status, said, create=create)

    def nothing_touched(self, words: str) -> tuple[Outcome, Ended]:
        """Pass without measuring; an older comment is not left to speak for this head."""
        said = self._said("success", words)
        part = replace(self._part(said), text=f"### ⚪ perfbot: nothing to measure\n{words}")
        status = self.status(said.state, words, order=said.order)
        return self._say(lambda body: put(body, part), status, said, create=False)

    def failure(self, words: str) -> tuple[Outcome, Ended]:
        """perfbot itself failed: the status says so, and an old table is not taken for a new one."""
        said = self._said("failed", words)
        banner = f"`{said.head[:7]}` could not be measured or judged; what follows is older."
        status = self.status(said.state, words, order=said.order)

        def change(body: Body) -> Body:
            return stale(body, self.section, said.head, said.order, banner, said)

        return self._say(change, status, said, create=False)

    def _said(self, state: Ended, words: str) -> Told:
        """What this run says now, and after what it has said: so jobs of one run that differ come to one end, too."""
        statuses, order = self.forge.statuses, self.order()
        shown = self.shown(self.status(state, words))
        own = order.at(round(self.clock() * 1000), (one.order for one in shown))
        said = [(one.order, one.state, one.description) for one in shown if one.order and own.is_of(one.order)]
        last, *same = max(said, default=(own, "", ""))
        return Told(self.request.head, last if same == [state, statuses.cut(words)] else own, state, words)

    def _part(self, said: Told) -> Section:
        return Section(self.section, said.head, said.order, "", job=self.place.job, said=said)

    def status(
        self,
        state: State,
        words: str,
        *,
        summary: str = "",
        annotations: tuple[Annotation, ...] = (),
        order: RunOrder | None = None,
    ) -> Status:
        """A status under the one stable name."""
        return Status(
            state=state,
            name=f"perfbot ({self.section})" if self.section else "perfbot",
            sha=self.place.sha or self.request.head,
            description=words,
            pipeline=self.place.pipeline,
            url=self.details_url or self.place.link or self.place.page,
            summary=summary,
            annotations=annotations,
            order=order,
            request=self.request.number,
        )

    def shown(self, status: Status) -> Sequence[Shown]:
        """What is shown of this merge request: another one of the same commit has a word of its own."""
        return of_request(self.forge.statuses.shown(status), self.request.number)

    def unless_held(self, status: Status) -> Status:
        """A status as it may be shown: no pass where another merge request of the same commit fails."""
        return held_back(status, self.forge.statuses.shown(status), self._counts)

    @property
    def _counts(self) -> Callable[[int], bool]:
        return is_of_commit(self.forge.repository, self.request.head)

    def _say(
        self, change: Callable[[Body], Body], status: Status, said: Told, *, create: bool
    ) -> tuple[Outcome, Ended]:
        """Comment and status together; the status also where the comment is refused.

        Raises:
            PublishError: one of the two could not be brought to say so.
        """
        agreement = self._agreement(status, said)
        shown = agreement.look()
        if comes_late(said.order, Body(self.key), self.section, said.head, shown):
            with contextlib.suppress(PublishError):
                self._restore(newest_shown(shown, said))
            return self._alone(agreement)

        def changed(body: Body) -> Body:
            return restored(change(agreement.believed(body)), self.section, agreement.newer)

        try:
            outcome: Outcome = self.upsert(changed, create=create, beside=agreement.bring)
        except PublishError:
            with contextlib.suppress(PublishError):
                self._alone(agreement)
            raise
        if outcome == "superseded":
            self._alone(agreement)
        return "outrun" if agreement.is_outrun else outcome, agreement.standing.state

    def _agreement(self, status: Status, said: Told) -> Agreement:
        before = self.forge.lost()
        lost = lambda: self.forge.lost() > before  # noqa: E731
        return Agreement(self.forge.statuses, status, said, self.section, lost, self._sleep, self._counts)

    def _alone(self, agreement: Agreement) -> tuple[Outcome, Ended]:
        """The status where the comment has nothing to say to it."""
        lost, wrote = self.forge.lost(), not agreement.bring(None)
        for seconds in SETTLE if wrote else ():
            self._sleep(seconds)
            agreement.bring(None)
        if self.forge.lost() > lost:
            self._sleep(LOST)
            agreement.bring(None)
        return "outrun", agreement.standing.state

    def _restore(self, newest: Told) -> None:
        """An older run's request that was carried out late may have written over a newer one's word."""
        if newest.order > UNKNOWN_RUN:
            self.upsert(lambda body: restored(body, self.section, newest), create=False)

    def _sleep(self, seconds: float) -> None:
        sleep = self.options.get("sleep", time.sleep)
        sleep(seconds)  # type: ignore[operator]

    @property
    def links(self) -> Links:
        """Where the comment can lead."""
        source = source_url(self.place, self.request.head)
        return Links(self.details_url, self.place.artifacts, self.history_url, source)

    @property
    def room(self) -> int:
        return min(self.forge.limit, LONGEST_COMMENT)

    def text(self, report: Report, limit: int) -> str:
        return comment(
            report,
            limit=limit,
            links=self.links,
            title=self.section,
            trends=by_result(self.trends),
            claims=self.claims,
            waits=self.waits,
            alerts=self.place.alerts or self.forge.kind == "github",
        ).strip()

    def upsert(
        self,
        change: Callable[[Body], Body],
        *,
        create: bool,
        beside: Callable[[Body], bool] = lambda body: True,  # noqa: ARG005
    ) -> Done:
        def current() -> None:
            if self.place.kind == "local":
                return
            if self.forge.repository.merge_request(self.request.number).head != self.request.head:
                raise SupersededError

        pauses = ALONE if self.place.kind == "local" else {}
        options = {"beside": beside, "given_up": self.forge.lost, "create": create, **pauses, **self.options}
        return Upsert(self.comments, self.key, change, current, **options).run()  # type: ignore[arg-type]


def find_run(forge: Forge, place: Place) -> RunOrder:
    """A run's place among those of its head, as far as the CI and the forge tell; its moment is 0 where they do not."""
    if place.moment or not place.run[0]:
        return RunOrder(place.moment, *place.run)
    moment, attempt = forge.runs.began(place.run)
    return RunOrder(moment, place.run[0], attempt or place.run[1])


def read_body(comments: Comments, key: str = KEY) -> Body:
    """perfbot's comment in a conversation; empty when there is none."""
    found = [body for n in comments.notes() if n.mine and (body := parse(n.body, key)) is not None]
    return merge(found or [Body(key)])


def notable(report: Report) -> bool:
    """Whether a quiet perfbot speaks up."""
    return report.verdict != "pass" or any(r.verdict in NOTABLE for r in report.results)


def remembered(report: Report) -> Failing:
    """What of a report's failing comparisons a comment remembers, with their changes."""
    failing = {
        (one.full_name, one.metric): one.change
        for one in report.results
        if one.gate == "fail" and one.change is not None and max(len(one.full_name), len(one.metric)) <= LONGEST_FAILING
    }
    return dict(islice(failing.items(), MAX_FAILING))


def _fails_besides(report: Report, named: Failing) -> bool:
    """Whether anything fails that is not among these comparisons."""
    others = any(one.gate == "fail" and (one.full_name, one.metric) not in named for one in report.results)
    broken = any(one.gate == "fail" and one.change is None for one in report.results)
    means = any(one.gate == "fail" for one in report.geometric_means)
    return others or broken or means or any(problem.fatal for problem in report.problems)


def _failing(report: Report) -> Iterator[Result]:
    return (result for result in report.results if result.gate == "fail")


def _annotation(said: Remark) -> Annotation:
    return Annotation(said.path, said.line, said.title, said.message or "failed")


@contextlib.contextmanager
def told_when_it_fails(publisher: Publisher) -> Iterator[None]:
    """Whatever goes wrong inside, the status does not stay at "running"."""
    try:
        yield
    except PublishError:
        raise
    except Exception as error:
        with contextlib.suppress(PublishError):
            publisher.failure(f"perfbot failed: {str(error).partition(chr(10))[0]}"[:200])
        raise


__all__ = ["KEY", "Publisher", "marker", "notable", "read_body", "told_when_it_fails"]
