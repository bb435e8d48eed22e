"""What head takes out of a tool's benchmark files while base runs head's version of them: gone, not out of sight."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.pipeline.conftest import by_name, make_repo, report_of

CONFIG = """\
[run]
budget = "1 min"

[[suite]]
name = "tool"
harness = "regex"
paths = ["bench/"]
files = "head"
setup = ['''SETUP''']
command = '''sh COMMAND'''
pattern = '(?P<name>\\w+): (?P<nodes>\\d+) nodes'
metrics = ["nodes"]
exact = ["nodes"]
"""

DIRECT = ("true", "-c 'cat bench/*.txt'")
BUILD = '[ -e built ] && [ -z "$(find bench -type f -newer built)" ] || cat bench/*.txt > built'
BUILT = (BUILD, "-c 'cat built'")
"""As make does it: by the files' dates."""


def verdicts(tmp_path: Path, way: tuple[str, str], base: dict[str, str], head: dict[str, str | None]) -> dict[str, str]:
    config = CONFIG.replace("SETUP", way[0]).replace("COMMAND", way[1])
    repo = make_repo(tmp_path / "repo", {"perfbot.toml": config, **base}, head)
    return {name: str(one.verdict) for name, one in by_name(report_of(repo, tmp_path)).items()}


@pytest.mark.parametrize("way", [DIRECT, BUILT], ids=["run from its files", "built by set-up"])
def test_a_benchmark_that_head_removed(tmp_path: Path, way: tuple[str, str]) -> None:
    base = {"bench/a.txt": "kept: 5 nodes\ngone: 5 nodes\n"}
    found = verdicts(tmp_path, way, base, {"bench/a.txt": "kept: 5 nodes\nnew: 5 nodes\n"})
    assert found == {"tool/kept": "unchanged", "tool/new": "unchanged", "tool/gone": "removed"}


@pytest.mark.parametrize("way", [DIRECT, BUILT], ids=["run from its files", "built by set-up"])
def test_a_file_that_head_deleted(tmp_path: Path, way: tuple[str, str]) -> None:
    base = {"bench/a.txt": "kept: 5 nodes\n", "bench/b.txt": "gone: 5 nodes\n"}
    found = verdicts(tmp_path, way, base, {"bench/a.txt": "kept: 5 nodes\n\n", "bench/b.txt": None})
    assert found == {"tool/kept": "unchanged", "tool/gone": "removed"}


def test_base_is_measured_with_heads_version_afterwards(tmp_path: Path) -> None:
    """Base's own files gave 5; the comparison is of head's 7 on either side."""
    base = {"bench/a.txt": "kept: 5 nodes\n"}
    assert verdicts(tmp_path, BUILT, base, {"bench/a.txt": "kept: 7 nodes\n"}) == {"tool/kept": "unchanged"}


def test_files_that_are_all_new_cost_no_second_build(tmp_path: Path) -> None:
    way = ("echo x >>builds", """-c 'cat bench/*.txt; echo "builds: $(grep -c x builds) nodes"'""")
    found = verdicts(tmp_path, way, {"x": ""}, {"bench/a.txt": "new: 5 nodes\n"})
    assert found == {"tool/new": "unchanged", "tool/builds": "unchanged"}
