"""The whole story of one run: change → checkout → measure → judge → report.

Each step is a module of its own; this one only passes what one step found to the next.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import os
import secrets
import tempfile
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from random import Random
from typing import cast

import psutil

from perfbot import __version__
from perfbot.change import find_change
from perfbot.checkout import Checkout, changed_files, checkouts, read_file_at
from perfbot.config import Config, Suite, check_paths, find, load
from perfbot.config.detect import detect_suites
from perfbot.control import control_of
from perfbot.environment import prepare, recipe
from perfbot.errors import ConfigError, Interrupted, MeasureError, SetupError
from perfbot.git import open_work_tree, short
from perfbot.harness import SideReady, harness_for
from perfbot.harness.base import Effects
from perfbot.judge import gate_of, judge
from perfbot.machine import read_machine
from perfbot.measure.conductor import Conductor, Outcomes, selector
from perfbot.measure.pair import allowed_cores
from perfbot.measure.session import SuiteSession, problem_of
from perfbot.measure.trace import Trace, no_trace
from perfbot.model import SIDES, Benchmark, Change, Comparison, Policy, Problem, Report, Result, Shard, Side
from perfbot.planning import Planning, Source, plan
from perfbot.process import kill_all, scrubbed_environment
from perfbot.render.progress import Progress
from perfbot.shards import part
from perfbot.sources import source_changed

LOOK_AROUND_SECONDS = 0.5
"""How long to watch what else runs on this machine before measuring."""


@dataclass(frozen=True, slots=True)
class Request:
    """What the command line asks for, and the surroundings it was typed in."""

    repo: Path
    environ: Mapping[str, str]
    cache: Path
    config: Path | None = None
    spec: str = ""
    base: str = ""
    head: str = ""
    dirty: bool = False
    suites: tuple[str, ...] = ()
    only: tuple[str, ...] = ()
    budget: float | None = None
    threshold: float | None = None
    seed: int | None = None
    shard: Shard | None = None
    force: bool = False
    """Measure although the change touches nothing that is measured."""
    same: bool = False
    """Base and head may be one commit: an A/A run."""
    calibration: Source | None = None
    """Where earlier A/A runs may be found, to plan with."""


@dataclass(frozen=True, slots=True)
class Job:
    """A request that was understood: which commits, which suites, whose policy."""

    repo: Path
    change: Change
    config: Config
    suites: tuple[Suite, ...]
    policy: Policy
    proposed: Policy | None
    budget: float
    seed: int
    planning: Planning = field(default_factory=Planning)
    notes: tuple[str, ...] = ()
    skip: str = ""


@dataclass(slots=True)
class _Found:
    """What is known so far; survives an interruption."""

    outcomes: Outcomes | None = None
    problems: list[Problem] = field(default_factory=list)
    started: float = field(default_factory=time.monotonic)


def run(request: Request, progress: Progress, trace: Trace = no_trace) -> Report:
    """Measure a change and judge it.

    An interruption (:class:`perfbot.errors.Interrupted`) ends measuring; the report then holds what there was, and
    says that it is not complete.

    Raises:
        ChangeError, ConfigError: before anything is measured.
    """
    progress.stage("finding the change")
    job = understand(request)
    for note in (*job.change.notes, *job.notes):
        progress.log(note)
    found = _Found()
    complete = True
    if not job.skip:
        try:
            _measure(job, request, progress, trace, found)
        except Interrupted as error:
            complete = False
            found.problems.append(Problem("run", error.message))
    return _report(job, request, found, complete=complete)


def understand(request: Request) -> Job:
    """Find the change and what to do about it; reads git and files, runs nothing of the project."""
    repo = open_work_tree(request.repo).folder
    change = find_change(
        repo,
        environ=request.environ,
        spec=request.spec,
        base=request.base,
        head=request.head,
        dirty=request.dirty,
        same=request.same,
    )
    ours = load(request.config, repo)
    suites, notes = _suites(ours, request, repo)
    target = _target_config(repo, change) if change.merge_request and request.config is None else ours
    policy = target.policy
    if request.threshold is not None:
        policy = replace(policy, threshold=request.threshold)
    proposed = ours.policy if replace(ours.policy, origin="") != replace(target.policy, origin="") else None
    concerned = request.force or target.run.concerns(changed_files(repo, change))
    planning = plan(repo, change, read_machine().runner(version=__version__), request.calibration)
    return Job(
        repo,
        change,
        ours,
        suites,
        policy,
        proposed,
        request.budget if request.budget is not None else target.run.budget,
        next(seed for seed in (request.seed, ours.run.seed, secrets.randbits(32)) if seed is not None),
        planning,
        (*notes, *planning.notes),
        "" if concerned else "the change touches none of the files that are measured (`when_changed`)",
    )


def _target_config(repo: Path, change: Change) -> Config:
    """The configuration that the merge request cannot edit: the one at its merge base."""
    return find(lambda name: read_file_at(repo, change.base, name), f"at {short(change.base)}")


def _suites(config: Config, request: Request, repo: Path) -> tuple[tuple[Suite, ...], tuple[str, ...]]:
    """The suites to run: the configured ones, or, where there is no configuration, those found by looking."""
    suites: tuple[Suite, ...] = config.suites
    notes: tuple[str, ...] = ()
    if not suites:
        suites = detect_suites(repo)
        names = ", ".join(f"{suite.name} ({suite.harness}: {' '.join(suite.paths)})" for suite in suites)
        notes = (f"no suite is configured; found {names}. `perfbot init` writes that down.",)
    if not suites:
        raise ConfigError(
            f"{config.where}: no [[suite]] is configured, and no benchmarks were found in {repo}",
            hint="Type `perfbot init` for a perfbot.toml to start from, or `perfbot harnesses` for examples.",
        )
    known = [suite.name for suite in suites]
    for name in request.suites:
        if name not in known:
            raise ConfigError(f'--suite: found "{name}", expected one of {", ".join(known)}')
    return tuple(suite for suite in suites if not request.suites or suite.name in request.suites), notes


def _measure(job: Job, request: Request, progress: Progress, trace: Trace, found: _Found) -> None:
    """Prepare both sides of every suite and measure them all together, within one budget."""
    with contextlib.ExitStack() as stack:
        scratch = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="perfbot-")))
        effects = Effects(Random(job.seed), scratch, trace)  # noqa: S311 - an order, not a secret
        progress.stage(f"preparing {short(job.change.base)} and {short(job.change.head)}")
        sessions: list[SuiteSession] = []
        differing: set[str] = set()
        for group in _groups(job.suites, job.repo):
            try:
                trees, sides = stack.enter_context(_prepared(job, group, request, progress))
            except SetupError as error:
                names = ", ".join(suite.name for suite in group)
                found.problems.append(problem_of(names, error))
                continue
            check_paths(replace(job.config, suites=tuple(group)), trees[1].path)
            differing.update(_differing(job, group, trees))
            sessions += _sessions(group, sides, effects, found)
        if not sessions:
            return
        progress.stage("measuring")
        conductor = Conductor(
            sessions,
            job.policy,
            job.budget,
            progress,
            select=_selected(job, request),
            share=_share(job, request),
            noise=job.planning.noise,
            meant=partial(_meant, job),
            random=Random(job.seed),  # noqa: S311 - an order, not a secret
            cores=allowed_cores(),
            lanes=_lanes(),
        )
        try:
            conductor.run()
        finally:
            found.outcomes = _marked(conductor.outcomes(), job, differing)


def _lanes() -> int:
    """Rounds to measure at the same time: as many as there are cores that nothing else keeps busy right now."""
    busy = float(psutil.cpu_percent(interval=LOOK_AROUND_SECONDS)) / 100 * (os.cpu_count() or 1)
    return len(allowed_cores()) - round(busy)


def _groups(suites: Sequence[Suite], repo: Path) -> list[list[Suite]]:
    """Suites that can share their checkouts and environments."""
    groups: dict[object, list[Suite]] = {}
    for suite in suites:
        groups.setdefault((_recipe(suite, repo), suite.files, suite.setup_timeout), []).append(suite)
    return list(groups.values())


def _recipe(suite: Suite, repo: Path) -> str:
    return recipe(
        suite.setup_for(repo),
        python=suite.python,
        needs_python=suite.needs_python,
        requires=harness_for(suite).requires,
        variables=suite.env,
    )


@contextlib.contextmanager
def _prepared(
    job: Job, group: Sequence[Suite], request: Request, progress: Progress
) -> Iterator[tuple[tuple[Checkout, Checkout], dict[Side, SideReady]]]:
    """Both sides of a group of suites, checked out and set up at the same time."""
    suite = group[0]
    overlaid = [path for one in group for path in _benchmark_files(one, job.repo)] if suite.files == "head" else []
    with checkouts(
        job.repo, job.change, cache=request.cache, recipe=_recipe(suite, job.repo), overlaid=overlaid
    ) as trees:

        def ready(tree: Checkout) -> SideReady:
            made = prepare(
                tree,
                setup=suite.setup_for(job.repo),
                python=suite.python,
                needs_python=suite.needs_python,
                requires=harness_for(suite).requires,
                variables=suite.env,
                timeout=suite.setup_timeout,
                on_line=progress.log,
                environ=request.environ,
            )
            env = scrubbed_environment(request.environ, made.home, made.variables)
            return SideReady(tree.side, tree.path, made.python, env)

        with ThreadPoolExecutor(len(SIDES)) as pool:
            try:
                sides = {one.side: one for one in pool.map(ready, trees)}
            except BaseException:
                kill_all()
                raise
        yield trees, sides


def _benchmark_files(suite: Suite, repo: Path) -> tuple[str, ...]:
    """Where a suite's benchmarks lie: as configured (globs stay globs), else where its tool says."""
    return suite.paths or suite.benchmark_paths(repo)


