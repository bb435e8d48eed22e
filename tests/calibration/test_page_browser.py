"""The calibration's page in a real browser: it loads alone, fits, follows the reader's colours, and filters."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from perfbot.render.calibration import page
from tests.calibration.samples import calibrated

pytestmark = pytest.mark.external

if TYPE_CHECKING:
    from playwright.sync_api import Browser


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1200, 390])
def test_loads_alone_fits_and_filters(browser: Browser, tmp_path: Path, scheme: str, width: int) -> None:
    path = tmp_path / "calibration.html"
    long = "test_" + "a_very_long_name_" * 12
    path.write_text(page(calibrated({"quiet": 0.003, "loud": 0.08, long: 0.02}, count=20)), encoding="utf-8")
    tab = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
    said: list[str] = []
    tab.on("console", lambda message: said.append(message.text))
    tab.on("pageerror", lambda error: said.append(str(error)))
    tab.on("request", lambda request: said.append(request.url))
    tab.goto(path.as_uri())
    assert said == [path.as_uri()]
    paper = tab.evaluate("getComputedStyle(document.body).backgroundColor")
    assert paper == {"light": "rgb(255, 255, 255)", "dark": "rgb(13, 17, 23)"}[scheme]
    for row in tab.locator(".result > summary").all():
        row.click()
    assert tab.evaluate("document.documentElement.scrollWidth <= innerWidth")
    tab.fill("#words", "loud")
    assert sum(row.is_visible() for row in tab.locator(".result").all()) == 1
    assert said == [path.as_uri()]
