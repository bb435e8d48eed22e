"""Measure head against its merge base on this machine, judge, and report.

In CI the change is found by itself; locally head is HEAD and base its merge base with the default branch.

examples:
  perfbot run                                  this branch against its merge base
  perfbot run v1.2..HEAD --only '*parse*'      some benchmarks, two commits
  perfbot run --dirty --budget 2m              what is not committed yet, quickly
  perfbot run --continue --budget 5m           more rounds for what the last run left undecided
  perfbot run --output perf/                   every artifact a CI job keeps
"""

from __future__ import annotations

import argparse
import contextlib
import os
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from perfbot.cli import asked
from perfbot.cli.database import VARIABLE as DATABASE
from perfbot.cli.requested import request_here
from perfbot.cli.watching import add_watching_arguments
from perfbot.errors import GATE_FAILED, NOT_MEASURED, PASS, StoreError

if TYPE_CHECKING:
    from perfbot.calibration.planning import Source
    from perfbot.cli.artifacts import Artifacts
    from perfbot.history.records import Kind
    from perfbot.measure.lockstep.waiting import Waiting
    from perfbot.model import Report
    from perfbot.model.aside import Setting

EXIT_CODES = {"pass": PASS, "fail": GATE_FAILED, "error": NOT_MEASURED}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of ``perfbot run``."""
    parser.add_argument(
        "range", nargs="?", default="", metavar="BASE..HEAD", help="two commits (three dots: merge base)"
    )
    what = parser.add_argument_group("what to measure")
    what.add_argument("--base", default="", metavar="REV", help="compare with this commit")
    what.add_argument("--head", default="", metavar="REV", help="measure this commit")
    what.add_argument("--dirty", action="store_true", help="measure the working tree with its uncommitted changes")
    what.add_argument("--config", metavar="FILE", help="instead of perfbot.toml or [tool.perfbot] in pyproject.toml")
    what.add_argument("--suite", action="append", default=[], metavar="NAME", help="only this suite; repeatable")
    what.add_argument("--only", action="append", default=[], metavar="GLOB", help="only these benchmarks; repeatable")
    what.add_argument("--force", action="store_true", help="measure even when the change touches nothing measured")
    what.add_argument("--shard", metavar="I/N", help="the I-th of N parts of the benchmarks")
    desk = parser.add_argument_group("at one's desk, with --dirty")
    desk.add_argument("--fresh", action="store_true", help="begin a session of tries anew (see `perfbot session`)")
    desk.add_argument(
        "--set-up-anew", action="store_true", help="set the working tree up as CI does, whatever earlier runs left"
    )
    _add_how(parser)
    add_watching_arguments(parser)
    add_output_arguments(parser)


def _add_how(parser: argparse.ArgumentParser) -> None:
    how = parser.add_argument_group("how")
    how.add_argument("--budget", metavar="DURATION", help='wall clock for measuring, such as "5m" (default: 10m)')
    how.add_argument(
        "--continue",
        dest="more",
        action="store_true",
        help="add rounds to the last run of this change instead of beginning anew (--budget: for these alone)",
    )
    how.add_argument(
        "--why",
        action=argparse.BooleanOptionalAction,
        default=None,
        help="look into which functions became slower or faster, after the verdicts (default: yes)",
    )
    how.add_argument(
        "--bisect",
        action=argparse.BooleanOptionalAction,
        default=None,
        help="look for the commit that did it (default: in a merge request of several commits, where budget is left)",
    )
    how.add_argument("--on", metavar="HOST", help="measure on another machine, by ssh; it needs git and perfbot")
    how.add_argument(
        "--env",
        action="append",
        default=[],
        metavar="[SIDE:]NAME=VALUE",
        help="a variable for set-up and benchmarks, of one side as in head:FAST=1, or of both; repeatable. "
        "In a merge request such a run decides nothing",
    )
    how.add_argument("--threshold", metavar="PERCENT", help='smallest change that matters, such as "2%%"')
    how.add_argument(
        "--calibration",
        metavar="FILE",
        help="A/A runs to plan with (default: .perfbot/calibration.json, else the history's; verdicts never use them)",
    )
    how.add_argument("--seed", type=int, metavar="N", help="makes the order of measuring reproducible")
    how.add_argument(
        "--database",
        metavar="URL",
        help=f"keep the run in this history: a file for SQLite, or postgresql://… (or {DATABASE}; default: none)",
    )


def add_output_arguments(parser: argparse.ArgumentParser) -> None:
    """Where results go; the same for every verb that makes a report."""
    where = parser.add_argument_group("where results go")
    where.add_argument("--report", metavar="FILE.json", help="the report, with all raw rounds")
    where.add_argument("--comment", metavar="FILE.md", help="the comment, as it would be posted")
    where.add_argument("--html", metavar="FILE.html", help="the report as a page")
    where.add_argument(
        "--pyperf", metavar="FILE.json", help="values of head (and of base in FILE.base.json) for pyperf"
    )
    where.add_argument("--metrics", metavar="FILE.txt", help="values and changes as OpenMetrics, for GitLab and others")
    where.add_argument(
        "--code-quality", metavar="FILE.json", help="what became slower at its lines, for GitLab's code quality report"
    )
    where.add_argument("--trace", metavar="FILE.jsonl", help="what was measured when, turn by turn")
    where.add_argument("--output", metavar="FOLDER", help="all of these at once, under their usual names")
    where.add_argument(
        "--format",
        choices=["text", "lines", "json"],
        default="text",
        help="what stdout shows; lines: FILE:LINE: error: … for editors (default: text)",
    )


def execute(args: argparse.Namespace) -> int:
    """Measure, judge, tell."""
    asked.apply(args, os.environ)
    report = measure(args)
    return EXIT_CODES[report.verdict]


def measure(args: argparse.Namespace) -> Report:
    """Run the pipeline with live progress, and write every artifact that was asked for."""
    with _ahead(args) as waiting:
        return _measured(args, waiting)


@contextlib.contextmanager
def _ahead(args: argparse.Namespace) -> Iterator[Waiting | None]:
    """At one's desk, workers start before all else is loaded; None where a run is to be as it was, or elsewhere."""
    if not args.dirty or args.on or args.seed is not None or args.set_up_anew:
        yield None
        return
    from pathlib import Path

    from perfbot.measure.lockstep.ahead import started_ahead
    from perfbot.sides.cache import cache_folder

    place = [os.fspath(Path.cwd()), args.config or "", *args.suite, "", *args.only]
    with started_ahead(cache_folder(os.environ), place) as waiting:
        yield waiting


