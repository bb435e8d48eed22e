"""The project's pages: what they say, where they link, and that names stay names."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urljoin

import pytest

from perfbot.cli.main import main
from perfbot.history.records import Level, Point, Step, Subject, Trend
from perfbot.history.store import Store, standings
from perfbot.render import site
from perfbot.render.chart import MOST_POINTS, chart
from tests.builders import commit

VOID = {"meta", "link", "input", "br"}


class Page(HTMLParser):
    """The elements of a page; unbalanced ones are an error."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.links: list[str] = []
        self.loads: list[str] = []
        self.text = ""
        self.scripts = 0
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag not in VOID:
            self.open.append(tag)
        self.scripts += tag == "script"
        if tag == "a":
            self.links.append(given["href"] or "")
        if tag in ("script", "link", "img") and (given.get("src") or given.get("href")):
            self.loads.append(given.get("src") or given.get("href") or "")
        assert not any(name.startswith("on") or name == "style" for name in given)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if not self.open or self.open[-1] != "script":
            self.text += data + " "


@pytest.fixture(scope="session")
def folder(history: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("site")
    assert main(["site", str(target), "--database", history]) == 0
    return target


def pages(folder: Path) -> list[Path]:
    return sorted([folder / "index.html", *folder.glob("benchmarks/*.html"), *folder.glob("compare/*.html")])


def test_every_link_leads_somewhere_and_nothing_is_loaded_from_elsewhere(folder: Path) -> None:
    assert len(list(folder.glob("benchmarks/*.html"))) == 3
    assert len(list(folder.glob("compare/*.html"))) == 1
    for path in pages(folder):
        page = Page(path.read_text())
        for address in [*page.links, *page.loads]:
            if address == "data:,":
                continue
            assert "//" not in address
            assert (path.parent / unquote(address.partition("?")[0])).is_file(), f"{path.name} → {address}"


def test_names_of_a_report_stay_text(folder: Path) -> None:
    for path in pages(folder):
        text = path.read_text()
        page = Page(text)
        assert "<script>alert" not in text
        assert page.scripts == {"benchmarks": 3, "compare": 2}.get(path.parent.name, 1)
        assert "script-src &#39;self&#39;;" in text
        assert "<i>" not in text
    overview = Page((folder / "index.html").read_text()).text
    assert "core/<script>alert(1)</script>" in overview
    assert "parse <b>slower</b>" in overview


def test_the_overview_names_what_moved(folder: Path) -> None:
    text = " ".join(Page((folder / "index.html").read_text()).text.split())
    assert "3 benchmarks · newest run 2026-01-29 12:00 of 0000024" in text
    assert re.search(r"Biggest regressions core/parse \+1\d % \[\+\d+, \+\d+\] since v1<i>", text)
    assert "at 0000013" in text


def data_of(text: str) -> dict[str, list[object]]:
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', text, re.DOTALL)
    assert found is not None
    return json.loads(found[1])  # type: ignore[no-any-return]


def test_a_benchmarks_page_holds_its_whole_history(folder: Path) -> None:
    (text,) = [t for t in map(Path.read_text, folder.glob("benchmarks/*.html")) if "<h1><bdi>core/parse<" in t]
    data = data_of(text)
    assert len(data["when"]) == len(data["chain"]) == len(data["values"]) == 24
    assert data["machine"] == [0] * 14 + [1] * 10
    assert "<b>" not in text, "drawn as it stands, and never part of the page's own markup"
    assert (data["unit"], data["budget"]) == ("ms", pytest.approx(12.5))
    assert [step["tone"] for step in data["steps"]] == ["bad"]  # type: ignore[index]
    assert data["releases"] == [{"when": 1768046400, "text": "v1<i>"}]
    assert "12.5 ms" in Page(text).text


def long_course(count: int) -> tuple[Level, ...]:
    def point(number: int) -> Point:
        value = 0.5 if number == 1234 else 0.01 + number % 7 * 1e-4
        return Point(number, commit(number - 1), commit(number), moment(number), "m", value, value)

    factors = ((number, 2.0 if number >= 700 else 1.0) for number in range(1, count + 1))
    return tuple(Level(point(number), factor, factor, factor) for number, factor in factors)


def moment(number: int) -> str:
    return (datetime(2026, 1, 1, tzinfo=UTC) + timedelta(hours=number)).strftime("%Y-%m-%dT%H:%M:%SZ")


def test_a_long_history_is_drawn_with_its_steps_extremes_and_newest_runs() -> None:
    step = Step(699, commit(699), commit(700), moment(700), 1.0, (0.9, 1.1), 1e-9)
    trend = Trend(Subject("core", "parse", "time", "s"), 9000, 0.01, "m", 0.01, (step,))
    drawn = chart(trend, long_course(9000), (), str)
    runs = [int(link) for link in drawn["links"]]
    assert MOST_POINTS // 2 < len(runs) <= MOST_POINTS + 1
    assert runs == sorted(set(runs))
    assert runs[-200:] == list(range(8801, 9001))
    assert {700, 1234} <= set(runs)
    assert max(drawn["values"]) == 500
    assert len({len(drawn[name]) for name in ("when", "heads", "chain", "chain_text", "values", "value_text")}) == 1
    assert len(chart(trend, long_course(MOST_POINTS), (), str)["links"]) == MOST_POINTS


def test_a_page_says_that_not_all_runs_are_drawn() -> None:
    trend = Trend(Subject("core", "parse", "time", "s"), 9000, 0.01, "m", 0.01)
    place = site.Address("../assets/", str, str)
    text = site.benchmark(site.Story("p", trend, long_course(9000)), place, "now")
    assert "Of 9,000 runs 6" in text
    assert "are drawn" not in site.benchmark(site.Story("p", trend, long_course(100)), place, "now")


def test_a_runs_page_leads_home(folder: Path) -> None:
    paths = list(folder.glob("runs/*.html"))
    assert len(paths) == 24
    assert 'href="../index.html"' in paths[0].read_text()


def test_each_benchmark_has_its_values_as_a_file(folder: Path) -> None:
    names = {path.stem for path in folder.glob("benchmarks/*.html")}
    assert names == {path.stem for path in folder.glob("benchmarks/*.csv")}
    head, *rows = next(folder.glob("benchmarks/core-parse-*.csv")).read_text().splitlines()
    assert head.startswith("suite,benchmark,metric,unit,run,")
    assert len(rows) == 24


def test_the_badge_counts_what_became_slower(store: Store, folder: Path) -> None:
    assert "1 slower since v1&lt;i&gt;" in (folder / "badge.svg").read_text()
    with store.read() as connection:
        calm = [t for t in standings.trends(connection, "group/name", "main") if t.subject.benchmark != "parse"]
    assert "steady" in site.badge(calm)
    assert "no data" in site.badge([])


def test_a_folder_that_cannot_be_written_is_said(
    history: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("")
    assert main(["site", str(tmp_path / "file"), "--database", history]) == 4
    assert "could not be written" in capsys.readouterr().err


def test_a_missing_history_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["site", str(tmp_path / "out"), "--database", str(tmp_path / "none.db")]) == 2
    assert "There is no history at" in capsys.readouterr().err


@pytest.mark.parametrize("levels", [(), (1.0,), (1.0, 1.0), (1.0, 1.001, 0.999), (1.0, 5.0, 0.2)])
def test_sparks_stay_in_their_box(levels: tuple[float, ...]) -> None:
    points = [tuple(map(float, pair.split(","))) for pair in site.spark(levels).split()]
    assert len(points) == (len(levels) if len(levels) > 1 else 0)
    assert all(0 <= x <= 96 and 0 <= y <= 20 for x, y in points)


def test_relative_addresses_are_the_same_served() -> None:
    assert urljoin("https://host/p/-/index.html", "benchmarks/1.html") == "https://host/p/-/benchmarks/1.html"


def test_a_release_has_a_page_of_what_changed_since(folder: Path) -> None:
    overview = (folder / "index.html").read_text()
    (link,) = re.findall(r'href="(compare/[^"]+)">v1&lt;i&gt; → main: 1 slower<', overview)
    text = " ".join(Page((folder / link).read_text()).text.split())
    assert "v1<i> → main 1 slower" in text
    assert re.search(r"core/parse \+1\d % \[\+\d+, \+\d+\] slower 1 change point", text)
    assert "No clear change: 2 benchmarks" in text
    assert "Check every row" in text, "the commit that did it"
    assert "Ada" in text
    assert 'content="v1&lt;i&gt; → main: 1 slower"' in (folder / link).read_text(), "what a chat shows of a link"


def test_a_page_is_called_the_same_in_every_history() -> None:
    one = Subject("core", "parse[a/b]", "time", "s", number=1)
    assert one.page == Subject("core", "parse[a/b]", "time", "s", number=77).page
    others = [Subject("core", "parse[a b]", "time", "s"), Subject("core", "parse[a/b]", "memory", "B"),
              Subject("..", "/../" * 100, "time", "s"), Subject("", "\ud800", "time", "s")]  # fmt: skip
    names = [one.page, *(other.page for other in others)]
    assert len(set(names)) == 5
    assert all(re.fullmatch(r"[A-Za-z0-9._-]{1,80}", name) and not name.startswith(".") for name in names)


def test_what_several_benchmarks_are_drawn_from(folder: Path) -> None:
    stops = json.loads((folder / "stops.js").read_text().removeprefix("window.perfbotStops = ").strip("; \n"))
    assert (len(stops["when"]), stops["releases"]) == (24, [{"when": 1768046400, "text": "v1<i>"}])
    names = (folder / "names.js").read_text()
    assert "<" not in names
    page = next(folder.glob("benchmarks/core-parse-*.js"))
    assert f'["{page.stem}","core/parse"]' in names
    way = json.loads(page.read_text().partition("] = ")[2].strip("; \n"))
    assert way["places"] == list(range(24))
    assert way["logs"][23] == pytest.approx(0.14, abs=0.03), "ln(0.0115 / 0.010)"


def test_pages_have_pictures_for_chats_where_their_address_is_known(
    history: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CI_PAGES_URL", "https://group.gitlab.io/name")
    target = tmp_path / "public" / "perf"
    assert main(["site", str(target), "--database", history]) == 0
    shown = set()
    for path in pages(target):
        for address in re.findall(r'property="og:image" content="([^"]+)"', path.read_text()):
            assert address.startswith("https://group.gitlab.io/name/perf/")
            shown.add(target / unquote(address.removeprefix("https://group.gitlab.io/name/perf/")))
    assert shown == set(target.rglob("*.png"))
    assert {path.parent.name for path in shown} == {"perf", "benchmarks", "compare"}
