"""Say whether this machine and configuration are fit for measuring, what each suite would collect, and what to type.

Nothing of the project is run. Ends with 0 when nothing is wrong (warnings cost time, not truth), 2 when the
configuration is wrong, 3 when measuring cannot work here.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import platform
import re
import shutil
import sys
from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from perfbot.errors import PASS, USAGE, ConfigError, PerfbotError

if TYPE_CHECKING:
    from perfbot.config import Config, SuiteBase
    from perfbot.runner.diagnosis import Finding, Tools

SIGNS = {"ok": "  ok", "warning": "warn", "wrong": "BAD "}
SHOWN_NAMES = 3
"""Names of benchmarks shown for each suite."""
TOOL_SECONDS = 20.0
HIDDEN_IN_GUESTS = "Turbo Boost (MSR)"
"""pyperf complains about a register that no virtual machine has; turbo is looked at without it."""

_VERSION = re.compile(r"\d+(?:\.\d+)+\S*")
_SECTION = re.compile(r"^(?P<title>\w+)\n=+\n\n(?P<lines>(?:.+\n)+)", re.MULTILINE)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of ``perfbot doctor``."""
    parser.add_argument("--config", type=Path, metavar="FILE", help="instead of perfbot.toml or pyproject.toml")
    parser.add_argument("--format", choices=("text", "json"), default="text", help="default: text")


def execute(args: argparse.Namespace) -> int:
    """Look at everything, print it, and return the worst exit code."""
    from perfbot.discover.tree import repository_top

    root = repository_top(Path.cwd())
    findings = list(examine(root, args.config))
    code = exit_code(findings)
    advice = pyperf_advice()
    if args.format == "json":
        print(json.dumps({"exit": code, "findings": list(map(_fields, findings)), "pyperf": advice}, indent=2))
    else:
        _print(findings, advice)
    return code


def _fields(finding: Finding) -> dict[str, str]:
    return {name: getattr(finding, name) for name in ("what", "state", "message", "advice")}


def exit_code(findings: Sequence[Finding]) -> int:
    """0 when nothing is wrong, 2 where the configuration is, else 3."""
    codes = [finding.exit_code for finding in findings if finding.state == "wrong"]
    return USAGE if USAGE in codes else max(codes, default=PASS)


def examine(root: Path, config_file: Path | None) -> Iterator[Finding]:
    """Everything there is to say about measuring the repository at ``root`` on this machine."""
    from perfbot.runner.address_space import can_share
    from perfbot.runner.diagnosis import machine_findings, tool_findings
    from perfbot.runner.machine import read_machine

    yield from machine_findings(read_machine(), pinned=_can_pin(), shared_layout=can_share())
    try:
        config: Config | ConfigError = _config(root, config_file)
    except ConfigError as error:
        config = error
    suites: tuple[SuiteBase, ...] = () if isinstance(config, ConfigError) else config.suites
    yield from tool_findings(_tools(), instructions=any("instructions" in suite.metrics for suite in suites))
    yield from _places(root)
    yield _repository(root)
    yield from _configuration(config, root)


def _places(root: Path) -> Iterator[Finding]:
    """What a run would refuse to write to, in its own words."""
    from perfbot.errors import SetupError
    from perfbot.runner.diagnosis import Finding
    from perfbot.sides.cache import cache_folder
    from perfbot.sides.storage import check_places

    try:
        check_places(cache_folder(os.environ), root)
    except SetupError as error:
        yield Finding("places", "wrong", error.message, error.hint)


def _can_pin() -> bool:
    from perfbot.runner.cores import allowed_cores, pin_process

    cores = allowed_cores()
    pinned = bool(cores) and pin_process(os.getpid(), cores[:1])
    if pinned:
        pin_process(os.getpid(), cores)
    return pinned


def _config(root: Path, file: Path | None) -> Config:
    """The configuration, with suites that were found by looking where none are configured."""
    from dataclasses import replace

    from perfbot.config import load
    from perfbot.discover.detect import detect_suites

    config = load(file, root)
    return config if config.suites else replace(config, suites=detect_suites(root))


def _tools() -> Tools:
    from perfbot.runner.diagnosis import Tools
    from perfbot.sides.cache import cache_folder
    from perfbot.sides.environment import find_uv

    uv, cache = find_uv(os.environ), cache_folder(os.environ)
    there = next(folder for folder in (cache, *cache.parents) if folder.exists())
    return Tools(
        git=_version("git"),
        uv=_version(uv) if uv else "",
        venv=find_spec("venv") is not None and find_spec("ensurepip") is not None,
        valgrind=_version("valgrind"),
        python=f"{sys.version.split()[0]} ({sys.executable})",
        cache=os.fspath(cache),
        cache_free=shutil.disk_usage(there).free,
    )


