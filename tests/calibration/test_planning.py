"""Where a run finds a calibration, whose it believes, and what becomes of one that does not fit."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from pathlib import Path

import pytest

from perfbot.calibration.planning import Planning, Source, plan
from perfbot.calibration.records import DEFAULT_PATH, Calibration, dumps, save
from perfbot.errors import StoreError
from perfbot.history.store import ledger, open_store
from perfbot.model import Change, Shard
from tests.calibration.samples import RUNNER, calibrated
from tests.repositories import Repository

USUAL = Source()
HERE = "Some CPU, 2 cores, Python 3.11"


@pytest.fixture(scope="module")
def whole() -> Calibration:
    return calibrated({"a": 0.01}, runs=2)


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    made = Repository(tmp_path / "project")
    made.commit({"a": "1"}, "base")
    made.commit({"a": "2"}, "head")
    return made


def change(repository: Repository, **more: object) -> Change:
    base, head = repository.git("rev-parse", "HEAD~1"), repository.git("rev-parse", "HEAD")
    return Change(base, head, project="group/project", **more)  # type: ignore[arg-type]


def planned(repository: Repository, source: Source | None = USUAL, **more: object) -> Planning:
    return plan(repository.path, change(repository, **more), RUNNER, source)


def other_machine(whole: Calibration) -> Calibration:
    return replace(whole, setting=replace(whole.setting, cpu="Another"))


def test_none_is_nothing(repository: Repository) -> None:
    assert planned(repository) == Planning()
    assert planned(repository, None) == Planning()


def test_the_usual_file_is_found(repository: Repository, whole: Calibration) -> None:
    save(whole, repository.path / DEFAULT_PATH)
    found = planned(repository)
    assert found.noise.spreads.keys() == {("s/a", "time")}
    assert found.notes == ()
    assert planned(repository, None) == Planning(), "an A/A run plans with nothing"


def test_python_counts_by_its_minor_version(repository: Repository, whole: Calibration) -> None:
    save(whole, repository.path / DEFAULT_PATH)
    newer = plan(repository.path, change(repository), replace(RUNNER, python="3.11.9"), Source())
    other = plan(repository.path, change(repository), replace(RUNNER, python="3.12.2"), Source())
    assert newer.noise.spreads
    assert not other.noise.spreads
    assert other.notes == (f"the calibration is of another machine ({HERE}); this one is {HERE[:-2]}12",)


@pytest.mark.parametrize("text", ["", "{", "[1]", "{}", "\x00\xff"])
def test_a_damaged_one_is_a_note(repository: Repository, text: str) -> None:
    (repository.path / ".perfbot").mkdir()
    (repository.path / DEFAULT_PATH).write_text(text)
    found = planned(repository)
    assert not found.noise.spreads
    assert found.notes[0].startswith("no calibration: calibration.json is not a calibration")


def test_a_file_that_was_named_and_is_missing_is_a_note(repository: Repository) -> None:
    (note,) = planned(repository, Source(repository.path / "none.json")).notes
    assert "none.json: No such file" in note


class TestMergeRequest:
    """The working tree is the merge request's: what its commits hold is never believed."""

    def test_what_the_target_holds_is_used(self, tmp_path: Path, whole: Calibration) -> None:
        made = Repository(tmp_path / "project")
        made.commit({DEFAULT_PATH: dumps(whole)}, "base")
        made.commit({DEFAULT_PATH: "forged"}, "head")
        found = planned(made, merge_request=7)
        assert found.noise.spreads
        assert found.notes == ()
        assert found.weights == {"s/a": 6.0}, "every shard sees the same commit"

    def test_what_it_brings_is_not(self, repository: Repository, whole: Calibration) -> None:
        repository.commit({"calibration.json": dumps(whole)}, "forged")
        source = Source(repository.path / "calibration.json")
        (note,) = planned(repository, source, merge_request=7).notes
        assert "is brought by this merge request; only the target branch's is used" in note
        assert planned(repository, source).noise.spreads, "outside a merge request it is one's own"

    def test_a_link_does_not_help(self, repository: Repository, whole: Calibration) -> None:
        repository.commit({"forged.json": dumps(whole)}, "forged")
        (repository.path / ".perfbot").mkdir()
        (repository.path / DEFAULT_PATH).symlink_to("../forged.json")
        assert not planned(repository, merge_request=7).noise.spreads

    def test_what_the_job_was_given_is_used(self, repository: Repository, tmp_path: Path, whole: Calibration) -> None:
        save(whole, tmp_path / "outside.json")
        save(whole, repository.path / DEFAULT_PATH)
        assert planned(repository, Source(tmp_path / "outside.json"), merge_request=7).noise.spreads
        assert planned(repository, merge_request=7).noise.spreads, "not committed: from the job's cache"


