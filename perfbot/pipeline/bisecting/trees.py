"""Commits of a line on disk, set up when they are first asked for; environments are shared where commits agree."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from perfbot.config import Suite
from perfbot.errors import SetupError
from perfbot.git.command import short
from perfbot.harness import SideReady, harness_for
from perfbot.model import SIDES
from perfbot.pipeline.job import Job, Request
from perfbot.pipeline.prepare import benchmark_files, recipe_of
from perfbot.process import kill_all, scrubbed_environment
from perfbot.render.progress import Progress
from perfbot.sides.cache import Checkout, zone
from perfbot.sides.checkout import checkout_taking
from perfbot.sides.environment import Environment, prepare
from perfbot.sides.sharing import set_up_alike


@dataclass(slots=True)
class Trees:
    """Of one group of suites that share their checkouts.

    Attributes:
        commits: full ids, by their numbers.
        stack: lets go of all of them.
        ready: those that are set up.
        broken: why others are not.
        seconds: the longest that one took to be set up anew.
    """

    job: Job
    group: Sequence[Suite]
    commits: Sequence[str]
    request: Request
    progress: Progress
    stack: contextlib.ExitStack
    ready: dict[int, SideReady] = field(default_factory=dict)
    broken: dict[int, SetupError] = field(default_factory=dict)
    seconds: float = 0.0
    _shared: dict[str, Environment] = field(default_factory=dict)

    def set_up(self, wanted: Collection[int]) -> None:
        """Have some commits ready, two at a time; what went wrong is in :attr:`broken`."""
        new = [number for number in sorted(wanted) if number not in self.ready and number not in self.broken]
        trees: dict[int, Checkout] = {}
        for number in new:
            try:
                trees[number] = self._checkout(number)
            except SetupError as error:
                self.broken[number] = error
        alone = self._first_of_each(trees)
        self._each(alone)
        self._each({number: tree for number, tree in trees.items() if number not in alone})

    def _first_of_each(self, trees: Mapping[int, Checkout]) -> Mapping[int, Checkout]:
        """Those whose environments nobody has made yet: of several that can share one, the first."""
        seen = set(self._shared)
        chosen = {}
        for number, tree in trees.items():
            alike = self._alike(tree)
            if alike is None or alike not in seen:
                chosen[number] = tree
            if alike is not None:
                seen.add(alike)
        return chosen

    def _each(self, trees: Mapping[int, Checkout]) -> None:
        with ThreadPoolExecutor(len(SIDES)) as pool:
            try:
                begun = {number: pool.submit(self._ready, tree) for number, tree in trees.items()}
                for number, future in begun.items():
                    try:
                        self.ready[number] = future.result()
                    except SetupError as error:
                        self.broken[number] = error
            except BaseException:
                kill_all()
                raise

    def _checkout(self, number: int) -> Checkout:
        suite, head = self.group[0], self.commits[-1]
        files = [path for one in self.group for path in benchmark_files(one, self.job.repo)]
        return self.stack.enter_context(
            checkout_taking(
                self.job.repo,
                "head",
                self.commits[number],
                from_commit=head,
                cache=zone(self.request.cache, self.job.change),
                recipe=recipe_of(suite, self.job.repo),
                overlaid=files if suite.files == "head" else (),
            )
        )

    def _alike(self, tree: Checkout) -> str | None:
        suite = self.group[0]
        return set_up_alike(suite.setup_for(self.job.repo), tree.path, suite.directory) if suite.needs_python else None

    def _ready(self, tree: Checkout) -> SideReady:
        alike = self._alike(tree)
        made = self._shared.get(alike) if alike is not None else None
        if made is None:
            began = time.monotonic()
            made = self._prepare(tree)
            if not made.reused:
                self.seconds = max(self.seconds, time.monotonic() - began)
            if alike is not None:
                self._shared[alike] = made
        env = scrubbed_environment(self.request.environ, made.home, made.variables)
        return SideReady(tree.side, tree.path, made.python, env)

    def _prepare(self, tree: Checkout) -> Environment:
        suite, name = self.group[0], short(tree.commit)
        return prepare(
            tree,
            setup=suite.setup_for(self.job.repo),
            python=suite.python,
            needs_python=suite.needs_python,
            requires=harness_for(suite).requires,
            variables=suite.env,
            timeout=suite.setup_timeout,
            on_line=lambda line: self.progress.output(f"{name}:{line.partition(':')[2]}"),
            on_step=lambda _, command, seconds, packages, *, ok: self.progress.step(
                name, command, seconds, packages, ok=ok
            ),
            environ=self.request.environ,
            directory=suite.directory,
        )
