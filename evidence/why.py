"""Whether explanations are right: functions of public code made slower, and edits that cost nothing.

A run copies ten public modules and packages for both sides, and changes one function in each of them on head (an extra
call in a loop, a copy, an import, a helper that became slower or lost its cache, …). All ten benchmarks are measured,
and then explained, in the same processes. Right is an explanation whose first function is the one that was changed; its
interval is held against what the benchmark became dearer by as other rounds, which had no part in explaining, saw it.
With ``--nothing`` head differs by comments, doc strings, renamed locals and the like, and any function that is blamed
is a false alarm.

examples:
  python -m evidence.why --runs 12 --output why.jsonl              120 changes
  python -m evidence.why --nothing --runs 10 --output why.jsonl    100 times nothing
  python -m evidence.why --summary --output why.jsonl
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from typing import Any

import numpy as np

from evidence.edits_made import several
from evidence.ledger import append, ended, entries, say
from evidence.why_changes import KINDS, Target, drawn_seconds, made, of_benchmark
from evidence.why_code import BENCHMARKS, copy_code
from perfbot.config import parse
from perfbot.explained import Explanation
from perfbot.harness import SideReady, harness_for
from perfbot.harness.base import Effects
from perfbot.measure.lockstep.explaining import Explaining
from perfbot.measure.lockstep.suite import LockstepSuite
from perfbot.measure.session import Measured
from perfbot.model import SIDES, Result, Side
from perfbot.process import scrubbed_environment
from perfbot.reasons.words import text as in_words
from perfbot.why.edits import Edits, edits_of
from perfbot.why.explain import explain
from perfbot.why.profile import Observation

VERDICT_ROUNDS, TRUTH_ROUNDS = 6, 8
FOREVER = 3600.0

SURE = 4.0
"""Standard errors from zero at which other rounds, which had no part in explaining, surely saw a change."""


OWN: Mapping[str, str] = {name: f"bench:{name}" for name in BENCHMARKS}
"""The function of each benchmark."""


def session_of(
    folder: Path, seed: int, benchmarks: Mapping[str, str] = OWN, besides: tuple[str, ...] = ()
) -> LockstepSuite:
    """The suite of both sides' folders.

    Args:
        besides: folders of each side that imports look into, too.
    """
    functions = ", ".join(f'{name} = "{function}"' for name, function in benchmarks.items())
    (suite,) = parse(f'[[suite]]\nname = "s"\nharness = "python"\nfunctions = {{ {functions} }}\n', "why").suites
    home = folder / "home"
    home.mkdir(exist_ok=True)
    sides: dict[Side, SideReady] = {}
    for side in SIDES:
        path = os.pathsep.join(str(folder / side / one) for one in ("", *besides))
        env = scrubbed_environment(os.environ, home, {"PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"})
        sides[side] = SideReady(side, folder / side, Path(sys.executable), env)
    found = harness_for(suite).session(suite, sides, Effects(Random(seed), home, lambda **_: None))
    assert isinstance(found, LockstepSuite)
    return found


def measured(
    session: LockstepSuite, first: int, count: int, names: Iterable[str] = BENCHMARKS
) -> dict[str, np.ndarray[Any, Any]]:
    """Medians of both sides in some rounds, shape [round, side], by benchmark."""
    found: dict[str, list[tuple[float, float]]] = {}
    for index in range(first, first + count):
        for outcome in session.measure_round(index, list(names), time.monotonic() + FOREVER):
            if isinstance(outcome, Measured):
                taken = outcome.round
                found.setdefault(outcome.name, []).append((float(np.median(taken.base)), float(np.median(taken.head))))
            else:
                say(f"{outcome.name}: {in_words(outcome.reasons)}")
    return {name: np.array(rows) for name, rows in found.items()}


def result_of(name: str, rounds: np.ndarray[Any, Any]) -> Result:
    """As a verdict would tell it: both around their middle, apart by the mean log ratio."""
    ratio = float(np.exp(np.mean(np.log(rounds[:, 1] / rounds[:, 0]))))
    middle = float(np.median(np.sqrt(rounds.prod(axis=1))))
    base, head = middle / ratio**0.5, middle * ratio**0.5
    logs = np.log(rounds[:, 1] / rounds[:, 0])
    return Result(
        "s", name, "time", "s", "lower", "regressed" if ratio >= 1 else "improved", base=base, head=head,
        change=ratio - 1, error=float(logs.std(ddof=1) / len(logs) ** 0.5),
    )  # fmt: skip


def edits_between(folder: Path) -> Edits:
    """The hunks of both folders."""
    command = ["git", "diff", "--no-index", "--unified=0", "--no-color", "--find-renames", "base", "head"]
    text = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False).stdout
    text = text.replace("--- a/base/", "--- a/").replace("+++ b/head/", "+++ b/")
    return replace(edits_of(text), source=lambda file: (folder / "head" / file).read_text())


# Changes --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Changed:
    """What was done to one benchmark's code."""

    kind: str
    guilty: str
    file: str


