"""One publication from files to exit code."""

from __future__ import annotations

import contextlib
import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from perfbot import report as reports
from perfbot.ci.place import Place
from perfbot.claims.described import judged_claims
from perfbot.errors import GATE_FAILED, NOT_MEASURED, PASS, PerfbotError, PublishError, ReportError, UsageError
from perfbot.forge.base import Forge, MergeRequest
from perfbot.forge.order import Ended
from perfbot.history.told import describe
from perfbot.judge.verdict import rejudge
from perfbot.model import Report, RunVerdict
from perfbot.publish import aside, elsewhere
from perfbot.publish.publisher import Outcome, Publisher, notable, told_when_it_fails
from perfbot.publish.verify import (
    MAX_REPORT,
    NOT_TOUCHED,
    Rules,
    check_change,
    group,
    judged,
    read_rules,
    skipped,
)
from perfbot.render.comment import comment

MOST_REPORTS = 1_000
"""Files of one publication: shards, which become one, or the jobs of a matrix."""

WAITS = "waits"
"""In place of a verdict: another machine is asked."""

_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,39}")


class NobodyError(PerfbotError):
    """There is no merge request to publish into, and that is nobody's mistake."""


@dataclass(frozen=True, slots=True)
class Published:
    """What came of it, section by section: (name, verdict, what happened to the comment).

    Attributes:
        superseded: the merge request has a newer head.
        missing: of the one that this job is about there is no report, and the job is its gate: pushed again without a
            new pipeline, it would have a green one.
    """

    sections: tuple[tuple[str, str, Outcome], ...]
    superseded: bool = False
    missing: bool = False

    @property
    def code(self) -> int:
        """Exit code: a failed gate, or one that waits, outranks a run that could not be judged."""
        verdicts = {verdict for _, verdict, _ in self.sections}
        unknown = self.missing or "error" in verdicts
        return GATE_FAILED if verdicts & {"fail", WAITS} else NOT_MEASURED if unknown else PASS


def find_request(forge: Forge, place: Place) -> MergeRequest:
    """The merge request a place is about, as the forge knows it.

    Raises:
        UsageError: the place does not say which, and its branch does not tell either.
    """
    number = place.merge_request
    if not number and place.branch:
        number = _only(forge.repository.find(place.owner, place.branch), place.titled)
    if not number and place.kind != "local":
        raise UsageError(
            "Which merge request? Neither the environment nor the branch says.",
            hint="Give --merge-request NUMBER, or publish from a merge request's pipeline.",
        )
    found = forge.repository.merge_request(number or 1)
    if not found.head and place.kind != "local":
        raise PublishError(f"The forge does not say what the head of merge request {number} is.")
    if place.source and found.source and place.source != found.source:
        raise UsageError(f"The run is of {place.source}, and merge request {number} is of {found.source}.")
    return replace(found, head=place.head) if place.queued else found


def _only(numbers: Sequence[int], titled: int = 0) -> int:
    """The one merge request of a branch; of several, the one that the run is called after.

    Whoever makes that up chooses among merge requests of one branch, which is theirs.

    Raises:
        NobodyError: none is open: it was merged or closed meanwhile.
        UsageError: there are several.
    """
    if not numbers:
        raise NobodyError("No merge request of this branch is open any more: nothing is published.")
    if titled in numbers:
        return titled
    if len(numbers) > 1:
        named = ", ".join(map(str, sorted(numbers)))
        raise UsageError(
            f"The branch has several open merge requests ({named}), and the job does not say which it is about.",
            hint="Close all but one, or publish with --merge-request NUMBER.",
        )
    return numbers[0]


def read(files: Sequence[Path]) -> list[tuple[str, Report]]:
    """Reports with names that tell their files apart.

    Raises:
        ReportError: a file is missing, too large, or no report.
    """
    found = []
    for name, file in zip(_told_apart(files), files, strict=True):
        if not file.is_file():
            raise ReportError(
                f"{file}: there is no such report: the job that measures failed, or kept it elsewhere.",
                hint="Look at that job's log; its artifacts must hold the report.",
            )
        found.append((name, reports.read(file, MAX_REPORT)))
    return found


def _told_apart(files: Sequence[Path]) -> list[str]:
    """Files' names without their endings; jobs of a matrix often differ in their folders alone.

    An artifact's folders are called as its author likes, and a section's name becomes a status: what is no plain short
    name is a number instead.

    Raises:
        UsageError: the same file is named twice, or more files than a comment has room for.
    """
    if len(files) > MOST_REPORTS:
        raise UsageError(f"{len(files)} reports are more than the {MOST_REPORTS} that a comment has room for.")
    for names in ([f.stem for f in files], [f.resolve().parent.name for f in files], [str(f) for f in files]):
        if len(set(names)) == len(files):
            return [name if _PLAIN.fullmatch(name) else f"report {number}" for number, name in enumerate(names, 1)]
    raise UsageError("The same report is named twice.", hint="Name each report once.")


