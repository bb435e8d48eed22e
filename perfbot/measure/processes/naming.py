"""Names of a tool's results: as short as they can be told apart, and never two of one name.

What distinguishes results of one short name goes into the name, as much as it takes: the end of the package's path,
the mode, the job, the file. How much that is, is settled once for both sides (:func:`naming`); a name must not depend
on which benchmarks a process was asked to run. Where nothing distinguishes two results, both are refused, with their
places.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import median

from perfbot.measure.processes.tools import Reading, Reported


@dataclass(frozen=True, slots=True)
class Detail:
    """How much more than its short name a result is called by.

    Attributes:
        depth: how many of the innermost parts of what it is in.
        traits: kinds of them, in the order in which they are written.
        file: whether the file that it was written to is part of the name.
    """

    depth: int = 0
    traits: tuple[str, ...] = ()
    file: bool = False


Naming = Mapping[str, Detail]
"""By short name; those that are missing are enough as they are."""


def naming(*processes: Iterable[Reported]) -> Naming:
    """What it takes to tell the results of each of some processes apart."""
    found: dict[str, Detail] = {}
    for results in processes:
        groups: dict[str, list[Reported]] = {}
        for one in results:
            groups.setdefault(one.name, []).append(one)
        for name, group in groups.items():
            if (detail := _detail(group)) != Detail():
                found[name] = _both(found.get(name, Detail()), detail)
    return found


def _both(one: Detail, other: Detail) -> Detail:
    traits = tuple(dict.fromkeys((*one.traits, *other.traits)))
    return Detail(max(one.depth, other.depth), traits, one.file or other.file)


def _detail(group: Sequence[Reported]) -> Detail:
    """The least that tells results of one short name apart, in this order: what they are in, traits, files."""
    detail = Detail()
    if len(group) == 1:
        return detail
    deepest = max(len(one.above) for one in group)
    whole = _labels(group, Detail(deepest))
    while _labels(group, detail) < whole:
        detail = replace(detail, depth=detail.depth + 1)
    for kind in dict.fromkeys(kind for one in group for kind, _ in one.traits):
        more = replace(detail, traits=(*detail.traits, kind))
        if _labels(group, more) > _labels(group, detail):
            detail = more
    more = replace(detail, file=True)
    return more if _labels(group, more) > _labels(group, detail) else detail


def _labels(group: Sequence[Reported], detail: Detail) -> int:
    return len({label(one, detail) for one in group})


def label(one: Reported, detail: Detail) -> str:
    """The name of a result, with so much detail."""
    above = "".join(one.above[-detail.depth :]) if detail.depth else ""
    texts = dict(one.traits)
    behind = "".join(texts.get(kind, "") for kind in detail.traits)
    file = f"{one.file}: " if detail.file and one.file else ""
    return f"{file}{above}{one.name}{behind}"


def named(results: Iterable[Reported], known: Naming) -> dict[str, Reported]:
    """Results by their names, each name once.

    What repeats a result is joined with it by the median, and parts of one result, with metrics of their own, are one
    benchmark. All else of one name is refused: the result then says so, with the places.
    """
    groups: dict[str, list[Reported]] = {}
    for one in results:
        groups.setdefault(label(one, known.get(one.name, Detail())), []).append(one)
    return {name: _one(group) for name, group in groups.items()}


def _one(group: Sequence[Reported]) -> Reported:
    """The only result of a name, or one that says why there is none."""
    first = group[0]
    names = [reading.metric.name for one in group for reading in one.readings]
    if len(group) == 1 and len(set(names)) == len(names):
        return first
    if failed := next((one for one in group if one.failed), None):
        return failed
    same = all((one.above, one.traits) == (first.above, first.traits) for one in group)
    if same and not any(one.trouble for one in group):
        if len(set(names)) == len(names):
            return replace(first, readings=tuple(reading for one in group for reading in one.readings))
        if first.repeats and len({one.repeats for one in group}) == 1:
            return replace(first, readings=_medians(group))
    if troubled := next((one for one in group if one.trouble), None):
        return replace(troubled, readings=())
    return replace(first, readings=(), trouble=_twice(group))


def _medians(group: Sequence[Reported]) -> tuple[Reading, ...]:
    """The median of each metric; one bad value is not outvoted."""
    by_name: dict[str, list[Reading]] = {}
    for one in group:
        for reading in one.readings:
            by_name.setdefault(reading.metric.name, []).append(reading)
    return tuple(
        next((one for one in all_ if one.trouble), None)
        or replace(all_[0], value=median(one.value for one in all_), cpu=median(one.cpu for one in all_))
        for all_ in by_name.values()
    )


def _twice(group: Sequence[Reported]) -> str:
    places = list(dict.fromkeys(one.where for one in group))
    at = " and ".join(places[:2]) if len(places) > 1 else f"twice at {places[0]}"
    more = f" ({len(places) - 2} more)" if len(places) > 2 else ""
    return f"reported more than once under this name: {at}{more}; give each result a name of its own"
