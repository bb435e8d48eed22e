"""Irrelevant edits, and what perfbot says about them: the false alarms that people would see.

A run takes a suite (drawn anew for each run, or a public project's), edits some of its sources in ways that cost
nothing (doc string, comment, unused function, import, constant, reordered functions, renamed local, type hint, unused
dependency), commits, and lets ``perfbot run`` compare both commits. Any benchmark that regressed or improved is an
alarm. Results are added to a file as they come, with the seed that makes a run again.

examples:
  python -m evidence.edits --runs 100 --output edits.jsonl                 suites of eighty, unattended
  python -m evidence.edits --runs 20 --size 30 --busy 2                    smaller ones, beside two busy processes
  python -m evidence.edits --runs 10 --project ../yarl --config yarl.toml --sources 'yarl/*.py'
  python -m evidence.edits --summary                                       alarms per run, with the exact upper end
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from random import Random
from typing import Any

from scipy.special import betaincinv

from evidence.edits_made import EDITS, several
from evidence.edits_suite import suite
from evidence.ledger import append, ended, entries, say
from evidence.neighbours import Neighbours
from evidence.perfbot_runs import HERE, Perfbot, Run, git, repository, run, write
from evidence.zoo_score import percent

CONFIDENCE = 0.95

DEPENDENCY = "unused dependency"

CHANGED = ("regressed", "improved")

EDITS_A_RUN = (1, 4)
"""Least and most; a merge request makes a few."""


def prepare(options: argparse.Namespace, seed: int, repo: Path) -> list[str]:
    """Make a repository of two commits; says which edits head has."""
    rng = Random(seed)
    if options.project:
        _project(options, repo)
        paths = git(repo, "ls-files", "*.py").splitlines()
        paths = [path for path in paths if any(fnmatchcase(path, pattern) for pattern in options.sources)]
        sources = {path: (repo / path).read_text() for path in paths}
    else:
        files = suite(options.size, seed, rng.choice(("python", "pytest")))
        repository(repo, files)
        sources = {path: text for path, text in files.items() if path.startswith("shop_")}
    changed: dict[str, str] = {}
    done: list[str] = []
    while not done:
        changed, done = several(sources, rng.randint(*EDITS_A_RUN), rng, _kinds(options))
    if not options.project and not options.kind and rng.random() < 1 / (len(EDITS) + 1):
        changed["requirements.txt"] = f"unused_{seed}\n"
        done.append(DEPENDENCY)
    write(repo, changed)
    git(repo, "add", "--all", "--force")
    git(repo, "commit", "--quiet", "--message", "; ".join(done))
    return done


def _kinds(options: argparse.Namespace) -> tuple[str, ...]:
    return tuple(options.kind) or tuple(EDITS)


def _project(options: argparse.Namespace, repo: Path) -> None:
    """A copy of a project's last commit, submodules' files included, with the configuration that was given."""
    subprocess.run(["git", "clone", "--quiet", str(options.project.resolve()), str(repo)], check=True)
    for name in ("perfbot.toml",):
        (repo / name).write_text(options.config.read_text())
    git(repo, "add", "--all", "--force")
    git(repo, "commit", "--quiet", "--message", "perfbot")


def record_of(ran: Run, done: Sequence[str]) -> dict[str, Any]:
    """What is kept of a run."""
    counted: dict[str, int] = {}
    for one in ran.results:
        counted[one["verdict"]] = counted.get(one["verdict"], 0) + 1
    kept = ("benchmark", "metric", "verdict", "change", "interval", "gate", "base", "head", "rounds")
    alarms = [{key: one.get(key) for key in kept} for one in ran.results if one["verdict"] in CHANGED]
    return {
        "edits": list(done),
        "verdicts": counted,
        "alarms": alarms,
        "code": ran.code,
        "seconds": round(ran.seconds, 1),
        "load": round(ran.load, 1),
        "said": "" if ran.results else ran.said,
    }


def summary(records: Sequence[Mapping[str, Any]]) -> str:
    """A line for each source of suites and for all: alarms per run and the exact interval of their share."""
    head = (
        "suites",
        "runs",
        "benchmarks",
        "runs with an alarm",
        "of these red",
        "alarms",
        "undecided",
        "no report",
        "seconds, median",
    )
    groups: dict[str, list[Mapping[str, Any]]] = {}
    for one in records:
        groups.setdefault(f"{one['suite']}, {one['busy']} busy", []).append(one)
    rows = [_row(name, these) for name, these in sorted(groups.items())]
    rows += [_row("**all**", records)] if len(groups) > 1 else []
    return "\n".join([f"| {' | '.join(head)} |", "|:--" + "|--:" * (len(head) - 1) + "|", *rows, "", *_alarms(records)])


def _row(name: str, records: Sequence[Mapping[str, Any]]) -> str:
    measured = [one for one in records if one["verdicts"]]
    seconds = sorted(one["seconds"] for one in measured) or [0.0]
    cells = [
        name,
        len(measured),
        sum(sum(one["verdicts"].values()) for one in measured),
        share(sum(bool(one["alarms"]) for one in measured), len(measured)),
        sum(one["code"] == 1 for one in measured),
        sum(len(one["alarms"]) for one in measured),
        sum(one["verdicts"].get("inconclusive", 0) for one in measured),
        len(records) - len(measured),
        f"{seconds[len(seconds) // 2]:.0f}",
    ]
    return f"| {' | '.join(map(str, cells))} |"


def share(count: int, of: int) -> str:
    """A count as a share with the exact (Clopper and Pearson 1934) two-sided 95 % interval."""
    if not of:
        return "–"
    low, high = exact_interval(count, of)
    return f"{count} = {100 * count / of:.1f} % [{100 * low:.1f}, {100 * high:.1f}]"


def exact_interval(count: int, of: int, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """Clopper and Pearson's interval of a share."""
    tail = (1 - confidence) / 2
    low = betaincinv(count, of - count + 1, tail) if count else 0.0
    high = betaincinv(count + 1, of - count, 1 - tail) if count < of else 1.0
    return float(low), float(high)


