"""Find this project's benchmark suites and CI by reading its files, and write a commented perfbot.toml.

Nothing of the project is imported or run. An existing file is kept unless --force is given.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING

from perfbot.errors import PASS, UsageError

if TYPE_CHECKING:
    from perfbot.config.detect import Found, Survey

GITLAB_JOB = """\
perfbot:
  rules:
    - if: $CI_PIPELINE_SOURCE == "merge_request_event"
  variables:
    GIT_DEPTH: 0
  script:
    - pip install perfbot
    - perfbot run --output perfbot-report
  artifacts:
    when: always
    paths: [perfbot-report]
"""

GITHUB_WORKFLOW = """\
name: perfbot
on: pull_request
permissions:
  contents: read
jobs:
  perfbot:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
        with:
          fetch-depth: 0
      - run: pip install perfbot
      - run: perfbot run --output perfbot-report
      - uses: actions/upload-artifact@v4
        if: always()
        with:
          name: perfbot-report
          path: perfbot-report
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of ``perfbot init``."""
    parser.add_argument("--force", action="store_true", help="overwrite an existing perfbot.toml")
    parser.add_argument("--dry-run", action="store_true", help="print the file instead of writing it")


def execute(args: argparse.Namespace) -> int:
    """Write perfbot.toml at the top of the repository around the current folder.

    Raises:
        UsageError: there is a configuration already, or the file cannot be written.
    """
    from perfbot.config.detect import survey
    from perfbot.config.tree import repository_top
    from perfbot.config.write import document

    root = repository_top(Path.cwd())
    target = root / "perfbot.toml"
    if not (args.force or args.dry_run):
        _refuse_existing(target, root)
    seen = survey(root)
    text = document(seen)
    if args.dry_run:
        print(text, end="")
        return PASS
    _write(target, text)
    for line in (*_found_lines(seen), f"wrote {_shown(target)}", "", *_next_steps(seen)):
        print(line)
    return PASS


def _refuse_existing(target: Path, root: Path) -> None:
    from perfbot.config import load

    hint = "`perfbot init --dry-run` prints what it would write; `--force` overwrites."
    if target.exists():
        raise UsageError(f"{_shown(target)} exists already", hint=hint)
    if (config := load(None, root)).where != "defaults":
        raise UsageError(f"this project is configured already, in {config.where}", hint=hint)


def _write(target: Path, text: str) -> None:
    try:
        target.write_text(text, "utf-8")
    except OSError as error:
        raise UsageError(f"{_shown(target)} cannot be written: {error.strerror}") from error


def _shown(path: Path) -> str:
    return os.path.relpath(path)


def _found_lines(seen: Survey) -> list[str]:
    if not (seen.found or seen.foreign or seen.loose):
        return ["found no benchmarks: perfbot.toml holds an example to start from"]
    lines = [line for found in seen.found for line in _suite_lines(found)]
    lines += [
        f"seen, not configured: {entry.tool}, {_count(entry.benchmarks)} ({entry.file} …)" for entry in seen.foreign
    ]
    if seen.loose:
        more = f" and {len(seen.loose) - 1} more" if len(seen.loose) > 1 else ""
        lines.append(f"seen, not configured: a script, {seen.loose[0]}{more}; perfbot.toml holds a suite to uncomment")
    return lines


def _suite_lines(found: Found) -> list[str]:
    suite = found.suite
    first = f"found {_count(found.benchmarks)} for {suite.harness} in {', '.join(suite.paths)} → suite {suite.name!r}"
    return [first, *(f"  ! {note}" for note in found.notes)]


def _count(benchmarks: int) -> str:
    return f"{benchmarks} benchmark{'s' * (benchmarks != 1)}"


def _next_steps(seen: Survey) -> list[str]:
    lines = [
        "Next:",
        "  perfbot doctor      is this machine fit for it, what would each suite collect",
        "  perfbot run         compare this branch with its merge base",
    ]
    gitlab = any(path == ".gitlab-ci.yml" for path in seen.ci)
    if gitlab:
        lines += [
            "",
            "In .gitlab-ci.yml, a job without secrets that fails on a regression:",
            "",
            *GITLAB_JOB.splitlines(),
        ]
    if len(seen.ci) > gitlab:
        where = ".github/workflows/perfbot.yml"
        lines += [
            "",
            f"In {where}, a job without secrets that fails on a regression:",
            "",
            *GITHUB_WORKFLOW.splitlines(),
        ]
    return [*lines, "", "docs/tutorial.md goes on from here to comments and a status in the merge request."]
