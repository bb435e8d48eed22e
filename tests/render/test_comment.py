"""The comment: what it says, that nothing in a report can break it, and how it becomes shorter."""

from __future__ import annotations

import fnmatch
import re
from dataclasses import replace

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from perfbot.model import Problem, Report
from perfbot.render.comment import LIMIT, comment
from perfbot.render.links import Links
from tests.builders import bare
from tests.render.hostile import TEXTS, saying
from tests.render.markdown import READER, complaints
from tests.render.regenerate import MARKER
from tests.render.samples import (
    ALL,
    counted,
    everything,
    faster,
    quiet,
    regression,
    report,
    result,
    set_up_failed,
    typical,
    undecided,
)

URL = "https://ci.example/job/1/report.html"
LINKS = Links(URL)


@pytest.mark.parametrize("name", TEXTS)
def test_hostile_text_stays_text(name: str) -> None:
    shown = comment(saying(TEXTS[name]), marker=MARKER)
    assert shown.startswith(f"{MARKER}\n### ")
    assert complaints(shown, MARKER) == []
    assert shown.count("<!--") == 1


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=60))
@example("0/A0-0")
@example("A-A0-0-b")
@example("see 12.ABC-7, or x’deadbeef1")
def test_any_text_stays_text(text: str) -> None:
    assert complaints(comment(saying(text), marker=MARKER), MARKER) == []


def test_there_are_enough_hostile_texts() -> None:
    assert len(TEXTS) >= 60


@pytest.mark.parametrize("name", ALL)
def test_samples_are_well_formed(name: str) -> None:
    assert complaints(comment(ALL[name]())) == []


def test_hostile_stale_and_title_stay_text() -> None:
    shown = comment(quiet(), stale="@all /close", title="</summary> #1")
    assert complaints(shown) == []


@pytest.mark.parametrize(
    ("made", "title"),
    [
        (typical(), "🔴 perfbot: 1 of 42 benchmarks is slower: merging is blocked"),
        (quiet(), "⚪ perfbot: no change in 4 benchmarks"),
        (undecided(), "🟡 perfbot: no verdict for 1 of 2 benchmarks: merging is not blocked"),
        (faster(), "🟢 perfbot: 1 of 2 benchmarks is faster"),
        (set_up_failed(), "⚠️ perfbot: nothing was measured: merging is blocked"),
        (report(bare("new", "added"), result()), "⚪ perfbot: 1 of 2 benchmarks is new"),
        (report(regression(gate="accepted")), "🟡 perfbot: 1 benchmark is slower but accepted: merging is not blocked"),
        (
            report(regression(gate="pass"), regression("b", gate="pass")),
            "🟡 perfbot: 2 benchmarks are slower but tolerated: merging is not blocked",
        ),
        (
            report(regression(), counted("parse_large", "instructions", 0.1, "regressed", gate="fail"), result()),
            "🔴 perfbot: 1 of 2 benchmarks is slower: merging is blocked",
        ),
        (
            report(counted("a", "instructions", 0.1, "regressed", gate="fail"), result("a"), result("b")),
            "🔴 perfbot: 1 of 2 benchmarks takes more instructions: merging is blocked",
        ),
        (
            report(*(result(f"b{i}", 0.01, "inconclusive") for i in range(3))),
            "⚠️ perfbot: no verdict for any of 3 benchmarks: merging is not blocked",
        ),
    ],
)
def test_title_says_the_gate_and_counts(made: Report, title: str) -> None:
    assert comment(made).splitlines()[0] == f"### {title}"


def test_nothing_changed_is_short() -> None:
    outside = re.sub(r"<details>.*?</details>", "", comment(quiet()), flags=re.DOTALL)
    assert len([line for line in outside.splitlines() if line]) == 3


def test_worst_comes_first() -> None:
    made = report(
        result("better", -0.5, "improved"),
        regression("small", 0.03),
        regression("known", 2.0, gate="accepted"),
        regression("large", 0.4),
        regression("slower_throughput", -0.6, better="higher"),
    )
    rows = re.findall(r"^\| [^|]+ \| [^|]+ \| `core/(\w+)`", comment(made), re.MULTILINE)
    assert rows == ["slower_throughput", "large", "small", "known", "better"]


def test_best_improvement_and_widest_open_come_first() -> None:
    made = report(
        result("a", -0.1, "improved"),
        result("b", -0.5, "improved"),
        result("c", 0.9, "improved", better="higher"),
        result("d", 0.01, "inconclusive", detectable=0.02),
        bare("e", "inconclusive"),
        result("f", 0.01, "inconclusive", detectable=0.05),
    )
    shown = comment(made)
    assert re.findall(r"^\| 🟢[^|]+ \| [^|]+ \| `core/(\w)`", shown, re.MULTILINE) == ["b", "c", "a"]
    assert re.findall(r"^\| [^|🟢]* ?\| `core/(\w)`", shown, re.MULTILINE) == ["e", "f", "d"]


def test_what_could_have_been_seen_is_a_range() -> None:
    made = report(*(result(f"b{x}", 0.0, "inconclusive", detectable=x) for x in (0.0312, 6.7, 1e30)))
    shown = comment(made)
    assert "<summary>Undecided (3): resolution 3.1 % to ×∞</summary>" in shown
    assert "| ×7.7 |" in shown


def test_rows_link_to_their_benchmark() -> None:
    shown = comment(everything(), links=LINKS)
    assert complaints(shown, links=URL) == []
    assert re.search(rf"\[`core/parse_large`\]\(<{re.escape(URL)}#b-[0-9a-f]{{12}}>\)", shown)
    assert re.search(rf"\[\*\*\+38.%\*\*\]\(<{re.escape(URL)}#b-[0-9a-f]{{12}}>\)", shown)
    assert f"[full report](<{URL}>)" in shown.splitlines()[-1]


