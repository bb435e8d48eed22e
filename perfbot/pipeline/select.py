"""Which suites and which of their benchmarks are measured."""

from __future__ import annotations

from collections.abc import Callable, Collection
from pathlib import Path

from perfbot.config import CallableSuite, CommandSuite, Config, Suite
from perfbot.config.tools import HttpSuite, SizeSuite
from perfbot.errors import ConfigError
from perfbot.measure.discovering import selector
from perfbot.model import Benchmark
from perfbot.pipeline.job import Job, Request
from perfbot.shards import part


def chosen_suites(config: Config, request: Request, repo: Path) -> tuple[tuple[Suite, ...], tuple[str, ...]]:
    """The suites to run: the configured ones, or, where there is no configuration, those found by looking."""
    suites: tuple[Suite, ...] = request.given or config.suites
    notes: tuple[str, ...] = ()
    if not suites:
        from perfbot.discover.detect import detect_suites  # noqa: PLC0415 - a configured run needs none of it

        suites = detect_suites(repo)
        names = ", ".join(f"{suite.name} ({suite.harness}: {' '.join(suite.paths)})" for suite in suites)
        notes = (f"no suite is configured; found {names}. `perfbot init` writes that down.",)
    if not suites:
        raise ConfigError(
            f"{config.where}: no [[suite]] is configured, and no benchmarks were found in {repo}",
            hint=_first_suite(config),
        )
    if request.claim is not None:
        suites = tuple(measuring(suite, request.claim.metric) for suite in suites)
    known = [suite.name for suite in suites]
    for name in request.suites:
        if name not in known:
            raise ConfigError(f'--suite: found "{name}", expected one of {", ".join(known)}')
    return tuple(suite for suite in suites if not request.suites or suite.name in request.suites), notes


def _first_suite(config: Config) -> str:
    """What to type where there is none: an existing file is not written again."""
    if config.where == "defaults":
        return "Type `perfbot init` for a perfbot.toml to start from, or `perfbot harnesses` for examples."
    return f"Write one into {config.where}; `perfbot harnesses` shows each kind, with a table that works."


def measuring(suite: Suite, metric: str) -> Suite:
    """A suite that measures just one metric; as it is where it cannot."""
    if suite.measurable and metric not in suite.measurable:
        return suite
    return suite.model_copy(update={"metrics": (metric,)}) if suite.measurable else suite


def selected(job: Job, request: Request) -> Callable[[str], bool]:
    wanted = selector(request.only)
    suites = {suite.name: suite for suite in job.suites}

    def select(name: str) -> bool:
        suite, _, benchmark = name.partition("/")
        return wanted(name) and suites[suite].wants(benchmark)

    return select


def meant(job: Job, name: str) -> str:
    """For a suite without benchmarks: the harness that finds some in this repository."""
    from perfbot.discover.detect import detect_suites  # noqa: PLC0415 - only a suite without benchmarks asks

    wrong = next(suite for suite in job.suites if suite.name == name)
    for found in detect_suites(job.repo):
        if found.harness != wrong.harness:
            where = ", ".join(found.benchmark_paths(job.repo)) or found.directory
            return f'There are {found.harness} benchmarks in {where}: harness = "{found.harness}" fits them.'
    return ""


def share_of(job: Job, request: Request) -> Callable[[Collection[str]], Collection[str]]:
    shard = job.planning.shard(request.shard)
    return part(shard, job.planning.weights) if shard else lambda names: names


def named(suite: Suite) -> tuple[str, ...]:
    """Benchmarks that the configuration itself names; none where only the suite's files, or its tool, know them."""
    if isinstance(suite, HttpSuite):
        return tuple(one.name for one in suite.requests)
    if isinstance(suite, CommandSuite):
        return tuple(suite.commands)
    if isinstance(suite, CallableSuite):
        return (*suite.functions, *suite.statements)
    return tuple(suite.sizes) if isinstance(suite, SizeSuite) else ()


SHORTEST_STEM = 3
"""Letters; shorter names of files are found in the names of too many benchmarks."""

COMMON_STEMS = frozenset({
    "__init__", "__main__", "init", "main", "core", "base", "utils", "util", "common", "test", "tests", "lib", "src",
    "conftest", "setup", "bench", "benchmark", "benchmarks", "index", "mod",
})  # fmt: skip
"""Names of files that say nothing about what is in them."""


def touched_by(changed: Collection[str]) -> Callable[[Benchmark], bool]:
    """Whether a benchmark seems to measure what a change edits: its own file, or one whose name is in its name.

    Only the order of measuring follows from it, where time is short.
    """
    stems = {Path(path).stem.lower().lstrip("_") for path in changed}
    telling = {stem for stem in stems if len(stem) >= SHORTEST_STEM and stem not in COMMON_STEMS}
    files = frozenset(changed)

    def touched(benchmark: Benchmark) -> bool:
        where = f"{benchmark.file} {benchmark.name}".lower()
        return benchmark.file in files or any(stem in where for stem in telling)

    return touched
