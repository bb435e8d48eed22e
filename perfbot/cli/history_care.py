"""The actions of ``perfbot history`` that look after it."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

from perfbot.errors import UsageError

if TYPE_CHECKING:
    from perfbot.history.store import Store
    from perfbot.model import Report


def refresh(store: Store, args: argparse.Namespace) -> None:
    """Reads tags from git where there is a repository, and finds every trend again."""
    from perfbot.history import recording
    from perfbot.history.releases import releases_here
    from perfbot.history.store import ledger, queries

    with store.read() as connection:
        project = queries.only_project(connection, args.project)
        branch = args.branch or queries.main_branch(connection, project)
    releases = releases_here(Path.cwd())
    if releases:
        changed = store.write(lambda connection: ledger.keep_releases(connection, project, releases))
        print(f"{len(releases)} tags, {changed} of them new or moved")
    count = recording.refresh(store, project, branch, everything=True)
    print(f"{count} trends of {branch!r} found again")


def prune(store: Store, args: argparse.Namespace) -> None:
    """Drops what is older than was asked for, and gives the room back."""
    from perfbot.history.moments import moment_of
    from perfbot.history.store import care

    if not (args.rounds_older or args.merge_requests_older):
        raise UsageError(
            "history prune: nothing to do.", hint="Say what: --rounds-older 90d, --merge-requests-older 180d"
        )
    before = care.size(store)
    with store.read() as connection:
        rounds = moment_of(connection, args.rounds_older)
        runs = moment_of(connection, args.merge_requests_older)
    gone = store.write(lambda connection: care.prune(connection, rounds_before=rounds, runs_before=runs))
    care.compact(store)
    print(f"dropped the rounds of {gone.rounds} comparisons and {gone.runs} runs; ", end="")
    print(f"{before / 1e6:.1f} MB before, {care.size(store) / 1e6:.1f} MB now")


def export(store: Store, args: argparse.Namespace) -> None:
    """Every run as a line of JSON: its kind, branch, fingerprint and report."""
    from perfbot.history.store import queries
    from perfbot.report import dumps

    with (
        store.read() as connection,
        Path(args.words[0]).open("w", encoding="utf-8") if args.words else nullcontext(sys.stdout) as out,
    ):
        for run in queries.runs(connection, args.project, newest_first=False):
            line = {
                "kind": run.kind,
                "branch": run.branch,
                "fingerprint": queries.export_key(connection, run.number),
                "report": json.loads(dumps(queries.report(connection, run.number))),
            }
            out.write(json.dumps(line, separators=(",", ":")) + "\n")


def take_in(store: Store, args: argparse.Namespace) -> None:
    """Adds the runs of exports (JSON lines) and single reports; known ones change nothing."""
    from perfbot.history import recording

    if not args.words:
        raise UsageError("history import: no file named.", hint="perfbot history import history.jsonl")
    added = known = 0
    branches = set()
    for name in args.words:
        for report, kind, branch, fingerprint in _lines(Path(name), args.branch):
            if store.add(report, branch=branch, kind=kind, fingerprint=fingerprint):
                added += 1
                branches.add((report.change.project, branch))
            else:
                known += 1
    for project, branch in sorted(branches):
        recording.refresh(store, project, branch)
    print(f"{added} runs added, {known} were known")


def _lines(path: Path, branch: str | None) -> Iterator[tuple[Report, Any, str, str]]:
    from perfbot.report import loads

    try:
        with path.open(encoding="utf-8") as file:
            if '"fingerprint"' not in file.readline():
                report = loads(path.read_bytes(), str(path))
                kind = "merge-request" if report.change.merge_request else "branch"
                yield report, kind, branch or report.change.target or "main", ""
                return
            file.seek(0)
            for number, line in enumerate(file, start=1):
                yield _entry(line, f"{path}, line {number}")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} cannot be read: {error}") from error


def _entry(line: str, where: str) -> tuple[Report, Any, str, str]:
    from perfbot.history.records import KINDS
    from perfbot.report import loads

    try:
        entry = json.loads(line)
        kind, branch, fingerprint = entry["kind"], str(entry["branch"]), str(entry["fingerprint"])
        text = json.dumps(entry["report"])
    except (ValueError, KeyError, TypeError) as error:
        raise UsageError(f"{where}: not a line of an export ({error}).") from error
    if kind not in KINDS:
        raise UsageError(f"{where}: kind is {kind!r}, expected one of {', '.join(KINDS)}.")
    return loads(text, where), kind, branch, fingerprint


def backup(store: Store, args: argparse.Namespace) -> None:
    """Copies everything to a new file or an empty database; the history may be in use."""
    from perfbot.history.store import care

    if len(args.words) != 1:
        raise UsageError("history backup: name one target.", hint="perfbot history backup backup.db")
    print(f"{care.copy(store, args.words[0])} runs copied")


def alerts(store: Store, args: argparse.Namespace) -> None:
    """Tells what began and what ended since the last time; a channel that is down gets it later."""
    import os

    from perfbot.history import notify, recording
    from perfbot.site.scope import scope_of
    from perfbot.units import parse_percentage

    try:
        limit = parse_percentage(args.drift_limit)
    except ValueError as error:
        raise UsageError(f"--drift-limit: {error}") from error
    with store.read() as connection:
        scope = scope_of(connection, args.project, args.branch)
    recording.refresh(store, scope.project, scope.branch)
    if args.dry_run:
        with store.read() as connection:
            found = notify.look(connection, scope.project, scope.branch, link=args.link, drift_limit=limit)
        for one in found:
            print(f"{one.kind}: {one.title}\n    {one.body.replace(chr(10), chr(10) + '    ')}")
        print(f"{len(found)} conditions hold; dry run, nothing sent")
        return
    told = notify.channels(os.environ)
    if not told:
        raise UsageError(f"No channel is configured in {notify.VARIABLE}.", hint="Or look only: --dry-run")
    messages = notify.update(store, scope.project, scope.branch, told, link=args.link, drift_limit=limit)
    sent = notify.send_all(store, told, notify.apprise_send)
    print(f"{len(messages)} new, {sent.arrived} messages delivered, {sent.waiting} will be tried again")
