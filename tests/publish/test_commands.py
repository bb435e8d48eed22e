"""What is a command and what is not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from perfbot.model.statement import Statement
from perfbot.publish.commands import Accept, Bench, Bisect, Help, Misspelt, Rebench, Why, parse, typed_lines

READER = MarkdownIt("gfm-like")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("/rebench", Rebench()),
        ("/rebench   ", Rebench()),
        ("/perfbot bisect", Bisect()),
        ("/perfbot why core/* --budget 2m", Why(("core/*",), 120.0)),
        ("/perfbot bisect core/* --budget 20m", Bisect(("core/*",), 1200.0)),
        ("Please:\r\n/rebench\r\nthanks", Rebench()),
        ("/rebench core/* other/solve", Rebench(("core/*", "other/solve"))),
        ("/rebench core/* --budget 10m", Rebench(("core/*",), 600.0)),
        ("/rebench --budget=90s", Rebench((), 90.0)),
        ('/rebench "core/a b[x y]"', Rebench(("core/a b[x y]",))),
        ("/rebench\tcore/*", Rebench(("core/*",))),
        ("> quoted by me\n\n/rebench", Rebench()),
        ("```\ncode\n```\n/rebench", Rebench()),
        ("a `code` span\n/rebench", Rebench()),
        ("an unclosed ` tick\n\n/rebench", Rebench()),
        ("<!-- hidden -->\n/rebench", Rebench()),
        (">>>\nquote\n>>>\n/rebench", Rebench()),
        ("/perfbot bench parse(TEXT)", Bench(Statement("parse(TEXT)"))),
        ("/perfbot bench `parse(TEXT)`", Bench(Statement("parse(TEXT)"))),
        ("/perfbot bench --budget 2m parse('a  b')", Bench(Statement("parse('a  b')"), 120.0)),
        ("/perfbot bench f(X)\n```python\nX = 1\n\nY = 2\n```\n/help", Bench(Statement("f(X)", "X = 1\n\nY = 2"))),
        ("/perfbot bench\r\n\r\n~~~\r\nX = 1\r\nf(X)\r\n~~~", Bench(Statement("", "X = 1\nf(X)"))),
        ("/perfbot bench f()\n````py\n```\n/rebench\n````", Bench(Statement("f()", "```\n/rebench"))),
        ("/perfbot bench f()\ntext\n```\nX = 1\n```", Bench(Statement("f()"))),
        ("/perfbot bench f()\n```json\n{}\n```", Bench(Statement("f()"))),
        ("/perfbot bench f()\n```\nnever closed", Bench(Statement("f()"))),
        ("/perfbot help", Help()),
        ("/perfbot", Help()),
        ("/perfbot accept core/parse* we need the checks", Accept("core/parse*", "we need the checks")),
        ('/perfbot accept "core/a b" because', Accept("core/a b", "because")),
    ],
)
def test_commands(text: str, expected: object) -> None:
    assert parse(text) == (expected,)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "please /rebench",
        " /rebench",
        "    /rebench",
        "\t/rebench",
        "- /rebench",
        "1. /rebench",
        "/rebenchmark",
        "/Rebench",
        "//rebench",
        "\u200b/rebench",
        "`/rebench`",
        "> /rebench",
        ">/rebench",
        ">>> \n/rebench\n>>>",
        ">>>\n/rebench",
        "```\n/rebench\n```",
        "````\n```\n/rebench\n```\n````",
        "~~~ text\n/rebench\n~~~",
        "```\n/rebench",
        "- item\n  ```\n/rebench\n  ```",
        "- ```\n/rebench\n```",
        "a `span that\n/rebench\ngoes on` here",
        "<!--\n/rebench\n-->",
        "<!-- a --> <!--\n/rebench\n-->",
        "<pre>\n/rebench\n</pre>",
        "<pre>\n\n/rebench\n</pre>",
        "<code>\n/rebench\n</code>",
        "```suggestion\n/perfbot accept * because\n```",
        "> quoted\n/rebench",
        "- > quoted\n/rebench",
        "<blockquote>\n/rebench\n</blockquote>",
        "<!-- a\n--> b <!--\n/rebench\n-->",
        "<code>a</code> <pre>\n/rebench\n</pre>",
        "<?\n/rebench\n?>",
        "<![CDATA[\n>\n/rebench\n]]>",
        "<div>\n/rebench\n</div>",
        "<a title='\n/rebench\n'>",
        "[a]: /address '\n/rebench\n'",
        "~~~\n    ~~~\n/rebench\n~~~",
        "- ```\n  code\n```\n/rebench\n```",
        "\\`` a ``b\n/rebench\n`",
        "a ` b\n- c ` d\n/rebench ` e",
        "$$\n/rebench\n$$",
    ],
)
def test_no_commands(text: str) -> None:
    assert parse(text) == ()


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("/rebench --bugdet 10m", "no other option"),
        ("/rebench --budget soon", "wants a duration"),
        ("/rebench --budget", "wants a duration"),
        ("/rebench --budget 5h", "wants between"),
        ("/rebench --budget 1ms", "wants between"),
        ("/rebench 'core", "not closed"),
        ("/rebench -rf", "no other option"),
        ("/rebench " + "x " * 21, "At most 20"),
        ("/rebench " + "x" * 301, "1 to 300"),
        ("/rebench a\u202eb", "printable"),
        ("/perfbot acept core/* because", "no such command"),
        ("/perfbot accept", "wants a glob"),
        ("/perfbot accept core/*", "wants a reason"),
    ],
)
def test_misspelt(text: str, why: str) -> None:
    (found,) = parse(text)
    assert isinstance(found, Misspelt)
    assert why in found.why


@pytest.mark.parametrize("text", ["/rebench --x`@all`<img>", "/rebench -`@all`", "/perfbot bisect --`@all`"])
def test_what_was_misspelt_is_not_repeated(text: str) -> None:
    (found,) = parse(text)
    assert isinstance(found, Misspelt)
    assert "@all" not in found.why
    assert text.partition(" -")[0] in found.why


PIECES = [
    "```", "~~~", "````", "    ```", "  ```", "- ```", "1. ```", "   ~~~", "> ```", "> q", ">>> ", "<!--", "-->",
    "<!-- a --> <!--", "<pre>", "</pre>", "<code>x</code> <pre>", "a `b", "c` d", "`` e", "x``y", "\\` f", "\\`` g",
    "text", "", "- item", "  more", "    code", "<div>", "</div>", "# h", "<?php", "?>", "<script>", "<![CDATA[", "]]>",
    "<blockquote>", "</blockquote>", "/rebench", "/rebench",
]  # fmt: skip


HIDDEN = {
    "where a link leads": "see [this](\n{}\n)",
    "a link's title": 'see [this](https://a.example "\n{}\n")',
    "a picture's words": "![a\n{}\nb](https://a.example/x.png)",
    "a link's words": "[a\n{}\nb]: https://a.example",
    "struck out": "~~\n{}\n~~",
    "taken out": "{{-\n{}\n-}}",
    "a formula": "so $$\n{}\n$$",
    "an element in a text": "a <span hidden>\n{}\n</span>",
    "a block that is folded": "<details><summary>a</summary>\n\n{}\n\n</details>",
    "a hidden block": "<div hidden>\n\n{}\n\n</div>",
    "a cell": "<table><tr><td>\n\n{}\n\n</td></tr></table>",
    "what comes before a document": "---\na: |\n{}\n---\n",
    "the same in TOML": "+++\n{}\n+++\n",
}


@pytest.mark.parametrize("where", HIDDEN)
def test_what_readers_do_not_see_is_no_command(where: str) -> None:
    """Whoever may write pastes what others wrote."""
    text = HIDDEN[where].format("/perfbot accept * because")
    assert parse(text) == ()
    assert parse(f"{text}\n\nwell") == ()


def test_what_is_closed_again_hides_nothing() -> None:
    for before in (
        "see [this](https://a.example) (and that)",
        "<br>",
        "<details>\n\nx\n\n</details>",
        "<https://a.example/x>",
    ):
        assert parse(f"{before}\n\n/rebench"), before
    assert parse("see [this](https://a.example) (and that)\n/rebench")


@given(st.lists(st.sampled_from(PIECES), max_size=6))
def test_what_markdown_shows_otherwise_than_as_text_is_no_command(lines: list[str]) -> None:
    """By an independent reader of markdown."""
    shown, quotes = 0, 0
    for token in READER.parse("\n".join(lines)):
        quotes += {"blockquote_open": 1, "blockquote_close": -1}.get(token.type, 0)
        if token.type == "inline" and not quotes:
            shown += sum(one.content.count("/rebench") for one in token.children or () if one.type == "text")
    assert len(parse("\n".join(lines))) <= shown


def test_several_in_order_and_not_too_many() -> None:
    assert parse("/perfbot accept a b\n/rebench") == (Accept("a", "b"), Rebench())
    assert len(parse("/rebench\n" * 50)) == 5


def test_a_reason_is_cut() -> None:
    (found,) = parse("/perfbot accept a " + "x" * 5000)
    assert isinstance(found, Accept)
    assert len(found.reason) == 500


@given(st.text(alphabet=st.sampled_from(list("/rebnchpft `~>\n-<!\t*[]\"'=0m")) | st.characters(), max_size=200))
def test_anything_can_be_read(text: str) -> None:
    for command in parse(text):
        assert isinstance(command, Rebench | Accept | Help | Misspelt)


@given(st.text(max_size=100))
def test_nothing_in_a_fence_is_a_command(text: str) -> None:
    inside = "\n".join(line.replace("`", "") for line in text.splitlines())
    assert parse(f"```\n{inside}\n/rebench\n```\n") == ()


@given(st.text(max_size=100))
def test_nothing_quoted_is_a_command(text: str) -> None:
    quoted = "\n".join(f"> {line}" for line in [*text.split("\n"), "/rebench"])
    assert parse(quoted.replace("\r", "")) == ()


@pytest.mark.parametrize(
    "text",
    [
        "/perfbot bench",
        "/perfbot bench   \n\n```\n\n```",
        "/perfbot bench\n```\nnever closed",
        "/perfbot bench --setup x f()",
        "/perfbot bench --budget soon f()",
        "/perfbot bench f()\n```\nX = '\x00'\n```",
        "/perfbot bench f()\n```\nX = '\u202e'\n```",
        "/perfbot bench f()\n```\n" + "X = 1\n" * 1000 + "```",
        "/perfbot bench " + "x" * 4001,
    ],
)
def test_what_is_no_statement(text: str) -> None:
    (found,) = parse(text)
    assert isinstance(found, Misspelt)


def test_what_is_kept_of_a_statement_is_the_statement() -> None:
    text = "secret\n\n/perfbot bench f(X)\n```py\nX = 1\n```\nmore\n\n```\nY\n```"
    kept = typed_lines(text)
    assert kept == "/perfbot bench f(X)\n```\nX = 1\n```"
    assert parse(kept) == parse(text)
