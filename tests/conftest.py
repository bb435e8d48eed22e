"""For all tests: hypothesis without deadlines (machines that run tests are busy), the same examples in every CI run.

Also small working trees written from texts, and the browser of the external tests of pages.
"""

from __future__ import annotations

import gc
import os
import shutil
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

from perfbot.measure.lockstep import endurance, plan
from tests.workers import Sides

if TYPE_CHECKING:
    from playwright.sync_api import Browser

# Images of containers often forbid bytecode. Here assertions would be rewritten anew in each process of a run, and each
# perfbot that a test starts would compile itself first.
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

settings.register_profile("anywhere", deadline=None, derandomize=bool(os.environ.get("CI")))
settings.load_profile("anywhere")


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Iterator[None]:
    """Thousands of tests, and what they import, are no garbage: the collector need not look at them again and again.

    Nor is a process then larger than a worker, whose harness is set aside: some tests take a worker's turns in it.
    """
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()
        gc.collect()
        gc.freeze()


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """What none of is asked for is not imported either."""
    left_out = config.getoption("markexpr") == "not external"
    return True if left_out and collection_path == Path(__file__).with_name("external") else None


@pytest.fixture(scope="session", autouse=True)
def _short_rounds() -> Iterator[None]:
    """What tests measure differs by a multiple: rounds are as short as may be, and nobody looks at thousands of calls.

    Tests of that set it right again.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(endurance, "SECONDS", 0.02)
        patch.setattr(endurance, "LEAST_SECONDS", 0.01)
        patch.setattr(plan, "MEASURING", 0.0)
        patch.setattr(plan, "LONGEST_SHARE", 0.0)
        yield


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Debian's Chromium; only in the external part."""
    from playwright.sync_api import sync_playwright

    path = shutil.which("chromium")
    assert path, "these tests need Debian's chromium"
    options = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
    with sync_playwright() as playwright, playwright.chromium.launch(executable_path=path, args=options) as found:
        yield found


@pytest.fixture
def plant(tmp_path: Path) -> Callable[..., Path]:
    """``plant({"folder/file.py": "text"})`` writes files into a fresh folder and returns it."""

    def write(files: dict[str, str]) -> Path:
        for name, text in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(textwrap.dedent(text), "utf-8")
        return tmp_path

    return write


@pytest.fixture
def sides(tmp_path: Path) -> Sides:
    """Two empty checkouts, whose suites run under this very Python."""
    return Sides(tmp_path, Path(sys.executable))
