"""``--only`` is resolved before set-up where the last run's names still hold."""

from __future__ import annotations

from pathlib import Path

import pytest

from perfbot.config import load
from perfbot.errors import UsageError
from perfbot.pipeline.known_names import last_found
from tests.pipeline.conftest import by_name, make_repo, report_of
from tests.repositories import Repository

pytestmark = pytest.mark.timeout(300)

CONFIG = """\
[run]
budget = "1 min"

[gate]
threshold = "90%"

[[suite]]
name = "one"
harness = "command"
commands = { parse = "true", dump = "true" }
setup = ["echo one >> $LOG"]
env = { LOG = "LOGFILE" }

[[suite]]
name = "two"
harness = "regex"
paths = ["b/"]
command = "sh -c 'sh b/run.sh'"
pattern = "(?P<name>[a-z]+) (?P<time>[0-9]+)"
units = { time = "ms" }
setup = ["echo two >> $LOG"]
env = { LOG = "LOGFILE" }
"""


PRINTS = "echo load 1\n"


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "log"


@pytest.fixture
def repository(tmp_path: Path, log: Path) -> Repository:
    config = CONFIG.replace("LOGFILE", str(log))
    return make_repo(tmp_path / "shop", {"perfbot.toml": config, "b/run.sh": PRINTS}, {"later": "1\n"})


def test_what_cannot_match_ends_before_set_up(repository: Repository, tmp_path: Path, log: Path) -> None:
    report_of(repository, tmp_path / "cache")
    log.unlink()
    with pytest.raises(UsageError, match="none of the 3 benchmarks that are known is meant") as error:
        report_of(repository, tmp_path / "cache", only=("*nonsense*",))
    assert "one/dump" in error.value.hint
    assert not log.exists()


def test_suites_that_cannot_be_meant_are_not_set_up(repository: Repository, tmp_path: Path, log: Path) -> None:
    report = report_of(repository, tmp_path / "cache", only=("two/load",))
    assert set(by_name(report)) == {"two/load"}
    assert "one" not in log.read_text()


def test_names_hold_while_the_benchmark_files_do(repository: Repository, tmp_path: Path, log: Path) -> None:
    report_of(repository, tmp_path / "cache", only=("two/load",))
    repository.commit({"later": "2\n"})
    with pytest.raises(UsageError, match="that are known"):
        report_of(repository, tmp_path / "cache", only=("fresh",))
    repository.commit({"b/run.sh": PRINTS.replace("load", "fresh")})
    assert set(by_name(report_of(repository, tmp_path / "cache", only=("fresh",)))) == {"two/fresh"}


def test_another_configuration_is_listed_anew(repository: Repository, tmp_path: Path) -> None:
    report_of(repository, tmp_path / "cache", only=("load",))
    text = (repository.path / "perfbot.toml").read_text()
    (repository.path / "perfbot.toml").write_text(text.replace("b/run.sh'", "b/run.sh; echo fresh 1'"))
    assert set(by_name(report_of(repository, tmp_path / "cache", only=("fresh",)))) == {"two/fresh"}


def test_without_an_earlier_run_the_listing_decides(repository: Repository, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="none of the 1 benchmarks is selected"):
        report_of(repository, tmp_path / "cache", only=("*nonsense*",))


def test_who_asks_is_told_the_last_runs_names_as_long_as_they_hold(repository: Repository, tmp_path: Path) -> None:
    report_of(repository, tmp_path / "cache")
    (suite,) = [one for one in load(None, repository.path).suites if one.name == "two"]
    assert last_found(suite, repository.path, tmp_path / "cache") == ("load",)
    assert last_found(suite, repository.path, tmp_path / "other") == ()
    (repository.path / "b/run.sh").write_text("echo other 1\n")
    assert last_found(suite, repository.path, tmp_path / "cache") == ()
