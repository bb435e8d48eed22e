"""Whether explanations are right of changes of all kinds: small programs of which the guilty function is known.

Programs that became slower (decorators, properties, lost caches, exceptions, threads, new versions of packages, …), that
wait longer, and that were only written otherwise. All chosen are measured and explained in the same processes. Right is
an explanation whose first function is a guilty one; its interval is held against what rounds that had no part in
explaining saw of the whole change. Where nothing became dearer, whoever is blamed is a false alarm.

examples:
  python -m evidence.why_zoo                        all of them, six minutes
  python -m evidence.why_zoo --only 'slower/lock*' --repeat 3
"""

from __future__ import annotations

import argparse
import fnmatch
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from random import Random
from typing import Any

from evidence.ledger import append, ended, entries, say
from evidence.why import (
    TRUTH_ROUNDS,
    VERDICT_ROUNDS,
    edits_between,
    holds,
    is_there,
    measured,
    result_of,
    session_of,
    truth_of,
)
from evidence.why_zoo.alike import ALIKE
from evidence.why_zoo.calls import CALLS
from evidence.why_zoo.case import Case
from evidence.why_zoo.inputs import INPUTS
from evidence.why_zoo.inside import INSIDE
from evidence.why_zoo.objects import OBJECTS
from evidence.why_zoo.waits import WAITS
from perfbot.explained import Explanation
from perfbot.measure.lockstep.explaining import Explaining
from perfbot.measure.lockstep.suite import LockstepSuite
from perfbot.model import SIDES
from perfbot.why.explain import explain
from perfbot.why.profile import Observation

GROUPS: Mapping[str, tuple[Case, ...]] = {
    "slower": (*CALLS, *OBJECTS, *INPUTS),
    "inside": INSIDE,
    "waits": WAITS,
    "alike": ALIKE,
}

SECONDS = 5.0
"""Of explaining, for each program."""


def chosen(patterns: list[str]) -> dict[str, Case]:
    """Programs by ``group/name``."""
    every = {f"{group}/{case.name}": case for group, cases in GROUPS.items() for case in cases}
    return {name: one for name, one in every.items() if any(fnmatch.fnmatch(name, glob) for glob in patterns)}


def write(folder: Path, cases: Mapping[str, Case]) -> dict[str, str]:
    """Both sides' folders; the benchmark of each case by its name."""
    functions: dict[str, str] = {}
    for number, (name, case) in enumerate(cases.items()):
        module = f"case{number}"
        functions[name.replace("/", "_").replace(" ", "_").replace(",", "")] = f"{module}:work"
        for place, side in enumerate(SIDES):
            texts = {f"{module}.py": (case.base, case.head), **case.files}
            for path, both in texts.items():
                file = folder / side / path
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(both[place])
    return functions


def a_run(seed: int, options: argparse.Namespace, folder: Path) -> None:
    """Measure, explain, note."""
    cases = chosen(options.only)
    if not cases:
        raise SystemExit("no program has such a name: 'slower/*', 'inside/*', 'waits/*' and 'alike/*' are there")
    functions = write(folder, cases)
    session = session_of(folder, seed, functions, ("site-packages",))
    session.discover()
    verdicts = measured(session, 0, VERDICT_ROUNDS, functions)
    observed = _observed(session, list(verdicts), options.seconds * len(cases), seed)
    truths = measured(session, VERDICT_ROUNDS, TRUTH_ROUNDS, functions)
    edits = edits_between(folder)
    for (name, case), one in zip(cases.items(), functions, strict=True):
        if one in observed and one in truths:
            found = explain(result_of(one, verdicts[one]), observed[one], edits, case.packages, options.seconds)
            _note(_record(seed, name, case, found) | truth_of(truths[one], found), options.output)


def _observed(session: LockstepSuite, names: list[str], seconds: float, seed: int) -> dict[str, list[Observation]]:
    observed: dict[str, list[Observation]] = {}
    explaining = Explaining(session, Random(seed))
    for one in explaining.observe(names, seconds):
        observed.setdefault(one.name, []).append(one)
    for name, reason in explaining.failed.items():
        say(f"{name}: not explained: {reason}")
    return observed


def _note(record: dict[str, Any], output: Path) -> None:
    append(output, record)
    say("\n".join(_told(record)))


def _record(seed: int, name: str, case: Case, found: Explanation) -> dict[str, Any]:
    return {
        "seed": seed, "case": name, "guilty": list(case.guilty), "base": found.base, "head": found.head,
        "explained": found.explained, "functions": found.functions, "rounds": found.rounds, "samples": found.samples,
        "seconds": found.seconds, "reason": found.reason, "notes": list(found.notes),
        "parts": [
            {key: getattr(one, key) for key in ("function", "file", "change", "interval", "edited", "callee", "calls", "inside", "uses", "objects")}
            for one in found.parts
        ],
    }  # fmt: skip


def outcome(record: Mapping[str, Any]) -> str:
    """``right``, or what is wrong."""
    if record["reason"]:
        return "not explained"
    if not record["guilty"]:
        return "somebody blamed" if record["parts"] else "right"
    return _outcome_of_change(record) if is_there(record) else "nothing to see"


def _outcome_of_change(record: Mapping[str, Any]) -> str:
    first = next((one["function"] for one in record["parts"]), "")
    if first in record["guilty"]:
        return "right" if holds(record) else "interval"
    return "somebody else first" if first else "nobody named"


def _told(record: Mapping[str, Any]) -> Iterator[str]:
    whole = f"{record['truth'] * 1e6:+.1f} ± {record['error'] * 1e6:.1f} µs of {record['base'] * 1e6:.1f}"
    yield f"{record['case']}: {outcome(record)}; {whole}, guilty {record['guilty']} {record['reason']}"
    for part in record["parts"]:
        low, high = part["interval"]
        interval = f"{part['change'] * 1e6:+.1f} [{low * 1e6:+.1f}, {high * 1e6:+.1f}] µs"
        yield f"    {part['function']} {interval} {part['callee']} {part['calls']} {part['inside']} {part['uses']} {part['objects']} {'edited' * part['edited']}"


def summarise(path: Path) -> None:
    """What came out, in words."""
    every = list(entries(path))
    for group in GROUPS:
        print(_summary(group, [outcome(one) for one in every if one["case"].startswith(f"{group}/")]))
    for one in every:
        if outcome(one) not in ("right", "nothing to see"):
            print("\n".join(_told(one)))


def _summary(group: str, outcomes: list[str]) -> str:
    return f"{group}: {len(outcomes)}: " + ", ".join(f"{outcomes.count(one)} {one}" for one in dict.fromkeys(outcomes))


def main() -> int:
    """Run what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", action="append", default=[], metavar="GLOB", help="of group/name")
    parser.add_argument("--repeat", type=int, default=1)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=SECONDS, help="of explaining, for each program")
    parser.add_argument("--output", type=Path, default=Path("why_zoo.jsonl"))
    parser.add_argument("--summary", action="store_true", help="of what was written before")
    options = parser.parse_args()
    options.only = options.only or ["*"]
    for seed in range(options.seed, options.seed + options.repeat * (not options.summary)):
        folder = Path(tempfile.mkdtemp(prefix="perfbot-why-"))
        try:
            a_run(seed, options, folder)
        finally:
            shutil.rmtree(folder, ignore_errors=True)
    summarise(options.output)
    return 0


if __name__ == "__main__":
    sys.exit(ended(main))
