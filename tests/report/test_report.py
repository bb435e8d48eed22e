"""Reports as files: what is written can be read, and nothing is believed unchecked."""

from __future__ import annotations

import errno
import json
import math
import os
import stat
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perfbot.errors import ReportError, StoreError
from perfbot.model import (
    SCHEMA,
    Acceptance,
    Budget,
    Change,
    Control,
    Limit,
    Policy,
    Problem,
    Report,
    Result,
    Round,
    Runner,
    Shard,
)
from perfbot.reasons import (
    LaterCallsDiffer,
    MachinesSay,
    MachineWord,
    MeanDiffers,
    NoRatio,
    Said,
    TooFewRounds,
    Unpinned,
)
from perfbot.report import dumps, loads, read, schema, write, write_text
from perfbot.report.extent import fitted
from tests.render.hostile import TEXTS, saying
from tests.render.samples import ALL, everything, typical

DOCS = Path(__file__).parents[2] / "docs"

NUMBER = st.floats(allow_nan=False, allow_infinity=False, width=64)
POSITIVE = st.floats(1e-12, 1e12)
TEXT = st.text(st.characters(exclude_categories=("Cs",)), max_size=12)
MAYBE = st.none() | NUMBER
MOMENT = st.sampled_from(("", "2026-11-23T19:47:14Z", "2026-11-23T19:47:14.5+01:00", "2026-11-23 19:47"))


@st.composite
def rounds(draw: st.DrawFn) -> Round:
    length = draw(st.integers(1, 4))
    values = st.lists(POSITIVE, min_size=length, max_size=length).map(tuple)
    return Round(
        draw(st.integers(0, 200)),
        draw(values),
        draw(values),
        draw(st.integers(1, 10**9)),
        draw(st.floats(0, 1e6)),
        draw(st.integers(-1, 255)),
        draw(st.sampled_from(("wall", "cpu", "count"))),
        draw(st.booleans()),
    )


CHANGES = st.floats(1e-6, 1e6) | st.floats(-1, -1e-6)
WORDS = st.builds(MachineWord, TEXT, st.booleans(), TEXT, st.none() | CHANGES)
REASONS = st.one_of(
    st.builds(Said, TEXT), st.builds(TooFewRounds, st.integers(0, 9), st.integers(0, 9)), st.just(NoRatio("above")),
    st.builds(MachinesSay, st.lists(WORDS, max_size=3).map(tuple)), st.builds(MeanDiffers, CHANGES, CHANGES, st.none()),
)  # fmt: skip
NOTES = st.one_of(st.builds(Said, TEXT), st.just(Unpinned()), st.builds(LaterCallsDiffer, st.integers(0, 9)))
RESULTS = st.builds(
    Result,
    suite=TEXT, benchmark=TEXT, metric=TEXT, unit=TEXT, base=MAYBE, head=MAYBE, change=MAYBE,
    interval=st.none() | st.tuples(NUMBER, NUMBER).map(sorted).map(tuple),
    confidence=st.none() | st.floats(0, 1), detectable=st.none() | st.floats(0, 1e3),
    threshold=st.none() | st.floats(0, 1e3), rounds=st.integers(0, 120), seconds=st.floats(0, 1e6),
    reasons=st.lists(REASONS, max_size=3).map(tuple), notes=st.lists(NOTES, max_size=2).map(tuple),
    budget=TEXT, file=TEXT, line=st.integers(0, 10**6),
    raw=st.lists(rounds(), max_size=3).map(tuple),
)  # fmt: skip
BUDGETS = st.builds(Budget, metric=TEXT, bound=NUMBER, text=TEXT)
POLICIES = st.builds(
    Policy, threshold=NUMBER, exact_threshold=NUMBER, alpha=NUMBER, beta=NUMBER, origin=TEXT,
    limits=st.lists(
        st.builds(Limit, match=TEXT, metric=TEXT, threshold=MAYBE, budgets=st.lists(BUDGETS, max_size=2).map(tuple)),
        max_size=2,
    ).map(tuple),
)  # fmt: skip
COMMITS = st.text("0123456789abcdef", min_size=7, max_size=64)
REPORTS = st.builds(
    Report,
    change=st.builds(
        Change, base=COMMITS, head=COMMITS, base_name=TEXT, project=TEXT, notes=st.lists(TEXT, max_size=2).map(tuple)
    ),
    verdict=st.sampled_from(("fail", "error")),
    results=st.lists(RESULTS, max_size=3, unique_by=lambda one: (one.suite, one.benchmark, one.metric)).map(tuple),
    problems=st.lists(st.builds(Problem, where=TEXT, message=TEXT, output=TEXT), max_size=2).map(tuple),
    policy=POLICIES,
    proposed_policy=st.none() | POLICIES,
    acceptances=st.lists(st.builds(Acceptance, TEXT, TEXT, TEXT, MOMENT, TEXT, MAYBE), max_size=2).map(tuple),
    runner=st.builds(Runner, cpu=TEXT, cores=st.integers(0, 512), memory=st.integers(0, 2**50), load=NUMBER),
    control=st.none() | st.builds(Control, NUMBER, st.tuples(NUMBER, NUMBER), st.integers(0, 99), st.booleans()),
    started=MOMENT,
    seconds=NUMBER,
    shard=st.none() | st.integers(1, 9).flatmap(lambda n: st.builds(Shard, st.integers(1, n), st.just(n))),
    trend=TEXT,
)


