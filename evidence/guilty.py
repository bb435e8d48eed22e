"""How often `perfbot bisect` names the right commit, and what it takes, beside a binary search by verdicts.

::

    python -m evidence.guilty                          # simulated series of 4, 16 and 64 commits
    python -m evidence.guilty --series 300 --commits 16
    python -m evidence.guilty --real 2 --commits 16    # repositories made for it, really measured

Simulated series go through the search itself; only their rounds are made up. A process's noise is drawn for each
series: its spread between 0.3 and 1.5 %, its shape Gaussian, of two speeds, with outliers, or skewed; means stray as
far again. The binary search decides base against head, then base against the middle, by the verdict's own rule,
confirmed, at alpha for each verdict; what a run takes besides its rounds (listing, controls) is counted. Both are
counted in processes started and commits set up.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from statistics import mean

from perfbot.bisect.answer import answer_of
from perfbot.bisect.records import Answer, CommonRound, Goal
from perfbot.bisect.search import Search
from perfbot.judge.confirmation import confirmation_of
from perfbot.model import TIME
from perfbot.stats.confirmation import Confirmation
from perfbot.stats.evidence import Evidence
from perfbot.stats.sequential import MOST_ROUNDS, Decision, Plan, decide

CHANGES: Mapping[str, Sequence[float]] = {
    "3 %": (0.03,),
    "10 %": (0.10,),
    "several (10, 5, 3 %)": (0.10, 0.05, 0.03),
    "none": (),
}
SPREADS = (0.003, 0.015)
"""Of a process, between which each series draws its own; of a round's ratio they are 1.4 times as much."""

MEANS_STRAY = 1.0
"""How far the mean of a process strays from what is typical, in its spreads."""

ASIDE = 2
"""Processes that list a suite, and those of a control."""

CONTROLS = (3, 6)
CONTROL_EVERY = 6


def gaussian(random: Random) -> float:
    return random.gauss(0, 1)


def two_speeds(random: Random) -> float:
    return (random.random() < 0.5) * 1.7 + random.gauss(0, 0.5) - 0.85


def outliers(random: Random) -> float:
    return random.gauss(0, 6 if random.random() < 0.05 else 0.8)


def skewed(random: Random) -> float:
    return random.expovariate(1.0) - 1.0


SHAPES: tuple[Callable[[Random], float], ...] = (gaussian, two_speeds, outliers, skewed)


@dataclass
class Series:
    """Commits made up, with the noise of their processes."""

    last: int
    steps: Mapping[int, float]
    random: Random
    spread: float = 0.0
    shape: Callable[[Random], float] = gaussian
    processes: int = 0
    met: set[int] = field(default_factory=set)

    @classmethod
    def drawn(cls, last: int, sizes: Sequence[float], seed: str) -> Series:
        random = Random(seed)
        places = random.sample(range(1, last + 1), len(sizes))
        spread = math.exp(random.uniform(*map(math.log, SPREADS)))
        return cls(last, dict(zip(places, sizes, strict=True)), random, spread, random.choice(SHAPES))

    def round(self, commits: Sequence[int]) -> CommonRound:
        self.processes += len(commits)
        self.met.update(commits)
        typical = {commit: self._level(commit) + self.spread * self.shape(self.random) for commit in commits}
        means = {c: value + self.random.gauss(0, MEANS_STRAY * self.spread) for c, value in typical.items()}
        return CommonRound(typical, means)

    def _level(self, commit: int) -> float:
        return sum(math.log1p(step) for at, step in self.steps.items() if at <= commit)


def searched(series: Series, steps: int) -> Answer:
    """By the search."""
    series.processes += ASIDE
    search = Search(series.last, Goal(steps=steps))
    while wanted := search.wanted():
        search.add(series.round(wanted))
    return answer_of(search)


def verdict(series: Series, base: int, head: int, alpha: float = 0.01) -> str:
    """By what `perfbot run` would say: up, down, same, or open."""
    plan = Plan(0.02, alpha)
    before = fresh = _evidence(())
    found: Decision | None = None
    so_far: Confirmation | None = None
    taken = 0
    series.processes += ASIDE
    while taken < MOST_ROUNDS:
        one = _evidence((series.round((base, head)),), base, head)
        taken += 1
        series.processes += ASIDE * (taken in CONTROLS or taken % CONTROL_EVERY == 0)
        if found is None or found.state == "open":
            before = before.and_then(one)
            found = decide(before, plan)
        else:
            fresh = fresh.and_then(one)
        if found.state == "same":
            return "same"
        so_far = confirmation_of(found, before, fresh, TIME, plan, gates=True)
        if so_far is not None and not so_far.open:
            return found.state if so_far.holds else "open"
    return "open"


def _evidence(rounds: Sequence[CommonRound], base: int = 0, head: int = 0) -> Evidence:
    import numpy as np

    typical = np.array([one.typical[head] - one.typical[base] for one in rounds], dtype=float)
    ratios = np.array([one.means[head] - one.means[base] for one in rounds], dtype=float)
    return Evidence(typical, np.exp(-ratios / 2), np.exp(ratios / 2))


