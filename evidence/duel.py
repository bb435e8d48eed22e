"""Side by side, live, in equal wall time: perfbot, pyperf, pytest-benchmark, asv and hyperfine, on known changes.

    python -m evidence.duel --output duel.jsonl              # five repeats: some fifteen minutes on a quiet machine
    python -m evidence.duel --quick
    python -m evidence.duel --output duel.jsonl --summary    # the tables again

A repository of ten benchmarks is made (duel_project.py); one branch changes six of them by known amounts (counted in
instructions where valgrind is installed), another one changes nothing. In each block perfbot compares a branch with
main, then every other tool does, in random order, in the same wall time: how much it measures is chosen from how long
its runs before took. Blocks alternate between both branches. Each tool is run as its documentation says and its
verdicts are its own (duel_tools.py); what they are worth is in duel_score.py.

Everything goes to ``--output`` as it happens, a line each with what the tool printed; the same command goes on where it
was ended. The others' environment is made once, in ``--folder``, with pip. What is not installed is named, not scored.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from evidence.duel_project import CHANGES, build
from evidence.duel_score import as_json, scores, sized, sizes, table
from evidence.duel_tools import PACKAGES, TOOLS, Kit, Tool, ToolFailed, count_instructions
from evidence.ledger import append, ended, entries, say
from perfbot.sides.cache import cache_folder

KINDS = ("changed", "same")

COMMAND_SECONDS = 0.1
"""Length of a command for hyperfine, without starting the interpreter."""

TUNING = (1, 3)
"""Runs before the first block, in the least amount: from two of them the others follow."""

TIME_CALLS = """\
import timeit, json, sys, work
print(json.dumps({n: min(timeit.repeat(getattr(work, n), number=20, repeat=20)) / 20 for n in work.COUNTS}))
"""

VERSIONS = """\
import importlib.metadata as m, json, sys
print(json.dumps({n: m.version(n) for n in sys.argv[1:]}))
"""


class Duel:
    """One file of results and the folder that its runs happen in."""

    def __init__(self, options: argparse.Namespace) -> None:
        self._path: Path = options.output
        self._options = options
        self._folder: Path = options.folder.absolute()
        self._random = random.Random(options.seed)
        self.kept = list(entries(options.output))
        self.absent: dict[str, str] = {}
        self._kit = Kit(self._folder, {}, options.budget)

    def _keep(self, entry: dict[str, Any]) -> None:
        append(self._path, entry)
        self.kept.append(entry)

    def prepare(self) -> None:
        """Repository, environment, sizes of commands and of changes: each is made once."""
        for folder in ("repo", "main", "changed", "same"):  # checkouts know each other by path: all or none
            if not (self._folder / folder).exists():
                for one in ("repo", "main", "changed", "same", "asv"):
                    shutil.rmtree(self._folder / one, ignore_errors=True)
                build(self._folder)
        (self._folder / "home").mkdir(exist_ok=True)
        self._install()
        known = next((entry for entry in self.kept if entry["kind"] == "setup"), None) or self._setup()
        self._kit = Kit(self._folder, known["calls"], self._options.budget)

    def _install(self) -> None:
        """The other tools, in an environment of their own; without an index they are absent."""
        marker = self._folder / "tools" / "complete"
        if not marker.exists():
            say(f"installing {', '.join(PACKAGES)} into {marker.parent}")
            shutil.rmtree(marker.parent, ignore_errors=True)
            pip = [self._kit.python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *PACKAGES]
            try:
                self._kit.run([sys.executable, "-m", "venv", marker.parent], ".")
                self._kit.run(pip, ".")
                marker.touch()
            except ToolFailed as failed:
                say(str(failed))
        for tool in TOOLS[1:]:
            there = shutil.which(tool.program) if tool.program else marker.exists()
            if not there:
                self.absent[tool.name] = "not installed"

    def _setup(self) -> dict[str, Any]:
        seconds = json.loads(self._kit.run([sys.executable, "-c", TIME_CALLS], "main", PYTHONPATH="."))
        calls = {name: max(1, round(COMMAND_SECONDS / seconds[name])) for name in CHANGES}
        say("counting the instructions of both sides")
        try:
            counted = count_instructions(self._kit)
        except ToolFailed as failed:
            counted = {}
            say(str(failed))
        known = {"kind": "setup", "calls": calls, "counted": counted, "versions": self._versions()}
        self._keep(known)
        return known

    def _versions(self) -> dict[str, str]:
        found: dict[str, str] = {}
        if "pyperf" not in self.absent:
            found = json.loads(self._kit.run([self._kit.python, "-c", VERSIONS, *PACKAGES], "."))
        if "hyperfine" not in self.absent:
            found["hyperfine"] = self._kit.run(["hyperfine", "--version"], ".").split()[-1]
        return found

    def tune(self) -> None:
        """Find out what the others take: a small and a larger run each. perfbot's first run fills its caches."""
        for tool in TOOLS:
            if tool.name in self.absent:
                continue
            for step in TUNING[: 1 if not tool.amount else None]:
                known = [e for e in self.kept if e["kind"] == "tuning" and e["tool"] == tool.name and e["step"] == step]
                if not known:
                    self._one(tool, "same", step * tool.least, {"kind": "tuning", "step": step})

    def block(self, repeat: int, kind: str) -> None:
        """Every tool once, perfbot first; what the file has already is not done again."""
        done = {e["tool"]: e for e in self.kept if e["kind"] == kind and e["repeat"] == repeat}
        others = [tool for tool in TOOLS[1:] if tool.name not in self.absent and self._history(tool)]
        self._random.shuffle(others)
        for tool in (TOOLS[0], *others):
            if tool.name in done:
                continue
            wanted = done["perfbot"]["seconds"] * self._options.times if tool.amount else 0.0
            amount = sized(self._history(tool), wanted, tool.least) if tool.amount else 0
            done[tool.name] = self._one(tool, kind, amount, {"kind": kind, "repeat": repeat})

    def _history(self, tool: Tool) -> list[tuple[int, float]]:
        """How much it measured in its runs so far, and how many seconds that took."""
        mine = [entry for entry in self.kept if entry.get("tool") == tool.name and "error" not in entry]
        return [(entry["amount"], entry["seconds"]) for entry in mine]

    def _one(self, tool: Tool, head: str, amount: int, about: Mapping[str, Any]) -> dict[str, Any]:
        """Run a tool, and keep what it said."""
        load = os.getloadavg()[0]
        began = time.monotonic()
        entry: dict[str, Any] = {**about, "tool": tool.name, "amount": amount, "load": load}
        try:
            answer = tool.run(self._kit, head, amount)
        except ToolFailed as failed:
            entry |= {"error": str(failed), "seconds": time.monotonic() - began}
            say(f"{tool.name}: {failed}")
        else:
            entry |= {"seconds": time.monotonic() - began, "verdicts": answer.verdicts, "output": answer.output}
        self._keep(entry)
        say(f"{about.get('kind')} {about.get('repeat', '')}: {tool.name} {amount or ''} took {entry['seconds']:.1f} s")
        return entry


