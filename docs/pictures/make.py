"""Makes the pictures of the documentation: ``python docs/pictures/make.py [comment] [pages] [terminal] [--kept]``.

Comments and pages are drawn by Chromium (Debian's ``chromium``, ``pip install playwright pillow``) in light and dark,
as wide as a phone, a tablet and a desk; the terminal is what ``perfbot demo`` shows at 80 × 24 (``pip install pyte``).
What the documentation does not show is made to be looked at, in ``build/pictures``, unless ``--kept`` is said.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parents[1]), str(HERE)]

import numpy as np  # noqa: E402
from comments import COMMENTS  # noqa: E402
from histories import PROJECT, history  # noqa: E402
from paper import page  # noqa: E402
from PIL import Image  # noqa: E402
from playwright.sync_api import sync_playwright  # noqa: E402
from recording import frames, moving  # noqa: E402

from perfbot.history.store import open_store  # noqa: E402
from perfbot.render import page as run_page  # noqa: E402
from perfbot.site.files import write_site  # noqa: E402
from tests.render.samples import everything  # noqa: E402

WIDTHS = (390, 768, 1440)
KEPT = {
    "comment-blocked-1440", "comment-blocked-768-dark", "comment-blocked-390", "comment-undecided-768",
    "comment-many-768", "comment-matrix-768-dark", "overview-1440", "overview-768-dark", "overview-390",
    "benchmark-1440", "benchmark-390", "release-1440", "release-768-dark", "release-390", "together-1440-dark",
    "report-1440", "report-390", "comment-mixed-768", "comment-first-run-768", "comment-broken-suite-768",
    "comment-accepted-768", "comment-claims-768", "comment-explained-768",
}  # fmt: skip
"""What the documentation shows."""

FORGE = "https://forge.example/acme/widgets/-/compare"
COLOURS = 255
"""Of a kept picture, the most frequent ones: pages have few, and files stay small."""


TALLEST = 1800
"""Pixels of a kept picture's height: what is below is more of the same rows."""


def comments(browser: Any) -> Iterator[Path]:
    """Each comment at each width, light and dark."""
    for name, make in COMMENTS.items():
        for width in WIDTHS:
            for dark in (False, True):
                if not _wanted(f"comment-{name}", width, dark=dark):
                    continue
                sheet = browser.new_page(viewport={"width": width, "height": 300})
                sheet.set_content(page(make(), dark=dark, width="920px"))
                yield _kept(sheet.locator(".note"), f"comment-{name}", width, dark=dark)
                sheet.close()


def pages(browser: Any) -> Iterator[Path]:
    """Each kind of page at each width, light and dark."""
    with tempfile.TemporaryDirectory() as folder:
        site = Path(folder) / "site"
        with open_store(history(Path(folder) / "history.db")) as store:
            write_site(store, PROJECT, "main", site, lambda base, head: f"{FORGE}/{base}...{head}")
        (site / "report.html").write_text(run_page.page(everything()), encoding="utf-8")
        found = {path.stem[:-11]: path.stem for path in site.glob("benchmarks/*.html")}
        drawn = ",".join(found[name] for name in ("parser-header", "render-page", "diff-tree", "store-query"))
        shown = {
            "overview": "index.html", "benchmark": f"benchmarks/{found['store-query']}.html",
            "release": "compare/v2.1...main.html", "together": f"charts.html?b={drawn}", "report": "report.html",
        }  # fmt: skip
        for name, address in shown.items():
            for width in WIDTHS:
                for dark in (one for one in (False, True) if _wanted(name, width, dark=one)):
                    yield _page(browser, f"{site.as_uri()}/{address}", name, width, dark=dark)


def _page(browser: Any, address: str, name: str, width: int, *, dark: bool) -> Path:
    sheet = browser.new_page(viewport={"width": width, "height": 900}, color_scheme="dark" if dark else "light")
    sheet.goto(address)
    if name == "report":
        sheet.locator(".result > summary").nth(1).click()
    sheet.wait_for_timeout(200)
    made = _kept(sheet.locator("body"), name, width, dark=dark)
    sheet.close()
    return made


def _stem(name: str, width: int, *, dark: bool) -> str:
    return f"{name}-{width}{'-dark' if dark else ''}"


def _wanted(name: str, width: int, *, dark: bool) -> bool:
    return "--kept" not in sys.argv or _stem(name, width, dark=dark) in KEPT


def _kept(what: Any, name: str, width: int, *, dark: bool) -> Path:
    stem = _stem(name, width, dark=dark)
    folder = HERE if stem in KEPT else HERE.parents[1] / "build" / "pictures"
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{stem}.png"
    what.screenshot(path=file)
    if stem in KEPT:
        with Image.open(file) as drawn:
            _few(np.asarray(drawn.convert("RGB"))[:TALLEST]).save(file, optimize=True)
    return file


def _few(drawn: Any) -> Any:
    """A picture in its most frequent colours, and those that lie farthest from them: the others become the nearest."""
    colours, places, counts = np.unique(drawn.reshape(-1, 3), axis=0, return_inverse=True, return_counts=True)
    usual = colours[np.argsort(-counts)[: COLOURS // 2]]
    every = colours.astype(int)
    apart, nearest = np.full(len(every), np.iinfo(int).max), np.zeros(len(every), dtype=int)

    def nearer(place: int, colour: Any) -> None:
        away = ((every - colour) ** 2).sum(axis=1)
        nearest[away < apart] = place
        np.minimum(apart, away, out=apart)

    for place, colour in enumerate(usual.astype(int)):
        nearer(place, colour)
    while len(usual) < min(COLOURS, len(colours)):
        usual = np.concatenate([usual, colours[[int((apart * np.sqrt(counts)).argmax())]]])
        nearer(len(usual) - 1, usual[-1].astype(int))
    found = Image.fromarray(nearest.astype(np.uint8)[places].reshape(drawn.shape[:2]))
    found.putpalette(usual.tobytes())
    return found


def terminal(_: Any) -> Iterator[Path]:
    """The demo as it runs, as one moving SVG."""
    file = HERE / "demo.svg"
    file.write_text(moving(frames(["perfbot", "demo", "--budget", "3m"])), encoding="utf-8")
    yield file


def main(wanted: list[str]) -> None:
    chromium = shutil.which("chromium") or sys.exit("the pictures need Debian's chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        for name in [one for one in wanted if one != "--kept"] or ("comment", "pages", "terminal"):
            for made in {"comment": comments, "pages": pages, "terminal": terminal}[name](browser):
                print(made)


if __name__ == "__main__":
    main(sys.argv[1:])
