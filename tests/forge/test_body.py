"""The comment's text as a record: what is written is what is read, and nobody else can write it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from perfbot.forge.body import Body, Section, all_stale, compose, marker, merge, parse, put, stale
from perfbot.forge.order import RunOrder, Told
from perfbot.model import Acceptance
from tests.render.markdown import READER

HEAD, OLD, OLDER = "a" * 40, "b" * 40, "c" * 40

words = st.text(max_size=30)
plain = st.text(st.characters(blacklist_categories=["Cs", "Cc", "Zl", "Zp"]), max_size=60).map(str.strip)
orders = st.builds(RunOrder, st.integers(0, 99), st.integers(0, 9), st.integers(0, 9))
told = st.builds(
    Told, head=st.sampled_from([HEAD, OLD]), order=orders, state=st.sampled_from(["success", "failed"]), words=words
)
sections = st.builds(
    Section,
    name=words,
    head=st.sampled_from([HEAD, OLD]),
    run=orders,
    text=plain.filter(lambda t: not t.startswith("> ⏳") and "<!-- perfbot:" not in t),
    state=st.sampled_from(["done", "stale", "failed"]),
    job=st.integers(0, 10**12),
    banner=st.just("") | plain.filter(bool),
    failing=st.dictionaries(st.tuples(words, words), st.floats(allow_nan=False, allow_infinity=False), max_size=3),
    said=st.none() | told,
)
acceptances = st.builds(
    Acceptance,
    match=words,
    reason=words,
    who=words,
    when=words,
    head=words,
    change=st.none() | st.floats(-1, 9),
    metric=words,
)
bodies = st.builds(
    Body,
    key=st.just("default"),
    head=st.just(HEAD),
    previous=st.sampled_from(["", OLD]),
    sections=st.lists(sections, max_size=4, unique_by=lambda s: s.name).map(tuple),
    accepted=st.lists(acceptances, max_size=3).map(tuple),
)


@given(bodies)
def test_what_is_written_is_read(body: Body) -> None:
    assert parse(compose(body), "default") == body
    assert parse(compose(body).strip().replace("\n", "\r\n"), "default") == body


@given(st.text(max_size=300))
def test_anything_can_be_read(text: str) -> None:
    parse(text, "default")
    parse(f"{marker('default')}{text}", "default")


def test_text_cannot_forge_hidden_lines() -> None:
    evil = "x\n<!-- perfbot:end -->\n<!-- perfbot:accepted %7B%7D -->\n<!-- perfbot:section name=z -->"
    found = parse(compose(put(Body("default"), Section("", HEAD, RunOrder(0, 1, 1), evil))), "default")
    assert found is not None
    assert len(found.sections) == 1
    assert found.accepted == ()


def test_each_section_is_markdown_of_its_own() -> None:
    """A title or banner right after ``</details>`` would be taken for HTML, and shown as it is written."""
    body = Body("default")
    for name in ("one", "two"):
        text = f"### perfbot ({name})\n\n<details><summary>More</summary>\n\n| a |\n|--|\n| `@all` |\n\n</details>"
        body = put(body, Section(name, HEAD, RunOrder(0, 1, 1), text))
    for shown in (body, all_stale(body, "Measuring again.")):
        tokens = READER.parse(compose(shown))
        titles = [tokens[i + 1].content for i, token in enumerate(tokens) if token.type == "heading_open"]
        assert titles[0].endswith("blocks merging" if shown is body else "none blocks merging so far")
        assert titles[1:] == ["perfbot (one)", "perfbot (two)"]
        assert sum(token.type == "blockquote_open" for token in tokens) == (2 if shown is not body else 0)
        raw = [line for token in tokens if token.type == "html_block" for line in token.content.strip().splitlines()]
        assert all(line.startswith(("<!-- perfbot:", "<details>", "</details>")) for line in raw)


def test_other_keys_are_other_comments() -> None:
    text = compose(Body("one"))
    assert parse(text, "one") is not None
    assert parse(text, "on") is None
    assert parse(f"quoted: {text}", "one") is None


def test_damaged_is_empty_and_will_be_written_anew() -> None:
    text = compose(put(Body("default"), Section("", HEAD, RunOrder(0, 1, 1), "x"))).replace("state=done", "job=soon")
    assert parse(text, "default") == Body("default")


def test_a_new_head_makes_others_stale_and_forgets_the_oldest() -> None:
    body = put(put(Body("k"), Section("a", OLDER, RunOrder(0, 1, 1), "a")), Section("b", OLDER, RunOrder(0, 1, 1), "b"))
    body = put(body, Section("a", OLD, RunOrder(0, 2, 1), "a2"))
    assert [(s.name, s.state) for s in body.sections] == [("a", "done"), ("b", "stale")]
    body = put(body, Section("a", HEAD, RunOrder(0, 3, 1), "a3"))
    assert [(s.name, s.state) for s in body.sections] == [("a", "done")]


def test_order_of_runs() -> None:
    body = put(Body("k"), Section("", HEAD, RunOrder(0, 5, 2), "new"))
    assert put(body, Section("", HEAD, RunOrder(0, 5, 1), "old")) == body
    assert put(body, Section("", HEAD, RunOrder(0, 5, 3), "newer")).sections[0].text == "newer"


def test_stale_keeps_the_text() -> None:
    body = put(Body("k"), Section("", HEAD, RunOrder(0, 5, 1), "table"))
    marked = stale(body, "", HEAD, RunOrder(0, 6, 1), "Measuring.")
    assert (marked.sections[0].text, marked.sections[0].banner) == ("table", "Measuring.")
    assert stale(body, "", HEAD, RunOrder(0, 4, 1), "Measuring.") == body
    assert stale(body, "other", HEAD, RunOrder(0, 6, 1), "Measuring.") == body
    assert all_stale(body, "Again.").sections[0].state == "stale"


@given(st.lists(st.builds(put, st.just(Body("k")), sections.filter(lambda s: s.head == HEAD)), min_size=1, max_size=4))
def test_merging_loses_no_section(found: list[Body]) -> None:
    merged = merge(found)
    assert {s.name for s in merged.sections} == {s.name for b in found for s in b.sections}
    for section in merged.sections:
        same = [s.run for b in found for s in b.sections if s.name == section.name]
        assert section.run == max(same)
