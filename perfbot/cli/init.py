"""Find this project's benchmark suites and CI by reading its files; write a commented perfbot.toml and the CI files.

For GitHub these are .github/workflows/perfbot.yml and perfbot-publish.yml, for GitLab .gitlab/perfbot.yml, which
.gitlab-ci.yml then includes. Nothing of the project is imported or run. An existing perfbot.toml is kept unless --force
is given; existing CI files always are.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING

from perfbot.errors import PASS, UsageError
from perfbot.web import docs

if TYPE_CHECKING:
    from perfbot.discover.detect import Found, Survey

NEXT = (
    "Next:",
    "  perfbot doctor      is this machine fit for it, what would each suite collect",
    "  perfbot run         compare this branch with its merge base",
)
NEXT_BY_HAND = (
    "Next: write a suite into perfbot.toml, which holds examples; then",
    "  perfbot harnesses   the kinds of suites, each with a table that works",
    "  perfbot doctor      is this machine fit for it, what would each suite collect",
)
LATER = f"{docs('tutorial')} goes on from here to comments and a status in the merge request."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of ``perfbot init``."""
    parser.add_argument("--force", action="store_true", help="overwrite an existing perfbot.toml")
    parser.add_argument("--dry-run", action="store_true", help="print perfbot.toml, and write nothing")
    parser.add_argument("--no-ci", action="store_true", help="write no CI files")
    parser.add_argument(
        "--agents", action="store_true", help="tell coding agents instead: a skill, and a paragraph of AGENTS.md"
    )


def execute(args: argparse.Namespace) -> int:
    """Write perfbot.toml at the top of the repository around the current folder.

    Raises:
        UsageError: there is a configuration already, or the file cannot be written.
    """
    from perfbot.cli import init_ci
    from perfbot.discover.detect import survey
    from perfbot.discover.tree import repository_top
    from perfbot.discover.write import document

    root = repository_top(Path.cwd())
    if args.agents:
        return _teach(root, dry=args.dry_run)
    target = root / "perfbot.toml"
    if not (args.force or args.dry_run):
        _refuse_existing(target, root)
    seen = survey(root)
    text = document(seen)
    if args.dry_run:
        print(text, end="")
        return PASS
    _write(target, text)
    ci = () if args.no_ci else seen.ci
    wrote = [f"wrote {_shown(target)}", *init_ci.write(root, init_ci.shipped(ci))]
    following = NEXT if seen.found or seen.start else NEXT_BY_HAND
    for line in (
        *_found_lines(seen),
        *_earlier_lines(root),
        *wrote,
        "",
        *following,
        *init_ci.next_steps(ci),
        "",
        LATER,
    ):
        print(line)
    return PASS


def _teach(root: Path, *, dry: bool) -> int:
    """Write what coding agents should know; the rest of AGENTS.md is left alone."""
    from perfbot.agents.teaching import AGENTS_FILE, SKILL, SKILL_FILE, with_paragraph

    paragraph = root / AGENTS_FILE
    before = paragraph.read_text("utf-8") if paragraph.is_file() else ""
    for target, text in ((root / SKILL_FILE, SKILL), (paragraph, with_paragraph(before))):
        if dry:
            print(f"--- {_shown(target)}\n{text}")
            continue
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UsageError(f"{_shown(target.parent)} cannot be made: {error.strerror}") from error
        _write(target, text)
        print(f"wrote {_shown(target)}")
    if not dry:
        print('\nAs tools: {"mcpServers": {"perfbot": {"command": "perfbot", "args": ["mcp"]}}}')
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
    if not (seen.found or seen.foreign or seen.loose or seen.start):
        return ["found no benchmarks: perfbot.toml holds an example to start from"]
    lines = [line for found in seen.found for line in _suite_lines(found)]
    if seen.start:
        lines.append(f"found no benchmarks: suite {seen.start.name!r} measures how the project starts")
    for entry in seen.foreign:
        lines.append(f"seen, not configured: {entry.tool}, {_count(entry.benchmarks)} ({entry.file} …)")
        lines.append(
            f"  → complete its table in perfbot.toml; `perfbot harnesses {entry.harness}` shows one that works"
        )
    if seen.loose:
        more = f" and {len(seen.loose) - 1} more" if len(seen.loose) > 1 else ""
        lines.append(f"seen, not configured: a script, {seen.loose[0]}{more}; perfbot.toml holds a suite to uncomment")
    return lines


def _earlier_lines(root: Path) -> list[str]:
    from perfbot.discover.earlier import earlier

    return [f"seen: {file} calls {tool}; what becomes of it: {docs(f'migrate/{tool}')}" for tool, file in earlier(root)]


def _suite_lines(found: Found) -> list[str]:
    suite = found.suite
    where = ", ".join(suite.paths) or ("the repository" if suite.directory == "." else suite.directory)
    first = f"found {_count(found.benchmarks)} for {suite.harness} in {where} → suite {suite.name!r}"
    return [first, *(f"  ! {note}" for note in found.notes)]


def _count(benchmarks: int) -> str:
    return f"{benchmarks} benchmark{'s' * (benchmarks != 1)}"
