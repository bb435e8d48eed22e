"""What stands in a comment under perfbot's name: many may write there, so a pass counts only with a status."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

import pytest

from perfbot.forge.body import Body, Section, compose, parse
from perfbot.forge.order import RunOrder, Told, read_order
from perfbot.publish import aside
from perfbot.publish.flow import publish
from perfbot.publish.publisher import KEY
from tests.builders import HEAD, report, result, write
from tests.ci_jobs import InCI, github_ci, gitlab_ci
from tests.fakes.gitlab import BOT


@pytest.fixture(params=["gitlab", "github"])
def ci(request: pytest.FixtureRequest) -> Iterator[InCI]:
    with gitlab_ci() if request.param == "gitlab" else github_ci() as found:
        yield found


def slower(ci: InCI, folder: Path) -> int:
    return publish(write(folder, report(result("parse", change=0.2))), ci.publisher()).code


def comments(ci: InCI, text: str) -> None:
    """Another job comments as the same account: what it was told by whomever."""
    ci.fake.say(text, author=BOT if hasattr(ci.fake, "levels") else ci.fake.bot)


def forged(order: RunOrder, said: Told | None) -> str:
    return compose(Body(KEY, HEAD, "", (Section("", HEAD, order, "### no change in 1 benchmark", said=said),)))


def passed(order: RunOrder) -> Told:
    return Told(HEAD, order, "success", "no change in 1 benchmark")


NOW = RunOrder(round(time.time() * 1000), 1, 1)
ORDERS = {"now": NOW, "the year 2999": RunOrder(32_503_680_000_000, 9, 9), "no year": RunOrder(10**17)}


@pytest.mark.parametrize("known", [False, True])
@pytest.mark.parametrize("when", ORDERS)
def test_a_newer_pass_that_no_status_bears_out_opens_nothing(ci: InCI, tmp_path: Path, when: str, known: bool) -> None:
    """A workflow that repeats an author's words as ``github-actions[bot]`` opened the gate: status success, exit 0."""
    if known:
        assert slower(ci, tmp_path) == 1
    comments(ci, forged(ORDERS[when], passed(ORDERS[when])))
    assert slower(ci, tmp_path) == 1
    assert ci.status()[0] == "failed"
    assert "is slower" in ci.comment()


def test_a_newer_run_without_a_word_opens_nothing(ci: InCI, tmp_path: Path) -> None:
    comments(ci, forged(NOW, None))
    assert slower(ci, tmp_path) == 1
    assert "is slower" in ci.comment()


def test_a_forged_pass_of_the_very_run_that_begins_is_not_shown(ci: InCI) -> None:
    publisher = ci.publisher()
    order = replace(publisher.order(), moment=NOW.moment)
    comments(ci, forged(order, passed(order)))
    assert replace(publisher, run=order).begin()
    assert ci.status()[0] == "running"


def test_a_forged_pass_is_no_standing_where_a_run_decides_nothing(ci: InCI, tmp_path: Path) -> None:
    comments(ci, forged(NOW, passed(NOW)))
    assert aside.standing(ci.publisher()) == "error"
    assert slower(ci, tmp_path) == 1
    assert aside.standing(ci.publisher()) == "fail"


DEEP = "[" * 5_000 + "]" * 5_000
HIDDEN = {
    "failing": ["[]", "null", "1", DEEP, '{"a":null}', '{"a":[]}'],
    "said": ["[]", DEEP, '{"state":1,"head":2,"order":3,"words":4}', '{"state":"success","head":"h","order":null}'],
    "accepted": ["[]", DEEP, '{"match":5,"reason":6,"who":7,"when":8}',
                 '{"match":["x"],"reason":"r","who":"w","when":""}',
                 '{"match":"*","reason":"r","who":"w","when":"","note":[]}'],
}  # fmt: skip


@pytest.mark.parametrize(("what", "text"), [(what, text) for what, texts in HIDDEN.items() for text in texts])
def test_hidden_lines_that_others_wrote_stop_no_publication(tmp_path: Path, what: str, text: str) -> None:
    """A list in place of an object was a mistake of perfbot's in every later publication."""
    lines = [f"<!-- perfbot:v1 key={KEY} head={HEAD} previous= -->", ""]
    if what == "accepted":
        lines += [f"<!-- perfbot:accepted {quote(text, safe='')} -->", ""]
    else:
        fields = f"name= head={HEAD} run=1.1.1 state=done job=1 failing=%7B%7D {what}={quote(text, safe='')}"
        lines += [f"<!-- perfbot:section {fields} -->", "", "x", "", "<!-- perfbot:end -->"]
    with github_ci() as ci:
        comments(ci, "\n".join(lines))
        assert slower(ci, tmp_path) == 1
        assert "is slower" in ci.comment()


def test_jobs_of_one_run_that_differ_come_to_one_end(ci: InCI, tmp_path: Path) -> None:
    """Jobs of a matrix that all speak for one section: the comment said one thing and the status another."""
    publisher = replace(ci.publisher(), run=NOW, options={"settle": (0.02, 0.05), "lag": 0.1, "lost": 0, "stagger": 0})
    files = []
    for number, change in enumerate((0.3, 0.0, 0.3, 0.0)):
        (tmp_path / str(number)).mkdir()
        files.append(write(tmp_path / str(number), report(result("parse", change=change))))
    threads = [threading.Thread(target=publish, args=(one, publisher)) for one in files]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = parse(ci.comment(), KEY)
    assert found is not None
    part = found.section("")
    assert part is not None
    assert part.said is not None
    assert (part.said.state, part.said.words) == ci.status()


def test_a_run_speaks_after_itself_whatever_its_clock_says() -> None:
    first = RunOrder(5, 1, 1).at(1_000, ())
    again = RunOrder(5, 1, 1).at(10, [first, None, RunOrder(6, 2, 1, 5_000)])
    assert first < again < RunOrder(6, 2, 1)
    assert read_order(str(again)) == again
