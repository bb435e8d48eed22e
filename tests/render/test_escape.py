"""The filter: each of its functions alone, on anything."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfbot.render.escape import clean, code, fence, link_target, middle, output_lines, prose
from tests.render.hostile import TEXTS
from tests.render.markdown import READER, complaints

ANYTHING = st.one_of(
    st.text(),
    st.text("`|\\ a@#!<>-[]()$%~:_*\n/\u202e\u200b"),
    st.lists(st.sampled_from(sorted(TEXTS.values())), max_size=3).map(" ".join).map(lambda text: text[:400]),
)


@given(ANYTHING)
def test_code_is_one_code_span_in_a_sentence(text: str) -> None:
    (inline,) = [token for token in READER.parse(f"before {code(text)} after") if token.type == "inline"]
    assert [child.type for child in inline.children or []] == ["text", "code_inline", "text"]


@given(ANYTHING, ANYTHING)
def test_code_is_one_cell_of_a_table(one: str, two: str) -> None:
    tokens = READER.parse(f"| a | b | c |\n|---|---|---|\n| {code(one)} | {code(two)} | last |\n")
    cells = [tokens[i + 1] for i, token in enumerate(tokens) if token.type == "td_open"]
    assert [[child.type for child in cell.children or []] for cell in cells] == [
        ["code_inline"],
        ["code_inline"],
        ["text"],
    ]
    assert cells[2].content == "last"


@given(
    st.text(st.characters(codec="ascii", min_codepoint=32, exclude_characters="|`\\ \x7f"), min_size=1, max_size=100)
)
def test_code_shows_ordinary_names_as_they_are(name: str) -> None:
    (inline,) = [token for token in READER.parse(f"x {code(name)}") if token.type == "inline"]
    assert (inline.children or [])[1].content == name.replace("<!--", "<! --")


@given(ANYTHING)
def test_prose_is_text_and_code_alone(text: str) -> None:
    shown = prose(text)
    assert "\n" not in shown
    assert "|" not in shown
    assert not complaints(f"### t\n\nbefore {shown} after\n")


@pytest.mark.parametrize(
    "sentence",
    [
        "over the 2 % threshold",
        "over the 2 % threshold; its own source changed",
        "resolution 3.1 %",
        "accepted by alice: needed for safety (see the plan)",
        "base against itself: +0.1 % [−0.4, +0.6] in 12 rounds",
        "threshold 2 %, exact metrics 0.5 %, 1 % false alarms a run",
        "AMD EPYC, 2 cores, 8.00 GiB, Linux 6.1",
        "2026-01-02 03:04 UTC",
        "wall time in turns – it waits",
        "ValueError: no such thing",
        "×3.4 of 1.5",
    ],
)
def test_prose_leaves_plain_sentences_alone(sentence: str) -> None:
    assert prose(sentence) == sentence


@pytest.mark.parametrize(
    ("sentence", "shown"),
    [
        ("accepted by @alice: see #12, please", "accepted by `@alice`: see `#12`, please"),
        ("set-up failed: `pip install .` ended with 1", "set-up failed: `pip install .` ended with 1"),
        ("perfbot.toml at 60ab91e", "`perfbot.toml` at `60ab91e`"),
        ("no *stars* or __scores__ here", "no `*stars*` or `__scores__` here"),
        ("as it was (x.py at 60ab91e); call f(x).", "as it was (`x.py` at `60ab91e`); call `f(x)`."),
        ("", ""),
    ],
)
def test_prose_puts_what_is_odd_into_code(sentence: str, shown: str) -> None:
    assert prose(sentence) == shown


@given(ANYTHING, st.integers(1, 5))
def test_fence_is_one_block_that_its_content_cannot_close(output: str, lines: int) -> None:
    shown = fence(output, lines)
    if not shown:
        return
    (token, *rest) = READER.parse(f"{shown}\n")
    assert (token.type, token.info, rest) == ("fence", "text", [])
    assert all(line.startswith("│") for line in token.content.splitlines())
    assert len(token.content.splitlines()) <= lines + 1


def test_fence_keeps_the_end_of_the_output() -> None:
    assert fence("\n".join(map(str, range(100))), 2) == "```text\n│ … 98 lines before\n│ 98\n│ 99\n```"


def test_output_loses_colours_and_keeps_its_shape() -> None:
    output = "\x1b[1mHead\x1b[0m\r\n\tat line 3\n\x1b]0;window\x07end\n\n"
    assert output_lines(output) == ["Head", "    at line 3", "end"]
    assert output_lines("\n \n") == []


@given(ANYTHING)
def test_clean_shows_every_character_and_forges_no_marker(text: str) -> None:
    shown = clean(text)
    assert shown.isprintable()
    assert "<!--" not in shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\nb", "a\\nb"),
        ("a\x1bb", "a\\x1bb"),
        ("a\u202eb", "a\\u202eb"),
        ("\U000e0041", "\\U000e0041"),
        ("e\u0301", "e\u0301"),
        ("naïve Größe 測試 שלום", "naïve Größe 測試 שלום"),
        ("test[1.5-µs]", "test[1.5-µs]"),
    ],
)
def test_clean_escapes_what_hides_and_nothing_else(text: str, shown: str) -> None:
    assert clean(text) == shown


@given(st.text(min_size=1), st.integers(3, 40))
def test_middle_keeps_both_ends(text: str, length: int) -> None:
    cut = middle(text, length)
    assert len(cut) <= max(length, 1)
    assert cut == text or (text.startswith(cut.split("…")[0]) and "…" in cut)


@given(ANYTHING, st.integers(3, 60))
def test_names_are_never_longer_than_asked_for(text: str, length: int) -> None:
    assert len(clean(text, length)) <= length


@pytest.mark.parametrize("url", ["javascript:alert(1)", "data:text/html,x", "/relative", "http://", "", "http://[bad"])
def test_only_web_addresses_become_links(url: str) -> None:
    assert link_target(url) == ""


@given(ANYTHING)
def test_a_link_cannot_be_left(text: str) -> None:
    target = link_target(f"https://ci.example/{text}")
    assert not re.search(r"[\s<>()\"`|\\]", target)
