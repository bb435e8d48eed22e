"""Reasons in reports: every kind is read as it was written, and so is a version in which they were sentences."""

from __future__ import annotations

import json
from dataclasses import fields, replace
from typing import get_args, get_type_hints

import pytest

from perfbot.errors import ReportError
from perfbot.judge.verdict import rejudge
from perfbot.model import Report
from perfbot.reasons import MachineWord, Note, Reason, Said, words
from perfbot.report import dumps, loads
from tests.render.samples import everything


class TestVersionOne:
    """What versions wrote in which reasons were sentences."""

    @staticmethod
    def older(report: Report) -> str:
        found = json.loads(dumps(report)) | {"schema": "perfbot.report/1"}
        for result in found["results"]:
            result["reason"] = "; ".join(one["text"] for one in result.pop("reasons"))
            result["notes"] = [one["text"] for one in result["notes"]]
        return json.dumps(found)

    def test_is_read_and_says_the_same(self) -> None:
        report = everything()
        again = loads(self.older(report), "old.json")
        assert [words.text(one.reasons) for one in again.results] == [words.text(one.reasons) for one in report.results]
        assert [words.clauses(one.notes) for one in again.results] == [
            words.clauses(one.notes) for one in report.results
        ]
        assert replace(again, results=()) == replace(report, results=())
        assert all(isinstance(one, Said) for result in again.results for one in (*result.reasons, *result.notes))

    def test_is_judged_as_ever(self) -> None:
        report = everything()
        assert rejudge(loads(self.older(report), "old.json")).results == rejudge(report).results

    @pytest.mark.parametrize(
        ("old", "new", "message"),
        [
            ('"reason": "', '"reason": 3, "x": "', "results[0].reasons[0].said.text: found 3, expected"),
            ('"results": [', '"results": 3, "x": [', "results: found 3"),
            ('"notes": []', '"notes": "one"', "notes: found a text of 3 characters"),
        ],
    )
    def test_is_refused_by_its_place(self, old: str, new: str, message: str) -> None:
        text = self.older(everything())
        assert old in text
        with pytest.raises(ReportError) as caught:
            loads(text.replace(old, new), "old.json")
        assert message in caught.value.message


KINDS = [*get_args(get_args(Reason)[0]), *get_args(get_args(Note)[0])]


@pytest.mark.parametrize("kind", dict.fromkeys(KINDS), ids=lambda kind: kind.__name__)
def test_every_kind_of_reason_has_words_and_is_read_again(kind: type) -> None:
    hints = get_type_hints(kind)
    filled = {
        field.name: SENSELESS.get(hints[field.name]) or next(iter(get_args(hints[field.name])), -1.0)
        for field in fields(kind)
        if field.name != "kind"
    }
    one = kind(**filled)
    assert words.clause(one).strip()
    name = "notes" if kind in get_args(get_args(Note)[0]) else "reasons"
    report = everything()
    said = replace(report.results[0], **{name: (one,)})
    again = loads(dumps(replace(report, results=(said,))), "report.json")
    assert getattr(again.results[0], name) == (one,)
    assert f'"kind":"{one.kind}"' in dumps(replace(report, results=(said,)))


SENSELESS: dict[object, object] = {
    str: "{0} `x`", int: 3, float: -1.0, bool: True, float | None: 1e9, tuple[str, ...]: ("a", "b"),
    tuple[float, float] | None: (0.0, 1.0), tuple[MachineWord, ...]: (MachineWord("x", change=-1.0),),
}  # fmt: skip
"""Values that may stand in a report that anybody wrote."""


def test_all_together_they_are_one_text_which_nobody_reads_back() -> None:
    """Programs that know version 1 look for it."""
    report = everything()
    document = json.loads(dumps(report))
    for written, result in zip(document["results"], report.results, strict=True):
        assert written["reason"] == words.text(result.reasons)
        written["reason"] = "something else"
    assert loads(json.dumps(document), "r.json") == report
