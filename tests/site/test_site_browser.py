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

pytestmark = pytest.mark.external

SIZES = {"wide": (1200, 900), "narrow": (390, 844)}


@pytest.fixture(scope="module")
def folder(history: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("site")
    assert main(["site", str(target), "--database", history]) == 0
    return target


@pytest.fixture(params=[(size, scheme) for size in SIZES for scheme in ("light", "dark")], ids="-".join)
def page(browser: Any, request: pytest.FixtureRequest) -> Iterator[Any]:
    size, scheme = request.param
    width, height = SIZES[size]
    opened = browser.new_page(viewport={"width": width, "height": height}, color_scheme=scheme)
    complaints: list[str] = []
    opened.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
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
    from tests.histories import a_result

    fragment = anchor(a_result("parse"))
    page.goto(f"file://{folder}/runs/24.html#{fragment}")
    assert "core/parse" in (page.locator(":target").text_content() or "")
