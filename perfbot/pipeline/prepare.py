"""Both sides of each group of suites, checked out, set up, and ready to be measured."""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from perfbot.config import Suite
from perfbot.errors import MeasureError, SetupError
from perfbot.harness import SideReady, harness_for
from perfbot.harness.base import Effects
from perfbot.measure.builds import BuiltSuite
from perfbot.measure.session import SuiteSession, problem_of
from perfbot.model import SIDES, Problem, Side
from perfbot.pipeline.job import Job, Request
from perfbot.process import kill_all, scrubbed_environment
from perfbot.render.progress import Progress
from perfbot.sides.benchmark_files import BenchmarkFiles
from perfbot.sides.cache import drop_zones, zone
from perfbot.sides.checkout import Checkout, checkouts, read_file_at
from perfbot.sides.desk import inputs, pointing
from perfbot.sides.environment import prepare, recipe, repeat


def groups_of(suites: Sequence[Suite], repo: Path) -> list[list[Suite]]:
    """Suites that can share their checkouts and environments."""
    groups: dict[object, list[Suite]] = {}
    for suite in suites:
        made = recipe_of(suite, repo)
        groups.setdefault((made, suite.files, suite.setup_timeout, builds_of(suite)), []).append(suite)
    return list(groups.values())


def builds_of(suite: Suite) -> int:
    """How many times each side is built."""
    return getattr(suite, "builds", 1)


def build_of(group: Sequence[Suite], number: int) -> list[Suite]:
    """The group as set-up sees it for one of several builds; as it is where there is but one.

    The salts are the same in each run, so that builds are found again.
    """
    if builds_of(group[0]) == 1:
        return list(group)
    salt = hashlib.sha256(f"perfbot build {number}".encode()).hexdigest()[:16]
    variables = {"PERFBOT_BUILD_INDEX": f"{number:02}", "PERFBOT_BUILD_SALT": salt}
    return [suite.model_copy(update={"env": {**suite.env, **variables}}) for suite in group]


def at_desk(job: Job, suite: Suite, request: Request) -> tuple[str, ...] | None:
    """The set-up of a working tree that does for the next save, too; None where it has to be done each time."""
    if not request.dirty or request.afresh or builds_of(suite) > 1 or not suite.needs_python:
        return None
    project = read_file_at(job.repo, job.change.head, os.path.normpath(f"{suite.directory}/pyproject.toml"))
    return pointing(suite.setup_for(job.repo), project)


def recipe_of(suite: Suite, repo: Path, setup: Sequence[str] | None = None) -> str:
    """What the environment of a suite is made from; ``setup`` where it is another than configured."""
    return recipe(
        suite.setup_for(repo) if setup is None else setup,
        python=suite.python,
        needs_python=suite.needs_python,
        requires=harness_for(suite).requires,
        variables=suite.env,
        directory=suite.directory,
    )


@contextlib.contextmanager
def prepared(
    job: Job, group: Sequence[Suite], request: Request, progress: Progress
) -> Iterator[tuple[tuple[Checkout, Checkout], dict[Side, SideReady]]]:
    """Both sides of a group of suites, checked out and set up at the same time."""
    suite = group[0]
    overlaid = [path for one in group for path in benchmark_files(one, job.repo)] if suite.files == "head" else []
    folder = zone(request.cache, job.change)
    setup = suite.setup_for(job.repo)
    pointed = at_desk(job, suite, request)
    setup, known_as = (setup, "") if pointed is None else (pointed, f"desk {inputs(job.repo, job.change.head)}")
    text = recipe_of(suite, job.repo, setup) + "\0".join(one.text for one in request.settings)
    with checkouts(job.repo, job.change, cache=folder, recipe=text, overlaid=overlaid, head_as=known_as) as trees:
        drop_zones(folder)

        def ready(tree: Checkout) -> SideReady:
            variables = {**suite.env, **_variables(request, tree.side)}
            made = prepare(
                tree,
                setup=setup,
                python=suite.python,
                needs_python=suite.needs_python,
                requires=harness_for(suite).requires,
                variables=variables,
                timeout=suite.setup_timeout,
                on_line=progress.output,
                on_step=progress.step,
                environ=request.environ,
                directory=suite.directory,
                at_desk=pointed is not None,
            )
            env = scrubbed_environment(request.environ, made.home, made.variables)

            def again() -> None:
                repeat(
                    tree,
                    setup=setup,
                    variables=made.variables,
                    timeout=suite.setup_timeout,
                    on_line=progress.output,
                    on_step=progress.step,
                    environ=request.environ,
                    directory=suite.directory,
                )

            return SideReady(tree.side, tree.path, made.python, env, _from_head(job, tree), again)

        yield trees, _both(ready, trees)


