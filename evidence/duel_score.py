"""Verdicts against what is true: right, wrong, undecided. Pure.

A *changed* benchmark is right when it is called changed in the right direction, undecided when the tool says that it
cannot tell, otherwise wrong: in the other direction, or missed. Missed is also what a tool does not call significant:
tools that know only that cannot be told apart from those that say "unchanged". An *unchanged* one is right when it is
not called changed; where the tool says that it cannot tell, that is right too, and counted beside.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from evidence.duel_project import CHANGES
from evidence.duel_tools import CANNOT_TELL, FASTER, SLOWER, TOOLS, Verdicts

DIRECTIONS = {SLOWER: 1, FASTER: -1}


@dataclass(frozen=True, slots=True)
class Score:
    """Of one rule, over all repeats.

    Attributes:
        changed: benchmarks that were; so many were called rightly, in the other direction, missed, undecided.
        unchanged: benchmarks of the same runs that were not; so many were called changed, undecided.
        same: benchmarks compared with themselves, and how many of them were called changed, undecided.
        same_runs: runs that compared everything with itself, and how many of them raised any alarm.
        failed: runs that ended without verdicts; nothing of them is counted above.
        seconds: wall time of a run, on average; ``share`` in perfbot's time.
    """

    rule: str
    changed: int
    right: int
    reversed: int
    missed: int
    undecided: int
    unchanged: int
    unchanged_false: int
    unchanged_undecided: int
    same: int
    same_false: int
    same_undecided: int
    same_runs: int
    same_runs_false: int
    failed: int
    seconds: float
    share: float


def outcome(verdict: str, change: float) -> str:
    """What a verdict is worth, given the true change."""
    called = DIRECTIONS.get(verdict, 0)
    if change == 0:
        return "false" if called else "undecided" if verdict == CANNOT_TELL else "right"
    if called:
        return "right" if called * change > 0 else "reversed"
    return "undecided" if verdict == CANNOT_TELL else "missed"


def outcomes(verdicts: Verdicts, changes: Mapping[str, float]) -> Counter[tuple[bool, str]]:
    """Of all benchmarks, by whether they changed."""
    return Counter((change != 0, outcome(verdicts.get(name, ""), change)) for name, change in changes.items())


def scores(entries: Iterable[Mapping[str, Any]]) -> list[Score]:
    """Every rule that has runs, in the order of :data:`TOOLS`."""
    runs = [entry for entry in entries if entry["kind"] in ("changed", "same")]
    time = {(run["repeat"], run["kind"]): run["seconds"] for run in runs if run["tool"] == "perfbot"}
    return [
        _score(row, mine, time)
        for tool in TOOLS
        if (mine := [run for run in runs if run["tool"] == tool.name])
        for row in tool.rows
    ]


def _score(row: str, runs: Sequence[Mapping[str, Any]], time: Mapping[tuple[int, str], float]) -> Score:
    whole = [run for run in runs if not run.get("error")]
    changed, same = ([run["verdicts"][row] for run in whole if run["kind"] == kind] for kind in ("changed", "same"))
    nothing = dict.fromkeys(CHANGES, 0.0)
    found: Counter[tuple[bool, str]] = sum((outcomes(one, CHANGES) for one in changed), Counter())
    alike = [outcomes(one, nothing) for one in same]
    all_alike: Counter[tuple[bool, str]] = sum(alike, Counter())
    pairs = [
        (run["seconds"], time[run["repeat"], run["kind"]]) for run in whole if (run["repeat"], run["kind"]) in time
    ]
    spent, theirs = (sum(part) for part in zip(*pairs, strict=True)) if pairs else (0.0, 0.0)
    return Score(
        rule=row,
        changed=sum(count for (is_changed, _), count in found.items() if is_changed),
        right=found[True, "right"],
        reversed=found[True, "reversed"],
        missed=found[True, "missed"],
        undecided=found[True, "undecided"],
        unchanged=sum(count for (is_changed, _), count in found.items() if not is_changed),
        unchanged_false=found[False, "false"],
        unchanged_undecided=found[False, "undecided"],
        same=sum(all_alike.values()),
        same_false=all_alike[False, "false"],
        same_undecided=all_alike[False, "undecided"],
        same_runs=len(same),
        same_runs_false=sum(one[False, "false"] > 0 for one in alike),
        failed=len(runs) - len(whole),
        seconds=spent / max(1, len(pairs)),
        share=spent / theirs if theirs else 0.0,
    )


def table(found: Sequence[Score], absent: Mapping[str, str]) -> str:
    """The scores as markdown, and who is not in them."""
    columns = (
        "tool", "changed: right", "wrong direction", "missed", "undecided", "unchanged: right", "called changed",
        "A/A: called changed", "A/A runs with an alarm", "seconds a run", "of perfbot's time",
    )  # fmt: skip
    lines = [f"| {' | '.join(columns)} |", "|:--" + "|--:" * (len(columns) - 1) + "|"]
    for one in found:
        same_undecided = _beside(one.same_undecided)
        lines.append(
            f"| {one.rule} | {one.right} of {one.changed} | {one.reversed} | {one.missed} | {one.undecided} "
            f"| {one.unchanged - one.unchanged_false} of {one.unchanged}{_beside(one.unchanged_undecided)} "
            f"| {one.unchanged_false} | {one.same_false} of {one.same}{same_undecided} "
            f"| {one.same_runs_false} of {one.same_runs} | {one.seconds:.1f} | {one.share:.2f} |"
        )
    lines += [
        f"\n{one.rule}: {one.failed} runs ended without verdicts and are not counted" for one in found if one.failed
    ]
    lines += [f"\n{name}: not run: {why}" for name, why in absent.items()]
    return "\n".join(lines)


def _beside(undecided: int) -> str:
    return f" ({undecided} undecided)" if undecided else ""


def sizes(counted: Mapping[str, float]) -> str:
    """What was changed, and what that is in instructions, as markdown."""
    lines = ["| benchmark | items | instructions |", "|:--|--:|--:|"]
    for name, share in CHANGES.items():
        exact = f"{counted[name]:+.2%}" if name in counted else "not counted: valgrind is not installed"
        lines.append(f"| {name} | {share:+.1%} | {exact} |")
    return "\n".join(lines)


def as_json(found: Sequence[Score]) -> list[dict[str, Any]]:
    """The scores as plain data."""
    return [asdict(one) for one in found]


def sized(history: Sequence[tuple[int, float]], wanted: float, least: int) -> int:
    """How much to measure for ``wanted`` seconds, after runs of (amount, seconds): by a straight line through them."""
    amounts, seconds = ([float(part) for part in parts] for parts in zip(*history, strict=True))
    middle, mean = sum(amounts) / len(amounts), sum(seconds) / len(seconds)
    spread = sum((amount - middle) ** 2 for amount in amounts)
    slope = sum((a - middle) * (s - mean) for a, s in history) / spread if spread else 0.0
    if slope <= 0:  # one amount alone, or noise: in proportion
        slope = mean / middle
    return max(least, round(middle + (wanted - mean) / slope))
