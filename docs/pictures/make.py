"""Makes the pictures of the comment and of the terminal: ``python docs/pictures/make.py [comment] [terminal]``.

The comment is drawn by Chromium (Debian's ``chromium``, ``pip install playwright``) in light and dark, at the widths
of a phone, a tablet and a desk; the terminal is what ``perfbot demo`` really shows at 80 × 24 (``pip install pyte``).
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parents[1]), str(HERE)]

from comments import COMMENTS  # noqa: E402
from paper import page  # noqa: E402
from playwright.sync_api import sync_playwright  # noqa: E402
from recording import frames, moving  # noqa: E402

WIDTHS = (390, 768, 1440)
KEPT = {("blocked", 1440, False), ("blocked", 768, True), ("blocked", 390, False), ("undecided", 768, False)}
KEPT |= {("many", 768, False), ("matrix", 768, True)}
"""What the documentation shows; the others are made to be looked at, in ``build/pictures``."""


def comments() -> Iterator[Path]:
    """Each comment at each width, light and dark."""
    chromium = shutil.which("chromium") or sys.exit("the pictures need Debian's chromium")
    looked_at = HERE.parents[1] / "build" / "pictures"
    looked_at.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        for name, make in COMMENTS.items():
            for width in WIDTHS:
                for dark in (False, True):
                    sheet = browser.new_page(viewport={"width": width, "height": 300})
                    sheet.set_content(page(make(), dark=dark, width="920px"))
                    folder = HERE if (name, width, dark) in KEPT else looked_at
                    file = folder / f"comment-{name}-{width}{'-dark' if dark else ''}.png"
                    sheet.locator(".note").screenshot(path=file)
                    yield file
                    sheet.close()


def terminal() -> Iterator[Path]:
    """The demo as it runs, as one moving SVG."""
    file = HERE / "demo.svg"
    file.write_text(moving(frames(["perfbot", "demo", "--budget", "40s"])), encoding="utf-8")
    yield file


if __name__ == "__main__":
    for wanted in sys.argv[1:] or ("comment", "terminal"):
        for made in {"comment": comments, "terminal": terminal}[wanted]():
            print(made)