@settings(max_examples=60, deadline=None)
@given(REPORTS)
def test_what_is_written_is_read_again(report: Report) -> None:
    assert loads(dumps(report), "report.json") == report


@pytest.mark.parametrize("name", ALL)
def test_samples_survive(name: str) -> None:
    assert loads(dumps(ALL[name]()).encode(), "report.json") == ALL[name]()


@pytest.mark.parametrize("name", TEXTS)
def test_hostile_texts_survive_unchanged(name: str) -> None:
    (accepted,) = saying(TEXTS[name]).acceptances
    report = fitted(replace(saying(TEXTS[name]), started="", acceptances=(replace(accepted, when=""),)))
    assert loads(dumps(report), "report.json") == report


def test_schema_comes_first_and_a_result_is_a_line() -> None:
    lines = dumps(typical()).splitlines()
    assert lines[1] == f'"schema": "{SCHEMA}",'
    assert sum(line.startswith('{"suite":"core"') for line in lines) == len(typical().results)


def test_fields_of_the_design_are_there() -> None:
    document = json.loads(dumps(everything()))
    assert {"schema", "verdict", "change", "runner", "policy", "started", "seconds", "results", "problems"} <= set(
        document
    )
    wanted = (
        "suite benchmark metric unit better verdict base head change interval confidence detectable rounds seconds "
        "gate reason reasons raw"
    )
    assert set(wanted.split()) <= set(document["results"][0])
    assert {"base", "head"} <= set(document["change"])


def test_fields_that_a_later_version_adds_are_ignored() -> None:
    document = json.loads(dumps(typical()))
    document["weather"] = "fair"
    document["results"][0]["mood"] = None
    assert loads(json.dumps(document), "report.json") == typical()


# What is refused ------------------------------------------------------------------------------------------------


def changed(place: str, value: object) -> str:
    """The sample with one place changed: ``results.0.raw.0.base``."""
    document: Any = json.loads(dumps(everything()))
    *steps, last = [int(step) if step.isdigit() else step for step in place.split(".")]
    inner = document
    for step in steps:
        inner = inner[step]
    inner[last] = value
    return json.dumps(document)


