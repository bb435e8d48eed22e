"""How right perfbot's verdicts are: the shipped rule on suites drawn from recorded rounds.

    python -m evidence.truth --rounds rounds.npz --schedule sh05d --suites 1000
    python -m evidence.truth --rounds rounds.npz --schedule sh05d --size 1,5,20,200 --alpha .05,.01 --spread 1,20
    python -m evidence.truth --rounds rounds.npz --schedule sh05d --tools

Rounds are drawn in blocks, the sides of each round swapped at random, so that nothing differs but by chance; then
every head is made slower by the effect. Seconds are the recording's: start-up, shared by the benchmarks still
undecided in a round, and each one's measuring. SPRT is Wald's test of 0 against ±delta at the same errors, given the
true spread (1.4826 times the median absolute ratio), which every other rule has to find out: once on the same round
estimates, once on the Hodges–Lehmann estimates of the rounds' pairs, a yardstick that stays the same whatever perfbot
makes of a round. ``--tools`` gives the same streams, pooled over a fixed number of rounds, to the rules of other tools.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from itertools import product
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from evidence.recordings import ARRAYS, Draw, Ratios, Recording, clocks, draw_suites, read, robust_spread, schedules
from evidence.rules import RULES, missing
from perfbot.stats.evidence import Evidence
from perfbot.stats.looks import OPEN, SAME, UP, Codes, classify, first_stop, seen
from perfbot.stats.sequential import MOST_ROUNDS, Plan, critical_values

Floats = NDArray[np.float64]
Rounds = NDArray[np.int_]

LOOKS_AT_ONCE = 6
"""Most streams are decided early: later looks are computed for the rest alone."""


@dataclass(frozen=True, slots=True)
class Row:
    """What the rule makes of one effect. Shares are of benchmarks, except for ``alarm``, of suites."""

    effect: float
    alarm: float
    alarm_low: float
    alarm_high: float
    declared: float
    unchanged: float
    undecided: float
    rounds: float
    sprt: float
    sprt_pairs: float
    seconds: float
    seconds_median: float
    seconds_p90: float

    @property
    def ratio(self) -> float:
        """Mean rounds, in those of Wald's test on the same round estimates."""
        return self.rounds / self.sprt

    @property
    def ratio_pairs(self) -> float:
        """Mean rounds, in those of Wald's test on the Hodges–Lehmann estimates of the rounds' pairs."""
        return self.rounds / self.sprt_pairs


def outcomes(streams: Floats | Evidence, effects: Sequence[float], plan: Plan) -> tuple[Codes, Rounds]:
    """Verdicts and rounds used of streams [stream, n] with each effect added: both [effect, stream].

    Bare log ratios are judged as what is typical alone, without means.
    """
    streams = streams if isinstance(streams, Evidence) else Evidence(streams)
    critical = critical_values(plan)
    codes = np.full((len(effects), len(streams.typical)), OPEN, dtype=np.int8)
    rounds = np.full(codes.shape, plan.n_max)
    going = np.arange(len(streams.typical))
    for first in range(0, len(plan.looks), LOOKS_AT_ONCE):
        part = slice(first, first + LOOKS_AT_ONCE)
        looks = np.array(plan.looks[part])
        found_there = seen(streams.of(going), plan.looks[part])
        for index, effect in enumerate(effects):
            found = classify(found_there.shifted(np.log1p(effect)), critical.at(part), plan.margin).codes
            stop = first_stop(found)
            code = found[np.arange(len(going)), stop]
            fresh = (codes[index, going] == OPEN) & (code != OPEN)
            codes[index, going[fresh]] = code[fresh]
            rounds[index, going[fresh]] = looks[stop[fresh]]
        going = np.nonzero((codes == OPEN).any(axis=0))[0]
        if not len(going):
            break
    return codes, rounds


