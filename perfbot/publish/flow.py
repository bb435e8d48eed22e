"""One publication from files to exit code."""

from __future__ import annotations

import contextlib
import shlex
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from perfbot import report as reports
from perfbot.ci.place import Place
from perfbot.errors import GATE_FAILED, NOT_MEASURED, PASS, ReportError, UsageError
from perfbot.forge.base import Forge, MergeRequest
from perfbot.forge.order import Ended
from perfbot.model import Report, RunVerdict
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


@dataclass(frozen=True, slots=True)
class Published:
    """What came of it, section by section: (name, verdict, what happened to the comment)."""

    sections: tuple[tuple[str, str, Outcome], ...]
    superseded: bool = False

    @property
    def code(self) -> int:
        """Exit code: a failed gate outranks a run that could not be judged."""
        verdicts = {verdict for _, verdict, _ in self.sections}
        return GATE_FAILED if "fail" in verdicts else NOT_MEASURED if "error" in verdicts else PASS


def find_request(forge: Forge, place: Place) -> MergeRequest:
    """The merge request a place is about, as the forge knows it.

    Raises:
        UsageError: the place does not say which, and its branch does not tell either.
    """
    number = place.merge_request
    if not number and place.branch:
        number = forge.repository.find(place.owner, place.branch)
    if not number and place.kind != "local":
        raise UsageError(
            "Which merge request? Neither the environment nor the branch says.",
            hint="Give --merge-request NUMBER, or publish from a merge request's pipeline.",
        )
    return forge.repository.merge_request(number or 1)


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

    Raises:
        UsageError: the same file is named twice.
    """
    for names in ([f.stem for f in files], [f.resolve().parent.name for f in files], [str(f) for f in files]):
        if len(set(names)) == len(files):
            return names
    raise UsageError("The same report is named twice.", hint="Name each report once.")


def publish(files: Sequence[Path], voice: Publisher) -> Published:
    """Read, check, judge, and tell.

    Raises:
        ReportError: a report cannot be believed; the status says so.
        PublishError: the forge could not be told.
    """
    place = voice.place
    if place.head and place.kind != "local" and place.head != voice.request.head:
        return Published((), superseded=True)
    with told_when_it_fails(voice) if _own(place) else contextlib.nullcontext():
        sections = group(read(files))
        checked = _checked(sections, voice, files[0].name)
    return publish_sections(sections, checked)


def _own(place: Place) -> bool:
    """Whether the job is the merge request's own, so that a report that is refused is its failure.

    A report about another commit must not set the status of a merge request that somebody merely named.
    """
    return place.kind == "local" or bool(place.head)


def _checked(sections: Sequence[tuple[str, Report]], voice: Publisher, where: str) -> Publisher:
    request = voice.request
    for name, report in sections:
        if voice.place.kind == "local":
            request = replace(request, head=report.change.head)
        check_change(report, request, voice.place.commits, name or where)
    return replace(voice, request=request)


def publish_sections(sections: Sequence[tuple[str, Report]], voice: Publisher) -> Published:
    """Judge and tell reports that are about the merge request's head.

    Raises:
        PublishError: the forge could not be told.
    """
    request = voice.request
    with told_when_it_fails(voice):
        rules = read_rules(voice.forge.repository, request)
        said = [
            _say(
                replace(voice, section=_named(voice.section, name), request=request, started=report.started),
                report,
                rules,
            )
            for name, report in sections
        ]
    return Published(tuple(said), any(outcome == "superseded" for _, _, outcome in said))


def _named(outer: str, inner: str) -> str:
    return " ".join(filter(None, (outer, inner)))


def _say(voice: Publisher, report: Report, rules: Rules) -> tuple[str, str, Outcome]:
    if not report.results and _skipped(voice, report, rules):
        outcome, state = voice.nothing_touched(NOT_TOUCHED)
        return voice.section, _verdict(state), outcome
    own = replace(judged(report, rules, voice.accepted()), trend=voice.trend)
    create = rules.target.publish.comment == "always" or notable(own)
    outcome, state = voice.verdict(own, create=create)
    return voice.section, own.verdict if outcome != "outrun" else _verdict(state), outcome


def _verdict(state: Ended) -> RunVerdict:
    """Of a newer run that has spoken: the job's own word is not the gate's any more."""
    return "pass" if state == "success" else "fail"


def _skipped(voice: Publisher, report: Report, rules: Rules) -> bool:
    """At home the run is believed; a forge is asked."""
    if voice.place.kind == "local":
        return bool(report.skipped)
    return skipped(report, rules, voice.forge.repository.changed_files(voice.request.number))


def keep(files: Sequence[Path], place: Place, output: Path, section: str = "") -> str:
    """Keep the comment, as the run itself judged, for a forge that cannot be told; how to tell it later.

    What cannot be read is not kept, and said when it is published: the forge's fault comes first.
    """
    kept = []
    with contextlib.suppress(ReportError, UsageError):
        for name, report in group(read(files)):
            file = output / (f"comment-{name}.md" if name else "comment.md")
            reports.write_text(comment(report, title=_named(section, name)), file)
            kept.append(str(file))
    words = ["perfbot", "publish", *map(str, files), "--forge", place.kind, "--url", place.url]
    words += ["--project", place.project or "GROUP/NAME", "--merge-request", str(place.merge_request or "NUMBER")]
    words += ["--section", section] if section else []
    where = f"Kept in {', '.join(kept)}. " if kept else ""
    return f"{where}Publish later with: {shlex.join(words)}"