def _sessions(
    group: Sequence[Suite], sides: Mapping[Side, SideReady], effects: Effects, found: _Found
) -> Iterator[SuiteSession]:
    """The suites of a group that can be measured; what is wrong with one costs no other."""
    for suite in group:
        try:
            yield harness_for(suite).session(suite, _for_suite(suite, sides), effects)
        except MeasureError as error:
            found.problems.append(problem_of(suite.name, error))


def _for_suite(suite: Suite, sides: Mapping[Side, SideReady]) -> Mapping[Side, SideReady]:
    """Fail early where the suite's folder is missing on a side."""
    for ready in sides.values():
        if not (ready.tree / suite.directory).is_dir():
            raise MeasureError(f'suite {suite.name}: the folder "{suite.directory}" is missing on {ready.side}')
    return sides


def _selected(job: Job, request: Request) -> Callable[[str], bool]:
    wanted = selector(request.only)
    suites = {suite.name: suite for suite in job.suites}

    def select(name: str) -> bool:
        suite, _, benchmark = name.partition("/")
        return wanted(name) and suites[suite].wants(benchmark)

    return select


def _meant(job: Job, name: str) -> str:
    """For a suite without benchmarks: the harness that finds some in this repository."""
    wrong = next(suite for suite in job.suites if suite.name == name)
    for found in detect_suites(job.repo):
        if found.harness != wrong.harness:
            where = ", ".join(found.benchmark_paths(job.repo)) or found.directory
            return f'There are {found.harness} benchmarks in {where}: harness = "{found.harness}" fits them.'
    return ""