REFUSED = [
    ("schema", "perfbot.report/3", 'schema: found \'perfbot.report/3\', expected "perfbot.report/2"'),
    ("schema", "x", "schema: found a text of 1 characters"),
    ("schema", 1, "schema: found 1, expected a valid string"),
    ("verdict", "great", "verdict: found a text of 5 characters, expected 'pass', 'fail' or 'error'"),
    ("verdict", "pass", "results[0].gate: found a text of 4 characters, expected no failed gate"),
    ("change.base", "HEAD", "change.base: found a text of 4 characters, expected a commit id"),
    ("change.head", "--upload-pack=x", "change.head: found"),
    ("seconds", "12", "seconds: found a text of 2 characters, expected a valid number"),
    ("seconds", math.inf, "seconds: found inf, expected a finite number"),
    ("policy.alpha", math.nan, "policy.alpha: found nan, expected a finite number"),
    ("control.interval", [0.1], "control.interval[1]: found a list of 1, expected this field"),
    ("shard", {"index": 4, "count": 3}, "shard.index: found 4, expected 1 to 3"),
    ("runner.cores", 1.5, "runner.cores: found 1.5"),
    ("results.0.verdict", "slower", "results[0].verdict: found a text of 6 characters"),
    ("results.0.change", math.nan, "results[0].change: found nan, expected a finite number"),
    ("results.0.interval", [0.4, 0.3], "results[0].interval: found a list of 2, expected two finite numbers"),
    ("results.0.interval", [0.4, math.inf], "results[0].interval"),
    ("results.0.confidence", 1.5, "results[0].confidence: found 1.5, expected 0 to 1"),
    ("results.0.detectable", -0.1, "results[0].detectable: found -0.1, expected nothing below 0"),
    ("results.0.rounds", -1, "results[0].rounds: found -1"),
    ("results.0.raw.0.base", [], "results[0].raw[0]: found a list of 2, expected equally many"),
    ("results.0.raw.0.head", [1.0], "results[0].raw[0]: found a list of 2, expected equally many"),
    ("results.0.raw.0.head", [1, 2, 3, 4, 5, -6], "results[0].raw[0].head[5]: found -6.0, expected nothing below 0"),
    ("results.0.raw.0.head", [1, 2, 3, 4, math.nan, 6], "results[0].raw[0].head[4]: found nan"),
    ("results.0.raw.0.head", [1, 2, 3, 4, "5", 6], "results[0].raw[0].head[4]: found a text of 1 characters"),
    ("results.0.raw.0.loops", 0, "results[0].raw[0].loops: found 0, expected 1 or more"),
    ("results.0.raw.0.seconds", -1, "results[0].raw[0].seconds: found -1.0"),
    ("results.0.notes", "one", "results[0].notes: found a text of 3 characters, expected a valid array"),
    ("results.0.reasons", [{"kind": "?"}], "results[0].reasons[0]: found an object, expected the kind of a reason"),
    ("results.0.reasons", [{}], "results[0].reasons[0]: found an object, expected the kind of a reason"),
    ("results.0.reasons", [{"kind": "said"}], "results[0].reasons[0].said.text: found an object, expected this field"),
    ("results.0.reasons", [{"kind": "disturbed", "change": math.inf}], "results[0].reasons[0].change: found inf"),
    ("results.0.reasons", [{"kind": "disturbed", "change": 1e300}], "results[0].reasons[0].change: found 1e+300"),
    ("results.0.notes", [{"kind": "hangs"}], "results[0].notes[0]: found an object, expected the kind of a reason"),
    ("results.1.benchmark", "parse_large", "results[1]: found 2, expected each benchmark"),
    ("results", {}, "results: found an object"),
]  # fmt: skip


@pytest.mark.parametrize(("place", "value", "message"), REFUSED)
def test_refused_with_file_place_and_expectation(place: str, value: object, message: str) -> None:
    with pytest.raises(ReportError) as caught:
        loads(changed(place, value), "run/report.json")
    assert caught.value.message.startswith(f"run/report.json: {message}")
    assert caught.value.exit_code == 3