def _version(program: str) -> str:
    """What a program calls its version; empty when it is missing or will not say."""
    found = _VERSION.search(_said(program, "--version"))
    return found[0] if found else ""


def _said(*command: str) -> str:
    """What a tool of the machine prints; nothing where it does not answer.

    It is asked outside the repository and without secrets: a checkout may hold modules, settings and toolchains that
    tools take for their own where they stand.
    """
    import subprocess

    from perfbot.process import capture, scrubbed_environment

    env = scrubbed_environment(os.environ, Path.home())
    try:
        done = capture(command, cwd=Path("/"), env=env, timeout=TOOL_SECONDS)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.decode("utf-8", "replace")


def pyperf_advice() -> list[str]:
    """What ``pyperf system show`` advises and warns about on this machine."""
    lines = sections(_said(sys.executable, "-P", "-m", "pyperf", "system", "show"), ("Advices", "Warnings"))
    return [line for line in lines if not line.startswith(HIDDEN_IN_GUESTS)]


def sections(text: str, titles: Sequence[str]) -> list[str]:
    """The lines of an underlined report's sections with these titles."""
    found = _SECTION.finditer(f"{text}\n")
    return [line for section in found if section["title"] in titles for line in section["lines"].splitlines()]


def _repository(root: Path) -> Finding:
    from perfbot.git.command import open_work_tree
    from perfbot.git.shallow import by_hand
    from perfbot.runner.diagnosis import Finding

    try:
        git = open_work_tree(root)
        if git.is_shallow():
            message = "is shallow: the base is fetched when it is needed"
            advice = f"{by_hand(git)}; in CI: GIT_DEPTH: 0 (GitLab), fetch-depth: 0 (GitHub)"
            return Finding("repository", "warning", message, advice)
    except PerfbotError as error:
        return Finding("repository", "wrong", error.message, error.hint)
    return Finding("repository", "ok", os.fspath(git.folder))


def _configuration(config: Config | ConfigError, root: Path) -> Iterator[Finding]:
    from perfbot.runner.diagnosis import Finding, time_finding

    if isinstance(config, ConfigError):
        yield Finding("configuration", "wrong", config.message, exit_code=USAGE)
        return
    if config.where != "defaults":
        yield Finding("configuration", "ok", config.where)
    elif config.suites:
        yield Finding("configuration", "warning", "there is none: suites were found by looking", "perfbot init")
    if not config.suites:
        written = f"write one into {config.where}: `perfbot harnesses` shows each kind, with a table that works"
        advice = "perfbot init writes an example" if config.where == "defaults" else written
        yield Finding("suites", "wrong", "none is configured, and none was found", advice, exit_code=USAGE)
        return
    total = 0
    for suite in config.suites:
        finding, benchmarks = _suite(suite, root)
        total += benchmarks
        yield from finding
    if total:
        yield time_finding(total, config.run.budget)


def _suite(suite: SuiteBase, root: Path) -> tuple[list[Finding], int]:
    """What is to be said about a suite, and how many benchmarks its sources show."""
    from perfbot.discover.listing import list_suite
    from perfbot.runner.diagnosis import Finding

    what = f"suite {suite.name}"
    if wrong := _suite_mistakes(suite, root):
        return [Finding(what, "wrong", message, advice, code) for message, advice, code in wrong], 0
    listing = list_suite(suite, root)
    listed = _told_by_last_run(listing.benchmarks, suite, root)
    chosen = [name for name in listed if suite.may_want(name)]
    problems = [Finding(what, "warning", problem) for problem in listing.problems]
    if not chosen and listing.known:
        message = f"no benchmark was found for {suite.harness} in {', '.join(suite.paths) or 'the repository'}"
        advice = "look at paths, only and skip" if listing.benchmarks else _no_benchmarks(suite)
        return [*problems, Finding(what, "wrong", message, advice, USAGE)], 0
    problems += _unfit_python(suite, root)
    setup = "; ".join(suite.setup_for(root)) or "nothing to set up"
    return [Finding(what, "ok", f"{_named(chosen)}; {setup}"), *problems], len(chosen)