def test_an_address_that_is_none_is_left_out() -> None:
    assert comment(typical(), links=Links("javascript:alert(1)")) == comment(typical())


# Limits ---------------------------------------------------------------------------------------------------------


def large(count: int = 500) -> Report:
    """More than GitHub takes, of everything."""
    return report(
        *(regression(f"slow_{i}", 0.03 + i / 1000) for i in range(count // 5)),
        *(result(f"fast_{i}", -0.1 - i / 1000, "improved") for i in range(count // 5)),
        *(result(f"open_{i}", 0.01, "inconclusive") for i in range(count // 5)),
        *(result(f"same_{i}", 0.0, budget="20 ms", budget_state="within") for i in range(count)),
        *(bare(f"new_{i}", "added") for i in range(count // 5)),
        problems=tuple(Problem(f"suite s{i}", "it failed", "line\n" * 100) for i in range(30)),
    )


@pytest.mark.parametrize("limit", [1_000, 2_500, 10_000, 30_000, 65_536, LIMIT])
def test_comment_fits_and_stays_whole(limit: int) -> None:
    shown = comment(large(), limit=limit, marker=MARKER, links=LINKS)
    assert len(shown.encode()) <= limit
    assert complaints(shown, MARKER, links=URL) == []
    assert "100 of 900 benchmarks are slower" in shown
    assert f"[full report](<{URL}>)" in shown.splitlines()[-1]


def test_least_important_goes_first() -> None:
    def kept(limit: int) -> dict[str, int]:
        shown = comment(large(), limit=limit)
        names = ("same", "open", "line", "fast", "slow")
        return {name: len(re.findall(rf"core/{name}_|│ {name}$", shown, re.MULTILINE)) for name in names}

    order = ["same", "open", "line", "fast", "slow"]
    whole = kept(LIMIT)
    for limit in (100_000, 80_000, 60_000, 40_000, 20_000, 10_000, 5_000, 2_500):
        counts = kept(limit)
        cut = [name for name in order if counts[name] < whole[name]]
        gone = [name for name in cut if counts[name] == 0]
        assert cut == order[: len(cut)]
        assert len(cut) - len(gone) <= 2  # budgets hold the names of what is unchanged, too
    assert kept(10_000)["slow"] > 0


def test_what_was_left_out_is_counted() -> None:
    shown = comment(large(), limit=30_000, links=LINKS)
    (hidden,) = re.findall(r"Unchanged \(500\)[^<]*</summary>\n\n… and (\d+) more: \[full report\]", shown)
    assert hidden == "500"


def test_as_much_is_kept_as_fits() -> None:
    made = report(*(result(f"same_{i}") for i in range(300)))
    shown = comment(made, limit=10_000)
    row = max(len(line.encode()) for line in shown.splitlines() if line.startswith("|"))
    assert 10_000 - row - 10 <= len(shown.encode()) <= 10_000


def test_two_thousand_rows_are_one_table() -> None:
    made = report(*(result(f"walk[{i}]", 0.001) for i in range(2000)), regression())
    shown = comment(made)
    assert shown.count("`core/walk[") == 2000
    (table,) = [token for token in READER.parse(shown) if token.type == "table_open"][1:]
    assert table.map is not None
    assert table.map[1] - table.map[0] == 2002


def test_hostile_amounts_of_output_are_cut() -> None:
    endless = replace(
        everything(), problems=tuple(Problem("w" * 10_000, "m" * 10_000, "o\n" * 10_000) for _ in range(200))
    )
    shown = comment(endless)
    assert len(shown) < 100_000
    assert complaints(shown) == []


def test_commands_that_are_offered_match_what_fails_and_nothing_else() -> None:
    """An acceptance of all of a suite would let later losses pass, too: then one is named, the smallest cost."""
    steady = result("parse_walk")
    these = [regression(f"parse_{word}", size) for word, size in zip("abcd", (0.2, 0.05, 0.3, 0.1), strict=True)]
    apart = comment(report(*these, steady), links=Links(commands=True))
    assert "`/perfbot accept core/parse_b why`" in apart
    assert "`perfbot run --only 'core/parse_c'`" in apart
    together = comment(report(*these, result("walk")), links=Links(commands=True))
    assert "`/perfbot accept core/parse_* why`" in together
    assert "`perfbot run --only 'core/parse_*'`" in together


def test_the_first_run_says_when_there_will_be_more_to_say() -> None:
    assert "the next merge request is compared" in comment(report(bare("a", "added"), bare("b", "added")))
    assert "the next merge request" not in comment(report(bare("a", "added"), result("b")))


def test_commands_about_long_names_can_be_copied() -> None:
    name = "test_" + "a_very_long_description_" * 9 + "end[1]"
    shown = comment(report(regression(name), result("walk")), links=Links(commands=True))
    (accept,) = re.findall(r"`/perfbot accept (\S+) why`", shown)
    (only,) = re.findall(r"`perfbot run --only '([^']+)'`", shown)
    assert "…" not in accept + only
    assert fnmatch.fnmatchcase(f"core/{name}", accept)
    assert fnmatch.fnmatchcase(f"core/{name}", only)
    names = [name.replace("[1]", f"[{at}]") for at in range(3)]
    several = comment(report(*map(regression, names), result("walk")))
    globs = re.findall(r"--only '([^']+)'", several)
    assert [fnmatch.fnmatchcase(f"core/{one}", glob) for one, glob in zip(names, globs, strict=True)] == [True] * 3
    assert "…" not in several.partition("here: ")[2].partition("\n")[0]
