"""The text of perfbot's comment as a record: sections that jobs replace one by one, and what people accepted.

The comment is the only memory that every set-up has, so what the next job must know stands in it, in HTML
comments that nobody sees. Values in them are percent-encoded, so that no text can end or forge one. A body is
read back only from a comment that perfbot's own account wrote.

::

    <!-- perfbot:v1 key=default head=f3c2… previous=60ab… -->

    <!-- perfbot:section name=py311 head=f3c2… run=1764259200000.812.1 state=done job=91 failing=[…] said={…} -->

    …markdown…

    <!-- perfbot:end -->

    <!-- perfbot:accepted {…} -->

Blank lines stand around the markdown because a section often ends with ``</details>``: up to the next blank line
markdown takes everything for HTML, and would show the next title and banner as they are written.
"""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal
from urllib.parse import quote, unquote

from perfbot.forge import first_word
from perfbot.forge.first_word import FirstWord
from perfbot.forge.order import Ended, RunOrder, Told, outrun, read_order
from perfbot.model import Acceptance
from perfbot.render.jobs import JobVerdict, jobs_table

SectionState = Literal["done", "stale", "failed"]

Failing = Mapping[tuple[str, str], float]
"""(benchmark, metric) → change, a fraction."""

MAX_ASKED = 50
"""How many moments a comment remembers at which a run was asked for."""

MAX_FAILING = 40
"""How many failing comparisons a section remembers for ``/perfbot accept``."""

LONGEST_FAILING = 200
"""Characters of a name that is remembered: longer ones are shown, but cannot be accepted by name."""

NOT_WHOLE = (KeyError, TypeError, ValueError, AttributeError, ArithmeticError, RecursionError)
"""What reading hidden lines raises that others have written, or have written over."""