def targets(folder: Path, seed: int) -> tuple[dict[str, list[tuple[str, int, float]]], dict[str, float]]:
    """Functions that each benchmark runs, with file, line and calls; and what each benchmark costs."""
    session = session_of(folder, seed)
    session.discover()
    measured(session, 0, 1)
    found: dict[str, list[tuple[str, int, float]]] = {}
    costs: dict[str, float] = {}
    for observation in Explaining(session, Random(seed)).observe(list(BENCHMARKS), 0.1):
        if observation.name in found:
            break
        calls = observation.sides["base"].calls
        often: dict[int, float] = {}
        for (_, callee), count in calls.edges.items():
            often[callee] = often.get(callee, 0.0) + count
        functions = ((calls.functions[number], count) for number, count in often.items())
        found[observation.name] = [
            (one.file, one.line, count)
            for one, count in functions
            if one.place == "own"
            and of_benchmark(one.file, observation.name)
            and "<" not in one.name.rpartition(".")[2]
        ]
        costs[observation.name] = observation.sides["base"].seconds
    return found, costs


def change_all(folder: Path, rng: Random, seed: int) -> dict[str, Changed]:
    """Change one function of each benchmark's code on head (and prepare base for it)."""
    known, costs = targets(folder, seed)
    done: dict[str, Changed] = {}
    kinds = list(KINDS)
    rng.shuffle(kinds)
    for place, (benchmark, functions) in enumerate(sorted(known.items())):
        kind = kinds[place % len(kinds)]
        for file, line, often in rng.sample(functions, len(functions)):
            seconds = drawn_seconds(rng, costs[benchmark], often)
            if seconds * often > 1.5 * costs[benchmark]:
                continue
            source = (folder / "base" / file).read_text()
            changed = made(source, Target(file, line, seconds), kind)
            if changed is not None:
                (folder / "base" / file).write_text(changed.base)
                (folder / "head" / file).write_text(changed.head)
                done[benchmark] = Changed(kind, changed.guilty, file)
                break
    return done


def nothing_at_all(folder: Path, rng: Random) -> dict[str, Changed]:
    """Edits of head that cost nothing, in each benchmark's code."""
    done: dict[str, Changed] = {}
    for benchmark, begin in BENCHMARKS.items():
        tree = folder / "head"
        paths = [tree / begin] if begin.endswith(".py") else sorted((tree / begin).rglob("*.py"))
        sources = {str(path.relative_to(tree)): path.read_text() for path in paths}
        for count in (3, 2, 1):
            texts, kinds = several(sources, count, rng)
            if kinds:
                break
        for file, text in texts.items():
            (tree / file).write_text(text)
        done[benchmark] = Changed("nothing: " + ", ".join(sorted(set(kinds))), "", "")
    return done


# Runs -----------------------------------------------------------------------------------------------------------


def a_run(seed: int, options: argparse.Namespace, folder: Path) -> None:
    """Change, measure, explain, note."""
    rng = Random(seed)
    for side in SIDES:
        copy_code(folder / side)
    done = nothing_at_all(folder, rng) if options.nothing else change_all(folder, rng, seed)
    session = session_of(folder, seed)
    session.discover()
    verdicts = measured(session, 0, VERDICT_ROUNDS)
    observed: dict[str, list[Observation]] = {}
    began = time.monotonic()
    for observation in Explaining(session, rng).observe(
        [name for name in BENCHMARKS if name in verdicts], options.seconds
    ):
        observed.setdefault(observation.name, []).append(observation)
    took = (time.monotonic() - began) / max(1, len(observed))
    truths = {} if options.nothing else measured(session, VERDICT_ROUNDS, TRUTH_ROUNDS)
    edits = edits_between(folder)
    for name, changed in done.items():
        if name not in observed:
            continue
        explanation = explain(result_of(name, verdicts[name]), observed[name], edits, {}, took)
        record = _record(seed, name, changed, explanation)
        if name in truths:
            record |= truth_of(truths[name], explanation)
        append(options.output, record)
        say(f"{name}: {record}")


