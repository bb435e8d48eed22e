"""perfbot from Python: the surface that stays. What ``__all__`` names is covered by semantic versioning.

The same functions serve the command line. Nothing here writes a file, asks a forge, or prints, unless it is told to::

    import perfbot

    report = perfbot.compare("main..HEAD", only=["core/parse*"], budget="2m")
    for result in report.results:
        print(result.full_name, result.verdict, result.change, result.interval)

    stricter = perfbot.rejudge(report, threshold="1%")
    stricter.verdict

    for series, trend in perfbot.trends("history.db", "core/*", since="v2.3"):
        print(trend.subject.full_name, len(series.points), trend.since)
"""

from __future__ import annotations

import contextlib
import math
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from perfbot.errors import PerfbotError, UsageError
from perfbot.model import Policy, Report, Result
from perfbot.reasons import Note, Reason
from perfbot.units import parse_duration, parse_percentage

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from perfbot.claims.verdict import Verified
    from perfbot.history.records import Run, Series, Trend
    from perfbot.measure.lockstep.waiting import Waiting
    from perfbot.measure.trace import Trace
    from perfbot.pipeline.job import Request
    from perfbot.render.progress import Progress

__all__ = [
    "PerfbotError",
    "Policy",
    "Report",
    "Result",
    "claim_globs",
    "compare",
    "in_words",
    "join",
    "read_report",
    "rejudge",
    "runs",
    "trends",
    "verify",
    "write_report",
]


def compare(
    spec: str = "",
    *,
    repo: str | Path = ".",
    base: str = "",
    head: str = "",
    dirty: bool = False,
    config: str | Path | None = None,
    suites: str | Sequence[str] = (),
    only: str | Sequence[str] = (),
    budget: str | float | None = None,
    threshold: str | float | None = None,
    seed: int | None = None,
    environ: Mapping[str, str] | None = None,
    progress: Progress | None = None,
    claim: str = "",
    fresh: bool = False,
    why: bool | None = None,
) -> Report:
    """Measure two commits of a repository and judge them.

    Args:
        spec: ``BASE..HEAD``, or ``BASE...HEAD`` for their merge base; empty: this branch against its merge base.
        repo: the clone, or a folder in it.
        base, head: the same, one by one; found as if nothing had been said where they are empty.
        dirty: head is the working tree, with what is not committed. Tries of one session share ``alpha``.
        config: a perfbot.toml to use instead of the repository's own.
        suites, only: names of suites, globs of ``suite/benchmark``, or one of them; empty: all.
        budget: the time limit of measuring, seconds or ``"2m"``; None: as configured.
        threshold: the smallest change that matters, a fraction or ``"2%"``; None: as configured.
        seed: of every random choice; None: drawn.
        environ: the environment to read (CI variables, PATH); None: this process's.
        progress: told what happens; None: nothing is.
        fresh: begin a session of tries anew.
        why: look into what became slower or faster, after the verdicts; None: as configured.
        claim: what :func:`verify` is to be asked: measured is what it is about, until that is decided.

    Raises:
        PerfbotError: an argument is refused, or nothing could be measured. What some benchmarks lack is in the report.
    """
    from perfbot.claims.grammar import parse_claim

    request = replace(
        _request(Path(repo), os.environ if environ is None else environ),
        budget=_above_zero("budget", budget, parse_duration),
        threshold=_above_zero("threshold", threshold, parse_percentage),
        config=Path(config) if config else None, claim=parse_claim(claim) if claim else None, fresh=fresh,
        spec=spec, base=base, head=head, dirty=dirty, suites=_each(suites), only=_each(only), seed=seed, why=why,
    )  # fmt: skip
    return measure(request, progress)


def _each(names: str | Sequence[str]) -> tuple[str, ...]:
    return (names,) if isinstance(names, str) else tuple(names)


def _above_zero(name: str, given: str | float | None, parse: Callable[[str], float]) -> float | None:
    """A duration or a share as somebody gives it.

    Raises:
        UsageError: it is none, or not above zero.
    """
    try:
        value = parse(given) if isinstance(given, str) else given
    except ValueError as error:
        raise UsageError(f"{name}: {error}") from None
    if value is not None and not 0 < value < math.inf:
        raise UsageError(f"{name}: found {given}, expected a finite number above zero")
    return value


def _request(repo: Path, environ: Mapping[str, str]) -> Request:
    from perfbot.pipeline.job import Request
    from perfbot.sides.cache import cache_folder

    return Request(repo=repo, environ=dict(environ), cache=cache_folder(environ))


def measure(
    request: Request,
    progress: Progress | None = None,
    trace: Trace | None = None,
    waiting: Waiting | None = None,
) -> Report:
    """Measure what a request asks for; :func:`compare` for those who have one already.

    Args:
        waiting: has workers ready.
    """
    from perfbot.measure.trace import no_trace
    from perfbot.runner.load import lookout_beside

    lookout = lookout_beside(waiting) if waiting else None  # loading the rest takes as long as it has to watch

    from perfbot.pipeline.story import run
    from perfbot.pipeline.surroundings import HERE, beside
    from perfbot.render.progress import Silent

    return run(request, progress or Silent(), trace or no_trace, beside(waiting, lookout) if waiting else HERE)