def _told_by_last_run(names: Sequence[str], suite: SuiteBase, root: Path) -> tuple[str, ...]:
    """What the last run found, where that still holds: only running a suite tells for sure; else what sources say."""
    import glob

    from perfbot.errors import PerfbotError
    from perfbot.pipeline.known_names import last_found
    from perfbot.sides.cache import cache_folder

    known: tuple[str, ...] = ()
    with contextlib.suppress(PerfbotError, OSError):
        known = last_found(suite, root, cache_folder(os.environ))  # type: ignore[arg-type]
    return tuple(map(glob.escape, known)) or tuple(names)


def _unfit_python(suite: SuiteBase, root: Path) -> Iterator[Finding]:
    """A Python that the project does not allow, or that set-up would have to fetch."""
    from perfbot.discover.requirements import python_for, read_project
    from perfbot.runner.diagnosis import Finding
    from perfbot.sides.interpreters import look_for

    if not suite.needs_python:
        return
    what, pythons = f"suite {suite.name}", read_project(root / suite.directory).pythons
    own = suite.python or platform.python_version()
    running = f"{own}.99" if re.fullmatch(r"3\.\d+", own) else own
    if running[0].isdigit() and (wanted := python_for(pythons, running)):
        message = f"the project allows Python {pythons} alone, and the suite runs on {own}"
        absent = "" if look_for(wanted, os.environ).found else ", which is not on this machine: install it"
        yield Finding(what, "warning", message, f'python = "{wanted}" in its [[suite]]{absent}')
    elif suite.python and not look_for(suite.python, os.environ).found:
        message = f'python = "{suite.python}" is not on this machine: set-up has uv fetch it'
        yield Finding(what, "warning", message, f"uv python install {suite.python}")


def _named(benchmarks: Sequence[str]) -> str:
    if not benchmarks:
        return "what it holds is known when it runs"
    more = f", and {len(benchmarks) - SHOWN_NAMES} more" if len(benchmarks) > SHOWN_NAMES else ""
    count = f"{len(benchmarks)} benchmark{'s' * (len(benchmarks) != 1)}"
    return f"{count}: {', '.join(map(_shown, benchmarks[:SHOWN_NAMES]))}{more}"


def _shown(names: str) -> str:
    """A pattern as somebody would type it."""
    from perfbot.discover.sources import PARAMETERS

    return re.sub(r"\[([*?[])\]", r"\1", names.replace(PARAMETERS, "*"))


def _no_benchmarks(suite: SuiteBase) -> str:
    if suite.harness == "pytest":
        return (
            "expected tests with the argument `benchmark` or the mark @pytest.mark.benchmark; from "
            'folders, test_*.py, bench_*.py and the like are collected; name other files: paths = ["benchmarks/x.py"]'
        )
    return "perfbot harnesses shows an example of each kind"


def _suite_mistakes(suite: SuiteBase, root: Path) -> list[tuple[str, str, int]]:
    """Message, advice and exit code for what keeps a suite from being run at all."""
    from perfbot.harness.registry import harness_for

    found: list[tuple[str, str, int]] = []
    try:
        harness_for(suite)
    except ConfigError as error:
        found.append((error.message, error.hint, USAGE))
    found += [
        (f'paths: "{path}" matches nothing in the repository', "expected an existing file, folder or glob", USAGE)
        for path in suite.unmatched_paths(root)
    ]
    if not (root / suite.directory).is_dir():
        found.append((f'directory: "{suite.directory}" is not there', "expected a folder of the repository", USAGE))
    found += _no_python(suite)
    return found


def _no_python(suite: SuiteBase) -> Iterator[tuple[str, str, int]]:
    """The interpreter that set-up will not find, nor fetch; shims of version managers may stand for none."""
    from perfbot.sides.interpreters import look_for

    sought = look_for(suite.python, os.environ) if suite.python and suite.needs_python else None
    if sought is not None and not (sought.found or sought.fetched):
        why = f": {sought.complaint}" if sought.complaint else ""
        advice = "install it (uv python install, pyenv, apt-get), or give the path of one"
        yield f'python = "{suite.python}" was not found{why}', advice, 3


def _print(findings: Sequence[Finding], advice: Sequence[str]) -> None:
    width = max(len(finding.what) for finding in findings)
    for finding in findings:
        first, *rest = finding.message.splitlines()
        print(f"{SIGNS[finding.state]}  {finding.what:<{width}}  {first}")
        indent = " " * (width + 8)
        for line in rest:
            print(f"{indent}{line}")
        if finding.advice:
            print(f"{indent}→ {finding.advice}")
    if advice:
        print("\npyperf advises for a machine that does nothing else (`sudo python -m pyperf system tune`):")
        for line in advice:
            print(f"  {line}")