_BANNER = "> ⏳ "
_SECTION = re.compile(
    r"^<!-- perfbot:section (?P<fields>[^\n]*?) -->\n(?P<text>.*?)^<!-- perfbot:end -->$",
    re.MULTILINE | re.DOTALL,
)
_ACCEPTED = re.compile(r"^<!-- perfbot:accepted (?P<data>\S+) -->$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Section:
    """What one job (of a matrix) says about one head.

    Attributes:
        name: tells the jobs of a matrix apart; empty where there is one.
        run: of the run whose text this is.
        job: what to repeat to publish again: a job id on GitLab, a run id on GitHub; 0 when unknown.
        banner: one line above a text that is no longer, or not yet, the last word.
        failing: comparisons that fail the gate, at most :data:`MAX_FAILING`.
        more: something fails besides: a broken benchmark, a suite as a whole, more than is remembered.
        said: the newest run's last word, which the status repeats; of another run than the text where that failed.
        first: what this run's machine found, while another one is asked about it.
    """

    name: str
    head: str
    run: RunOrder
    text: str
    state: SectionState = "done"
    job: int = 0
    banner: str = ""
    failing: Failing = dataclasses.field(default_factory=dict)
    said: Told | None = None
    first: FirstWord | None = None
    more: bool = False

    def spoken(self, head: str) -> RunOrder | None:
        """The newest run that said something of a head here; None when none did."""
        told = [self.run] if self.head == head else []
        return max([*told, self.said.order] if self.said and self.said.head == head else told, default=None)


@dataclass(frozen=True, slots=True)
class Body:
    """A whole comment.

    ``head`` is the newest head told of, ``previous`` the one before; ``asked``: when runs were asked for lately, by
    buttons and by comments that are deleted since, too.
    """

    key: str
    head: str = ""
    previous: str = ""
    sections: tuple[Section, ...] = ()
    accepted: tuple[Acceptance, ...] = ()
    asked: tuple[str, ...] = ()

    def section(self, name: str) -> Section | None:
        """The section of that name."""
        return next((s for s in self.sections if s.name == name), None)


def marker(key: str) -> str:
    """How every comment of this key begins."""
    return f"<!-- perfbot:v1 key={_encode(key)} "


def compose(body: Body) -> str:
    """The comment's markdown, hidden lines included."""
    asked = f" asked={_encode(','.join(body.asked))}" if body.asked else ""
    first = f"{marker(body.key)}head={body.head} previous={body.previous}{asked} -->"
    table = jobs_table([_job(section, body.head) for section in body.sections])
    parts = [first, *([table] if table else []), *(_compose_section(s) for s in body.sections)]
    parts += [f"<!-- perfbot:accepted {_encode(_json(a))} -->" for a in body.accepted]
    return "\n\n".join(parts) + "\n"


def _job(section: Section, head: str) -> JobVerdict:
    """A section as the table of all jobs tells it."""
    if section.head != head or section.state == "stale":
        return JobVerdict(section.name, "measuring")
    ended = section.said.state if section.said is not None else "failed" if section.failing else "success"
    worst: dict[str, float] = {}
    for (name, _), change in section.failing.items():
        worst[name] = max(worst.get(name, 0.0), change, key=abs)
    return JobVerdict(section.name, "passes" if ended == "success" else "blocks", worst)


def parse(text: str, key: str) -> Body | None:
    """Read a comment back; None when it is not one of this key, or not whole."""
    text = text.replace("\r\n", "\n")
    first = text.partition("\n")[0]
    if not first.startswith(marker(key)) or not first.endswith(" -->"):
        return None
    fields = _fields(first.removeprefix("<!-- perfbot:v1 ").removesuffix(" -->"))
    try:
        sections = tuple(_parse_section(m["fields"], m["text"]) for m in _SECTION.finditer(text))
        accepted = tuple(_parse_accepted(m["data"]) for m in _ACCEPTED.finditer(text))
    except NOT_WHOLE:
        return Body(key)
    asked = tuple(filter(None, fields.get("asked", "").split(",")))[-MAX_ASKED:]
    return Body(key, fields.get("head", ""), fields.get("previous", ""), sections, accepted, asked)


def merge(bodies: Iterable[Body]) -> Body:
    """One body out of several that were made at the same time: of each section the newest, all acceptances."""
    first, *others = bodies
    for other in others:
        newest, older = (other, first) if _age(other) > _age(first) else (first, other)
        sections = {section.name: section for section in older.sections}
        for section in newest.sections:
            old = sections.get(section.name)
            sections[section.name] = old if old and old.head == section.head and old.run > section.run else section
        first = dataclasses.replace(
            newest,
            sections=_sorted(sections.values()),
            accepted=tuple(dict.fromkeys(first.accepted + other.accepted)),
            asked=tuple(sorted({*first.asked, *other.asked}))[-MAX_ASKED:],
        )
    return first


def put(body: Body, section: Section) -> Body:
    """Add or replace a section, unless a newer run of the same head has spoken already.

    A new head makes the other sections stale; those of the head before the previous one are dropped, so that
    a job that is no longer part of the matrix does not stay for ever.
    """
    old = body.section(section.name)
    if old is not None and outrun(section.run, old.spoken(section.head)):
        return body
    if section.head != body.head:
        body = _advance(body, section.head)
    others = [s for s in body.sections if s.name != section.name]
    return dataclasses.replace(body, sections=_sorted([*others, section]))


def stale(body: Body, name: str, head: str, run: RunOrder, banner: str, said: Told | None = None) -> Body:
    """Put a banner over a section because a run begins, or failed; what it said of its own head stays readable.

    Args:
        said: the run's last word, where it has failed.
    """
    old = body.section(name)
    standing = old.spoken(head) if old is not None else None
    begins_late = said is None and standing == run  # its own verdict was faster
    if old is None or outrun(run, standing) or begins_late:
        return body
    marked = dataclasses.replace(old, state="stale", banner=banner, said=said or old.said)
    return dataclasses.replace(body, sections=_sorted([*(s for s in body.sections if s.name != name), marked]))


def all_stale(body: Body, banner: str) -> Body:
    """Put a banner over every section because somebody asked for a new run."""
    return dataclasses.replace(
        body, sections=tuple(dataclasses.replace(s, state="stale", banner=banner) for s in body.sections)
    )


def _sorted(sections: Iterable[Section]) -> tuple[Section, ...]:
    return tuple(sorted(sections, key=lambda section: section.name))


def _advance(body: Body, head: str) -> Body:
    kept = tuple(
        dataclasses.replace(s, state="stale", banner=f"Of `{s.head[:7]}`; not measured yet at `{head[:7]}`.")
        for s in body.sections
        if s.head in (body.head, head)
    )
    return dataclasses.replace(body, head=head, previous=body.head, sections=kept)


def _age(body: Body) -> RunOrder:
    return max((s.run for s in body.sections), default=RunOrder())


def _compose_section(section: Section) -> str:
    data: dict[str, object] = {
        "name": section.name,
        "head": section.head,
        "run": section.run,
        "state": section.state,
        "job": section.job,
        "failing": json.dumps([[*of, change] for of, change in section.failing.items()], separators=(",", ":")),
    }
    if section.said is not None:
        said = dataclasses.asdict(section.said) | {"order": str(section.said.order)}
        data["said"] = json.dumps(said, separators=(",", ":"))
    if section.more:
        data["more"] = "1"
    if section.first is not None:
        data["first"] = first_word.write(section.first)
    fields = " ".join(f"{name}={_encode(str(value))}" for name, value in data.items())
    banner = f"{_BANNER}{section.banner}\n\n" if section.banner else ""
    text = section.text.strip().replace("<!-- perfbot:", "&lt;!-- perfbot:")
    return f"<!-- perfbot:section {fields} -->\n\n{banner}{text}\n\n<!-- perfbot:end -->"


def _parse_section(fields_text: str, text: str) -> Section:
    fields = _fields(fields_text)
    banner, text = "", text.lstrip("\n")
    if text.startswith(_BANNER):
        line, _, text = text.partition("\n")
        banner = line.removeprefix(_BANNER)
    state = fields["state"]
    return Section(
        name=fields["name"],
        head=fields["head"],
        run=read_order(fields["run"]) or RunOrder(),
        text=text.strip(),
        state="stale" if state == "stale" else "failed" if state == "failed" else "done",
        job=int(fields["job"]),
        banner=banner,
        failing={(str(name), str(metric)): float(change) for name, metric, change in json.loads(fields["failing"])},
        said=_parse_said(fields["said"]) if "said" in fields else None,
        first=first_word.read(fields["first"]) if "first" in fields else None,
        more="more" in fields,
    )


def _parse_said(text: str) -> Told:
    data = json.loads(text)
    state: Ended = "success" if data["state"] == "success" else "failed"
    return Told(str(data["head"]), read_order(data["order"]) or RunOrder(), state, str(data["words"]))


def _parse_accepted(data: str) -> Acceptance:
    found = Acceptance(**json.loads(unquote(data)))
    texts = (found.match, found.reason, found.who, found.when, found.head, found.metric)
    numbers = (found.note, found.change or 0.0)
    if not all(isinstance(text, str) for text in texts) or not all(isinstance(n, int | float) for n in numbers):
        raise TypeError(data)
    return found


def _json(acceptance: Acceptance) -> str:
    return json.dumps(dataclasses.asdict(acceptance), separators=(",", ":"))


def _fields(text: str) -> dict[str, str]:
    return {name: unquote(value) for name, _, value in (part.partition("=") for part in text.split())}


def _encode(text: str) -> str:
    return quote(text, safe="").replace("--", "%2D%2D")