def test_another_version_says_what_to_do() -> None:
    with pytest.raises(ReportError, match="use the same version to measure and to publish"):
        loads(changed("schema", "perfbot.report/3"), "report.json")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "invalid JSON"),
        ("null", "expected an object"),
        ("[]", "expected an object"),
        ("{}", "schema: found an object, expected this field"),
        ('{"schema": "perfbot.report/2"}', "change: found an object, expected this field"),
        ("[" * 100_000, "invalid JSON: recursion limit exceeded"),
        (b"\xff\xfe{}", "invalid JSON"),
        ('{"schema": "perfbot.report/2", "seconds": 1e999}', "change: found"),
        ("\ud800", "unicode"),
    ],
)
def test_what_is_no_report_is_refused(text: str | bytes, message: str) -> None:
    with pytest.raises(ReportError, match=r"^report\.json: ") as caught:
        loads(text, "report.json")
    assert message in caught.value.message


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_damage_is_refused_or_harmless(data: st.DataObject) -> None:
    text = dumps(ALL["quiet"]())
    start = data.draw(st.integers(0, len(text)))
    damaged = text[:start] + data.draw(st.text(max_size=3)) + text[start + data.draw(st.integers(0, 40)) :]
    try:
        report = loads(damaged, "report.json")
    except ReportError as error:
        assert error.message.startswith("report.json: ")  # noqa: PT017 - either outcome is right
    else:
        assert loads(dumps(report), "again") == report


def test_messages_show_little_of_what_was_found() -> None:
    with pytest.raises(ReportError) as caught:
        loads(changed("verdict", "\x1b[31m" + "x" * 10_000), "report.json")
    assert len(caught.value.message) < 300
    assert caught.value.message.isprintable()


def test_too_large_is_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    write(typical(), path)
    size = path.stat().st_size
    assert read(path, size) == typical()
    with pytest.raises(ReportError, match=f"more than {size - 1:,} bytes"):
        read(path, size - 1)
    with pytest.raises(ReportError, match=f"expected at most {size - 1:,}"):
        loads(path.read_bytes(), "report.json", size - 1)


def test_a_missing_file_is_said() -> None:
    with pytest.raises(ReportError, match=r"nowhere\.json: cannot be read: No such file"):
        read(Path("nowhere.json"))


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_what_could_not_be_read_is_never_written(value: float) -> None:
    (first, *_) = typical().results
    with pytest.raises(ReportError, match=r"results\[0\].detectable"):
        dumps(replace(typical(), results=(replace(first, detectable=value),)))


# Files ----------------------------------------------------------------------------------------------------------


def test_written_whole_with_ordinary_rights(tmp_path: Path) -> None:
    path = tmp_path / "new" / "report.json"
    write(typical(), path)
    assert read(path) == typical()
    assert [one.name for one in path.parent.iterdir()] == ["report.json"]
    ordinary = tmp_path / "ordinary"
    ordinary.touch()
    assert stat.S_IMODE(path.stat().st_mode) == stat.S_IMODE(ordinary.stat().st_mode)


def test_a_full_disk_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "report.json"
    write_text("old", path)

    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StoreError, match="could not be written: No space left on device") as caught:
        write(typical(), path)
    assert caught.value.exit_code == 4
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_that_is_none_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match=r"report\.json could not be written"):
        write(typical(), tmp_path / "file" / "report.json")


# Schema ---------------------------------------------------------------------------------------------------------


def test_published_schema_is_current() -> None:
    published = json.loads((DOCS / "report.schema.json").read_text(encoding="utf-8"))
    assert published == schema(), "run: python -m perfbot.report > docs/report.schema.json"


@pytest.mark.parametrize("name", ALL)
def test_reports_follow_the_published_schema(name: str) -> None:
    jsonschema.Draft202012Validator.check_schema(schema())
    jsonschema.validate(json.loads(dumps(ALL[name]())), schema(), cls=jsonschema.Draft202012Validator)


@pytest.mark.parametrize("place", ["schema", "verdict", "change.base", "results.0.verdict", "results.0.raw"])
def test_the_schema_refuses_too(place: str) -> None:
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(json.loads(changed(place, 7)), schema(), cls=jsonschema.Draft202012Validator)


def test_documentation_names_every_field() -> None:
    text = (DOCS / "report-schema.md").read_text(encoding="utf-8")
    for record in (Report, Result, Round, Change, Runner, Policy, Limit, Budget, Acceptance, Control, Problem, Shard):
        missing = [field.name for field in fields(record) if f"`{field.name}`" not in text]
        assert not missing, f"{record.__name__}: {missing}"
