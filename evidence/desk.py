"""Seconds from a save to its verdict at one's desk, step by step, and processor seconds beside them.

::

    python -m evidence.desk                             30 edits of perfbot itself: `run --dirty`, then `watch`
    python -m evidence.desk ~/attrs --file src/attr/_make.py --only test_hash
    python -m evidence.desk --how watch --edits 10
    python -m evidence.desk --sessions 10               real sessions of 30 tries without a change: what was called so

The checkout is cloned, and the clone edited: a comment is appended to ``--file``, and the verdict waited for. The
checkout's perfbot.toml goes along. A first verdict fills the caches and is not counted. Seconds are those of the
wall, from the save; they mean something on a machine that does nothing else. Processor seconds count what this verdict
started, all cores together, and mean something on any.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from statistics import median

PROJECT = Path(__file__).parents[1]
IDLE_SECONDS = 4.0
"""Between a verdict of ``watch`` and the next save: nobody edits faster."""

WANTED = 3.0
"""Seconds."""


@dataclass
class Edited:
    """One edit: seconds since the save at which each step ended, and processor seconds of the whole."""

    told: float
    steps: list[tuple[str, float]] = field(default_factory=list)
    used: float = 0.0
    rounds: int = 0


@dataclass(frozen=True)
class Desk:
    """A clone that is edited, and what is asked of it."""

    folder: Path
    file: str
    options: tuple[str, ...]
    notes: Path

    @property
    def environ(self) -> dict[str, str]:
        """As a user has it: perfbot is compiled once."""
        kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
        return {**kept, "PYTHONUNBUFFERED": "1", "PYTHONPATH": str(PROJECT)}

    def save(self, number: int) -> float:
        """An edit that changes nothing; when it was saved."""
        with (self.folder / self.file).open("a") as file:
            file.write(f"# edit {number}\n")
        return time.time()

    def command(self, marks: Path, *words: str) -> list[str]:
        """perfbot with marks."""
        return [sys.executable, "-m", "evidence.desk_steps", str(marks), *words, *self.options]

    def run(self, number: int) -> Edited:
        """``perfbot run --dirty``."""
        marks = self.notes / f"run-{number}"
        saved = self.save(number)
        command = self.command(marks, "run", "--dirty", "--base", "HEAD", "--quiet")
        done = subprocess.run(
            command, cwd=self.folder, env=self.environ, capture_output=True, text=True, check=False, timeout=600
        )
        told = time.time() - saved
        if done.returncode:
            raise SystemExit(f"perfbot ended with {done.returncode}:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
        return edited(marks.read_text().splitlines()[-1], saved, told)

    def watch(self, count: int) -> Iterator[Edited]:
        """``perfbot watch``, a save after each verdict."""
        marks = self.notes / "watch"
        command = self.command(marks, "watch", "--base", "HEAD", "--times", str(count + 1))
        with subprocess.Popen(command, cwd=self.folder, env=self.environ, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            saved, number = self.save(1000), 0
            for line in process.stdout:
                if "after the save" not in line:
                    continue
                told = time.time() - saved
                if number:
                    yield edited(marks.read_text().splitlines()[-1], saved, told)
                if number < count:
                    time.sleep(IDLE_SECONDS)
                    number += 1
                    saved = self.save(1000 + number)

    def session(self, edits: int) -> tuple[int, int, int]:
        """A session of so many tries at no change: tries, and how many of them called something improved, regressed."""
        told = [sys.executable, "-m", "perfbot", "session"]
        subprocess.run([*told, "--fresh"], cwd=self.folder, env=self.environ, check=True, capture_output=True)
        for _ in self.watch(edits - 1):
            pass
        done = subprocess.run(
            [*told, "--format", "json"], cwd=self.folder, env=self.environ, check=True, capture_output=True
        )
        tries = json.loads(done.stdout)["tries"]
        return len(tries), sum(one["improved"] > 0 for one in tries), sum(one["regressed"] > 0 for one in tries)


def edited(line: str, saved: float, told: float) -> Edited:
    """One verdict's marks as seconds since the save; rounds taken together."""
    marks = json.loads(line)
    steps = [(name, when - saved) for name, when, _ in marks]
    rounds = [when for name, when in steps if name == "round"]
    kept = [(name, when) for name, when in steps if name not in ("round", "started")]
    if rounds:
        at = next(place for place, (name, _) in enumerate(kept) if name == "judged")
        kept.insert(at, ("measured", max(rounds)))
    return Edited(told, [*kept, ("told", told)], marks[-1][2] - marks[0][2], len(rounds))


