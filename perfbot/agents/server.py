"""The tools and resources that agents see. Measures the working tree of one repository, reads, and does nothing else.

No tool takes a path, a command or an address; none publishes, and none begins a session anew: an agent that could would
have its false alarms back.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import fnmatch
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, TypeVar

from mcp.server.mcpserver import Context, MCPServer
from mcp.server.mcpserver.exceptions import ResourceNotFoundError, ToolError
from mcp_types import ToolAnnotations
from pydantic import Field

from perfbot import __version__, api
from perfbot.agents import answers, refusing
from perfbot.agents.strict import StrictServer
from perfbot.agents.working import Workshop
from perfbot.claims.grammar import parse_claim
from perfbot.config import load
from perfbot.discover.listing import list_suite
from perfbot.errors import Interrupted, PerfbotError, StoreError
from perfbot.model import Change, Report
from perfbot.pipeline.continuing import keep_last, kept_file
from perfbot.pipeline.job import Request
from perfbot.pipeline.select import chosen_suites
from perfbot.pipeline.session import sessions_of
from perfbot.units import format_change, format_quantity

INSTRUCTIONS = """\
Measures whether code in this repository became faster or slower, against a commit, with a stated error rate.
Use `measure` after an edit, `verify` before you claim anything ("core/parse* is at least 10 % faster"): only a claim
that came back `true` may be stated. `inconclusive` and `undecided` mean unknown, not unchanged. All tries of a session
share one probability of a false alarm, so each try is a little harder to win than the one before: measure what you
believe in, rather than many variants. Name benchmarks with `only`; without it all are measured, which takes longer."""

MOST_LISTED = 500
T = TypeVar("T")
Only = Annotated[list[str], Field(description='globs of suite/benchmark, such as "core/parse*"; empty: all')]
Base = Annotated[str, Field(description="a commit, branch or tag; empty: the merge base with the default branch")]
Threshold = Annotated[float | None, Field(description="smallest change that matters; none: as configured")]
Budget = Annotated[float, Field(description="time limit of measuring, 1 to 900 seconds")]

READS = ToolAnnotations(read_only_hint=True, open_world_hint=False)
RUNS = ToolAnnotations(read_only_hint=False, destructive_hint=False, open_world_hint=False)


@dataclass(frozen=True)
class Workplace:
    """One repository, and what surrounds it.

    Attributes:
        repo: top of the work tree.
        environ: perfbot's own environment; measured code sees an allow-listed part of it.
        database: a history to read, or nothing.
    """

    repo: Path
    environ: Mapping[str, str]
    cache: Path
    database: str = ""
    config: Path | None = None

    def request(self, *, base: str, budget: float, only: Sequence[str] = (), claim: str = "") -> Request:
        """What is measured: the working tree, never another place."""
        return Request(
            repo=self.repo,
            environ=self.environ,
            cache=self.cache,
            config=self.config,
            base=base,
            dirty=True,
            only=tuple(only),
            budget=budget,
            claim=parse_claim(claim) if claim else None,
        )

    def number(self) -> int:
        """Of the last try."""
        return len(sessions_of(self.cache, self.repo).read(dt.datetime.now(dt.UTC)).tries)

    def listed(self, pattern: str) -> answers.Listed:
        """What sources and configuration say."""
        config = load(self.config, self.repo)
        suites, _ = chosen_suites(config, self.request(base="", budget=1.0), self.repo)
        names: list[str] = []
        unknown = []
        for suite in suites:
            found = list_suite(suite, self.repo)
            names += [f"{suite.name}/{name}" for name in found.benchmarks if suite.may_want(name)]
            unknown += [] if found.known else [suite.name]
        wanted = [answers.text(name) for name in names if not pattern or fnmatch.fnmatchcase(name, f"*{pattern}*")]
        return answers.Listed(
            benchmarks=wanted[:MOST_LISTED], more=max(0, len(wanted) - MOST_LISTED), unknown_suites=unknown
        )

    def last(self) -> Report:
        """The last run.

        Raises:
            ResourceNotFoundError: there is none.
        """
        file = kept_file(self.cache, self.repo, Change("", ""))
        if not file.is_file():
            raise ResourceNotFoundError("nothing was measured yet")
        return api.read_report(file)

    def past(self, pattern: str, limit: int) -> answers.Past:
        """What the history keeps of some benchmarks."""
        if not self.database:
            raise ToolError("no history: start the server with --database")
        found = api.trends(self.database, pattern)
        shown = found[: max(1, min(limit, answers.MOST_RESULTS))]
        series = [
            answers.Point(
                benchmark=answers.text(trend.subject.full_name),
                metric=answers.text(trend.subject.metric),
                runs=len(one.points),
                newest="" if trend.latest is None else format_quantity(trend.latest, trend.subject.unit),
                newest_commit=one.points[-1].head if one.points else "",
                changes=[f"{step.first[:12]}: {format_change(step.change)}" for step in trend.steps[-5:]],
            )
            for one, trend in shown
        ]
        return answers.Past(series=series, more=len(found) - len(shown))


def server_of(place: Workplace) -> MCPServer[object]:
    """The server; it has measured nothing yet."""
    server = StrictServer("perfbot", instructions=INSTRUCTIONS, version=__version__, log_level="WARNING")
    workshop = Workshop()
    _add_measuring(server, place, workshop)
    _add_reading(server, place)
    return server


def _add_measuring(server: MCPServer[object], place: Workplace, workshop: Workshop) -> None:
    @server.tool(annotations=RUNS)
    async def measure(
        ctx: Context,
        only: Only = [],  # noqa: B006 - a default of a schema, never changed
        base: Base = "",
        budget_seconds: Budget = 60.0,
        threshold_percent: Annotated[
            float | None, Field(description="smallest change that matters; none: as configured")
        ] = None,
    ) -> answers.Measured:
        """Compare the working tree, with what is not committed, to a commit: what became slower, faster, or did not."""

        def asked() -> Request:
            made = place.request(
                base=refusing.revision(base), budget=refusing.seconds(budget_seconds), only=refusing.globs(only)
            )
            return replace(made, threshold=refusing.threshold(threshold_percent))

        report = await _measured(ctx, workshop, asked)
        return answers.measured(report, place.number())

    _add_verifying(server, place, workshop)

    @server.tool(annotations=RUNS)
    async def explain(
        ctx: Context, only: Only, base: Base = "", budget_seconds: Budget = 120.0
    ) -> answers.Explanations:
        """Measure benchmarks and find the functions, files and lines that what changed goes back to."""

        def asked() -> Request:
            made = place.request(
                base=refusing.revision(base), budget=refusing.seconds(budget_seconds), only=refusing.globs(only)
            )
            return replace(made, why=True)

        report = await _measured(ctx, workshop, asked)
        return answers.explanations(report, place.number())


def _add_verifying(server: MCPServer[object], place: Workplace, workshop: Workshop) -> None:
    @server.tool(annotations=RUNS)
    async def verify(
        ctx: Context,
        claim: Annotated[
            str, Field(description='such as "core/parse* is at least 10 % faster", "nothing is slower than 2 %"')
        ],
        base: Base = "",
        budget_seconds: Budget = 60.0,
    ) -> answers.ClaimVerified:
        """Whether a claim about the working tree is true, false or undecided; measures until it is decided."""

        def asked() -> Request:
            return place.request(
                base=refusing.revision(base),
                budget=refusing.seconds(budget_seconds),
                claim=refusing.claim(claim),
            )

        report = await _measured(ctx, workshop, asked)
        found = _told(lambda: api.verify(claim, report))
        return answers.verified(found, report, place.number())


async def _measured(ctx: Context, workshop: Workshop, asked: Callable[[], Request]) -> Report:
    """Measure what is asked for.

    Raises:
        ToolError: it cannot be, in words that say what was expected.
    """
    request = _told(asked)

    async def tell(done: float, of: float | None, line: str) -> None:
        await ctx.report_progress(done, of, answers.text(line))

    try:
        report = await workshop.run(lambda watching: api.measure(request, watching), tell)
    except PerfbotError as error:
        raise _as_tool_error(error) from error
    with contextlib.suppress(StoreError):  # only what looks at it again would have needed it
        keep_last(report, request)
    return report


def _add_reading(server: MCPServer[object], place: Workplace) -> None:
    @server.tool(annotations=READS)
    def list_benchmarks(
        pattern: Annotated[str, Field(description="part of a name, or a glob; empty: all", max_length=200)] = "",
    ) -> answers.Listed:
        """The benchmarks of this repository, as far as its sources tell without running them."""
        return _told(lambda: place.listed(pattern))

    @server.tool(annotations=READS)
    def session() -> answers.Tries:
        """How many tries this session has had, and how much of its probability of a false alarm is left."""
        return answers.tries(_told(lambda: sessions_of(place.cache, place.repo).read(dt.datetime.now(dt.UTC))))

    @server.tool(annotations=READS)
    def history(
        pattern: Annotated[str, Field(description='a glob of suite/benchmark, such as "core/*"', max_length=200)] = "*",
        limit: Annotated[int, Field(description="benchmarks at most", ge=1, le=100)] = 20,
    ) -> answers.Past:
        """What the project's history says about benchmarks over time; only where the server was given one."""
        return _told(lambda: place.past(pattern, limit))

    @server.tool(annotations=READS)
    def last_report() -> answers.Measured:
        """The last measurement of this repository once more, whoever asked for it."""
        return answers.measured(_told(place.last), place.number())

    @server.resource("perfbot://report/last", mime_type="application/json")
    def report() -> str:
        """The last report, with all of its rounds."""
        from perfbot.report import dumps  # noqa: PLC0415

        return dumps(place.last())

    @server.resource("perfbot://report/last/comment", mime_type="text/markdown")
    def comment() -> str:
        """The last report as the comment that a merge request would get."""
        from perfbot.render import comment as comments  # noqa: PLC0415

        return comments.comment(place.last())


def _told(work: Callable[[], T]) -> T:
    """Do something; what is expected to go wrong is the agent's to read."""
    try:
        return work()
    except Interrupted:
        raise
    except PerfbotError as error:
        raise _as_tool_error(error) from error


def _as_tool_error(error: PerfbotError) -> ToolError:
    lines = [error.message, error.hint, *error.output.splitlines()[-20:]]
    return ToolError("\n".join(answers.text(line) for line in lines if line))