def read_report(file: str | Path) -> Report:
    """A report that ``perfbot run --report`` wrote.

    Raises:
        ReportError: it cannot be read, or contradicts itself.
    """
    from perfbot.report import read

    return read(Path(file))


def write_report(report: Report, file: str | Path) -> None:
    """Write a report, whole or not at all."""
    from perfbot.report import write

    write(report, Path(file))


def rejudge(
    report: Report | str | Path,
    *,
    policy: Policy | None = None,
    config: str | Path | None = None,
    threshold: str | float | None = None,
    alpha: float | None = None,
) -> Report:
    """Judge the rounds of a report again, without measuring.

    Args:
        report: one, or the file it is in.
        policy: instead of the report's own.
        config: take the policy (``[gate]``, ``[[limit]]``) from this file.
        threshold: the smallest change that matters, a fraction or ``"2%"``.
        alpha: probability of any false alarm in the run.

    Raises:
        UsageError: ``threshold`` is not above zero, ``alpha`` is no probability, or both ``policy`` and ``config`` are
            given.
    """
    from perfbot.judge import verdict

    read = report if isinstance(report, Report) else read_report(report)
    if policy is not None and config is not None:
        raise UsageError("policy and config: give one of them.")
    if config is not None:
        from perfbot.config import load

        policy = load(Path(config), Path.cwd()).policy
    chosen = policy or read.policy
    if (wanted := _above_zero("threshold", threshold, parse_percentage)) is not None:
        chosen = replace(chosen, threshold=wanted)
    if alpha is not None:
        if not 0 < alpha <= 0.5:
            raise UsageError(f"alpha: found {alpha}, expected a probability above 0 and at most 0.5")
        chosen = replace(chosen, alpha=alpha)
    return verdict.rejudge(read, chosen)


def join(reports: Sequence[Report | str | Path]) -> Report:
    """One report out of those of several machines about the same two commits: a change is one that each of them shows.

    Args:
        reports: at least two, or the files they are in. The policy of the first one decides.

    Raises:
        ReportError: one cannot be read, they are of different changes, or one is there twice.
    """
    from perfbot import machines
    from perfbot.judge import verdict

    return verdict.rejudge(machines.join([one if isinstance(one, Report) else read_report(one) for one in reports]))


def claim_globs(claim: str) -> tuple[str, ...]:
    """What to give :func:`compare` as ``only`` so that nothing is measured but what a claim is about.

    Raises:
        UsageError: it is no claim.
    """
    from perfbot.claims.grammar import parse_claim

    return (parse_claim(claim).match,)


def verify(claim: str, report: Report | str | Path) -> Verified:
    """Hold a claim, such as ``"core/parse* is at least 10 % faster"``, against a report: true, false or undecided.

    Raises:
        UsageError: it is no claim; says what was expected.
    """
    from perfbot.claims import verdict
    from perfbot.claims.grammar import parse_claim

    read = report if isinstance(report, Report) else read_report(report)
    return verdict.verify(parse_claim(claim), read)


def in_words(reasons: Iterable[Reason | Note]) -> str:
    """The ``reasons`` or ``notes`` of a result, or of what a claim is about, as the comment says them."""
    from perfbot.reasons.words import text

    return text(reasons)


def runs(
    database: str | Path, *, project: str | None = None, branch: str | None = None, since: str = "", limit: int = 200
) -> tuple[Run, ...]:
    """The runs that a history keeps, newest first.

    Args:
        database: an SQLite file or a ``postgresql://`` URL.
        since: a date, an age (``90d``), or a release's name.
    """
    from perfbot.history.moments import moment_of
    from perfbot.history.store import queries

    with _read(database) as connection:
        after = moment_of(connection, since, project)
        return tuple(queries.runs(connection, project, branch=branch, since=after, limit=limit))


def trends(
    database: str | Path, pattern: str = "*", *, project: str | None = None, branch: str | None = None, since: str = ""
) -> tuple[tuple[Series, Trend], ...]:
    """The values of the benchmarks that match a glob, and what they say over time; in the order of their names.

    Args:
        database: an SQLite file or a ``postgresql://`` URL.
        branch: whose runs count; None: the main branch.
        since: a date, an age (``90d``), or a release's name: what changed since then is said, not since a later
            release.

    Raises:
        UsageError: nothing matches, or the history is not there.
    """
    from perfbot.history.moments import moment_of
    from perfbot.history.store import ledger, queries
    from perfbot.history.trends import analyse

    with _read(database) as connection:
        after = moment_of(connection, since, project)
        name = queries.only_project(connection, project)
        subjects = queries.subjects(connection, name, pattern)
        known = ledger.read_releases(connection, name)
        starts = tuple(release for release in known if release.name == since) if since else known
        found = tuple(
            queries.series(connection, subjects, branch or queries.main_branch(connection, name), since=after)
        )
    if not subjects:
        raise UsageError(f"No benchmark matches {pattern!r}.", hint="Globs match suite/name.")
    return tuple((one, analyse(one, starts)) for one in found)


@contextlib.contextmanager
def _read(database: str | Path) -> Iterator[Connection]:
    """Ask a history; one that is not there is not made."""
    from perfbot.history.store import open_store

    if "://" not in str(database) and not Path(database).exists():
        raise UsageError(
            f"There is no history at {database}.", hint=f"Keep runs in it with: perfbot run --database {database}"
        )
    with open_store(database) as store, store.read() as connection:
        yield connection
