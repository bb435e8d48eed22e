"""The whole story of one bisection: commits → both ends → common rounds, as the searches want them → answers."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Collection, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import partial
from random import Random

from perfbot.bisect.answer import answer_of
from perfbot.bisect.records import Bisection, Found, Goal, Line, Merged
from perfbot.bisect.search import Search
from perfbot.errors import ChangeError, Interrupted, MeasureError, SetupError, UsageError
from perfbot.git.command import open_work_tree, short
from perfbot.git.shallow import WHOLE_HISTORY, Reach, by_hand
from perfbot.harness.base import Effects
from perfbot.harness.registry import reader
from perfbot.measure.scheduler import MOST_LANES
from perfbot.measure.session import Placement, problem_of
from perfbot.measure.trace import no_trace
from perfbot.pipeline.bisecting.line import line_of, merged
from perfbot.pipeline.bisecting.suites import CommonSuite, Key, Lost, Taken
from perfbot.pipeline.bisecting.trees import Trees
from perfbot.pipeline.job import Job, Request
from perfbot.pipeline.lanes import free_cores
from perfbot.pipeline.prepare import build_of, groups_of
from perfbot.pipeline.select import selected
from perfbot.pipeline.understand import understand
from perfbot.process import kill_all, nothing_left
from perfbot.reasons.words import text
from perfbot.render.progress import Progress
from perfbot.runner.cores import allowed_cores
from perfbot.sides.cache import drop_zones, zone
from perfbot.sides.scratch import scratch

AT_ONCE = 12
"""Processes of one round: more wait for each other longer than a round stays like itself."""

DEAR = 10
"""Where setting a commit up takes so many times as long as measuring it in a round, fewer commits are set up."""

ATTEMPTS = 2
"""A commit that fails is tried again once: the first attempt may have met a disturbed machine."""

MANY = 5
"""With more benchmarks than this, and none known to have changed, both ends are compared before what lies between."""


Turn = tuple[CommonSuite, tuple[int, ...], tuple[str, ...]]
"""Commits and benchmarks of a suite that meet in one round."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked for, beside what a run would be.

    Attributes:
        request: which commits and benchmarks, within which time.
        changed: ``suite/benchmark`` of those that are known to have changed between base and head; only these are
            looked at, where there are any.
    """

    request: Request
    changed: frozenset[str] = frozenset()


@dataclass(slots=True)
class _State:
    """What is known so far; survives an interruption."""

    line: Line
    searches: dict[Key, Search] = field(default_factory=dict)
    lost: dict[int, str] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    suites: list[CommonSuite] = field(default_factory=list)
    complete: bool = True


def bisect(asked: Asked, progress: Progress) -> Bisection:
    """Find the commits that changed what benchmarks cost.

    An interruption ends measuring; the answers then say what is known by then.

    Raises:
        ChangeError, ConfigError: before anything is measured.
    """
    began = time.monotonic()
    request = asked.request
    progress.stage("finding the commits")
    job = understand(request)
    git = open_work_tree(request.repo)
    ends, hint = (job.change.base, job.change.head), WHOLE_HISTORY[job.change.origin] or by_hand(git)
    Reach(git, hint=hint).merge_base(*ends)  # a shallow clone gets what lies between
    line = line_of(git, *ends, hint=hint, concerns=_concerns(job, request))
    if not line.last:
        message = f"None of the {line.left_out} commits changes anything that is measured."
        raise ChangeError(message, hint="perfbot bisect --force looks at all of them")
    for note in (*line.notes, *job.notes):
        progress.log(note)
    progress.limit(job.budget)
    state = _State(line)
    try:
        _measure(job, asked, state, progress)
    except Interrupted as error:
        state.complete = False
        state.problems.append(error.message)
        for search in state.searches.values():
            search.stop(error.message.partition(":")[0])
    return _told(job, state, git_merges=lambda at: merged(git, line.commits[at]), seconds=time.monotonic() - began)


def _concerns(job: Job, request: Request) -> Callable[[Collection[str]], bool]:
    return (lambda _: True) if request.force else job.config.run.concerns


def _measure(job: Job, asked: Asked, state: _State, progress: Progress) -> None:
    with contextlib.ExitStack() as stack:
        stack.enter_context(nothing_left())
        effects = Effects(Random(job.seed), stack.enter_context(scratch()), no_trace, reader)  # noqa: S311
        drop_zones_of(job, asked.request)
        commits = [one.id for one in state.line.commits]
        work: list[tuple[Trees, CommonSuite]] = []
        progress.stage(f"preparing {short(commits[0])} and {short(commits[-1])}", folded=True)
        for group in groups_of(job.suites, job.repo):
            built = build_of(group, 0)
            trees = Trees(job, built, commits, asked.request, progress, stack)
            trees.set_up((0, state.line.last))
            if trees.broken:
                state.problems += [
                    problem_of(", ".join(s.name for s in group), e).message for e in trees.broken.values()
                ]
                continue
            work += [(trees, CommonSuite(suite, effects, trees.ready, (0, state.line.last))) for suite in built]
        state.suites += [suite for _, suite in work]
        _begin(job, asked, state, work, progress)
        _Rounds(job, state, work, progress).run()


def drop_zones_of(job: Job, request: Request) -> None:
    """Delete what older changes left in the cache."""
    folder = zone(request.cache, job.change)
    folder.mkdir(parents=True, exist_ok=True)
    drop_zones(folder)


def _begin(
    job: Job, asked: Asked, state: _State, work: Iterable[tuple[Trees, CommonSuite]], progress: Progress
) -> None:
    """A search for each benchmark that is asked about."""
    wanted, found = selected(job, asked.request), []
    for trees, suite in work:
        try:
            discovery, keys = suite.discover()
        except MeasureError as error:
            state.problems.append(problem_of(suite.suite.name, error).message)
            continue
        state.problems += [
            f"{one.benchmark.full_name}: {one.status}; {text(one.reasons)}"
            for one in discovery.settled
            if _is_asked_about(one.benchmark.full_name, asked, wanted)
        ]
        found += [(trees, suite, key) for key in keys if _is_asked_about(key.name, asked, wanted)]
    if not found:
        told = "; ".join(state.problems) or f"there is none of {', '.join(asked.request.only) or 'them'}"
        raise UsageError(f"No benchmark to bisect with: {told}", hint="perfbot bisect --only 'GLOB' names some")
    for trees, suite, key in found:
        policy = job.policy
        dear = trees.seconds / 2 > DEAR * suite.round_seconds
        goal = Goal(
            policy.threshold_for(key.name, key.metric),
            policy.alpha / len(found),
            policy.beta,
            steps=1 if dear or (len(found) > MANY and not asked.changed) else 3,
        )
        state.searches[key] = Search(state.line.last, goal, changed=key.name in asked.changed)
    progress.log(f"{state.line.last} commits, {len(found)} benchmarks")


def _is_asked_about(name: str, asked: Asked, wanted: Callable[[str], bool]) -> bool:
    return wanted(name) and (not asked.changed or name in asked.changed)


@dataclass(slots=True)
class _Rounds:
    """Measures what the searches want until all are over, or time is up."""

    job: Job
    state: _State
    work: Sequence[tuple[Trees, CommonSuite]]
    progress: Progress
    _index: int = 0
    _until: float = 0.0
    _failures: dict[tuple[str, str, int], int] = field(default_factory=dict)

    def run(self) -> None:
        """Until nothing is wanted any more."""
        self.progress.stage("measuring")
        began = time.monotonic()
        self._until = began + self.job.budget
        many = max(1, min(free_cores(), MOST_LANES))
        with ThreadPoolExecutor(many) as pool:
            while turns := self._next():
                if time.monotonic() >= self._until:
                    self._stop("time was up")
                    return
                self._tell(turns, began)
                at_once = 1 if any(turn[0].alone for turn in turns) else many
                turns = (turns * at_once)[:at_once] if len(turns) < at_once else turns
                for start in range(0, len(turns), at_once):
                    self._measure(pool, turns[start : start + at_once], self._places(at_once))

    def _measure(self, pool: ThreadPoolExecutor, turns: Sequence[Turn], places: Sequence[Placement]) -> None:
        try:
            begun = [pool.submit(self._one, *turn, place) for turn, place in zip(turns, places, strict=False)]
            for future in begun:
                self._take(future.result())
        except BaseException:
            kill_all()
            raise

    def _places(self, many: int) -> list[Placement]:
        cores = allowed_cores()
        if many == 1 or len(cores) < many:
            return [Placement(cores[0] if cores else -1)] * many
        drawn = Random(f"{self.job.seed}:{self._index}").sample(cores, many)  # noqa: S311
        return [Placement(core, crowded=True) for core in drawn]

    def _next(self) -> list[Turn]:
        """Of each suite: which commits and benchmarks; commits that nobody has asked for yet are set up first."""
        turns = []
        for trees, suite in self.work:
            wanted = self._wanted(suite)
            self._set_up(trees, {commit for commits in wanted.values() for commit in commits})
            wanted = self._wanted(suite)
            turns += [(suite, commits, names) for commits, names in together(wanted)]
        return turns

    def _wanted(self, suite: CommonSuite) -> dict[str, tuple[int, ...]]:
        searches = {key: one for key, one in self.state.searches.items() if key.suite == suite.suite.name}
        wanted: dict[str, set[int]] = {}
        for key, search in searches.items():
            if commits := search.wanted():
                wanted.setdefault(key.benchmark, set()).update(commits)
        return {name: tuple(sorted(commits)) for name, commits in wanted.items()}

    def _set_up(self, trees: Trees, commits: Collection[int]) -> None:
        """Have them ready; for those that cannot be, others are asked for."""
        began = time.monotonic()
        before = set(trees.broken)
        missing = [commit for commit in commits if commit not in trees.ready and commit not in before]
        if not missing:
            return
        self.progress.log(f"preparing {', '.join(short(trees.commits[commit]) for commit in missing)}")
        trees.set_up(missing)
        names = {suite.name for suite in trees.group}
        for commit in set(trees.broken) - before:
            error = trees.broken[commit]
            self._lose(commit, f"cannot be set up: {_why(error)}", lambda key: key.suite in names)
        self._until += time.monotonic() - began
        again = {c for one in self.work if one[0] is trees for got in self._wanted(one[1]).values() for c in got}
        self._set_up(trees, again)

    def _lose(self, commit: int, reason: str, concerned: Callable[[Key], bool]) -> None:
        self.state.lost.setdefault(commit, reason)
        self.progress.log(f"{short(self.state.line.commits[commit].id)} {reason}")
        for key, search in self.state.searches.items():
            if concerned(key):
                search.lose(commit)

    def _one(
        self, suite: CommonSuite, commits: tuple[int, ...], names: tuple[str, ...], place: Placement
    ) -> list[Taken | Lost]:
        self._index += 1
        random = Random(f"{self.job.seed}:{self._index}:{place.core}")  # noqa: S311 - an order, not a secret
        return list(suite.measure(self._index, commits, names, self._until, place, random))

    def _take(self, outcomes: Iterable[Taken | Lost]) -> None:
        for outcome in outcomes:
            if isinstance(outcome, Taken):
                if search := self.state.searches.get(outcome.key):
                    search.add(outcome.round)
                continue
            what = (outcome.suite, outcome.benchmark, outcome.commit)
            self._failures[what] = self._failures.get(what, 0) + 1
            if self._failures[what] == ATTEMPTS:
                reason = f"cannot be measured with {outcome.benchmark or outcome.suite}: {outcome.reason}"
                self._lose(outcome.commit, reason, partial(_concerned, outcome))

    def _stop(self, why: str) -> None:
        self.state.complete = False
        for search in self.state.searches.values():
            if search.wanted():
                search.stop(why)

    def _tell(self, turns: Sequence[Turn], began: float) -> None:
        suite, commits, names = turns[0]
        decided = sum(not one.wanted() for one in self.state.searches.values())
        shown = f"{names[0]} at {len(commits)} commits"
        self.progress.round(
            suite.suite.name, self._index, shown, decided, len(self.state.searches), time.monotonic() - began
        )


def together(wanted: dict[str, tuple[int, ...]]) -> list[tuple[tuple[int, ...], tuple[str, ...]]]:
    """Rounds in which all benchmarks get the commits that they want, few of them, and none too large.

    >>> together({"a": (0, 1), "b": (0, 1, 4), "c": (7, 8)})
    [((0, 1, 4), ('a', 'b')), ((7, 8), ('c',))]
    """
    rounds: list[tuple[set[int], list[str]]] = []
    for name, commits in sorted(wanted.items(), key=lambda one: (-len(one[1]), one)):
        home = next((one for one in rounds if one[0] & set(commits) and len(one[0] | set(commits)) <= AT_ONCE), None)
        if home is None:
            rounds.append((set(commits), [name]))
        else:
            home[0].update(commits)
            home[1].append(name)
    return [(tuple(sorted(commits)), tuple(sorted(names))) for commits, names in rounds]


def _concerned(lost: Lost, key: Key) -> bool:
    return key.suite == lost.suite and lost.benchmark in ("", key.benchmark)


def _why(error: SetupError) -> str:
    return next((line for line in reversed(error.output.splitlines()) if line.strip()), error.message)


def _told(job: Job, state: _State, *, git_merges: Callable[[int], Merged | None], seconds: float) -> Bisection:
    found = tuple(
        Found(key.name, key.metric.name, key.metric.better, answer_of(search)) for key, search in state.searches.items()
    )
    named = sorted({step.at for one in found for step in one.answer.steps if step.single})
    merges = tuple(one for at in named if (one := git_merges(at)) is not None)
    return replace(
        Bisection(state.line, found, job.policy.alpha, job.policy.threshold),
        merges=merges,
        lost=tuple((state.line.commits[at].id, why) for at, why in sorted(state.lost.items())),
        problems=tuple(state.problems),
        seconds=seconds,
        processes=sum(suite.processes for suite in state.suites),
        complete=state.complete,
    )