def publish(files: Sequence[Path], publisher: Publisher, *, join: bool = False) -> Published:
    """Read, check, judge, and tell.

    Args:
        join: the reports are of one suite on several machines.

    Raises:
        ReportError: a report cannot be believed; the status says so.
        PublishError: the forge could not be told.
    """
    place, request = publisher.place, publisher.request
    if place.head and place.kind != "local" and place.head != request.head:
        if not all(file.is_file() for file in files):
            return Published((), superseded=True, missing=place.kind == "gitlab")
        # Whoever pushes an older commit again finds what was said of it: its status, and whether its job passed.
        publisher = replace(publisher, request=replace(request, head=place.head))
    with told_when_it_fails(publisher) if _own(place) else contextlib.nullcontext():
        sections = group(read(files), join=join)
        checked = _checked(sections, publisher, files[0].name)
    return publish_sections(sections, checked)


def _own(place: Place) -> bool:
    """Whether the job is the merge request's own, so that a report that is refused is its failure.

    A report about another commit must not set the status of a merge request that somebody merely named.
    """
    return place.kind == "local" or bool(place.head)


def _checked(sections: Sequence[tuple[str, Report]], publisher: Publisher, where: str) -> Publisher:
    request = publisher.request
    for name, report in sections:
        if publisher.place.kind == "local":
            request = replace(request, head=report.change.head)
        is_merge = publisher.forge.repository.is_merge
        check_change(report, request, publisher.place.commits, name or where, is_merge)
    return replace(publisher, request=request)


def publish_sections(sections: Sequence[tuple[str, Report]], publisher: Publisher) -> Published:
    """Judge and tell reports that are about the merge request's head.

    Raises:
        PublishError: the forge could not be told.
    """
    request = publisher.request
    with contextlib.nullcontext() if aside.decides_nothing(sections) else told_when_it_fails(publisher):
        rules = read_rules(publisher.forge.repository, request)
        said = [
            _say(
                replace(publisher, section=_named(publisher.section, name), request=request, started=report.started),
                report,
                rules,
            )
            for name, report in sections
        ]
    return Published(tuple(said), any(outcome == "superseded" for _, _, outcome in said))


def _named(outer: str, inner: str) -> str:
    return " ".join(filter(None, (outer, inner)))


def _say(publisher: Publisher, report: Report, rules: Rules) -> tuple[str, str, Outcome]:
    if report.change.aside:
        return publisher.section, aside.standing(publisher), aside.show(publisher, judged(report, rules, ()))
    if not report.results and _skipped(publisher, report, rules):
        outcome, state = publisher.nothing_touched(NOT_TOUCHED)
        return publisher.section, _verdict(state), outcome
    own = replace(judged(report, rules, publisher.accepted()), trend=describe(publisher.trends))
    if rules.target.publish.claims:
        publisher = replace(publisher, claims=judged_claims(publisher.request.description, own))
    settled = elsewhere.settle(publisher, own, rules.target.publish.commands_per_hour)
    if settled.waits:
        return publisher.section, WAITS, "waits"
    own = settled.report
    create = rules.target.publish.comment == "always" or notable(own)
    outcome, state = publisher.verdict(own, create=create)
    if publisher.place.queued and outcome == "superseded":
        outcome = "none"  # the comment is about the merge request's own head, and stays so
    elsewhere.close(publisher, settled, own, passes=state == "success")
    return publisher.section, own.verdict if outcome != "outrun" else _verdict(state), outcome


def _verdict(state: Ended) -> RunVerdict:
    """Of a newer run that has spoken: the job's own word is not the gate's any more."""
    return "pass" if state == "success" else "fail"


def _skipped(publisher: Publisher, report: Report, rules: Rules) -> bool:
    """At home the run is believed; a forge is asked, which knows what the present head changes and no other."""
    if publisher.place.kind == "local":
        return bool(report.skipped)
    repository, request = publisher.forge.repository, publisher.request
    changed = repository.changed_files(request.number)
    if not publisher.place.queued and repository.merge_request(request.number).head != request.head:
        return False  # what was listed is what another head changes
    return skipped(report, rules, changed)


def keep(files: Sequence[Path], place: Place, output: Path, section: str = "", *, join: bool = False) -> str:
    """Keep the comment, as the run itself judged, for a forge that cannot be told; how to tell it later.

    What cannot be read is not kept, and said when it is published: the forge's fault comes first.
    """
    kept = []
    with contextlib.suppress(ReportError, UsageError):
        for name, report in group(read(files), join=join):
            file = output / (f"comment-{name}.md" if name else "comment.md")
            reports.write_text(comment(rejudge(report) if join else report, title=_named(section, name)), file)
            kept.append(str(file))
    words = ["perfbot", "publish", *map(str, files), "--forge", place.kind, "--url", place.url]
    words += ["--project", place.project or "GROUP/NAME", "--merge-request", str(place.merge_request or "NUMBER")]
    words += ["--section", section] if section else []
    words += ["--join"] if join else []
    where = f"Kept in {', '.join(kept)}. " if kept else ""
    return f"{where}Publish later with: {shlex.join(words)}"
