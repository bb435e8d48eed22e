"""Reports to render: made by hand, so that every verdict and oddity is in one of them."""

from __future__ import annotations

from dataclasses import replace

from perfbot.model import Acceptance, Change, Control, Limit, Policy, Problem, Report, Result, Runner, Shard
from perfbot.reasons import Accepted, Disturbed, NotCounted, Said, TooFewRounds
from tests import builders
from tests.builders import bare

CHANGE = Change("60ab91e" + "0" * 33, "f3c2d1a" + "1" * 33, base_name="merge base", target="main")
RUNNER = Runner(
    cpu="AMD EPYC", cores=2, memory=8 * 1024**3, system="Linux 6.1", python="3.12.4", pinned=True, load=0.4,
    perfbot="0.1.0",
)  # fmt: skip

NO_VALGRIND = NotCounted("no valgrind")
CRASHED = Said("ValueError: cannot parse | pipe")


def result(name: str = "parse", change: float = 0.0, verdict: str = "unchanged", **more: object) -> Result:
    """A measured result of eight rounds."""
    return builders.result(name, change, verdict, **{"count": 8, **more})


def report(*results: Result, **more: object) -> Report:
    """A report of a run of six minutes."""
    given = {
        "change": CHANGE, "runner": RUNNER, "policy": Policy(origin="perfbot.toml at 60ab91e"),
        "started": "2026-01-02T03:04:05Z", "seconds": 361.0, "budget_seconds": 600.0, "seed": 7,
        "control": Control(0.001, (-0.004, 0.006), 12, disturbed=False),
    }  # fmt: skip
    return builders.report(*results, **{**given, **more})


def regression(name: str = "parse_large", change: float = 0.38, **more: object) -> Result:
    """One that fails the gate."""
    return result(name, change, "regressed", **{"gate": "fail", **more})


def typical() -> Report:
    """The comment of the documentation: one of each that is common."""
    unchanged = [result(f"walk[{index}]", 0.001 * (index % 5 - 2)) for index in range(38)]
    return report(
        regression(),
        result("solve", -0.22, "improved"),
        *unchanged,
        result("hash", 0.011, "inconclusive", detectable=0.031),
        result("io", 0.004, "inconclusive", detectable=0.024, notes=(Said("waits: wall time in turns"),)),
    )


def everything() -> Report:
    """Every verdict, gate, budget state, and everything a report may carry besides."""
    return replace(
        report(
            regression(),
            regression("parse_small", 0.05, source_changed=True),
            bare("crash", "failed", failed_side="head", gate="fail", reasons=(CRASHED,)),
            result(
                "model_size", 0.03, metric="memory", unit="B", base=2000.0, head=2060.0, gate="fail",
                budget="2 KiB", budget_state="over", rule="exact",
            ),
            result("validate", 0.12, "regressed", gate="accepted", reasons=(Accepted("alice", "needed for safety"),)),
            result("warm", 0.011, "regressed"),
            result("solve", -0.22, "improved"),
            result(
                "throughput", 2.4, "improved", metric="throughput", unit="1/s", better="higher", base=5010.0,
                head=17034.0,
            ),
            result("steady", 0.001, budget="15 ms", budget_state="within"),
            result("tight", 0.002, budget="11.9 ms", budget_state="unclear"),
            result("custom", 0.002, metric="frames", unit="frames", base=61.0, head=61.1),
            result("hash", 0.011, "inconclusive", detectable=0.031),
            bare("brief", "inconclusive", rounds=2, reasons=(TooFewRounds(2, 6),)),
            bare("new_thing", "added"),
            bare("old_thing", "removed"),
            bare("broken_before", "failed", failed_side="base", reasons=(Said("ImportError: no module named core"),)),
            bare("shape", "incomparable", reasons=(Said("unit is ms on base and s on head"),)),
        ),
        problems=(
            Problem("suite core, head: parse", "the worker died with signal 11", "Fatal error\n  at /src/x.c:12\n"),
            Problem("suite docs", "valgrind is missing: instructions are not counted", fatal=False),
        ),
        acceptances=(Acceptance("core/validate", "needed for safety", "alice", "2026-01-02T03:00:00Z", change=0.12),),
        proposed_policy=Policy(threshold=0.05, limits=(Limit("core/*", threshold=0.1, gate=False),)),
        complete=False,
        trend="+6.4 % since v2.3 in core/parse_large",
    )  # fmt: skip


def quiet() -> Report:
    """Nothing changed."""
    return report(*(result(f"walk[{index}]", 0.001 * (index % 5 - 2)) for index in range(4)))


def undecided() -> Report:
    """Nothing changed as far as could be seen."""
    return report(result("walk"), result("hash", 0.011, "inconclusive", detectable=0.031))


def faster() -> Report:
    """Only improvements."""
    return report(result("walk"), result("solve", -0.22, "improved"))


def set_up_failed() -> Report:
    """Nothing was measured."""
    output = "Collecting thing\nERROR: No matching distribution found for thing==9\n"
    return report(
        verdict="error",
        control=None,
        problems=(Problem("head: set-up", "set-up failed on head: `pip install .` ended with 1", output),),
    )


def disturbed() -> Report:
    """Base against itself moved."""
    return report(
        result("parse", 0.08, "inconclusive", reasons=(Disturbed(0.05),)),
        result("walk"),
        control=Control(0.05, (0.03, 0.07), 12, disturbed=True),
        shard=Shard(2, 3),
    )


def counted(name: str, metric: str, change: float = 0.0, verdict: str = "unchanged", **more: object) -> Result:
    """An exact metric of a benchmark: two million on base."""
    given = {
        "metric": metric, "unit": "B" if metric == "allocated" else "1", "rule": "exact", "threshold": 0.005,
        "base": 2e6, "head": 2e6 * (1 + change), "interval": (change, change), "confidence": 1.0, "detectable": 0.0025,
        "rounds": 2, "raw": (),
    }  # fmt: skip
    return result(name, change, verdict, **{**given, **more})


def other_metrics() -> Report:
    """Exact metrics besides time: one changed, the others have no row of their own."""
    return report(
        result("parse"),
        counted("parse", "instructions", 0.012, "regressed", gate="fail", threshold=0.005),
        counted("parse", "allocated"),
        result("walk"),
        bare("walk", "incomparable", metric="instructions", unit="1", rule="exact", reasons=(NO_VALGRIND,)),
        counted("walk", "allocated"),
        counted("only", "objects"),
    )


def nothing_to_measure() -> Report:
    """A change that touches nothing measured."""
    return report(control=None, skipped="nothing that is measured changed: README.md, docs/a.md", seconds=0.4)


ALL = {
    "typical": typical, "everything": everything, "quiet": quiet, "undecided": undecided, "faster": faster,
    "other-metrics": other_metrics, "set-up-failed": set_up_failed, "disturbed": disturbed,
    "nothing-to-measure": nothing_to_measure,
}  # fmt: skip
