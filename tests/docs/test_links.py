"""Every link of the documentation to another file of it leads somewhere, with its heading."""

from __future__ import annotations

import re
import subprocess
from itertools import pairwise
from pathlib import Path

import pytest
from markdown_it import MarkdownIt

ROOT = Path(__file__).parents[2]
LISTED = subprocess.run(["git", "ls-files", "*.md"], cwd=ROOT, capture_output=True, text=True, check=False).stdout
PAGES = sorted({*(ROOT / "docs").rglob("*.md"), *ROOT.glob("*.md"), *(ROOT / name for name in LISTED.split())})
MADE = re.compile(r'"((?:reference|adr)/[\w-]+\.md)": ').findall((ROOT / "docs/_site/reference.py").read_text("utf-8"))
"""Pages that are made while the site is built."""


def links(page: Path) -> list[str]:
    """Where the links and pictures of a page lead, without those to other sites."""
    found = [
        str(one.attrs.get("href") or one.attrs.get("src") or "")
        for token in MarkdownIt().enable("table").parse(page.read_text("utf-8"))
        for one in token.children or ()
        if one.type in ("link_open", "image")
    ]
    return [link for link in found if not re.match(r"[a-z]+:", link)]


def headings(page: Path) -> set[str]:
    """What a link may name of a page, as its readers make it from a heading: both sites join words with hyphens."""
    tokens = MarkdownIt().parse(page.read_text("utf-8"))
    texts = [after.content for before, after in pairwise(tokens) if before.type == "heading_open"]
    plain = [re.sub(r"[^\w\s-]", "", re.sub(r"\]\([^)]*\)", "", text)).strip().lower() for text in texts]
    return {re.sub(r"\s", "-", text) for text in plain} | {re.sub(r"[-\s]+", "-", text) for text in plain}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    lost = []
    for link in links(page):
        name, _, heading = link.partition("#")
        there = (page.parent / name).resolve() if name else page
        made = there.is_relative_to(ROOT / "docs") and str(there.relative_to(ROOT / "docs")) in MADE
        if not made and (not there.exists() or (heading and heading not in headings(there))):
            lost.append(link)
    assert lost == []


def test_links_are_found() -> None:
    assert len(links(ROOT / "README.md")) > 15
    assert "reference/cli.md" in MADE
