"""Small programs whose truth is known by construction, as perfbot judges them.

Each case is a repository of two commits: something costs more or less on head by a known factor, or an edit costs
nothing (its name ends with ``=``). ``perfbot run`` compares them as a user would; the verdict and its interval are
held against the truth. Results are added to a file as they come; the same command goes on where it was ended.

examples:
  python -m evidence.zoo --only 'waiting/*' --budget 20          some, quickly
  python -m evidence.zoo --busy 2 --repeats 3                    all, beside two busy processes, three times
  python -m evidence.zoo --tree ../other-checkout                another perfbot, the same programs
  python -m evidence.zoo --summary                               the table of what is in the file, nothing is run
  python -m evidence.zoo --check-truth                           is the truth true? plain processes in turn, no perfbot
  python -m evidence.zoo --programs mine.py                      your own: a file with PROGRAMS = (Program(…), …)
"""

from __future__ import annotations

import argparse
import runpy
import shutil
import sys
import tempfile
import time
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from fnmatch import fnmatchcase
from pathlib import Path
from threading import Lock
from typing import Any

from evidence import zoo_truth
from evidence.ledger import append, ended, entries, say
from evidence.neighbours import Neighbours
from evidence.perfbot_runs import HERE, Perfbot, repository, run
from evidence.zoo_programs import PROGRAMS
from evidence.zoo_programs.program import Case, Program, cases_of
from evidence.zoo_score import MEANING, WRONG, described, scores, tally, worst

BUDGET = 60.0

GATE_FAILED = 1


class Zoo:
    """One file of results, and a folder in which cases are run."""

    def __init__(self, options: argparse.Namespace, folder: Path) -> None:
        self._options = options
        self._folder = folder
        self._perfbot = Perfbot(options.tree.resolve(), folder / "cache")
        self.commit = self._perfbot.commit
        self._lock = Lock()
        self._known = {self._key(one) for one in entries(options.output)}
        self._begun = 0

    @staticmethod
    def _key(one: Mapping[str, Any]) -> tuple[Any, ...]:
        return tuple(one[key] for key in ("case", "repeat", "busy", "budget", "commit"))

    def all(self, cases: Sequence[Case]) -> None:
        """Every case as often as asked for; what is known already is not run again."""
        todo = [(case, repeat) for repeat in range(self._options.repeats) for case in cases]
        about = {"busy": self._options.busy, "budget": self._options.budget, "commit": self.commit}
        todo = [one for one in todo if self._key({"case": one[0].name, "repeat": one[1], **about}) not in self._known]
        say(f"{len(todo)} runs of perfbot {self.commit}, results to {self._options.output}")
        with ThreadPoolExecutor(self._options.jobs) as pool:
            list(pool.map(lambda one: self._one(one[0], one[1], about, len(todo)), todo))

    def _one(self, case: Case, repeat: int, about: Mapping[str, Any], of: int) -> None:
        with self._lock:
            self._begun += 1
            number = self._begun
        repo = self._folder / f"{number}"
        repository(repo, case.base, case.head)
        ran = run(self._perfbot, repo, self._options.budget)
        shutil.rmtree(repo)
        found = scores(case, ran.results)
        worst_one = worst(found)
        record = {
            "case": case.name,
            "repeat": repeat,
            **about,
            "changed": case.changed,
            "slower": case.slower,
            "outcome": worst_one.outcome,
            "score": asdict(worst_one),
            "outcomes": dict(tally(score.outcome for score in found)),
            "code": ran.code,
            "seconds": round(ran.seconds, 2),
            "load": round(ran.load, 1),
            "when": time.strftime("%Y-%m-%dT%H:%M:%S"),
            "said": ran.said if worst_one.outcome in WRONG or not ran.report else "",
        }
        with self._lock:
            append(self._options.output, record)
            shown = record["outcome"].upper() if record["outcome"] in WRONG else record["outcome"]
            say(f"{number} of {of}: {case.name} {shown}, {ran.seconds:.0f} s")


def table(records: Sequence[Mapping[str, Any]]) -> str:
    """One line a kind, and one for all; then what was wrong or undecided, one line each."""
    head = ("kind", "runs", "right", "wrong", *WRONG, "undecided", "red wrongly", "seconds, mean")
    kinds: dict[str, list[Mapping[str, Any]]] = {}
    for one in records:
        kinds.setdefault(one["case"].partition("/")[0], []).append(one)
    rows = [_row(kind, these) for kind, these in sorted(kinds.items())]
    for name, changed in (("**changed**", True), ("**nothing changed**", False)):
        rows.append(_row(name, [one for one in records if one["changed"] is changed]))
    rows.append(_row("**all**", records))
    return "\n".join(
        [f"| {' | '.join(head)} |", "|:--" + "|--:" * (len(head) - 1) + "|", *rows, "", *_exceptions(records)]
    )