def show(kept: Sequence[Mapping[str, Any]], absent: Mapping[str, str], *, json_too: bool) -> None:
    """Tables, and the figures as a JSON line where that is asked for."""
    setup = next((entry for entry in kept if entry["kind"] == "setup"), {"counted": {}, "versions": {}})
    found = scores(kept)
    if json_too:
        print(
            json.dumps({"scores": as_json(found), "absent": absent, **{k: setup[k] for k in ("counted", "versions")}})
        )
        return
    loads = [entry["load"] for entry in kept if "load" in entry]
    print(sizes(setup["counted"]) + "\n")
    print(table(found, absent))
    versions = ", ".join(f"{name} {version}" for name, version in setup["versions"].items())
    print(f"\n{versions}. Load when runs began: {min(loads):.1f} to {max(loads):.1f} on {os.cpu_count()} cores.")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what is missing, then show everything."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("--output", type=Path, default=Path("duel.jsonl"), metavar="FILE.jsonl", help="every run, added to")
    add("--folder", type=Path, default=cache_folder(os.environ) / "duel", help="where repository and tools lie")
    add("--repeats", type=int, default=5, help="blocks of each branch in the end (default: 5)")
    add("--budget", default="2m", help="perfbot's, at most (default: 2m)")
    add("--times", type=float, default=1.0, help="give the others so many times perfbot's time (default: 1)")
    add("--seed", type=int, default=1, help="of the tools' order")
    add("--quick", action="store_true", help="one repeat with a budget of 15 seconds, to see whether it works")
    add("--summary", action="store_true", help="run nothing")
    add("--json", action="store_true", help="print the figures as a JSON line instead")
    options = parser.parse_args(arguments)
    if options.quick:
        options.repeats, options.budget = 1, "15s"
    if options.summary:
        kept = list(entries(options.output))
        seen = {entry.get("tool") for entry in kept if entry["kind"] in KINDS}
        show(kept, {tool.name: "no runs" for tool in TOOLS if tool.name not in seen}, json_too=options.json)
        return 0
    options.folder.mkdir(parents=True, exist_ok=True)
    duel = Duel(options)
    duel.prepare()
    duel.tune()
    for repeat in range(options.repeats):
        for kind in KINDS if repeat % 2 == 0 else reversed(KINDS):
            duel.block(repeat, kind)
    show(duel.kept, duel.absent, json_too=options.json)
    return 0


if __name__ == "__main__":
    sys.exit(ended(main))
