"""Why a benchmark changed, in words: plain texts, in which names stand between backticks."""

from __future__ import annotations

from perfbot.explained import Explanation, Part
from perfbot.model import Report, Result
from perfbot.units import format_quantity

Explanations = dict[tuple[str, str, str], Explanation]

CALLS_SAME = 0.005
"""Numbers of calls that differ by less are shown as one."""

MOSTLY = 0.5
"""Of a part: so much of it is waiting, and it is said to wait."""

REST_TOLD = 0.1
"""Of the change: so much is left over before a line says how much is explained."""


def explanations_of(report: Report) -> Explanations:
    """By suite, benchmark and metric."""
    return {(one.suite, one.benchmark, one.metric): one for one in report.explanations}


def explanation_of(result: Result, known: Explanations) -> Explanation | None:
    """What was found out about a result."""
    return known.get((result.suite, result.benchmark, result.metric))


def amount(value: float, unit: str) -> str:
    """With its sign: "+4.12 µs"."""
    text = format_quantity(abs(value), unit)
    return f"{'−' if value < 0 else '+'}{text}"


def span(low: float, high: float, unit: str) -> str:
    """Both ends of an interval; their unit once where it is the same."""
    first, last = amount(low, unit), amount(high, unit)
    value, _, suffix = first.rpartition(" ")
    return f"{value} to {last}" if value and last.endswith(f" {suffix}") else f"{first} to {last}"


def count(calls: float) -> str:
    """Calls in one call of the benchmark: whole where they are."""
    return f"{calls:,.0f}" if abs(calls - round(calls)) < CALLS_SAME or calls >= 100 else f"{calls:.2g}"


def calls_of(calls: tuple[float, float]) -> str:
    """How often something was called on both sides: "1 → 400"."""
    base, head = map(count, calls)
    return base if base == head else f"{base} → {head}"


def because(part: Part, unit: str) -> str:
    """What a function does otherwise."""
    base, head = part.calls
    if (base > 0) != (head > 0):
        return f"called {calls_of(part.calls)} times"
    waits = part.waits[1] - part.waits[0]
    if part.change and waits / part.change >= MOSTLY:
        return f"waits {format_quantity(part.waits[0], unit)} → {format_quantity(part.waits[1], unit)}"
    if part.callee:
        return f"`{part.callee}` {calls_of(part.callee_calls)} calls"
    if part.inside:
        before, after = (format_quantity(one, unit) for one in part.inside_own)
        return f"in `{part.inside}` {before} → {after}"
    if base > 0 and head > 0 and max(base, head) > 1:
        each = (part.own[0] / base, part.own[1] / head)
        return f"each of {count(head)} calls {format_quantity(each[0], unit)} → {format_quantity(each[1], unit)}"
    return f"itself {format_quantity(part.own[0], unit)} → {format_quantity(part.own[1], unit)}"


def place(part: Part) -> str:
    """File and line: the one that the change wrote, where it did; without what it lies in elsewhere."""
    line = part.hot if part.edited and part.hot else part.line
    file = part.file.strip("<>")
    return f"{file}:{line}" if file and line else file


def whose(part: Part) -> str:
    """What the change has to do with a function."""
    if part.edited:
        return "edited here"
    if part.uses:
        return f"uses `{part.uses}`, edited in line {part.uses_line}"
    if part.package:
        return part.package
    if part.objects:
        there = f"of which there {'is 1 object' if part.objects_count == 1 else f'are {part.objects_count:,} objects'}"
        return f"not edited, but `{part.objects}` is (`{part.objects_place}`), {there}"
    return f"was `{part.was}`" if part.was else "not edited"


def line_of(explanation: Explanation) -> str:
    """One line for a row: the function that matters most, why, and where; empty where nothing is proven."""
    if not explanation.parts:
        return ""
    part, unit = explanation.parts[0], explanation.unit
    where = f", `{place(part)}`" if place(part) else ""
    said = f"`{part.short}` {amount(part.change, unit)}: {because(part, unit)}, {whose(part)}{where}"
    left = abs(explanation.change - part.change)
    if len(explanation.parts) > 1 and left > REST_TOLD * abs(explanation.change):
        second = explanation.parts[1]
        said += f", then `{second.short}` {amount(second.change, unit)}"
    return said


def share_of(explanation: Explanation) -> str:
    """How much of the change the functions shown explain, and how much nobody can tell."""
    unit, change = explanation.unit, explanation.change
    if not explanation.parts:
        why = explanation.reason or f"none of {explanation.functions} functions surely changed"
        return f"{amount(change, unit)} unexplained: {why}" if change else f"not explained: {why}"
    value, _, suffix = amount(explanation.explained, unit).rpartition(" ")
    whole = amount(change, unit)
    told = f"explains {value if whole.endswith(f' {suffix}') else f'{value} {suffix}'} of {whole}"
    left = change - explanation.explained
    low, high = explanation.interval
    if low <= change <= high:
        return f"{told} ({span(low, high, unit)})"
    return f"{told} ({span(low, high, unit)}), {amount(left, unit)} unexplained"


def lines_of(explanation: Explanation) -> tuple[str, ...]:
    """All of it, for a terminal."""
    name, unit = f"{explanation.suite}/{explanation.benchmark}", explanation.unit
    known = explanation.base or explanation.head
    moved = f" {format_quantity(explanation.base, unit)} → {format_quantity(explanation.head, unit)}" if known else ""
    parts = (
        f"  {amount(part.change, unit)} ({span(*part.interval, unit)})  `{part.short}`: {because(part, unit)}, "
        f"{whose(part)}{f', {place(part)}' if place(part) else ''}"
        for part in explanation.parts
    )
    notes = (f"  note: {note}" for note in explanation.notes)
    return (f"why {name}{moved}: {share_of(explanation)}", *parts, *notes)
