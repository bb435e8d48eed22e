"""The whole file as one table, what must agree across its tables, and the record that comes of it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from pydantic import Field

from perfbot.config.limits import LimitSection
from perfbot.config.record import Record
from perfbot.config.sections import Bisect, Gate, Publish, RunSettings, Why
from perfbot.config.suites import AnySuite, Suite
from perfbot.model import Policy


class Document(Record):
    """perfbot.toml, or the table [tool.perfbot] of pyproject.toml."""

    run: RunSettings = RunSettings()
    """How long to measure, and when."""

    bisect: Bisect = Bisect()
    """Which commit of a merge request did it."""

    why: Why = Why()
    """Looking into what became slower or faster."""

    gate: Gate = Gate()
    """What decides; read from the target branch."""

    publish: Publish = Publish()
    """How much to say in a merge request; read from the target branch."""

    suite: tuple[AnySuite, ...] = Field(default=(), description="Benchmarks that one harness runs; repeatable.")
    limit: tuple[LimitSection, ...] = Field(default=(), description="Exceptions and budgets; the last match wins.")

    def policy(self, origin: str) -> Policy:
        """What judging uses; ``origin`` says where it was read."""
        gate, limits = self.gate, tuple(section.limit() for section in self.limit)
        return Policy(limits=limits, origin=origin, **{name: getattr(gate, name) for name in type(gate).model_fields})


@dataclass(frozen=True, slots=True)
class Config:
    """A configuration that was checked as a whole.

    Attributes:
        run: how long to measure, and when.
        policy: thresholds, error rates and limits; obeyed only when it comes from the target branch.
        suites: in the order of the file; none means that suites are to be found by looking
            (:func:`perfbot.discover.detect.detect_suites`).
        where: the file it was read from, for messages; ``defaults`` when there was none.
        bisect: whether to look for the commit that did it.
        why: how much to look into, after the verdicts.
        publish: how much to say in a merge request; obeyed only when it comes from the target branch.
    """

    run: RunSettings = field(default_factory=RunSettings)
    policy: Policy = field(default_factory=Policy)
    suites: tuple[Suite, ...] = ()
    where: str = "defaults"
    publish: Publish = field(default_factory=Publish)
    why: Why = field(default_factory=Why)
    bisect: Bisect = field(default_factory=Bisect)


def contradictions(document: Document) -> list[str]:
    """What each table alone cannot know: names used twice, limits that no benchmark's name can match."""
    names = [suite.name for suite in document.suite]
    twice = [name for name, count in Counter(names).items() if count > 1]
    found = [f'two suites are called "{name}"; expected a name of its own for each' for name in twice]
    for index, limit in enumerate(document.limit):
        if names and not any(map(limit.can_match, names)):
            tail = limit.match.rpartition("/")[2]
            found.append(
                f'[[limit]] number {index + 1} match: "{limit.match}" can match no benchmark, for they are called '
                f'suite/benchmark; expected a pattern such as "{names[0]}/{tail}" or "*/{tail}" '
                f"(suites: {', '.join(names)})"
            )
    return found