class TestHistory:
    def recalled(self, asked: list[tuple[str, str]], text: str | None) -> Source:
        def recall(project: str, machine: str) -> str | None:
            asked.append((project, machine))
            return text

        return Source(recall=recall)

    def test_is_asked_for_project_and_machine(self, repository: Repository, whole: Calibration) -> None:
        asked: list[tuple[str, str]] = []
        assert planned(repository, self.recalled(asked, dumps(whole))).noise.spreads
        assert asked == [("group/project", HERE)]

    def test_only_when_no_file_fits(self, repository: Repository, whole: Calibration) -> None:
        asked: list[tuple[str, str]] = []
        source = self.recalled(asked, dumps(whole))
        save(whole, repository.path / DEFAULT_PATH)
        planned(repository, source)
        assert asked == []
        save(other_machine(whole), repository.path / DEFAULT_PATH)
        found = planned(repository, source)
        assert found.noise.spreads
        assert "another machine" in found.notes[0]

    def test_one_that_is_damaged_or_out_of_reach_is_a_note(self, repository: Repository) -> None:
        def fail(project: str, machine: str) -> str | None:
            raise StoreError("the history cannot be reached")

        assert planned(repository, Source(recall=fail)).notes == ("no calibration: the history cannot be reached",)
        (note,) = planned(repository, self.recalled([], "{")).notes
        assert "the history's calibration is not a calibration" in note

    def test_twice_changes_nothing(self, tmp_path: Path, whole: Calibration) -> None:
        row = (whole.project, whole.setting.machine, whole.moment, dumps(whole))
        with contextlib.closing(open_store(tmp_path / "h.db")) as store:
            kept = [store.write(lambda c: ledger.keep_calibration(c, *row)) for _ in range(2)]
            with store.read() as connection:
                assert ledger.latest_calibration(connection, "group/project", HERE) == dumps(whole)
        assert kept == [True, False]


class TestShards:
    """All jobs must come to one split, whatever machine each of them runs on."""

    def test_a_file_that_was_named_splits_on_any_machine(self, repository: Repository, tmp_path: Path) -> None:
        whole = calibrated({"a": 0.01, "b": 0.02}, runs=2)
        save(whole, tmp_path / "c.json")
        fitting = planned(repository, Source(tmp_path / "c.json"))
        foreign = plan(repository.path, change(repository), replace(RUNNER, cpu="X"), Source(tmp_path / "c.json"))
        assert foreign.weights == fitting.weights == {"s/a": 6.0, "s/b": 6.0}
        assert not foreign.noise.spreads
        assert fitting.shard(Shard(1, 2)) == foreign.shard(Shard(1, 2))
        assert fitting.shard(Shard(1, 2)) != Shard(1, 2)
        assert fitting.shard(None) is None

    def test_what_a_cache_or_a_history_holds_does_not(self, repository: Repository, whole: Calibration) -> None:
        save(whole, repository.path / DEFAULT_PATH)
        assert planned(repository).shard(Shard(1, 2)) == Shard(1, 2)
        (repository.path / DEFAULT_PATH).unlink()
        found = planned(repository, Source(recall=lambda *_: dumps(whole)))
        assert found.noise.spreads
        assert found.shard(Shard(1, 2)) == Shard(1, 2)