def sprt_rounds(streams: Floats, spread: Floats, effect: float, plan: Plan) -> Rounds:
    """Rounds that Wald's two one-sided tests take, knowing each stream's ``spread``; at most ``n_max``."""
    slower, none = plan.alpha / 2, plan.beta
    accept, reject = np.log(none / (1 - slower)), np.log((1 - none) / slower)
    sums = np.cumsum(streams + np.log1p(effect), axis=1)
    drift = plan.margin * np.arange(1, streams.shape[1] + 1) / 2
    scale = plan.margin / spread[:, None] ** 2
    up, down = scale * (sums - drift), scale * (-sums - drift)
    no_change = np.maximum(_first(up <= accept), _first(down <= accept))
    change = np.minimum(_first(up >= reject), _first(down >= reject))
    rounds: Rounds = np.minimum(np.minimum(no_change, change), plan.n_max)
    return rounds


def _first(reached: NDArray[np.bool_]) -> Rounds:
    """The first round at which it was reached; beyond all where it never was."""
    first: Rounds = np.where(reached.any(axis=1), reached.argmax(axis=1) + 1, sys.maxsize)
    return first


def seconds_used(rounds: Rounds, benchmarks: NDArray[np.intp], recording: Recording) -> Floats:
    """Wall seconds until each benchmark of each suite was decided, start-up shared by the undecided."""
    measuring = rounds * recording.measuring[benchmarks]
    if not recording.shared:
        return measuring + rounds * recording.start[benchmarks]
    undecided = np.stack([(rounds >= n).sum(axis=1) for n in range(1, rounds.max() + 1)], axis=1)
    shares = np.cumsum(float(recording.start) / np.maximum(undecided, 1), axis=1)
    return measuring + np.take_along_axis(shares, rounds - 1, axis=1)


def evaluate(
    recording: Recording, plan: Plan, effects: Sequence[float], draws: Iterable[Draw], ratios: Ratios
) -> list[Row]:
    """The rule's figures at each effect."""
    codes, rounds, seconds, sprt = [], [], [], []
    for draw in draws:
        shape = draw.benchmarks.shape
        found, used = outcomes(draw.evidence(ratios), effects, plan)
        codes.append(found.reshape(-1, *shape))
        rounds.append(used.reshape(-1, *shape))
        seconds.append(np.stack([seconds_used(one, draw.benchmarks, recording) for one in rounds[-1]]))
        sprt.append(
            [[_mean_sprt(draw, one, effect, plan) for effect in effects] for one in (ratios.shipped, ratios.pairs)]
        )
    known = np.average(np.array(sprt), axis=0, weights=[part.shape[1] for part in codes])
    together = (np.concatenate(parts, axis=1) for parts in (codes, rounds, seconds))
    return [_row(*each) for each in zip(effects, *together, *known, strict=True)]


def _mean_sprt(draw: Draw, ratios: Floats, effect: float, plan: Plan) -> float:
    streams = draw.streams(ratios)
    spread = robust_spread(ratios)[draw.benchmarks].ravel()
    return float(sprt_rounds(streams.reshape(-1, streams.shape[-1]), spread, effect, plan).mean())


def _row(effect: float, codes: Codes, rounds: Rounds, seconds: Floats, sprt: float, sprt_pairs: float) -> Row:
    from scipy.stats import binomtest  # loading it takes a second

    alarms = ((codes != OPEN) & (codes != SAME)).any(axis=1)
    interval = binomtest(int(alarms.sum()), len(alarms)).proportion_ci(method="wilson")
    right = UP if effect > 0 else SAME
    return Row(
        effect=effect,
        alarm=float(alarms.mean()),
        alarm_low=float(interval.low),
        alarm_high=float(interval.high),
        declared=float((codes == right).mean()),
        unchanged=float((codes == SAME).mean()),
        undecided=float((codes == OPEN).mean()),
        rounds=float(rounds.mean()),
        sprt=float(sprt),
        sprt_pairs=float(sprt_pairs),
        seconds=float(seconds.mean()),
        seconds_median=float(np.median(seconds)),
        seconds_p90=float(np.quantile(seconds, 0.9)),
    )


@dataclass(frozen=True, slots=True)
class ToolRow:
    """What another tool's rule makes of the same rounds: shares of suites (``alarm``) and of benchmarks."""

    rule: str
    alarm: float
    called: float
    power: tuple[float, ...]