def _alarms(records: Sequence[Mapping[str, Any]]) -> list[str]:
    return [
        f"- seed {one['seed']} of {one['suite']}: `{alarm['benchmark']}` {alarm['verdict']} {percent(alarm['change'])}"
        f"{', red' if alarm['gate'] == 'fail' else ''} after {'; '.join(one['edits'])}"
        for one in records
        for alarm in one["alarms"]
    ]


def _one(options: argparse.Namespace, perfbot: Perfbot, folder: Path, seed: int) -> dict[str, Any]:
    repo = folder / "repo"
    shutil.rmtree(repo, ignore_errors=True)
    done = prepare(options, seed, repo)
    ran = run(perfbot, repo, options.budget)
    about = {
        "suite": _suite_name(options),
        "seed": seed,
        "busy": options.busy,
        "budget": options.budget,
        "commit": perfbot.commit,
        "when": time.strftime("%Y-%m-%dT%H:%M:%S"),
    }
    return {**about, **record_of(ran, done)}


def _suite_name(options: argparse.Namespace) -> str:
    return str(options.project.name) if options.project else f"{options.size} drawn"


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m evidence.edits", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--output", type=Path, default=Path("edits.jsonl"), metavar="FILE.jsonl", help="every run, added to")
    add("--runs", type=int, default=10, metavar="N", help="more runs to make (default: 10)")
    add("--size", type=int, default=80, metavar="N", help="benchmarks of a drawn suite (default: 80)")
    add("--budget", type=float, default=600.0, metavar="SECONDS", help="of each run (default: 600)")
    add("--busy", type=int, default=0, metavar="N", help="keep so many processes busy meanwhile")
    add("--seed", type=int, metavar="N", help="of the first run; the next ones follow (default: after the file's last)")
    add(
        "--kind",
        action="append",
        default=[],
        choices=tuple(EDITS),
        metavar="KIND",
        help=f"only these edits: {', '.join(EDITS)}",
    )
    add("--project", type=Path, metavar="FOLDER", help="a clone whose suite to edit instead")
    add("--config", type=Path, metavar="FILE", help="the perfbot.toml for --project")
    add(
        "--sources",
        action="append",
        default=[],
        metavar="GLOB",
        help="which files of --project may be edited; repeatable",
    )
    add("--tree", type=Path, default=HERE, metavar="FOLDER", help="the checkout of perfbot to run (default: this one)")
    add("--keep", type=Path, metavar="FOLDER", help="leave the last run's repository and the cache there")
    add("--summary", action="store_true", help="show what is in the file; run nothing")
    add("--commit", action="append", default=[], metavar="ID", help="with --summary: only runs of these commits")
    options = parser.parse_args(arguments)
    if options.project and not (options.config and options.sources):
        parser.error("--project needs --config perfbot.toml and --sources 'package/**.py'")
    return options


def main(arguments: Sequence[str] | None = None) -> int:
    """Make more runs, then show all."""
    options = _options(arguments)
    if not options.summary:
        _runs(options)
    print(summary([one for one in entries(options.output) if not options.commit or one["commit"] in options.commit]))
    return 0


def _runs(options: argparse.Namespace) -> None:
    name = _suite_name(options)
    last = max((one["seed"] for one in entries(options.output) if one["suite"] == name), default=0)
    first = options.seed if options.seed is not None else last + 1
    with tempfile.TemporaryDirectory(prefix="edits-", ignore_cleanup_errors=True) as made, Neighbours() as neighbours:
        folder = options.keep or Path(made)
        folder.mkdir(parents=True, exist_ok=True)
        neighbours.set(options.busy)
        perfbot = Perfbot(options.tree.resolve(), folder.resolve() / "cache")
        for number, seed in enumerate(range(first, first + options.runs), 1):
            record = _one(options, perfbot, folder, seed)
            append(options.output, record)
            alarms = f"{len(record['alarms'])} ALARMS" if record["alarms"] else "quiet"
            say(f"{number} of {options.runs}: seed {seed}: {alarms}, {record['verdicts']}, {record['seconds']} s")


if __name__ == "__main__":
    sys.exit(ended(main))
