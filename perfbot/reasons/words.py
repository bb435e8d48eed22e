"""Reasons in words: the one place where they become sentences, for the comment, the terminal, the pages and the report.

Pure, and safe for values that anybody wrote: a report may come from a job that ran hostile code.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from perfbot import reasons as of
from perfbot.units import format_change, format_percentage, format_quantity

Told = of.Note | of.Reason

NO_RATIO = "values of zero or below have no ratio"
AT_ONCE = "both sides at once on one core"

CONVERTED = {
    "wall times": "wall times of the tool, converted to CPU time",
    "medians": "medians of calls too short to be interrupted",
    "iterations": "the processes' CPU time for a given number of iterations",
}

NOT_COUNTED = {
    "no valgrind": "not counted: `apt-get install valgrind` brings what counts instructions",
    "no time": "could not be counted in the share of the time limit that counting has",
    "too slow": "takes too long to be counted under valgrind, where a call takes about fifty times its time",
    "no answer": "valgrind did not say what it counted",
}

DURING = {"": "", "prepare": "prepare: ", "valgrind": "under valgrind "}

NO_OTHER_RUNNER = {
    "each differs": "each run so far showed another change",
    "too long a name": "its name is too long to be remembered",
    "too many runs": "{} runs were asked for within an hour",
    "not remembered": "that cannot be remembered ({})",
    "outrun": "a newer run has spoken",
    "not started": "it could not be started ({})",
}

OPEN = {"inconclusive": "undecided", "incomparable": "not comparable"}


def text(reasons: Iterable[Told]) -> str:
    """All of them in one; empty for none."""
    return "; ".join(clauses(reasons))


def clauses(reasons: Iterable[Told]) -> tuple[str, ...]:
    """A clause each; what a program said begins a line below the clause that it belongs to."""
    found: list[str] = []
    leads = False
    for reason in reasons:
        told = clause(reason)
        if found and told and (leads or isinstance(reason, of.Said)):
            found[-1] += f"\n{told}"
        elif told:
            found.append(told)
        leads = isinstance(reason, of.HeadsVersion)
    return tuple(found)


def clause(reason: Told) -> str:
    """One of them."""
    told = _WORDS[reason.kind]
    return told if isinstance(told, str) else told(reason)


# What measuring says ----------------------------------------------------------------------------------------------


def _later_calls(one: of.LaterCallsDiffer) -> str:
    told = f"its first {one.calls:,} calls are not like later ones: rounds are longer"
    return f"{told}, and compared from call {one.compared_from:,} on" if one.compared_from else told


def _too_long(one: of.TakesTooLong) -> str:
    why = f"too long for what is left of the time limit, since to decide takes {one.calls:,} calls at least"
    return f"takes longer than {one.limit:.3g} s: {why}"


def _command(one: of.CommandFailed) -> str:
    return f"{DURING[one.during]}`{one.command}` {one.how}"


def _server(one: of.ServerFailed) -> str:
    what = "closed the connection" if one.closed else "took too long to answer"
    return f"the server {what}{'; it has ended' if one.ended else ''}"


def _calls_failed(one: of.CallsFailed) -> str:
    share, other = format_percentage(one.share), format_percentage(one.other)
    return f"{share} of its calls failed, {other} on {one.side}"


_MEASURING: Mapping[str, str | Callable[[Any], str]] = {
    "said": lambda one: one.text,
    "waits": "waits for something (CPU time is below wall time): compared by wall time, in turns",
    "threaded": "computes in several threads: compared by wall time, in turns, not pinned",
    "exclusive": "both sides want something that only one can have (a port, a lock): each ran alone, in turn",
    "works_aside": "its threads go on after calls have returned: each side measures a tenth of a second at a time",
    "unpinned": "this system refuses to pin processes to a core: expect wider intervals",
    "later_calls_differ": _later_calls,
    "still_warming": lambda one: f"still warming up after {one.calls:,} calls",
    "sides_at_once": lambda one: f"{AT_ONCE}: {CONVERTED[one.by]}",
    "takes_too_long": _too_long,
    "heads_version": lambda one: f"head's version {'is skipped' if one.skipped else 'fails'} on both sides",
    "uncollected": lambda one: f"its file could not be collected: {one.raised}",
    "base_cannot_run": "base cannot run it",
    "not_at_head": "head does not have it",
    "not_in_heads_files": "head's version of the benchmark files does not have it",
    "skipped_by_head": lambda one: f"head skips it: {one.why}",
    "left_out_by_configuration": "the change's own configuration leaves it out",
    "hangs": "hangs: it gave no sign in time",
    "rubbish": "wrote rubbish on the pipe to perfbot",
    "gave_up": "could not go on",
    "closed_its_pipe": "closed its pipe to perfbot",
    "process_ended": lambda one: f"the process {one.how}",
    "not_started": lambda one: f"could not start {one.program}: {one.error}",
    "not_fresh": "had loaded something of the checkout before it was asked for",
    "out_of_turn": lambda one: f"answered {one.event!r} out of turn",
    "another_order": "its benchmarks come in another order than those of the other side",
    "not_called": "it reports a value instead of being called",
    "not_counted": lambda one: NOT_COUNTED[one.because],
    "counting_failed": lambda one: f"could not be counted: {one.told}",
    "senseless": lambda one: f"{one.side}: found {one.found}, expected a finite number of a sensible size",
    "command_failed": _command,
    "not_reported": lambda one: f"the tool did not report {', '.join(one.metrics)} this time",
    "unreadable": lambda one: f"{one.side}: {one.told}",
    "units_differ": lambda one: f"base reports {one.metric} in {one.base}, head in {one.head}",
    "calls_failed": _calls_failed,
    "no_such_file": lambda one: f'"{one.glob}" matches nothing',
    "build_failed": "the build failed",
    "server_failed": _server,
}

# What judging says ------------------------------------------------------------------------------------------------


def _no_ratio(one: of.NoRatio) -> str:
    return f"{NO_RATIO}, and head is {one.head_is} base in every round" if one.head_is else NO_RATIO


def _not_confirmed(one: of.NotConfirmed) -> str:
    told = f"not confirmed: {format_change(one.change)} in {one.rounds} rounds"
    if not one.fresh:
        return f"{told}, and no time for more"
    return f"{told}, {one.agreeing} of {one.fresh} more under other conditions agree"


def _mean_within(one: of.MeanWithin) -> str:
    """To two digits, as much as an estimated share can bear."""
    told = f"mean within ±{format_percentage(float(f'{one.bound:.1e}'))}"
    return f"{told} in {one.calls:,} calls" if one.calls else told


def _waits(one: of.OneSideWaits) -> str:
    other = "base" if one.side == "head" else "head"
    waits, other_waits = _seconds(one.waits), _seconds(one.other_waits)
    return f"{one.side} waits {waits} of {_seconds(one.cost)}, {other} {other_waits} of {_seconds(one.other_cost)}"


def _seconds(seconds: float) -> str:
    return format_quantity(seconds, "s") if seconds > 0 else "0"


def _mean_differs(one: of.MeanDiffers) -> str:
    told = f"typical {format_change(one.typical)}, mean {format_change(one.mean)}"
    if one.slow is None:
        return told
    base, head = map(_one_in, one.slow)
    return f"{told}: slow calls: {base} on base, {head} on head"


def _one_in(share: float) -> str:
    if share <= 0:
        return "none"
    return f"1 call in {round(1 / share)}" if share <= 1 / 2 else f"{share:.0%} of calls"


def _no_direction(one: of.NoDirection) -> str:
    which = f'write higher = ["{one.metric}"] or lower = ["{one.metric}"] in [[suite]] "{one.suite}"'
    return f"it moved; to have it judged, {which}"


def _layout(one: of.MovesWithLayout) -> str:
    return f"moves with code layout: {format_change(one.low)} … {format_change(one.high)} over {one.builds} builds"


def _machine(word: of.MachineWord) -> str:
    if not word.measured:
        return f"not measured on {word.machine}"
    change = "" if word.change is None else format_change(word.change)
    told = " ".join(filter(None, (OPEN.get(word.verdict, word.verdict), change)))
    return f"{told or 'no number'} on {word.machine}"


def _one_machine(one: of.OneMachineOnly) -> str:
    said = "one machine says so" if one.change is None else f"{format_change(one.change)} on one machine"
    return f"{said}; no other was asked, for the change fails without it"


_JUDGING: Mapping[str, str | Callable[[Any], str]] = {
    "not_measured": "not measured",
    "not_finite": "a value is not a finite number",
    "no_ratio": _no_ratio,
    "too_few_rounds": lambda one: f"only {one.rounds} of at least {one.needed} rounds",
    "not_confirmed": _not_confirmed,
    "few_calls": lambda one: f"{one.calls:,} calls seen",
    "mean_within": _mean_within,
    "one_side_waits": _waits,
    "mean_differs": _mean_differs,
    "was_zero": "was 0 on base",
    "unsteady": "differs from round to round",
    "no_direction": _no_direction,
    "not_gating": "does not gate",
    "only_mean_over_budget": lambda one: (
        f"typical values keep its budget, their mean of {format_quantity(one.mean, one.unit)} does not"
    ),
    "own_versions": "each side ran its own version of the benchmark, so it does not gate",
    "disturbed": lambda one: f"the runner was disturbed: base against itself moved by {format_change(one.change)}",
    "worse_than_accepted": lambda one: f"worse than the {format_change(one.change)} accepted by {one.who}",
    "accepted": lambda one: f"accepted by {one.who}: {one.why}",
    "moves_with_layout": _layout,
    "machines_say": lambda one: ", ".join(map(_machine, one.words)),
    "one_machine_alone": "one machine's word alone does not count",
    "one_machine_only": _one_machine,
    "better_unknown": lambda one: f"nobody says whether more {one.metric} is better",
    "no_interval": "too few rounds",
    "machines_differ": "machines differ",
    "no_other_runner": lambda one: (
        f"not confirmed on another runner: {NO_OTHER_RUNNER[one.because].format(one.detail)}"
    ),
}

_WORDS = {**_MEASURING, **_JUDGING}