def evaluate_tools(
    recording: Recording, effects: Sequence[float], draws: Iterable[Draw], rounds: int, apart: bool
) -> list[ToolRow]:
    """Every rule that can run here, on ``rounds`` pooled rounds of each benchmark.

    ``apart``: base comes from one stretch of rounds and head from another, as with a stored baseline.
    """
    names = [name for name in RULES if not missing(name)]
    calls: dict[str, list[list[list[int]]]] = {name: [] for name in names}
    for draw in draws:
        for suite in range(len(draw.benchmarks)):
            samples = [
                _samples(recording, draw, suite, index, rounds, apart) for index in range(draw.benchmarks.shape[1])
            ]
            for name in names:
                rule = RULES[name][0]
                calls[name].append([[rule(base, head * (1 + effect)) for base, head in samples] for effect in effects])
    return [_tool_row(name, np.array(calls[name]), effects) for name in names]


def _samples(
    recording: Recording, draw: Draw, suite: int, index: int, rounds: int, apart: bool
) -> tuple[Floats, Floats]:
    kind, lived = draw.benchmarks[suite, index], draw.rounds[suite, index]
    if apart:
        base, head = lived[:rounds], lived[rounds : 2 * rounds]
        return recording.seconds[base, kind, 0].ravel(), recording.seconds[head, kind, 1].ravel()
    values = recording.seconds[lived[:rounds], kind]
    swapped = draw.swapped[suite, index, :rounds, None]
    base = np.where(swapped, values[:, 1], values[:, 0])
    head = np.where(swapped, values[:, 0], values[:, 1])
    return base.ravel(), head.ravel()


def _tool_row(name: str, calls: NDArray[np.int_], effects: Sequence[float]) -> ToolRow:
    """``calls``: [suite, effect, benchmark]; the first effect is none."""
    none = calls[:, 0]
    power = tuple(float((calls[:, index] > 0).mean()) for index, effect in enumerate(effects) if effect > 0)
    return ToolRow(name, float((none != 0).any(axis=1).mean()), float((none != 0).mean()), power)


def numbers(text: str) -> list[float]:
    """A comma-separated list of numbers."""
    return [float(part) for part in text.split(",")]


def parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("--rounds", type=Path, required=True, metavar="FILE.npz", help="recorded rounds")
    add("--schedule", default="", help="one or more of the file's, comma-separated (default: all)")
    add("--effects", type=numbers, default=[0, 0.5, 1, 2, 3, 5, 10], help="percent, comma-separated")
    add("--delta", type=float, default=2.0, help="smallest change that matters, percent")
    add("--alpha", type=numbers, default=[0.05], help="false alarms a suite, comma-separated")
    add("--beta", type=float, default=0.05, help="wrong “unchanged” at delta")
    add("--n-max", type=int, default=MOST_ROUNDS, help="rounds at most")
    add("--size", type=numbers, default=[20], help="benchmarks a suite, comma-separated")
    add("--suites", type=int, default=1000, help="suites drawn")
    add("--spread", type=numbers, default=[1], help="scale to spreads this many times apart; 1 leaves them")
    add(
        "--clock", choices=list(ARRAYS), help="what to compare (default: costs where they were recorded, as a run does)"
    )
    add("--means", action="store_true", help="judge means, too, where wall or CPU time alone was recorded")
    add("--skip", type=int, default=None, help="first pairs of a round to leave out")
    add("--pairs", action="store_true", help="judge what a run would make of the pairs' ratios alone")
    add("--tools", action="store_true", help="the rules of other tools as well")
    add("--tool-rounds", type=int, default=20, help="rounds that they pool")
    add("--tool-suites", type=int, default=50, help="suites drawn for them")
    add("--seed", type=int, default=1)
    add("--json", action="store_true", help="one JSON line a table")
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Print a table for every schedule, size, alpha and spread asked for."""
    options = parser().parse_args(arguments)
    effects = sorted({0.0, *(percent / 100 for percent in options.effects)})
    for schedule in options.schedule.split(",") if options.schedule else schedules(options.rounds):
        there = clocks(options.rounds, schedule)
        clock = options.clock or there[-1]
        if clock not in there:
            print(f"{schedule}: was recorded by {' and '.join(there)} time alone; leave out --clock", file=sys.stderr)
            return 2
        recording = read(options.rounds, schedule, options.skip, clock)
        estimated = recording.ratios()
        if clock != "cost" and not options.means:
            estimated = Ratios(estimated.shipped, estimated.pairs)
        if options.pairs:
            estimated = Ratios(recording.centres(), estimated.pairs, estimated.base, estimated.head)
        for size, alpha, spread in product(map(int, options.size), options.alpha, options.spread):
            rng = np.random.default_rng(options.seed)
            plan = Plan(options.delta / 100, alpha / size, options.beta, options.n_max)
            draws = draw_suites(estimated.shipped.shape, size, options.suites, plan.n_max, rng)
            rows = evaluate(recording, plan, effects, draws, estimated.spread_out(spread))
            about = {"schedule": schedule, "size": size, "alpha": alpha, "spread": spread, "suites": options.suites}
            about["clock"] = clock
            _show(about, rows, options.json)
        if options.tools:  # they know wall time alone
            _tools(read(options.rounds, schedule, options.skip, options.clock or there[0]), effects, options)
    return 0


def _tools(recording: Recording, effects: Sequence[float], options: argparse.Namespace) -> None:
    for apart in (False, True):
        rng = np.random.default_rng(options.seed)
        size, rounds = int(options.size[0]), options.tool_rounds
        shape = recording.seconds.shape[:2]
        draws = draw_suites(shape, size, options.tool_suites, max(2 * rounds, 6), rng)
        rows = evaluate_tools(recording, effects, draws, rounds, apart)
        _show_tools(recording.schedule, rows, effects, apart, options)


def _show(about: dict[str, object], rows: Sequence[Row], as_json: bool) -> None:
    if as_json:
        print(
            json.dumps(
                {**about, "rows": [{**asdict(row), "ratio": row.ratio, "ratio_pairs": row.ratio_pairs} for row in rows]}
            ),
            flush=True,
        )
        return
    print("\n" + ", ".join(f"{name} {value}" if name != "schedule" else f"{value}" for name, value in about.items()))
    print(
        "effect   any alarm [95 %]      right  unchanged undecided  rounds ÷ SPRT same, pairs  seconds mean median p90"
    )
    for row in rows:
        alarm = f"{row.alarm:6.2%} [{row.alarm_low:.2%}, {row.alarm_high:.2%}]" if row.effect == 0 else ""
        print(
            f"{row.effect:+6.1%}  {alarm:22}{row.declared:7.2%}  {row.unchanged:7.2%}  {row.undecided:7.2%}  "
            f"{row.rounds:6.1f}  {row.ratio:8.2f} {row.ratio_pairs:6.2f}      "
            f"{row.seconds:6.2f} {row.seconds_median:6.2f} {row.seconds_p90:6.2f}",
            flush=True,
        )


def _show_tools(
    schedule: str, rows: Sequence[ToolRow], effects: Sequence[float], apart: bool, options: argparse.Namespace
) -> None:
    order = "two runs apart" if apart else "sides in turn"
    if options.json:
        rules = [asdict(row) for row in rows]
        print(json.dumps({"schedule": schedule, "order": order, "rounds": options.tool_rounds, "rules": rules}))
        return
    print(f"\n{schedule}, other tools, {order}, {options.tool_rounds} rounds pooled")
    print(f"{'rule':46} alarm a suite, a benchmark; called slower at " + ", ".join(f"{e:+.1%}" for e in effects if e))
    for row in rows:
        power = " ".join(f"{share:6.1%}" for share in row.power)
        print(f"{row.rule:46} {row.alarm:7.1%} {row.called:7.1%}   {power}", flush=True)
    for name in RULES:
        if missing(name):
            print(f"{name:46} not run: install {' and '.join(missing(name))}")


if __name__ == "__main__":
    sys.exit(main())