def table(title: str, edits: Sequence[Edited]) -> str:
    """What the edits took: of each step median and largest, and of the whole."""
    names = [name for name, _ in edits[0].steps]
    lines = [f"{title}: {len(edits)} edits, load {os.getloadavg()[0]:.1f}", f"{'step':14} {'median':>7} {'most':>7} s"]
    taken: dict[str, list[float]] = {name: [] for name in names}
    for one in edits:
        for (_, before), (name, after) in pairwise([("", 0.0), *one.steps]):
            taken.setdefault(name, []).append(after - before)
    lines += [f"{name:14} {median(seconds):7.2f} {max(seconds):7.2f}" for name, seconds in taken.items() if seconds]
    told = [one.told for one in edits]
    lines += [
        f"{'verdict':14} {median(told):7.2f} {max(told):7.2f}",
        f"within {WANTED:g} s: {sum(one <= WANTED for one in told)} of {len(told)}",
        f"rounds: median {median(one.rounds for one in edits):g}",
        f"processor seconds: median {median(one.used for one in edits):.2f}",
    ]
    return "\n".join(lines)


@contextlib.contextmanager
def desk(args: argparse.Namespace) -> Iterator[Desk]:
    """A clone with the checkout's configuration, committed."""
    with tempfile.TemporaryDirectory(prefix="perfbot-desk-") as name:
        folder = Path(name) / "clone"
        git("clone", "--quiet", "--shared", str(args.checkout.resolve()), str(folder), cwd=args.checkout)
        config = args.checkout / "perfbot.toml"
        if config.is_file():
            (folder / "perfbot.toml").write_bytes(config.read_bytes())
        git("add", "--all", cwd=folder)
        author = ("-c", "user.name=desk", "-c", "user.email=desk@localhost")
        git(*author, "commit", "--quiet", "--allow-empty", "-m", "desk", cwd=folder)
        suite = ("--suite", args.suite) if args.suite else ()
        notes = Path(name) / "notes"
        notes.mkdir()
        yield Desk(folder, args.file, ("--only", args.only, *suite), notes)


def git(*words: str, cwd: Path) -> None:
    """One command of git."""
    subprocess.run(["git", *words], cwd=cwd, check=True)


def main() -> None:
    """Edit, wait, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkout", nargs="?", type=Path, default=PROJECT)
    parser.add_argument("--file", default="perfbot/model/records.py", help="what is edited")
    parser.add_argument("--only", default="*test_model_creation", help="the benchmark")
    parser.add_argument("--suite", default="", help="its suite")
    parser.add_argument("--edits", type=int, default=30)
    parser.add_argument("--how", choices=["run", "watch", "both"], default="both")
    parser.add_argument("--sessions", type=int, default=0, metavar="N", help="instead: N sessions of --edits tries")
    parser.add_argument("--record", type=Path, help="a file for all figures, a line of JSON an edit")
    args = parser.parse_args()
    if args.checkout.resolve() == PROJECT and not args.suite:
        args.suite = "perfbot"
    name = args.checkout.resolve().name
    with desk(args) as found:
        found.run(0)
        for number in range(args.sessions):
            tries, improved, regressed = found.session(args.edits)
            print(f"session {number + 1}: {tries} tries, {improved} improved, {regressed} regressed", flush=True)
        if args.sessions:
            return
        for how in ("run", "watch") if args.how == "both" else (args.how,):
            edits = list(found.watch(args.edits)) if how == "watch" else [found.run(1 + n) for n in range(args.edits)]
            print(table(f"{name}, {'perfbot run --dirty' if how == 'run' else 'perfbot watch'}", edits), flush=True)
            if args.record:
                with args.record.open("a") as file:
                    file.writelines(json.dumps({"project": name, "how": how, **vars(one)}) + "\n" for one in edits)


if __name__ == "__main__":
    main()
