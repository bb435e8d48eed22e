"""Runs that decide nothing: shown in a comment of their own, without a word to any status.

What asked for them was another base, or variables (:mod:`perfbot.model.aside`). The exit code of the job that publishes
may be a gate, too: it stays what the usual runs of this head have said, and fails where they have said nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from perfbot.forge.body import Section
from perfbot.model import Report, RunVerdict
from perfbot.publish.agreement import is_borne_out
from perfbot.publish.fitting import SMALLEST, fitted
from perfbot.publish.publisher import Outcome, Publisher
from perfbot.render.escape import code

KEY = "aside"
"""Of the comment."""


def show(publisher: Publisher, report: Report) -> Outcome:
    """Show what one found; the next one takes its place."""
    apart = replace(publisher, key=KEY, claims=(), trends=())
    asked = code(report.change.aside)
    marked = f"> Measured {asked}, as somebody asked. This decides nothing: the status is that of the usual run."
    part = Section(apart.section, apart.request.head, apart.order(), "", job=apart.place.job)

    def text(limit: int) -> str:
        return f"{marked}\n\n{apart.text(report, max(SMALLEST, limit - len(marked.encode()) - 2))}"

    return apart.upsert(lambda body: fitted(body, part, text, apart.room), create=True)


def standing(publisher: Publisher) -> RunVerdict:
    """The verdict of the usual runs of this head, as the comment has it; an error where there is none."""
    head, part = publisher.request.head, publisher.body().section(publisher.section)
    found = part.said if part is not None else None
    if part is None or found is None or found.head != head:
        return "error"
    shown = publisher.shown(publisher.status("running", ""))
    return "error" if not is_borne_out(part, head, shown) else "pass" if found.state == "success" else "fail"


def decides_nothing(sections: Sequence[tuple[str, Report]]) -> bool:
    """Whether none of some reports is of a usual run."""
    return all(report.change.aside for _, report in sections)
