"""A series looked at point by point is what it is when looked at from its beginning, however it is cut into looks."""

from __future__ import annotations

import dataclasses
import math
import random
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perfbot.history.records import Point, Release, Series, Subject, Way
from perfbot.history.store import windows
from perfbot.history.trends import Looked, analyse, chained_levels, look, look_on
from perfbot.history.trends.window import FEWEST, LONGEST, MOST, THUMBNAIL

SUBJECT = Subject("core", "parse", "time", "s", number=1)


def made(
    count: int, steps: dict[int, float], *, seed: int, again: frozenset[int] = frozenset(),
    missing: frozenset[int] = frozenset(), unknown: frozenset[int] = frozenset(), machines: int = 1,
    noise: float = 0.03,
) -> tuple[Point, ...]:  # fmt: skip
    """Points of runs, in order; ``again``: of an older commit; ``missing``: without a measured link."""
    chance, level, points, commit = random.Random(seed), 0.01, list[Point](), 0  # noqa: S311
    for number in range(count):
        repeated = number in again and commit > 3
        moved = 0.0 if repeated else math.log1p(steps.get(number, 0.0))
        level *= math.exp(moved)
        commit += not repeated
        about = chance.randrange(1, commit) if repeated else commit
        value = None if number in unknown else level * math.exp(chance.gauss(0, noise))
        points.append(
            Point(number, f"x{number}" if number in missing else f"c{about - 1}", f"c{about}", f"{number:06}",
                  f"m{number * machines // count}", value, value, moved + chance.gauss(0, 0.005), 0.005)
        )  # fmt: skip
    return tuple(points)


def step_by_step(points: tuple[Point, ...], cuts: list[int], releases: tuple[Release, ...]) -> tuple[Looked, Way]:
    """Looked at after each cut, with the window packed and read back between."""
    runs = {one.run: dataclasses.replace(one, base_value=None, head_value=None, log_change=None, log_error=None)
            for one in points}  # fmt: skip
    edges = [*sorted({cut for cut in cuts if 0 < cut < len(points)}), len(points)]
    looked = look(Series(SUBJECT, points[: edges[0]]), releases)
    ways = dict(looked.ways)
    for start, end in pairwise(edges):
        window = windows.unpack(windows.pack(looked.window), runs)
        fresh = [
            (point, any(one.head == point.head and one.head_value for one in points[:at]))
            for at, point in enumerate(points[start:end], start)
        ]
        looked = look_on(SUBJECT, window, fresh, releases)
        ways |= dict(looked.ways)
    return looked, whole(ways)


def whole(ways: dict[int, Way]) -> Way:
    parts = sorted(ways.items())
    assert [start for start, _ in parts] == [sum(len(w.runs) for _, w in parts[:at]) for at in range(len(parts))]
    return Way(
        tuple(run for _, way in parts for run in way.runs), tuple(log for _, way in parts for log in way.logs),
        tuple(v for _, way in parts for v in way.variances), tuple(s + at for s, way in parts for at in way.breaks),
    )  # fmt: skip


NUMBERS = st.frozensets(st.integers(0, 700), max_size=12)


@settings(max_examples=30, deadline=None)
@given(
    count=st.integers(2, 700), seed=st.integers(0, 1000), again=NUMBERS, missing=NUMBERS, unknown=NUMBERS,
    steps=st.dictionaries(st.integers(0, 700), st.sampled_from([0.05, -0.2, 0.5]), max_size=6),
    cuts=st.lists(st.integers(1, 699), max_size=8), machines=st.sampled_from([1, 1, 3]),
    tags=st.lists(st.integers(0, 700), max_size=3, unique=True), exact=st.booleans(),
)  # fmt: skip
def test_looks_that_go_on_find_what_one_look_finds(  # noqa: PLR0917
    count: int, seed: int, again: frozenset[int], missing: frozenset[int], unknown: frozenset[int],
    steps: dict[int, float], cuts: list[int], machines: int, tags: list[int], exact: bool,
) -> None:  # fmt: skip
    points = made(count, steps, seed=seed, again=again, missing=missing, unknown=unknown, machines=machines,
                  noise=0.0 if exact else 0.03)  # fmt: skip
    releases = tuple(Release(f"v{at}", f"c{at}" if at % 2 else "?", f"{at:06}x") for at in sorted(tags))
    one = look(Series(SUBJECT, points), releases)
    many, way = step_by_step(points, cuts, releases)
    assert many.trend == one.trend
    assert windows.pack(many.window) == windows.pack(one.window)
    assert way == whole(dict(one.ways))


def test_a_window_stays_as_small_as_it_is_however_long_the_series() -> None:
    points = made(3000, {100: 0.1, 1700: 0.2}, seed=1)
    looked = look(Series(SUBJECT, points))
    assert len(looked.window.open.points) < LONGEST
    assert len(windows.pack(looked.window)) < 10_000
    assert all(FEWEST <= len(way.runs) <= MOST for _, way in looked.ways[:-1])
    assert len(looked.trend.thumbnail) == THUMBNAIL


def test_steps_stay_found_once_they_are_closed() -> None:
    """Long ago, in the middle, and newest; the chain over all of them is the truth's."""
    looked = look(Series(SUBJECT, made(1000, {100: 0.1, 300: 0.2, 310: -0.2, 960: 0.06}, seed=2)))
    assert [step.index for step in looked.trend.steps] == [100, 300, 310, 960]
    assert looked.trend.since is not None
    low, high = looked.trend.since.interval
    assert low < 1.1 * 1.2 * 0.8 * 1.06 - 1 < high
    assert looked.trend.since.links == 999


@pytest.mark.parametrize("seed", range(3))
def test_nothing_is_found_in_a_long_series_without_steps(seed: int) -> None:
    trend = analyse(Series(SUBJECT, made(1500, {}, seed=seed)))
    assert (trend.steps, trend.drift) == ((), None)


@pytest.mark.parametrize(("tag", "links"), [(50, 549), (400, 199), (598, 1)])
def test_the_chain_starts_at_the_newest_release_closed_or_not(tag: int, links: int) -> None:
    points = made(600, {}, seed=3)
    releases = (Release("v0", "c10", "000009"), Release("v1", f"c{tag + 1}", f"{tag:06}"))
    trend = analyse(Series(SUBJECT, points), releases)
    assert trend.since is not None
    assert (trend.since.name, trend.since.links) == ("v1", links)


def test_a_gap_that_is_closed_still_ends_the_chain() -> None:
    points = tuple(
        dataclasses.replace(
            point, machine="new" if point.run >= 150 else "old", base="?" if point.run == 150 else point.base
        )
        for point in made(600, {}, seed=4)
    )
    trend = analyse(Series(SUBJECT, points), [Release("v1", "c20", "000019")])
    assert trend.since is not None
    assert (trend.since.broken, trend.since.name, trend.since.links) == (True, "", 449)
    assert [level.point.run for level in chained_levels(Series(SUBJECT, points)) if level.link == "broken"] == [150]