def _record(seed: int, name: str, changed: Changed, explanation: Explanation) -> dict[str, Any]:
    return {
        "seed": seed, "benchmark": name, "kind": changed.kind, "guilty": changed.guilty, "file": changed.file,
        "base": explanation.base, "head": explanation.head, "functions": explanation.functions,
        "rounds": explanation.rounds, "samples": explanation.samples, "seconds": explanation.seconds,
        "explained": explanation.explained, "reason": explanation.reason,
        "parts": [
            {name: getattr(one, name) for name in ("function", "file", "change", "interval", "edited")}
            for one in explanation.parts
        ],
    }  # fmt: skip


def truth_of(rounds: np.ndarray[Any, Any], explanation: Explanation) -> dict[str, float]:
    """The change as other rounds saw it, in the explanation's scale, with its standard error."""
    ratios = np.log(rounds[:, 1] / rounds[:, 0])
    middle = (explanation.base * explanation.head) ** 0.5
    half, error = float(ratios.mean()) / 2, float(ratios.std(ddof=1)) / len(ratios) ** 0.5
    truth = middle * (np.exp(half) - np.exp(-half))
    return {"truth": float(truth), "error": float(middle * error)}


def is_right(record: Mapping[str, Any]) -> bool:
    """Whether the first function is the guilty one."""
    first = record["parts"][:1]
    return bool(first) and first[0]["function"] == record["guilty"] and first[0]["file"] == record["file"]


def holds(record: Mapping[str, Any]) -> bool:
    """Whether the guilty function's interval holds the truth, which itself is known to within two standard errors."""
    (first,) = record["parts"][:1]
    low, high = first["interval"]
    return low - 2 * record["error"] <= record["truth"] <= high + 2 * record["error"]


def is_there(record: Mapping[str, Any]) -> bool:
    """Whether other rounds surely saw a change: what nobody would call one is not explained either."""
    return abs(record["truth"]) > SURE * record["error"]


def summarise(path: Path) -> None:
    """What came out, in words."""
    every = list(entries(path))
    made_ones = [one for one in every if one["guilty"]]
    changes = [one for one in made_ones if is_there(one)]
    nothing = [one for one in every if not one["guilty"]]
    right = [one for one in changes if is_right(one)]
    print(f"changes: {len(changes)} (and {len(made_ones) - len(changes)} that other rounds did not surely see either)")
    print(f"  guilty first: {len(right)}; of these, its interval holds the truth: {sum(map(holds, right))}")
    silent = sum(not one["parts"] for one in changes)
    print(f"  nobody named: {silent}; somebody else first: {len(changes) - len(right) - silent}")
    for kind in KINDS:
        mine = [one for one in changes if one["kind"] == kind]
        print(f"  {kind}: {sum(map(is_right, mine))} of {len(mine)}")
    if right:
        shares = [one["explained"] / one["truth"] for one in right]
        halves = [(one["parts"][0]["interval"][1] - one["parts"][0]["change"]) / one["truth"] for one in right]
        sizes = [one["truth"] / one["base"] for one in changes]
        print(f"  explained of the truth, median: {np.median(shares):.1%}; half an interval: {np.median(halves):.0%}")
        print(f"  changes of {min(sizes):+.1%} to {max(sizes):+.1%}, median {np.median(sizes):+.1%}")
        print(f"  rounds, median: {np.median([one['rounds'] for one in changes]):.0f}")
    blamed = [one for one in nothing if one["parts"]]
    print(f"nothing: {len(nothing)}; somebody blamed: {len(blamed)}")
    for one in blamed:
        first = one["parts"][0]
        whose = f"{one['benchmark']} (seed {one['seed']}): {first['function']}"
        print(f"  {whose} {first['change']:+.2e} of {one['base']:.2e}")


def main() -> int:
    """Run what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=0)
    parser.add_argument("--nothing", action="store_true", help="edits that cost nothing")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=77.0, help="of explaining, in a run")
    parser.add_argument("--output", type=Path, default=Path("why.jsonl"))
    parser.add_argument("--summary", action="store_true")
    options = parser.parse_args()
    for seed in range(options.seed, options.seed + options.runs):
        folder = Path(tempfile.mkdtemp(prefix="perfbot-why-"))
        try:
            a_run(seed, options, folder)
        finally:
            shutil.rmtree(folder, ignore_errors=True)
    if options.summary or not options.runs:
        summarise(options.output)
    return 0


if __name__ == "__main__":
    sys.exit(ended(main))
