"""The history that the pictures of pages show: seventeen benchmarks, sixty runs, three releases, six change points."""

from __future__ import annotations

import math
import random
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from perfbot.history import recording
from perfbot.history.records import Release
from perfbot.history.store import ledger, open_store
from perfbot.model import Report
from tests.builders import START, a_report, a_result, commit

PROJECT, RUNS = "acme/widgets", 60
SUITES = {
    "parser": ("header", "body", "chunked", "trailer", "cookies"), "render": ("page", "table", "chart", "email"),
    "diff": ("lines", "words", "tree", "binary"), "store": ("insert", "query", "prune", "backup"),
}  # fmt: skip
MOVES = {
    ("parser", "header"): {22: 0.12}, ("parser", "body"): {22: 0.10}, ("render", "page"): {31: -0.2},
    ("render", "table"): {31: -0.15}, ("diff", "lines"): {40: 0.07}, ("store", "query"): {48: 0.18, 55: -0.1},
    ("diff", "tree"): {9: -0.3},
}  # fmt: skip
"""What really changed, and at which run."""

SUBJECTS = {
    9: "Walk trees without recursion", 22: "Check every row's checksum", 31: "Cache compiled templates",
    40: "Keep line endings in diffs", 48: "Ask for the owner with each row", 55: "Ask for owners in one query",
}  # fmt: skip
AUTHORS = ("Ada", "Grace", "Linus", "Katherine")
RELEASES = {"v2.1": 8, "v2.2": 20, "v2.3": 35}


def history(path: Path) -> Path:
    """Makes it."""
    chance = random.Random(3)  # noqa: S311
    names = [(suite, name) for suite, inner in SUITES.items() for name in inner]
    levels = {name: 10 ** chance.uniform(-6, -2) for name in names}
    with open_store(path) as store:
        for number in range(1, RUNS + 1):
            store.add(_run(number, levels, chance), branch="main", kind="branch")
        tags = [Release(name, commit(run), _moment(run)) for name, run in RELEASES.items()]
        store.write(lambda connection: ledger.keep_releases(connection, PROJECT, tags))
        recording.refresh(store, PROJECT, "main")
    return path


def _run(number: int, levels: dict[tuple[str, str], float], chance: random.Random) -> Report:
    results = []
    for place, level in tuple(levels.items()):
        moved = MOVES.get(place, {}).get(number, 0.0)
        levels[place] = level * (1 + moved)
        change = math.expm1(math.log1p(moved) + chance.gauss(0, 0.004))
        value = levels[place] * math.exp(chance.gauss(0, 0.03))
        verdict = "regressed" if moved > 0 else "improved" if moved < 0 else "unchanged"
        results.append(a_result(place[1], suite=place[0], change=change, head=value, seed=number, verdict=verdict))
    report = a_report(*results, number=number, project=PROJECT)
    subject = SUBJECTS.get(number, "Merge the work of the day")
    return replace(report, change=replace(report.change, subject=subject, author=AUTHORS[number % len(AUTHORS)]))


def _moment(run: int) -> str:
    return (START + timedelta(days=run, hours=3)).strftime("%Y-%m-%dT%H:%M:%SZ")
