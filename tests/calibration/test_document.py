"""The calibration for people: markdown that a forge shows, a page that asks nothing of the network."""

from __future__ import annotations

from dataclasses import replace
from html.parser import HTMLParser

import pytest

from perfbot.calibration.figures import RULE
from perfbot.calibration.records import Calibration, run_of
from perfbot.render.calibration import CELLS, document, page
from tests.calibration.samples import RUNNER, a_report, calibrated
from tests.render.hostile import TEXTS
from tests.render.markdown import READER

SPREADS = {"quiet": 0.003, "loud": 0.08}


class Elements(HTMLParser):
    """Every element with its attributes."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def count(self, tag: str, kind: str = "") -> int:
        return sum(name == tag and (not kind or kind in (found.get("class") or "")) for name, found in self.found)


@pytest.fixture(scope="module")
def whole() -> Calibration:
    return calibrated(SPREADS, count=20)


def cells(text: str, name: str) -> list[str]:
    line = next(line for line in text.splitlines() if line.startswith(f"| `s/{name}`"))
    return [cell.strip() for cell in line.strip("|").split("|")]


def test_the_document_says_what_was_found(whole: Calibration) -> None:
    text = document(whole)
    assert "10 A/A runs of aaaaaaaaaa on Some CPU, 2 cores, Python 3.11; budget 1 min, threshold 2 %." in text
    assert "Runs with a false alarm: 0 of 10 (95 % interval 0 % to 30.8 %; nominal 1 %)." in text
    assert RULE in text
    loud, quiet = cells(text, "loud"), cells(text, "quiet")
    assert quiet[-1] == "2 %"
    assert loud[-1].startswith("**")
    assert loud[8] == "10", "undecided in all runs"


def test_strips_are_equally_long_and_hold_every_run(whole: Calibration) -> None:
    loud, quiet = (cells(document(whole), name)[1].strip("`") for name in ("loud", "quiet"))
    assert len(loud) == len(quiet) == CELLS + len("[┃]")
    assert quiet.index("[") < quiet.index("┃") < quiet.index("]")
    inside = quiet[quiet.index("[") : quiet.index("]")]
    assert set(quiet.replace(inside, "")) == {"·", "]"}, "all runs of the quiet one lie within the threshold"
    assert set(loud.rpartition("]")[2]) == {"·", "○"}, "one of the loud one lies outside"


def test_the_page_draws_every_run(whole: Calibration) -> None:
    found = Elements(page(whole))
    assert found.count("details", "result") == 2
    assert found.count("circle", "calm") == 10
    assert found.count("circle", "open") == 10
    assert found.count("circle", "alarm") == 0
    assert found.count("rect", "visible") == 2
    assert found.count("line", "suggested") == 2, "of the loud one, in both directions"


def test_an_alarm_is_red() -> None:
    reports = [a_report({"quiet": 0.001}, seed=seed) for seed in range(2)]
    wrong = a_report({"quiet": 0.001})
    (result,) = wrong.results
    wrong = replace(wrong, results=(replace(result, verdict="regressed", change=0.04),))
    made = Calibration(calibrated({"quiet": 0.001}, runs=1).setting, tuple(map(run_of, (*reports, wrong))))
    assert Elements(page(made)).count("circle", "alarm") == 1
    assert "1 of 3 (95 % interval 0.8 % to 90.6 %" in document(made)


def test_nothing_is_asked_of_the_network(whole: Calibration) -> None:
    text = page(whole)
    assert "default-src &#39;none&#39;" in text
    for tag, attributes in Elements(text).found:
        assert not {"src", "href", "srcset", "action"} & set(attributes), tag
    assert "url(" not in text
    assert "@import" not in text


@pytest.mark.parametrize("name", TEXTS)
def test_hostile_names_stay_names(name: str) -> None:
    text = TEXTS[name]
    made = calibrated({text: 0.01}, runs=2, runner=replace(RUNNER, cpu=text))
    found, plain = Elements(page(made)), Elements(page(calibrated({"a": 0.01}, runs=2)))
    tags = ("script", "img", "details", "svg", "a", "style", "iframe")
    assert [found.count(tag) for tag in tags] == [plain.count(tag) for tag in tags]
    rendered = READER.render(document(made))
    assert rendered.count("<tr>") == 2
    assert Elements(rendered).count("img") == Elements(rendered).count("a") == 0


def test_runs_that_were_too_short_say_what_to_type() -> None:
    made = calibrated(SPREADS, count=5)
    told = (
        "In 10 of 10 runs 1 min ended before every benchmark had six rounds, and fewer say nothing: calibrate again "
        "with more, such as --budget 2m."
    )
    assert told in document(made)
    assert told in page(made)
    assert "six rounds" not in document(calibrated(SPREADS, count=6))
