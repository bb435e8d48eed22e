"""``perfbot history`` as people type it."""

from __future__ import annotations

import csv
import io
import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from perfbot.cli.main import main
from perfbot.cli.run import keep_run
from perfbot.history.store import ledger, open_store
from perfbot.render.history import sparkline
from perfbot.report import dumps
from tests.builders import a_history, a_report, a_result


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A history of thirty runs with a step, which nobody changes."""
    file = tmp_path_factory.mktemp("history") / "history.db"
    with open_store(str(file)) as store:
        for report in a_history([0.010] * 15 + [0.011] * 15, noise=0.02):
            store.add(report, branch="main", kind="branch")
        store.add(a_report(number=90, disturbed=True), branch="main", kind="branch")
    return file


@pytest.fixture
def database(written: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """That history in the working folder, a test's own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    shutil.copyfile(written, "history.db")
    return "history.db"


def run(*words: str) -> int:
    return main(["history", *words])


def test_the_table_shows_course_chain_and_change_point(database: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--database", database) == 0
    out = capsys.readouterr().out
    assert "core/parse" in out
    assert "since 2026-01-06" in out
    assert "at 0000016 (2026-01-21)" in out
    assert "which commit: perfbot bisect 0000015" in out
    assert any(bar in out for bar in "▁▂▃▄▅▆▇█")


def test_json_and_csv_hold_every_point_that_counts(database: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("core/*", "--database", database, "--format", "json") == 0
    (series,) = json.loads(capsys.readouterr().out)
    assert len(series["points"]) == 30
    assert series["steps"][0]["first"].startswith("0000016")
    assert run("--database", database, "--format", "csv") == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert [float(row["head_value"]) for row in rows] == [p["head_value"] for p in series["points"]]


def test_two_commits_are_compared(database: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("compare", "0000014", "--database", database) == 0
    assert "0000014 → main: 1 slower" in capsys.readouterr().out
    assert run("compare", "0000014", "2026-01-25", "core/*", "--database", database, "--format", "json") == 0
    (one,) = json.loads(capsys.readouterr().out)
    assert (one["outcome"], len(one["steps"])) == ("worse", 1)
    assert 0.05 < one["change"] < 0.15
    assert run("compare", "0000003", "0000013", "--database", database) == 0
    assert "no clear change in 1 benchmark" in capsys.readouterr().out
    assert run("compare", "v99", "--database", database) == 2
    assert "'v99' is no commit that was measured on main" in capsys.readouterr().err
    assert run("compare", "--database", database) == 2


def test_since_takes_dates_ages_and_releases(database: str, capsys: pytest.CaptureFixture[str]) -> None:
    tagged("v2")
    assert run("refresh", "--database", database) == 0
    assert "1 tags, 1 of them new or moved" in capsys.readouterr().out
    for since, count in (("2026-01-30", 6), ("v2", 6), ("36500d", 30), ("5000w", 30)):
        assert run("--database", database, "--since", since, "--format", "json") == 0
        (series,) = json.loads(capsys.readouterr().out)
        assert len(series["points"]) == count


def tagged(name: str) -> None:
    """The working folder becomes a repository with one tag."""
    who = ["-c", "user.email=a@b", "-c", "user.name=a"]
    then = {**os.environ, "GIT_COMMITTER_DATE": "2026-01-30T00:00:00Z"}
    for words in (["init", "-q"], ["commit", "-q", "--allow-empty", "-m", "x"], ["tag", "-a", name, "-m", name]):
        subprocess.run(["git", *who, *words], check=True, env=then)


@pytest.mark.parametrize(("merge_request", "names"), [(0, ["v2"]), (7, [])])
def test_a_run_of_the_branch_brings_its_tags_and_a_merge_requests_does_not(
    database: str, merge_request: int, names: list[str]
) -> None:
    tagged("v2")
    report = a_report(number=91, merge_request=merge_request)
    kept, lost = keep_run(report, database)
    assert (kept.change, lost) == (report.change, None)
    with open_store(database) as store, store.read() as connection:
        assert [one.name for one in ledger.read_releases(connection, "group/name")] == names


def test_the_environment_names_the_database(
    database: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run() == 2
    assert "There is no history at .perfbot/history.db" in capsys.readouterr().err
    monkeypatch.setenv("PERFBOT_DATABASE", database)
    assert run() == 0
    assert main(["site", "site"]) == 0
    assert "core/parse" in capsys.readouterr().out


def test_no_help_shows_the_databases_password(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PERFBOT_DATABASE", "postgresql://perf:hunter2@127.0.0.1:1/none")
    for verb in ("history", "site", "serve", "run", "publish", "ci"):
        with pytest.raises(SystemExit):
            main([verb, "--help"])
    assert "hunter2" not in "".join(capsys.readouterr())


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--since", "yesterday"], "'yesterday' is neither a date"),
        (["nothing/*"], "No benchmark matches 'nothing/*'"),
        (["a", "b"], "One glob at a time, found 2"),
        (["prune"], "history prune: nothing to do"),
        (["import"], "history import: no file named"),
        (["backup"], "name one target"),
        (["--project", "other"], "no project 'other'; it has 'group/name'"),
        (["--database", "missing.db"], "There is no history at missing.db"),
        (["--database", "oracle://x"], "not in 'oracle'"),
    ],
)
def test_what_cannot_be_is_said(
    database: str, capsys: pytest.CaptureFixture[str], words: list[str], message: str
) -> None:
    given = words if "--database" in words else [*words, "--database", database]
    assert run(*given) == 2
    assert message in capsys.readouterr().err


def test_runs_say_why_they_do_not_count(database: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("runs", "--database", database) == 0
    out = capsys.readouterr().out
    assert "the runner was disturbed" in out
    assert "0000089 → 0000090" in out


def test_exported_thinned_and_imported_again_nothing_is_lost_or_doubled(
    database: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("prune", "--rounds-older", "1d", "--database", database) == 0
    assert run("export", "all.jsonl", "--database", database) == 0
    assert run("import", "all.jsonl", "--database", database) == 0
    assert "0 runs added, 31 were known" in capsys.readouterr().out
    assert run("import", "all.jsonl", "--database", "second.db") == 0
    assert "31 runs added, 0 were known" in capsys.readouterr().out
    assert run("export", "--database", "second.db") == 0
    assert capsys.readouterr().out == Path("all.jsonl").read_text()


def test_a_report_is_imported_as_what_it_is(database: str, capsys: pytest.CaptureFixture[str]) -> None:
    Path("one.json").write_text(dumps(a_report(a_result("new"), number=50, merge_request=3)))
    assert run("import", "one.json", "--database", database) == 0
    assert run("runs", "--database", database, "--format", "json", "--limit", "40") == 0
    runs = json.loads(capsys.readouterr().out.partition("known\n")[2])
    (mine,) = [one for one in runs if one["merge_request"] == 3]
    assert (mine["kind"], mine["branch"], mine["used"]) == ("merge-request", "main", False)


def test_a_line_that_is_no_run_is_named(database: str, capsys: pytest.CaptureFixture[str]) -> None:
    Path("bad.jsonl").write_text('{"fingerprint": "x", "kind": "stolen", "branch": "main", "report": {}}\n')
    assert run("import", "bad.jsonl", "--database", database) == 2
    assert "bad.jsonl, line 1: kind is 'stolen'" in capsys.readouterr().err


def test_a_backup_is_a_history_of_its_own(database: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("backup", "copy.db", "--database", database) == 0
    assert "31 runs copied" in capsys.readouterr().out
    assert run("--database", "copy.db") == 0


def test_sparklines() -> None:
    assert sparkline([]) == ""
    assert sparkline([1, 1.5, 2]) == "▁▅█"
    assert set(sparkline([1.0, 1.001, 0.999])) <= set("▄▅")
