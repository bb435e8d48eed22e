"""The page of one run: complete, self-contained, and safe whatever the report says."""

from __future__ import annotations

import base64
import hashlib
import random
import re
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perfbot.model import Report, Round
from perfbot.render import headline, pictures, view
from perfbot.render.page import WRITTEN_OUT, page
from tests.builders import bare, rounds
from tests.render.hostile import TEXTS, saying
from tests.render.reading import Reader, unpacked
from tests.render.samples import ALL, everything, report, result, typical


@pytest.mark.parametrize("name", ALL)
def test_pages_are_well_formed_and_stand_alone(name: str) -> None:
    made = ALL[name]()
    read = Reader(page(made))
    assert len(read.ids) == len(set(read.ids))
    assert headline.headline(made) in read.text
    for one in made.results:
        assert view.anchor(one) in read.ids
        assert one.full_name in read.text


@pytest.mark.parametrize("name", TEXTS)
def test_hostile_text_stays_text(name: str) -> None:
    read = Reader(page(saying(TEXTS[name])))
    assert read.text.isprintable()
    assert len(read.content["script"]) == 1


@settings(max_examples=15, deadline=None)
@given(st.text(max_size=40))
def test_any_text_stays_text(text: str) -> None:
    assert Reader(page(saying(text))).text.isprintable()


def test_only_its_own_style_and_script_may_run() -> None:
    read = Reader(page(typical()))
    for kind in ("style", "script"):
        (content,) = read.content[kind]
        digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
        assert f"{kind}-src 'sha256-{digest}'" in read.policy
    assert read.policy.startswith("default-src 'none'")
    assert "unsafe" not in read.policy


def test_nothing_is_asked_of_the_network() -> None:
    text = page(everything())
    assert not re.search(r"https?://|@import|url\(|//cdn", text)


def test_page_tells_what_the_comment_tells() -> None:
    text = Reader(page(everything())).text
    for said in (
        "2 of 17 benchmarks are slower, 1 is over its budget, 1 fails",
        "The run was interrupted",
        "This change edits the performance policy",
        "the worker died with signal 11",
        "at /src/x.c:12",
        "accepted by alice: needed for safety",
        "threshold: 2 % → 5 %",
        "2 KiB: over",
        "AMD EPYC, 2 cores",
        "+6.4 % since v2.3",
    ):
        assert said in text


def test_a_page_can_link_home() -> None:
    assert '<a href="../index.html">' in page(typical(), home="../index.html")


# Geometry -------------------------------------------------------------------------------------------------------


@given(st.lists(st.floats(-0.99, 50), min_size=1, max_size=8))
def test_every_change_is_on_the_forest_plot_in_order(changes: list[float]) -> None:
    results = [result(str(i), change) for i, change in enumerate(changes)]
    scale = pictures.axis(results)
    rows = [pictures.forest(one, scale) for one in results]
    places = [row.point for row in rows if row is not None]
    assert all(1 <= place <= 99 for place in places)
    ordered = [place for _, place in sorted(zip(changes, places, strict=True))]
    assert ordered == sorted(ordered)
    for row in rows:
        assert row is not None
        assert row.interval is not None
        assert row.interval.start - 0.02 <= row.point <= row.interval.start + row.interval.size + 0.02


@given(st.floats(0.001, 50))
def test_halving_is_as_far_from_the_middle_as_doubling(change: float) -> None:
    scale = pictures.Axis(reach=6.0)
    assert scale.at(change) - 50 == pytest.approx(50 - scale.at(1 / (1 + change) - 1), abs=0.02)


@pytest.mark.parametrize("change", [0.001, 0.02, 0.08, 0.4, 2.0, 20.0])
def test_axis_labels_are_apart_and_in_order(change: float) -> None:
    ticks = pictures.axis([result("a", change)]).ticks()
    places = [tick.at for tick in ticks]
    assert places == sorted(places)
    assert all(b - a >= pictures.TICK_DISTANCE for a, b in pairwise(places))
    assert "0" in [tick.label for tick in ticks]


def test_axis_labels_are_where_their_changes_are() -> None:
    scale = pictures.axis([result("a", 1.0)])
    labels = {tick.label: tick.at for tick in scale.ticks()}
    assert labels["+5 %"] == scale.at(0.05)
    assert labels["−5 %"] == scale.at(-0.05)


def test_a_result_without_a_change_has_no_row() -> None:
    assert pictures.forest(bare("a", "added"), pictures.axis([])) is None


def test_rounds_are_drawn_one_by_one() -> None:
    changes, values = pictures.pictures(result("a", 0.1))
    assert [series.name for series in values.series] == ["base", "head"]
    for series in (*changes.series, *values.series):
        assert series.rounds == 8
        for at, below, above in zip(series.marks[::3], series.marks[1::3], series.marks[2::3], strict=True):
            assert pictures.TOP <= at - above <= at + below <= pictures.HEIGHT - pictures.BOTTOM
    base, head = (series.marks[0] for series in values.series)
    assert head < base, "more is higher up"
    assert changes.zero is not None
    assert [name for name, _ in changes.bands] == ["threshold", "interval"]


def test_a_page_of_two_thousand_benchmarks_is_small_and_whole() -> None:
    """Each has eight rounds of eight pairs; the bound is a quarter of a kilobyte a benchmark."""
    chance = random.Random(1)  # noqa: S311
    made = report(
        *(result(f"test_case_{i}[param-{i % 7}]", chance.gauss(0, 0.004), raw=noisy(chance)) for i in range(2000))
    )
    text = page(made)
    assert len(text.encode()) <= 500_000
    found = re.search(r'data-rows="([^"]*)"', text)
    assert found is not None
    rows, marks = unpacked(found[1])
    assert len(rows) == 2000
    later = [row for row in rows if len(row) > 2]
    assert len(later) == 2000 - WRITTEN_OUT
    assert {row[0] for row in rows} == {view.anchor(one) for one in made.results}
    assert [row[4] for row in later] == [one.full_name for one in made.results[WRITTEN_OUT:]]
    last = rows[-1][1][-1]
    assert marks[last[5][-2] :] == pictures.pictures(made.results[-1])[1].series[1].marks


def noisy(chance: random.Random) -> tuple[Round, ...]:
    def side() -> tuple[float, ...]:
        return tuple(1e-3 * chance.uniform(0.97, 1.03) for _ in range(8))

    return tuple(Round(index, side(), side(), 100, 0.03, 0) for index in range(8))


@pytest.mark.parametrize(
    "made",
    [
        result("constant", raw=rounds(1.0, 1.0, pairs=1)),
        result("zero", raw=rounds(0.0, 0.0)),
        result("from_zero", raw=rounds(0.0, 5.0)),
        result("negative", unit="points", raw=rounds(-3.0, 2.0)),
        result("huge", raw=rounds(1e300, 1e-300)),
        result("single", raw=rounds(1.0, 1.1, count=1, pairs=1), interval=None, threshold=None),
        result("none", raw=()),
    ],
    ids=lambda made: made.benchmark,
)
def test_odd_rounds_are_drawn_too(made: object) -> None:
    found: Report = report(made)  # type: ignore[arg-type]
    text = page(found)
    assert "nan" not in text
    assert "inf" not in re.sub(r"<(script|style)>.*?</\1>", "", text, flags=re.DOTALL)
    Reader(text)
