"""axe-core finds nothing to complain about on any page, light and dark, wide and narrow. Needs npm's axe-core."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from perfbot.cli.main import main
from perfbot.history.records import Release, Subject
from perfbot.history.store import ledger, open_store
from perfbot.render.calibration import page as calibration_page
from perfbot.render.page import page as run_page
from tests.builders import a_history
from tests.calibration.samples import calibrated
from tests.render.samples import disturbed, everything, nothing_to_measure, quiet, undecided

pytestmark = pytest.mark.external

if TYPE_CHECKING:
    from playwright.sync_api import Browser

AXE = Path(os.environ.get("PERFBOT_NODE_MODULES", "node_modules")) / "axe-core/axe.min.js"
REPORTS = {"everything": everything, "quiet": quiet, "undecided": undecided, "disturbed": disturbed,
           "nothing": nothing_to_measure}  # fmt: skip
BENCHMARK = Subject("core", "parse", "time", "s").page
SITE = ("index.html", f"benchmarks/{BENCHMARK}.html", "runs/1.html", "compare/v1...main.html",
        f"charts.html?b={BENCHMARK}")  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every kind of page."""
    folder = tmp_path_factory.mktemp("pages")
    for name, made in REPORTS.items():
        (folder / f"{name}.html").write_text(run_page(made()), "utf-8")
    (folder / "calibration.html").write_text(calibration_page(calibrated({"quiet": 0.003, "loud": 0.08})), "utf-8")
    database = folder / "history.db"
    with open_store(database) as store:
        for one in a_history([0.010] * 12 + [0.0115] * 12, noise=0.02):
            store.add(one, branch="main", kind="branch")
        store.write(lambda c: ledger.keep_releases(c, "group/name", [Release("v1", "a", "2026-01-10T12:00:00Z")]))
    assert main(["history", "refresh", "--database", str(database)]) == 0
    assert main(["site", str(folder / "site"), "--database", str(database)]) == 0
    return folder


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1200, 390])
@pytest.mark.parametrize(
    "name", [*(f"{name}.html" for name in REPORTS), "calibration.html", *(f"site/{name}" for name in SITE)]
)
def test_axe_finds_nothing(browser: Browser, folder: Path, name: str, width: int, scheme: Any) -> None:
    tab = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme, bypass_csp=True)
    tab.goto(f"{folder.as_uri()}/{name}")
    for details in tab.locator("details").all():
        details.evaluate("one => { one.open = true }")
    tab.add_script_tag(path=str(AXE))
    found = tab.evaluate("axe.run(document).then(found => found.violations)")
    tab.close()
    assert [(one["id"], one["help"], [node["html"][:200] for node in one["nodes"][:3]]) for one in found] == []
