"""The page in a real browser: nothing is asked of the network, the filter filters, links open their benchmark."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from perfbot.render import view
from perfbot.render.comment import comment
from perfbot.render.links import Links
from perfbot.render.page import page
from tests.render.explanations import explained
from tests.render.hostile import TEXTS, saying
from tests.render.markdown import READER
from tests.render.samples import everything, regression, report, result

pytestmark = pytest.mark.external

if TYPE_CHECKING:
    from playwright.sync_api import Browser


class Opened:
    """A page in a tab of its own, with everything it asked for and complained about."""

    def __init__(self, browser: Browser, path: Path, width: int = 1200, **options: object) -> None:
        self.tab = browser.new_page(viewport={"width": width, "height": 900}, **options)
        self.complaints: list[str] = []
        self.requests: list[str] = []
        self.tab.on("console", lambda message: self.complaints.append(message.text))
        self.tab.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.tab.on("request", lambda request: self.requests.append(request.url))
        self.tab.goto(path.as_uri())
        if self.tab.locator("#packed").count():
            self.tab.wait_for_selector("html[data-ready]")

    def shown(self) -> int:
        """Benchmarks that can be seen."""
        return sum(row.is_visible() for row in self.tab.locator(".result").all())


@pytest.fixture
def everything_page(tmp_path: Path) -> Path:
    path = tmp_path / "report.html"
    path.write_text(page(everything()), encoding="utf-8")
    return path


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1200, 390])
def test_loads_alone_and_fits(browser: Browser, everything_page: Path, scheme: str, width: int) -> None:
    opened = Opened(browser, everything_page, width, color_scheme=scheme)
    assert opened.complaints == []
    assert opened.requests == [everything_page.as_uri()]
    assert opened.tab.evaluate("document.documentElement.scrollWidth <= innerWidth")
    paper = opened.tab.evaluate("getComputedStyle(document.body).backgroundColor")
    assert paper == {"light": "rgb(255, 255, 255)", "dark": "rgb(13, 17, 23)"}[scheme]
    for row in opened.tab.locator(".result > summary").all():
        row.click()
    assert opened.tab.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert opened.complaints == []


def test_filter_by_name_and_by_verdict(browser: Browser, everything_page: Path) -> None:
    opened = Opened(browser, everything_page)
    assert opened.shown() == 17
    opened.tab.fill("#words", "PARSE core")
    assert opened.shown() == 2
    assert opened.tab.locator("#shown").inner_text() == "2 of 17"
    opened.tab.fill("#words", "no such thing")
    assert opened.shown() == 0
    opened.tab.fill("#words", "")
    opened.tab.uncheck("input[value=unchanged]")
    assert opened.shown() == 14
    opened.tab.press("#words", "Enter")
    assert opened.requests == [everything_page.as_uri()]


def test_a_link_of_the_comment_opens_its_benchmark(browser: Browser, tmp_path: Path) -> None:
    made = report(*(result(f"same_{index}") for index in range(200)), regression("slow"))
    target = tmp_path / "report.html"
    target.write_text(page(made), encoding="utf-8")
    text = READER.render(comment(made, links=Links("https://ci.example/report.html")))
    source = tmp_path / "comment.html"
    source.write_text(text.replace("https://ci.example/report.html", target.as_uri()), encoding="utf-8")
    opened = Opened(browser, source)
    opened.tab.get_by_role("link", name="core/slow").click()
    slow = opened.tab.locator(f"#{view.anchor(made.results[-1])}[open]")
    slow.wait_for()
    assert slow.locator("figure").first.is_visible()
    assert slow.locator("summary").bounding_box()["y"] < 900
    opened.tab.evaluate(f"location.hash = '{view.anchor(made.results[5])}'")
    opened.tab.locator(f"#{view.anchor(made.results[5])}[open]").wait_for()


def test_rows_beyond_the_first_hundred_are_found_opened_and_drawn(browser: Browser, tmp_path: Path) -> None:
    evil = "<img src=x onerror=alert(1)>"
    made = report(*(result(f"case_{index}") for index in range(150)), result(evil), regression("slow"))
    path = tmp_path / "report.html"
    path.write_text(page(made), encoding="utf-8")
    opened = Opened(browser, path)
    assert opened.tab.locator(".result").count() == 152
    assert opened.tab.locator(".result.later").count() == 52
    opened.tab.fill("#words", "case_149")
    assert opened.shown() == 1
    row = opened.tab.locator(".result:visible")
    row.locator("summary").click()
    row.locator("figure").nth(1).wait_for()
    here = opened.tab.locator(".result").nth(1)
    here.evaluate("one => { one.open = true }")
    here.locator("figure").nth(1).wait_for(state="attached")
    shapes = (
        "one => [...one.querySelectorAll('figure svg *')].map((each) => each.tagName + ' ' + each.className.baseVal)"
    )
    assert row.evaluate(shapes) == here.evaluate(shapes), "drawn alike wherever the row came from"
    facts = "one => [...one.querySelectorAll('dt')].map((each) => each.textContent)"
    assert row.evaluate(facts) == here.evaluate(facts)
    assert opened.tab.locator("img").count() == 0
    opened.tab.fill("#words", evil)
    assert opened.shown() == 1
    assert opened.complaints == []
    assert opened.requests == [path.as_uri()]


@pytest.mark.parametrize("name", ["script", "image-onerror", "close-details", "entity", "bidi-override", "percent"])
def test_hostile_text_runs_nothing(browser: Browser, tmp_path: Path, name: str) -> None:
    path = tmp_path / "report.html"
    path.write_text(page(saying(TEXTS[name])), encoding="utf-8")
    opened = Opened(browser, path)
    assert opened.complaints == []
    assert opened.requests == [path.as_uri()]
    assert opened.tab.locator("img").count() == 0
    assert opened.shown() == 5


def test_injected_script_is_refused_by_the_policy(browser: Browser, tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    injected = "<script>document.title = 'owned'</script></main>"
    path.write_text(page(everything()).replace("</main>", injected), encoding="utf-8")
    opened = Opened(browser, path)
    assert opened.tab.title() != "owned"
    assert "Content Security Policy" in " ".join(opened.complaints)


def test_the_flame_graph_has_both_sides_search_and_keys(browser: Browser, tmp_path: Path) -> None:
    path = tmp_path / "why.html"
    path.write_text(page(explained()), encoding="utf-8")
    opened = Opened(browser, path)
    opened.tab.locator(".result > summary").first.click()
    flame = opened.tab.locator(".flame").first
    boxes = flame.locator(".box")

    def width(place: int) -> float:
        return float(boxes.nth(place).locator("rect").get_attribute("width") or 0)

    head = width(1)
    flame.locator("button[value=base]").click()
    assert width(1) < head / 2  # 2 of 10 µs on base, 6.1 of 15 on head
    flame.locator("button[value=head]").click()
    flame.locator("input").fill("line")
    assert flame.locator(".found").count() == 1
    assert flame.locator("output").inner_text() == "1 found"
    boxes.nth(0).focus()
    opened.tab.keyboard.press("ArrowDown")
    assert "search.find_customer" in flame.locator("output").inner_text()
    opened.tab.keyboard.press("Enter")
    assert width(1) == pytest.approx(width(0))
    opened.tab.keyboard.press("Escape")
    assert width(1) == pytest.approx(head)
    assert opened.complaints == []