def _share(job: Job, request: Request) -> Callable[[Collection[str]], Collection[str]]:
    shard = job.planning.shard(request.shard)
    return part(shard, job.planning.weights) if shard else lambda names: names


def _differing(job: Job, group: Sequence[Suite], trees: tuple[Checkout, Checkout]) -> Sequence[str]:
    if group[0].files == "head":
        return trees[0].overlaid
    paths = [path for suite in group for path in _benchmark_files(suite, job.repo)]
    return changed_files(job.repo, job.change, paths) if paths else ()


def _marked(outcomes: Outcomes, job: Job, differing: set[str]) -> Outcomes:
    """Mark the benchmarks whose own source the change edits."""
    directories = {suite.name: suite.directory for suite in job.suites}
    texts: dict[str, tuple[str | None, str | None]] = {}

    def mark(benchmark: Benchmark) -> Benchmark:
        file = (Path(directories[benchmark.suite]) / benchmark.file).as_posix()
        if not benchmark.file or file not in differing:
            return benchmark
        if file not in texts:
            texts[file] = cast(
                "tuple[str | None, str | None]",
                tuple(read_file_at(job.repo, commit, file) for commit in (job.change.base, job.change.head)),
            )
        return replace(benchmark, source_changed=source_changed(*texts[file], benchmark.line))

    marked: list[Comparison] = [replace(one, benchmark=mark(one.benchmark)) for one in outcomes.comparisons]
    return replace(outcomes, comparisons=tuple(marked))


def _report(job: Job, request: Request, found: _Found, *, complete: bool) -> Report:
    """Judge what was measured."""
    outcomes = found.outcomes or Outcomes()
    control = control_of(outcomes.controls, job.policy)
    results: tuple[Result, ...] = judge(outcomes.comparisons, job.policy, family=outcomes.family, control=control)
    problems = (*found.problems, *outcomes.problems)
    verdict = gate_of(results, problems)
    if job.skip:
        verdict = "pass"
    elif verdict == "pass" and not complete:
        verdict = "error"
    now = dt.datetime.now(dt.UTC)
    seconds = time.monotonic() - found.started
    return Report(
        change=replace(job.change, notes=(*job.change.notes, *job.planning.notes, *outcomes.foretold)),
        verdict=verdict,
        results=results,
        problems=problems,
        policy=job.policy,
        proposed_policy=job.proposed,
        runner=read_machine().runner(version=__version__),
        control=control,
        started=(now - dt.timedelta(seconds=seconds)).isoformat(timespec="seconds"),
        seconds=seconds,
        budget_seconds=job.budget,
        family=outcomes.family,
        seed=job.seed,
        complete=complete,
        shard=job.planning.shard(request.shard),
        skipped=job.skip,
        startups=outcomes.startups,
    )