def _variables(request: Request, side: Side) -> dict[str, str]:
    """What was asked for on a side."""
    return {one.name: one.value for one in request.settings if one.side in ("", side)}


def _both(ready: Callable[[Checkout], SideReady], trees: Sequence[Checkout]) -> dict[Side, SideReady]:
    """Both sides, set up at the same time. Where one fails, the other goes on: it shows whose fault it is.

    Raises:
        SetupError: a side could not be set up.
    """
    sides: dict[Side, SideReady] = {}
    failed: dict[Side, SetupError] = {}
    with ThreadPoolExecutor(len(SIDES)) as pool:
        try:  # from the first one on: an interruption between two would leave the first to be waited for
            begun = [(tree.side, pool.submit(ready, tree)) for tree in trees]
            for side, future in begun:
                try:
                    sides[side] = future.result()
                except SetupError as error:
                    failed[side] = error
        except BaseException:
            kill_all()
            raise
    if failed:
        raise _blamed(failed, overlaid=any(tree.overlaid for tree in trees))
    return sides


def _blamed(failed: Mapping[Side, SetupError], *, overlaid: bool) -> SetupError:
    """One error for both sides, which says whether the change has a part in it."""
    error = failed["head" if "head" in failed else "base"]
    if len(failed) == len(SIDES):
        error.message = error.message.replace("failed on head", "failed on both sides", 1)
        whose = (
            "Base has the change's version of the benchmark files, and cannot be set up with it either."
            if overlaid
            else "Base, without this change, cannot be set up either: the fault is not the change's."
        )
    elif "head" in failed:
        whose = "Base could be set up: the change broke it."
    else:
        whose = "Head could be set up: base's commit needs something else."
    error.hint = f"{whose} {error.hint}".rstrip()
    return error


def _from_head(job: Job, tree: Checkout) -> BenchmarkFiles | None:
    """The benchmark files that a tree took from head, with the way back."""
    if not tree.overlaid:
        return None
    return BenchmarkFiles(job.repo, tree.path, job.change.base, job.change.head, tree.overlaid)


def benchmark_files(suite: Suite, repo: Path) -> tuple[str, ...]:
    """Where a suite's benchmarks lie: as configured (globs stay globs), else where its tool says."""
    return suite.paths or suite.benchmark_paths(repo)


def sessions_of(
    group: Sequence[Suite], builds: Sequence[Mapping[Side, SideReady]], effects: Effects, problems: list[Problem]
) -> Iterator[SuiteSession]:
    """The suites of a group that can be measured; what is wrong with one costs no other.

    Args:
        builds: both sides, ready, of each build.
    """
    for suite in group:
        try:
            yield _session_of(suite, [_for_suite(suite, sides) for sides in builds], effects)
        except MeasureError as error:
            problems.append(problem_of(suite.name, error))


def _session_of(suite: Suite, builds: Sequence[Mapping[Side, SideReady]], effects: Effects) -> SuiteSession:
    def of(base: int, head: int) -> SuiteSession:
        return harness_for(suite).session(suite, {"base": builds[base]["base"], "head": builds[head]["head"]}, effects)

    first = of(0, 0)
    return first if len(builds) == 1 else BuiltSuite(suite.name, first, of, len(builds), effects.random)


def _for_suite(suite: Suite, sides: Mapping[Side, SideReady]) -> Mapping[Side, SideReady]:
    """Fail early where the suite's folder is missing on a side."""
    for ready in sides.values():
        if not (ready.tree / suite.directory).is_dir():
            message = f'suite {suite.name}: the folder "{suite.directory}" is missing on {ready.side}'
            raise MeasureError(message, side=ready.side)
    return sides
