"""What a bisection says, in words and as JSON."""

from __future__ import annotations

import json

import pytest

from perfbot.bisect.records import Answer, Bisection, Commit, Found, Line, Merged, Step
from perfbot.render.bisection import as_json, as_text

COMMITS = tuple(Commit(f"{number}" * 40, f"commit {number}", "Ada", "2026-01-02T00:00:00Z") for number in range(6))
ONE = Step(2, 3, 0.10, (0.08, 0.12), 12, fresh=8, agreeing=8, proven=True)
BACK = Step(4, 5, -0.09, (-0.11, -0.07), 12, fresh=8, agreeing=7, proven=True)
WIDE = Step(1, 4, 0.10, (0.08, float("inf")), 9, proven=True)


def told(answer: Answer, **more: object) -> Bisection:
    line = Line(COMMITS, left_out=2)
    return Bisection(
        line, (Found("core/parse", "time", "lower", answer),), 0.01, 0.02, processes=54, seconds=16.2, **more
    )  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (Answer("commit", (ONE,), 0.1), ["+10 %: one commit", "333333333 +10 %", "8 of 8 fresh rounds", "3 (Ada"]),
        (Answer("commit", (ONE, BACK), 0.0), ["2 commits did it", "some take back what others brought"]),
        (Answer("range", (WIDE,), 0.1, lost=(2, 3)), ["one of 3 commits", "111111111..444444444", "be measured"]),
        (Answer("range", (WIDE,), 0.1, why="time was up"), ["not narrowed to single commits: time was up"]),
        (Answer("none", (), 0.0, measured=(0, 2, 5)), ["alike; 1 of 4 commits between them were looked at"]),
        (Answer("none", (), 0.0, measured=(0, 1, 2, 3, 4, 5)), ["so is every commit between them"]),
        (Answer("spread", (), 0.06), ["no single step matters"]),
        (Answer("open", (), None, why="time was up"), ["not known: time was up"]),
        (Answer("failed",), ["base or head cannot be measured"]),
        (Answer("commit", (Step(2, 3, 0.012, (0.01, 0.014), 20, proven=True),), 0.012), ["under the 2 % threshold"]),
    ],
)  # fmt: skip
def test_every_answer_has_its_words(answer: Answer, words: list[str]) -> None:
    text = as_text(told(answer)).replace("\N{NO-BREAK SPACE}", " ")
    for word in words:
        assert word in text
    assert "5 commits after 000000000, up to 555555555 (2 more change nothing that is measured)" in text


def test_merges_and_lost_commits_are_told() -> None:
    merges, lost = (Merged("3" * 40, "aaa..bbb", 7),), (("4" * 40, "cannot be set up: gcc: error"),)
    text = as_text(told(Answer("commit", (ONE,), 0.1), merges=merges, lost=lost))
    assert "a merge of 7 commits; look into it: perfbot bisect aaa..bbb" in text
    assert "444444444 cannot be set up: gcc: error" in text


def test_names_from_a_change_obey_nobody() -> None:
    evil = Commit("3" * 40, "\x1b[31m`<b>` [x](y)", "A\x07", "2026")
    line = Line((*COMMITS[:3], evil, *COMMITS[4:]))
    found = Bisection(line, (Found("core/parse", "time", "lower", Answer("commit", (ONE,), 0.1)),), 0.01, 0.02)
    assert "\x1b" not in as_text(found)
    assert "\x07" not in as_text(found)


def test_json_names_commits_and_holds_finite_numbers() -> None:
    found = json.loads(json.dumps(as_json(told(Answer("range", (WIDE,), 0.1))), allow_nan=False))
    (step,) = found["found"][0]["steps"]
    assert (found["schema"], step["after"], step["at"], step["commits"]) == ("perfbot.bisect/1", "1" * 40, "4" * 40, 3)
    assert step["interval"] == [0.08, None]
