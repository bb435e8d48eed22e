"""The pages in a real browser: they load, filter, zoom, follow links, and break no rule of their own.

Needs Chromium and Playwright for Python; runs in the external part.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from perfbot.cli.main import main
from tests.builders import commit

pytestmark = pytest.mark.external

DIFFERENCE = f"https://forge.example/p/compare/{commit(12)}...{commit(13)}"
SIZES = {"wide": (1200, 900), "narrow": (390, 844)}


@pytest.fixture(scope="module")
def folder(history: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("site")
    assert main(["site", str(target), "--database", history, "--repository", "https://forge.example/p"]) == 0
    return target


@pytest.fixture(params=[(size, scheme) for size in SIZES for scheme in ("light", "dark")], ids="-".join)
def page(browser: Any, request: pytest.FixtureRequest) -> Iterator[Any]:
    size, scheme = request.param
    width, height = SIZES[size]
    opened = browser.new_page(viewport={"width": width, "height": height}, color_scheme=scheme)
    complaints: list[str] = []
    opened.on("console", lambda message: complaints.append(message.text))
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    opened.on(
        "request", lambda asked: complaints.append(asked.url) if not asked.url.startswith(("file:", "data:")) else None
    )
    yield opened
    keep = os.environ.get("PERFBOT_SCREENSHOTS")
    if keep:
        opened.screenshot(path=f"{keep}/{request.node.name}.png", full_page=True)
    opened.close()
    assert complaints == []


def test_the_overview_filters_and_leads_to_a_benchmark(page: Any, folder: Path) -> None:
    page.goto(f"file://{folder}/index.html")
    rows = page.locator("#benchmarks tbody tr:visible")
    assert rows.count() == 3
    page.fill("input[type=search]", "PARS")
    assert rows.count() == 1
    assert page.locator("output").text_content() == "1 of 3"
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    rows.locator("a").click()
    assert page.locator("h1 bdi").text_content() == "core/parse"


def test_a_benchmark_zooms_both_charts_and_opens_a_run(page: Any, folder: Path) -> None:
    page.goto(f"file://{folder}/index.html")
    page.locator("#benchmarks a", has_text="core/parse").click()
    page.wait_for_selector("#values canvas")
    assert page.evaluate("charts[0].data[0].length") == 24
    box = page.locator("#chain .u-over").bounding_box()
    page.mouse.move(box["x"] + box["width"] * 0.5, box["y"] + 40)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.9, box["y"] + 42, steps=5)
    page.mouse.up()
    page.wait_for_function("charts[1].scales.x.min > Date.UTC(2026, 0, 10) / 1000")
    assert "from=" in page.url, "the address keeps the view"
    page.reload()
    page.wait_for_function("charts[1]?.scales.x.min > Date.UTC(2026, 0, 10) / 1000")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_charts_are_walked_from_the_keyboard(page: Any, folder: Path) -> None:
    page.goto(f"file://{folder}/index.html")
    page.locator("#benchmarks a", has_text="core/parse").click()
    page.wait_for_selector("#values canvas")
    page.focus("#charts")
    page.keyboard.press("Home")
    first = page.locator("#point").text_content()
    page.keyboard.press("ArrowRight")
    assert first
    assert page.locator("#point").text_content() not in ("", first)
    page.keyboard.press("+")
    assert "from=" in page.url
    page.keyboard.press("Escape")
    assert "from=" not in page.url
    page.keyboard.press("Enter")
    page.wait_for_url("**/runs/2.html")


def test_the_overview_sorts_and_the_address_keeps_the_order(page: Any, folder: Path) -> None:
    page.goto(f"file://{folder}/index.html")
    if page.viewport_size["width"] < 600:
        return  # headings are folded away there
    names = page.locator("#benchmarks tbody th").all_text_contents()
    page.click("#benchmarks th button[data-name=name]")
    page.click("#benchmarks th button[data-name=name]")
    assert page.locator("#benchmarks tbody th").all_text_contents() == sorted(names, reverse=True)
    assert "sort=-name" in page.url
    page.reload()
    assert page.locator("#benchmarks tbody th").all_text_contents() == sorted(names, reverse=True)


def test_a_link_of_a_comment_leads_to_its_benchmark_on_the_runs_page(page: Any, folder: Path) -> None:
    from perfbot.render.view import anchor
    from tests.builders import a_result

    fragment = anchor(a_result("parse"))
    page.goto(f"file://{folder}/runs/24.html#{fragment}")
    assert "core/parse" in (page.locator(":target").text_content() or "")


@pytest.fixture(scope="module")
def wide(browser: Any) -> Iterator[Any]:
    """One page for all that looks the same in every size and colour."""
    opened = browser.new_page(viewport={"width": 1200, "height": 900})
    complaints: list[str] = []
    opened.on("console", lambda message: complaints.append(message.text))
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    opened.on(
        "request", lambda asked: complaints.append(asked.url) if not asked.url.startswith(("file:", "data:")) else None
    )
    yield opened
    opened.close()
    assert complaints == []


def test_the_overview_leads_to_what_changed_since_the_release(page: Any, folder: Path) -> None:
    page.goto(f"file://{folder}/index.html")
    page.get_by_role("link", name="v1<i> → main: 1 slower").click()
    assert page.locator("h1").inner_text().startswith("v1<i> → main")
    assert page.locator(".changes tbody th").all_inner_texts()[0] == "core/parse"
    assert page.locator(".points .subject").inner_text() == "Check every row <b>"
    assert page.locator(".points a", has_text="difference").get_attribute("href") == DIFFERENCE
    page.locator("summary").click()
    assert page.locator(".changes tbody tr:visible").count() == 3
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_a_comparison_sorts_and_another_pair_is_chosen(wide: Any, folder: Path) -> None:
    wide.goto(f"file://{next(folder.glob('compare/*.html'))}")
    wide.locator("summary").click()
    wide.locator("details th button[data-name=name]").click()
    wide.locator("details th button[data-name=name]").click()
    names = wide.locator("details tbody th").all_inner_texts()
    assert names == sorted(names, reverse=True)
    assert "sort=-name" in wide.url
    before = wide.url.partition("?")[0]
    wide.select_option("select[name=from]", "main")
    wide.select_option("select[name=to]", "v1<i>")
    wide.get_by_role("button", name="Compare").click()
    wide.wait_for_url(lambda url: "sort" not in url)
    assert wide.url.partition("?")[0] == before, "either order"


def test_several_benchmarks_share_a_chart_and_the_address_keeps_it(wide: Any, folder: Path) -> None:
    wide.goto(f"file://{folder}/index.html")
    wide.get_by_role("link", name="Several in one chart").click()
    for name in ("PARS", "core/<script>alert(1)</script>"):
        wide.fill("#add input", name)
        wide.keyboard.press("Enter")
    wide.wait_for_function("together.chart()?.series.length === 3")
    assert wide.locator("#drawn a").all_inner_texts() == ["core/parse", "core/<script>alert(1)</script>"]
    wide.focus("#charts")
    wide.keyboard.press("End")
    assert "core/parse +1" in wide.locator("#point").inner_text()
    wide.keyboard.press("+")
    assert "from=" in wide.url
    wide.reload()
    wide.wait_for_function("together.chart()?.scales.x.min > Date.UTC(2026, 0, 10) / 1000")
    assert wide.locator("#drawn li").count() == 2
    wide.keyboard.press("Tab")
    wide.get_by_role("button", name="Remove core/parse").click()
    wide.wait_for_function("together.chart()?.series.length === 2")
    assert "core-parse" not in wide.url
    wide.fill("#add input", "no such thing")
    wide.keyboard.press("Enter")
    assert wide.locator("#add output").inner_text() == "No benchmark is called so."


def test_a_chart_zooms_by_dragging(wide: Any, folder: Path) -> None:
    name = next(folder.glob("benchmarks/core-parse-*.html")).stem
    wide.goto(f"file://{folder}/charts.html?b={name},no-such-page")
    wide.wait_for_function("together.chart()?.series.length === 2")
    box = wide.locator("#chain .u-over").bounding_box()
    wide.mouse.move(box["x"] + box["width"] * 0.5, box["y"] + 40)
    wide.mouse.down()
    wide.mouse.move(box["x"] + box["width"] * 0.9, box["y"] + 42, steps=5)
    wide.mouse.up()
    wide.wait_for_function("together.chart()?.scales.x.min > Date.UTC(2026, 0, 10) / 1000")
    assert "from=" in wide.url