def halved(series: Series) -> tuple[str, int]:
    """By plain binary search: what it ends with, and the commit that it names."""
    state = verdict(series, 0, series.last)
    if state != "up":
        return ("none" if state == "same" else "open"), 0
    low, high = 0, series.last
    while high - low > 1:
        middle = (low + high) // 2
        said = verdict(series, 0, middle)
        if said == "open":
            return "range", 0
        low, high = (low, middle) if said == "up" else (middle, high)
    return "commit", high


@dataclass
class Tally:
    """Of one kind of series: right, wrong or a range; processes and commits set up."""

    ended: Counter[str] = field(default_factory=Counter)
    processes: list[int] = field(default_factory=list)
    commits: list[int] = field(default_factory=list)

    def count(self, ended: str, series: Series) -> None:
        self.ended[ended] += 1
        self.processes.append(series.processes)
        self.commits.append(len(series.met))


def judged(answer: Answer, steps: Mapping[int, float]) -> str:
    """Right: all guilty commits and no other; wrong: an innocent commit, or a range without a guilty one."""
    named = {step.at for step in answer.steps if step.single}
    ranges = [(step.after, step.at) for step in answer.steps if not step.single]
    if named - set(steps) or any(not any(low < at <= high for at in steps) for low, high in ranges):
        return "wrong"
    if answer.kind == "none":
        return "right" if not steps else "missed"
    if named == set(steps) and not ranges and named:
        return "right"
    if answer.kind in ("open", "failed"):
        return "open"
    return "range" if ranges else "some of them"


def judged_one(ended: str, at: int, steps: Mapping[int, float]) -> str:
    """As :func:`judged`, for a search that names one commit at most."""
    if ended == "commit":
        if at not in steps:
            return "wrong"
        return "right" if len(steps) == 1 else "some of them"
    return {"none": "right" if not steps else "missed"}.get(ended, ended)


def simulate(commits: Sequence[int], series: int, seed: int) -> None:
    """All kinds of series, a line each."""
    print(f"{series} series each; processes and commits set up are means\n")
    print(
        "| commits | change | right | wrong | a range, or some | open | missed | processes | commits "
        "| verdicts: right | wrong | processes | commits |"
    )
    print("|--:|:--|" + "--:|" * 11)
    for last in commits:
        for name, sizes in CHANGES.items():
            if len(sizes) > last:
                continue
            ours, theirs = Tally(), Tally()
            for number in range(series):
                made = Series.drawn(last, sizes, f"{seed}:{last}:{name}:{number}")
                ours.count(judged(searched(made, 3), made.steps), made)
                same = Series.drawn(last, sizes, f"{seed}:{last}:{name}:{number}")
                theirs.count(judged_one(*halved(same), same.steps), same)
            print(_row(last, name, ours, theirs), flush=True)


def _row(last: int, name: str, ours: Tally, theirs: Tally) -> str:
    total = len(ours.processes)

    def share(tally: Tally, *kinds: str) -> str:
        return f"{sum(tally.ended[kind] for kind in kinds) / total:.1%}"

    return " | ".join((
        f"| {last}", name, share(ours, "right"), share(ours, "wrong"), share(ours, "range", "some of them"),
        share(ours, "open"), share(ours, "missed"), f"{mean(ours.processes):.0f}", f"{mean(ours.commits):.1f}",
        share(theirs, "right"), share(theirs, "wrong"), f"{mean(theirs.processes):.0f}",
        f"{mean(theirs.commits):.1f} |",
    ))  # fmt: skip


# Really measured

CONFIG = '[[suite]]\nname = "s"\nharness = "python"\nfunctions = { work = "bench:work" }\n'
BENCH = "import lib\n\n\ndef work():\n    return lib.spin()\n"
LIBRARY = """\
VERSION = {version}


def spin():
    total = 0
    for number in range({loops}):
        total += number * number
    return total
"""
LOOPS = 2000


def repository(folder: Path, last: int, steps: Mapping[int, float]) -> list[str]:
    """A repository of ``last`` commits after a first one; their ids."""
    folder.mkdir(parents=True)
    who = {f"GIT_{role}_{what}": "made@example.org" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}

    def git(*words: str) -> str:
        env = {**os.environ, **who}
        return subprocess.run(["git", *words], cwd=folder, env=env, check=True, capture_output=True, text=True).stdout

    git("init", "--quiet", "--initial-branch=main")
    loops, ids = float(LOOPS), []
    for number in range(last + 1):
        loops *= 1 + steps.get(number, 0.0)
        files = {
            "perfbot.toml": CONFIG,
            "bench.py": BENCH,
            "lib.py": LIBRARY.format(version=number, loops=round(loops)),
        }
        for name, text in files.items():
            (folder / name).write_text(text)
        git("add", "--all")
        git("commit", "--quiet", "-m", f"commit {number}")
        ids.append(git("rev-parse", "HEAD").strip())
    return ids