def _measured(args: argparse.Namespace, waiting: Waiting | None) -> Report:
    from perfbot import api
    from perfbot.cli.artifacts import Artifacts
    from perfbot.cli.interrupts import interruptible
    from perfbot.cli.watching import watched
    from perfbot.measure.trace import no_trace, trace_to
    from perfbot.pipeline.continuing import keep_last

    request = request_from(args)
    artifacts = Artifacts.from_arguments(args)
    artifacts.check()
    with contextlib.ExitStack() as stack:
        trace = trace_to(stack.enter_context(artifacts.trace.open("w", buffering=1))) if artifacts.trace else no_trace
        quiet = args.quiet or args.format == "json"
        progress = stack.enter_context(watched(quiet=quiet, verbose=args.verbose))
        stack.enter_context(interruptible())
        if args.on:
            from perfbot.pipeline.remote import measure_on

            report = measure_on(args.on, request, _remote_options(args), progress)
        else:
            report = api.measure(request, progress, trace, waiting)
    with contextlib.suppress(StoreError):  # only what looks at it again would have needed it
        keep_last(report, request)
    report, lost = keep_run(report, database_of(args))
    artifacts.write(report)
    artifacts.show(report, to_read(artifacts))
    add_job_summary(report, os.environ)
    if lost is not None:
        raise lost
    return report


def _remote_options(args: argparse.Namespace) -> list[str]:
    """What of the command line the other machine is told; what is about files stays here.

    Raises:
        UsageError: options that mean files of this machine.
    """
    from perfbot.errors import UsageError

    for option, value in (
        ("--config", args.config),
        ("--trace", args.trace),
        ("--continue", args.more),
        ("--env", args.env),
    ):
        if value:
            raise UsageError(f"{option} cannot be used with --on: it is about this machine")
    options = [word for one in args.only for word in ("--only", one)]
    options += [word for one in args.suite for word in ("--suite", one)]
    given = (("--budget", args.budget), ("--threshold", args.threshold), ("--seed", args.seed), ("--shard", args.shard))
    options += [word for option, value in given if value is not None for word in (option, str(value))]
    return [*options, *(["--force"] if args.force else [])]