def _row(name: str, records: Sequence[Mapping[str, Any]]) -> str:
    counted = tally(one["outcome"] for one in records)
    seconds = sum(one["seconds"] for one in records) / max(len(records), 1)
    numbers = [len(records), counted["right"], counted["wrong"], *(counted[one] for one in WRONG), counted["undecided"]]
    numbers.append(sum(one["code"] == GATE_FAILED and not one.get("slower", one["changed"]) for one in records))
    return f"| {name} | " + " | ".join(map(str, numbers)) + f" | {seconds:.1f} |"


def _exceptions(records: Iterable[Mapping[str, Any]]) -> list[str]:
    found = [one for one in records if one["outcome"] != "right"]
    found.sort(key=lambda one: (one["outcome"] == "undecided", one["case"], one["repeat"]))
    return [f"- {one['outcome']}: `{one['case']}` {described(one['score'])}" for one in found]


def programs_of(path: Path | None) -> Sequence[Program]:
    """The zoo's own, or those of a file."""
    return PROGRAMS if path is None else tuple(runpy.run_path(str(path))["PROGRAMS"])


def chosen(programs: Iterable[Program], patterns: Sequence[str], *, slow: bool) -> list[Case]:
    """The cases whose names match one of the patterns."""
    cases = [case for program in programs if slow or not program.slow for case in cases_of(program)]
    return [case for case in cases if not patterns or any(fnmatchcase(case.name, one) for one in patterns)]


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    outcomes = "outcomes:\n" + "\n".join(f"  {name:12} {meaning}" for name, meaning in MEANING.items())
    parser = argparse.ArgumentParser(
        prog="python -m evidence.zoo",
        description=__doc__,
        epilog=outcomes,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("--output", type=Path, default=Path("zoo.jsonl"), metavar="FILE.jsonl", help="every run, added to")
    add("--only", action="append", default=[], metavar="GLOB", help="only cases of this name; repeatable")
    add("--repeats", type=int, default=1, metavar="N", help="runs of each case in the end (default: 1)")
    add("--budget", type=float, default=BUDGET, metavar="SECONDS", help=f"of each run (default: {BUDGET:g})")
    add("--busy", type=int, default=0, metavar="N", help="keep so many processes busy meanwhile")
    add("--jobs", type=int, default=1, metavar="N", help="cases at a time; more than one disturb each other")
    add("--fast", action="store_true", help="leave out the programs that take minutes")
    add("--tree", type=Path, default=HERE, metavar="FOLDER", help="the checkout of perfbot to run (default: this one)")
    add("--programs", type=Path, metavar="FILE.py", help="programs of your own instead of the zoo's")
    add("--list", action="store_true", help="name the cases and their truths; run nothing")
    add("--check-truth", action="store_true", help="measure the truth with plain processes instead")
    add("--pairs", type=int, default=8, metavar="N", help="of processes, for --check-truth (default: 8)")
    add("--summary", action="store_true", help="show what is in the file; run nothing")
    add("--commit", default="", metavar="ID", help="with --summary: only runs of this commit of perfbot")
    return parser.parse_args(arguments)


def _summary(options: argparse.Namespace) -> None:
    records = [one for one in entries(options.output) if options.commit in ("", one["commit"])]
    records = [one for one in records if not options.only or any(fnmatchcase(one["case"], p) for p in options.only)]
    for commit, busy in dict.fromkeys((one["commit"], one["busy"]) for one in records):
        these = [one for one in records if (one["commit"], one["busy"]) == (commit, busy)]
        loads = [one["load"] for one in these]
        print(f"perfbot {commit}, {busy} busy processes, load {min(loads):.1f} to {max(loads):.1f}:\n")
        print(table(these) + "\n")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what is missing, then show everything."""
    options = _options(arguments)
    cases = chosen(programs_of(options.programs), options.only, slow=not options.fast)
    if options.list:
        for case in cases:
            print(f"{case.name:50} {'×{:.3g} to ×{:.3g}'.format(*case.truth) if case.changed else 'nothing'}")
        return 0
    with tempfile.TemporaryDirectory(prefix="zoo-", ignore_cleanup_errors=True) as folder, Neighbours() as neighbours:
        neighbours.set(0 if options.summary else options.busy)
        if options.check_truth:
            return zoo_truth.check([case for case in cases if not case.is_equal_pair], Path(folder), options.pairs)
        if not options.summary:
            zoo = Zoo(options, Path(folder))
            zoo.all(cases)
            options.commit = zoo.commit
    _summary(options)
    return 0


if __name__ == "__main__":
    sys.exit(ended(main))
