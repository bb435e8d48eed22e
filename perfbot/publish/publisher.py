"""Telling a forge: the section of the comment, the status, and both again when a run begins or fails."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

from perfbot.ci.place import Place
from perfbot.errors import PublishError
from perfbot.forge.base import Annotation, Comments, Forge, MergeRequest, State, Status
from perfbot.forge.body import MAX_FAILING, Body, Section, compose, marker, merge, parse, put, stale
from perfbot.forge.upsert import Outcome, SupersededError, Upsert
from perfbot.model import Acceptance, Report, Result
from perfbot.render import view
from perfbot.render.comment import comment
from perfbot.units import format_change, format_interval

KEY = "default"
SMALLEST = 3_000
"""Bytes a section always gets."""

MARGIN = 1_000
"""Bytes kept free for hidden lines, beyond what they take now."""

NOTABLE = frozenset({"regressed", "improved", "added", "removed", "failed"})
STATES: dict[str, State] = {"pass": "success", "fail": "failed", "error": "failed"}


@dataclass(frozen=True, slots=True)
class Publisher:
    """Speaks about one merge request.

    Attributes:
        section: name of this job's part of the comment, and of its status; empty where there is one job.
        key: tells several perfbots in one merge request apart.
        details_url: page of the full report, linked from the comment.
        trend: one line about the target branch, of a history that is ours; what a report says of it is dropped.
        options: for :class:`perfbot.forge.upsert.Upsert`; tests pass their clocks.
    """

    forge: Forge
    place: Place
    request: MergeRequest
    section: str = ""
    key: str = KEY
    details_url: str = ""
    trend: str = ""
    options: dict[str, object] = field(default_factory=dict)

    @property
    def comments(self) -> Comments:
        """The conversation."""
        return self.forge.comments(self.request.number)

    def accepted(self) -> tuple[Acceptance, ...]:
        """What people accepted in this merge request."""
        return self.body().accepted

    def body(self) -> Body:
        """The comment as it is; empty when there is none."""
        return read_body(self.comments, self.key)

    def begin(self) -> None:
        """A run begins: the status waits, and what the comment says is marked as old."""
        head = self.request.head
        self.status("running", "Measuring.")
        banner = f"Measuring `{head[:7]}`; what follows is older."
        self._upsert(lambda body: stale(body, self.section, head, self._run, banner), create=False)

    def verdict(self, report: Report, *, create: bool) -> Outcome:
        """Say what a judged report found: the comment first, since the status points at it."""
        text = functools.cache(functools.partial(self._text, report))
        failing = [(r.full_name, r.change) for r in report.results if r.gate == "fail" and r.change is not None]
        part = Section(
            self.section, self.request.head, self._run, "", job=self.place.job, failing=dict(failing[:MAX_FAILING])
        )
        outcome = self._upsert(lambda body: fitted(body, part, text, self.forge.limit), create=create)
        self.status(
            STATES[report.verdict],
            view.headline(report),
            summary=text(self.forge.limit),
            annotations=tuple(map(_annotation, filter(_at_a_line, report.results))),
        )
        return outcome

    def nothing_touched(self, words: str) -> Outcome:
        """Pass without measuring; an older comment is not left to speak for this head."""
        text = f"### ⚪ perfbot: nothing to measure\n{words}"
        part = Section(self.section, self.request.head, self._run, text, job=self.place.job)
        outcome = self._upsert(lambda body: put(body, part), create=False)
        self.status("success", words)
        return outcome

    def failure(self, words: str) -> None:
        """perfbot itself failed: the status says so, and an old table is not taken for a new one."""
        self.status("failed", words)
        banner = f"`{self.request.head[:7]}` could not be measured or judged; what follows is older."
        self._upsert(lambda body: stale(body, self.section, self.request.head, self._run, banner), create=False)

    def status(self, state: State, words: str, *, summary: str = "", annotations: tuple[Annotation, ...] = ()) -> None:
        """Show a status under the one stable name."""
        self.forge.statuses.show(
            Status(
                state=state,
                name=f"perfbot ({self.section})" if self.section else "perfbot",
                sha=self.place.sha or self.request.head,
                description=words,
                pipeline=self.place.pipeline,
                url=self.details_url or self.place.link,
                summary=summary,
                annotations=annotations,
            )
        )

    @property
    def _run(self) -> tuple[int, int]:
        return self.place.run

    def _text(self, report: Report, limit: int) -> str:
        return comment(
            report,
            limit=limit,
            details_url=self.details_url,
            artifacts_url=self.place.artifacts,
            title=self.section,
        ).strip()

    def _upsert(self, change: Callable[[Body], Body], *, create: bool) -> Outcome:
        def current() -> None:
            if self.place.kind == "local":
                return
            if self.forge.repository.merge_request(self.request.number).head != self.request.head:
                raise SupersededError

        return Upsert(self.comments, self.key, change, current, create, **self.options).run()  # type: ignore[arg-type]


def read_body(comments: Comments, key: str = KEY) -> Body:
    """perfbot's comment in a conversation; empty when there is none."""
    found = [body for n in comments.notes() if n.mine and (body := parse(n.body, key)) is not None]
    return merge(found or [Body(key)])


def fitted(body: Body, part: Section, text: Callable[[int], str], limit: int) -> Body:
    """Put a section into the comment so that all of it fits: each section gets an equal share of the room."""
    empty = put(body, replace(part, text=""))
    if (found := empty.section(part.name)) is not None and found.run != part.run:
        return empty
    hidden = len(compose(replace(empty, sections=tuple(replace(s, text="") for s in empty.sections))).encode())
    share = max(SMALLEST, (limit - hidden - MARGIN) // len(empty.sections))
    sections = tuple(
        replace(part, text=text(share)) if s.name == part.name else replace(s, text=_shortened(s.text, share))
        for s in empty.sections
    )
    return replace(empty, sections=sections)


def _shortened(text: str, limit: int) -> str:
    """Without what is folded; if that is still too long, the title alone. Never cut in the middle."""
    if len(text.encode()) <= limit:
        return text
    open_part = text.partition("<details>")[0].strip()
    if len(open_part.encode()) <= limit:
        return f"{open_part}\n\n(The details did not fit beside the other jobs' tables.)"
    return text.partition("\n")[0]


def notable(report: Report) -> bool:
    """Whether a quiet perfbot speaks up."""
    return report.verdict != "pass" or any(r.verdict in NOTABLE for r in report.results)


def _at_a_line(result: Result) -> bool:
    return result.gate == "fail" and bool(result.file) and result.line > 0


def _annotation(result: Result) -> Annotation:
    shown = "" if result.change is None else format_change(result.change)
    if shown and result.interval is not None:
        shown += f" {format_interval(*result.interval)}"
    message = f"{shown}: {result.reason}" if shown else result.reason or "failed"
    return Annotation(result.file, result.line, f"{result.full_name} {result.verdict}", message)


@contextlib.contextmanager
def told_when_it_fails(voice: Publisher) -> Iterator[None]:
    """Whatever goes wrong inside, the status does not stay at "running"."""
    try:
        yield
    except PublishError:
        raise
    except Exception as error:
        with contextlib.suppress(PublishError):
            voice.failure(f"perfbot failed: {str(error).partition(chr(10))[0]}"[:200])
        raise


__all__ = ["KEY", "Publisher", "fitted", "marker", "notable", "read_body", "told_when_it_fails"]