def perfbot(folder: Path, *words: str) -> None:
    argv = [sys.executable, "-m", "perfbot", *words, "--quiet"]
    subprocess.run(
        argv, cwd=folder, check=False, capture_output=True, env={**os.environ, "PERFBOT_CACHE": f"{folder}-cache"}
    )


def really_searched(folder: Path, ids: Sequence[str]) -> str:
    file = folder.parent / "bisect.json"
    perfbot(folder, "bisect", f"{ids[0]}..{ids[-1]}", "--only", "*", "--report", str(file))
    (found,) = json.loads(file.read_text())["found"]
    steps = [(ids.index(one["after"]), ids.index(one["at"])) for one in found["steps"]]
    return f"{found['kind']} " + ", ".join(str(at) if at - after == 1 else f"{after}..{at}" for after, at in steps)


def really_halved(folder: Path, ids: Sequence[str]) -> str:
    file = folder.parent / "run.json"

    def said(head: int) -> str:
        perfbot(folder, "run", f"{ids[0]}..{ids[head]}", "--no-why", "--no-bisect", "--report", str(file))
        verdict: str = json.loads(file.read_text())["results"][0]["verdict"]
        return verdict

    last = len(ids) - 1
    if (first := said(last)) != "regressed":
        return first
    low, high = 0, last
    while high - low > 1:
        middle = (low + high) // 2
        found = said(middle)
        if found not in ("regressed", "unchanged"):
            return f"{found} between {low} and {high}"
        low, high = (low, middle) if found == "regressed" else (middle, high)
    return f"commit {high}"


PYPERF = """\
import json, os, subprocess, sys
file = sys.argv[1]
if os.path.exists(file):
    os.remove(file)
subprocess.run([sys.executable, "-m", "pyperf", "timeit", "-q", "-s", "import bench", "bench.work()", "-o", file,
                "--inherit-environ=PYTHONPATH"], check=True, env={**os.environ, "PYTHONPATH": os.getcwd()})
import pyperf
value = pyperf.Benchmark.load(file).mean()
if len(sys.argv) > 2:
    sys.exit(value > float(sys.argv[2]))
print(value)
"""


def by_pyperf(folder: Path, ids: Sequence[str], size: float) -> str:
    """`git bisect run`: bad is what is slower than the first commit by more than half of the change."""
    script, file = folder.parent / "by_pyperf.py", folder.parent / "pyperf.json"
    script.write_text(PYPERF)

    def run(*words: str) -> str:
        return subprocess.run(words, cwd=folder, check=False, capture_output=True, text=True).stdout

    run("git", "checkout", "--quiet", ids[0])
    limit = float(run(sys.executable, str(script), str(file)).strip().splitlines()[-1]) * (1 + size / 2)
    run("git", "bisect", "start", ids[-1], ids[0])
    said = run("git", "bisect", "run", sys.executable, str(script), str(file), str(limit))
    run("git", "bisect", "reset")
    first = next((line.split()[0] for line in said.splitlines() if "is the first bad commit" in line), "")
    return f"commit {ids.index(first)}" if first in ids else "nothing"


def really(commits: Sequence[int], series: int, size: float, seed: int, *, pyperf: bool) -> None:
    """A line for each repository and way."""
    for last in commits:
        for number in range(series):
            random = Random(f"{seed}:{last}:{number}")
            guilty = random.randint(1, last)
            with tempfile.TemporaryDirectory(prefix="perfbot-bisect-") as name:
                folder = Path(name) / "repository"
                ids = repository(folder, last, {guilty: size})
                ways: dict[str, Callable[[], str]] = {
                    "perfbot bisect": lambda: really_searched(folder, ids),  # noqa: B023
                    "binary search by perfbot run": lambda: really_halved(folder, ids),  # noqa: B023
                }
                if pyperf:
                    ways["git bisect run, pyperf"] = lambda: by_pyperf(folder, ids, size)  # noqa: B023
                for way, find in ways.items():
                    began = time.monotonic()
                    said = find()
                    seconds = time.monotonic() - began
                    print(f"{last} commits, {guilty} +{size:.0%}: {way}: {said} in {seconds:.0f} s", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--commits", default="4,16,64", help="lengths of series")
    parser.add_argument("--series", type=int, default=200, help="simulated ones of each kind")
    parser.add_argument("--real", type=int, default=0, help="repositories of each length, measured instead")
    parser.add_argument("--size", type=float, default=0.1, help="of the change in these")
    parser.add_argument("--pyperf", action="store_true", help="with git bisect run, too")
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    commits = [int(one) for one in args.commits.split(",")]
    if args.real:
        really(commits, args.real, args.size, args.seed, pyperf=args.pyperf)
    else:
        simulate(commits, args.series, args.seed)


if __name__ == "__main__":
    main()
