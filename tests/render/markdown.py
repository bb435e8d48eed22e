"""What a forge would make of a comment, as a list of complaints: an independent reading by markdown-it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from markdown_it import MarkdownIt
from markdown_it.token import Token

from perfbot.web import DOCS

READER = MarkdownIt("gfm-like")

_OWN_HTML = re.compile(
    r"(<details><summary>(?:More rows(?: that(?: do not)? block)?|Output of what went wrong"
    r"|Undecided|Unchanged|(?:Added|Removed|Failed|Not comparable)[a-z, ]*|Budgets"
    r"|Accepted in this merge request|Changes to the policy|How this was measured)[^<>&@`]*</summary>|</details>)\n?"
)
_REFERENCES = re.compile(
    r"""@\w | [\#!~$&^][\w"`{] | (?<!\w)%[\w"] | :[\w+-]+: | :// | www\. | \[\[ | \[\^ | \]\( | \]\[ | \{[+-] | ::\w
    | \$ | \bgh-\d | \b[a-z][a-z0-9]+-\d+\b | (?<![\w.])[0-9a-f]{7,40}(?![\w.])""",
    re.IGNORECASE | re.VERBOSE,
)
_OWN_TAGS = {"<br>", "<sub>", "</sub>"}
_INLINE = {"text", "code_inline", "softbreak", "strong_open", "strong_close", "link_open", "link_close"}
_BLOCKS = {
    "heading_open", "heading_close", "paragraph_open", "paragraph_close", "blockquote_open", "blockquote_close",
    "bullet_list_open", "bullet_list_close", "list_item_open", "list_item_close", "inline", "fence", "html_block",
    "table_open", "table_close", "thead_open", "thead_close", "tbody_open", "tbody_close", "tr_open", "tr_close",
    "th_open", "th_close", "td_open", "td_close",
}  # fmt: skip


def complaints(comment: str, marker: str = "", links: str = "") -> list[str]:
    """Everything in a comment that is not laid out by perfbot; empty for a good one.

    Args:
        links: what every address must begin with; no links at all when empty.
    """
    body = comment.removeprefix(f"{marker}\n") if marker else comment
    found = [*_lines(body), *_characters(body), *_structure(READER.parse(body), links)]
    opened, closed = body.count("<details>"), body.count("\n</details>\n")
    if opened != closed:
        found.append(f"{opened} details opened, {closed} closed")
    return found


def _lines(body: str) -> Iterator[str]:
    columns = 0
    for line in body.split("\n"):
        if line.lstrip().startswith("/"):
            yield f"an order: {line!r}"
        if "<!--" in line:
            yield f"a comment: {line!r}"
        if line.startswith("|"):
            columns = columns or line.count("|")
            if line.count("|") != columns:
                yield f"{line.count('|')} pipes instead of {columns}: {line!r}"
        else:
            columns = 0


def _characters(body: str) -> Iterator[str]:
    for character in sorted(set(body)):
        category = unicodedata.category(character)
        if character not in "\n\N{NO-BREAK SPACE}" and category in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"):
            yield f"a character that hides: {character!r}"


def _structure(tokens: list[Token], links: str) -> Iterator[str]:
    headings = [token for token in tokens if token.type == "heading_open"]
    if len(headings) != 1:
        yield f"{len(headings)} headings"
    for token in tokens:
        if token.type not in _BLOCKS:
            yield f"a block of its own: {token.type} {token.content!r}"
        if token.type == "html_block" and not all(_OWN_HTML.fullmatch(part) for part in token.content.splitlines()):
            yield f"html: {token.content!r}"
        if token.type == "fence" and token.info != "text":
            yield f"a fence of its own: {token.info!r}"
        for child in token.children or []:
            yield from _inline(child, links)


def _inline(token: Token, links: str) -> Iterator[str]:
    if token.type == "html_inline" and token.content in _OWN_TAGS:
        return
    if token.type not in _INLINE:
        yield f"{token.type}: {token.content!r}"
    target = str(token.attrs.get("href", ""))
    if token.type == "link_open" and not target.startswith((DOCS, *([links] if links else []))):
        yield f"a link: {token.attrs}"
    if token.type == "text" and (reference := _REFERENCES.search(token.content)):
        yield f"a reference {reference[0]!r} in {token.content!r}"