def add_job_summary(report: Report, environ: Mapping[str, str]) -> None:
    """Put the comment into the summary of a GitHub job, which the run's page shows; at most 1 MiB of it counts."""
    if not environ.get("GITHUB_STEP_SUMMARY"):
        return
    from pathlib import Path

    from perfbot.render.comment import comment

    text = comment(report, alerts=True)
    with contextlib.suppress(OSError), Path(environ["GITHUB_STEP_SUMMARY"]).open("a", encoding="utf-8") as summary:
        summary.write(text)


def to_read(artifacts: Artifacts) -> tuple[tuple[str, str], ...]:
    """Where comment and page of the run are; a CI job's are among its artifacts alone."""
    from pathlib import Path

    from perfbot.cli import last_run

    kept = not os.environ.get("CI") and last_run.file_here(Path.cwd(), os.environ).is_file()
    page = str(artifacts.html) if artifacts.html else "perfbot open" if kept else ""
    comment = str(artifacts.comment) if artifacts.comment else "perfbot show --comment" if kept else ""
    return tuple((name, where) for name, where in (("page", page), ("comment", comment)) if where)


def keep_run(report: Report, database: str) -> tuple[Report, StoreError | None]:
    """Keep the run in the history; one that cannot be written costs neither verdict nor artifacts."""
    if not database or report.skipped or report.change.aside:
        return report, None
    from pathlib import Path

    from perfbot.history.recording import keep, trend_line
    from perfbot.history.releases import releases_here
    from perfbot.history.store import open_store

    change = report.change
    kind: Kind = "merge-request" if change.merge_request else "branch"
    branch = change.target if change.merge_request else change.head_name or change.target or "HEAD"
    try:
        with open_store(database) as store:
            trend = trend_line(store, change.project, branch) if change.merge_request else ""
            report = replace(report, trend=trend)
            releases = releases_here(Path.cwd()) if kind == "branch" else ()
            keep(store, report, branch=branch, kind=kind, releases=releases)
    except StoreError as error:
        return report, error
    return report, None


def request_from(args: argparse.Namespace):  # type: ignore[no-untyped-def]
    """The command line as the pipeline wants it; raises UsageError for values that mean nothing."""
    from perfbot.shards import parse_shard

    return request_here(
        args,
        spec=args.range,
        base=args.base,
        head=args.head,
        dirty=args.dirty,
        seed=args.seed,
        more=args.more,
        bisect=args.bisect,
        settings=tuple(_setting(text) for text in args.env),
        why=args.why,
        fresh=args.fresh,
        afresh=args.set_up_anew,
        shard=parse_shard(args.shard) if args.shard else None,
        calibration=_source(args),
        **{"force": args.force, **_instead(args)},
    )


def _instead(args: argparse.Namespace) -> dict[str, Any]:
    """What a comment wants measured instead of the suites."""
    asked_for = getattr(args, "statement", None)
    if asked_for is None:
        return {}
    from pathlib import Path

    from perfbot.cli.statements import parts, suite_of
    from perfbot.git.command import open_work_tree

    line, preamble = parts(asked_for)
    config = Path(args.config) if args.config else None
    suite = suite_of(line, preamble, config, open_work_tree(Path.cwd()).folder, checked=False)
    return {"given": (suite,), "aside": asked_for.words, "force": True, "only": (), "suites": ()}


def _setting(text: str) -> Setting:
    from perfbot.errors import UsageError
    from perfbot.model.aside import parse_setting

    try:
        return parse_setting(text)
    except ValueError as error:
        raise UsageError(f"--env: {error}") from error


def _source(args: argparse.Namespace) -> Source:
    """Where a calibration may be. The history is asked only when no file fits, and not made where it is missing."""
    from pathlib import Path

    from perfbot.calibration.planning import Source

    database = database_of(args)

    def recall(project: str, machine: str) -> str | None:
        from perfbot.history.store import ledger, open_store

        if not database or ("://" not in database and not Path(database).exists()):
            return None
        with open_store(database) as store, store.read() as connection:
            return ledger.latest_calibration(connection, project, machine)

    return Source(Path(args.calibration) if args.calibration else None, recall if database else None)


def database_of(args: argparse.Namespace) -> str:
    """The history that was named, on the command line or around it; empty for none."""
    return str(args.database or os.environ.get(DATABASE, ""))
