"""What earlier A/A runs tell a run that is about to begin: to plan with, never to judge.

A calibration is data, and may be anybody's. What is wrong with one is a note, never an error. In a merge request a file
that the commits hold is read as the *target* has it. What it says orders the measuring, and starves nothing: see
docs/calibration.md ("What later runs do with it").
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from perfbot.calibration.noise import NOTHING, Noise, noise_of
from perfbot.calibration.records import DEFAULT_PATH, MAX_BYTES, Calibration, loads
from perfbot.errors import PerfbotError, ReportError
from perfbot.git.command import short
from perfbot.model import Change, Runner, Shard, machine_class
from perfbot.shards import fingerprint
from perfbot.sides.checkout import read_file_at


@dataclass(frozen=True, slots=True)
class Source:
    """Where a calibration may be.

    Attributes:
        file: named by somebody; None: ``.perfbot/calibration.json``, which may be missing.
        recall: JSON text of the newest calibration in the history, given project and class of machine; None without a
            history, and where it has none.
    """

    file: Path | None = None
    recall: Callable[[str, str], str | None] | None = None


@dataclass(frozen=True, slots=True)
class Planning:
    """What a run plans with.

    Attributes:
        noise: nothing, unless a calibration fits this class of machine.
        weights: seconds by benchmark that shards are split by; empty unless every shard has the same.
        notes: what was found, and why it was not used.
    """

    noise: Noise = NOTHING
    weights: Mapping[str, float] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def shard(self, asked: Shard | None) -> Shard | None:
        """The shard with the fingerprint of what it is split by."""
        return replace(asked, split=fingerprint(self.weights)) if asked and self.weights else asked


def plan(repo: Path, change: Change, runner: Runner, source: Source | None) -> Planning:
    """Find a calibration and take from it what fits.

    Args:
        repo: the repository's top folder.
        source: None: measure as if there were none.
    """
    if source is None:
        return Planning()
    here = machine_class(runner.cpu, runner.cores, runner.python)
    notes: list[str] = []
    weights: Mapping[str, float] = {}
    for look in (_from_file, _from_history):
        try:
            found, shared = look(repo, change, here, source)
        except PerfbotError as error:
            notes.append(f"no calibration: {error.message}")
            continue
        if found is None:
            continue
        noise = noise_of(found)
        weights = noise.decision_seconds if shared else weights
        if found.setting.machine == here:
            return Planning(noise, weights, tuple(notes))
        notes.append(f"the calibration is of another machine ({found.setting.machine}); this one is {here}")
    return Planning(NOTHING, weights, tuple(notes))


def _from_file(repo: Path, change: Change, _here: str, source: Source) -> tuple[Calibration | None, bool]:
    """A calibration, and whether all shards surely have the same: somebody named it, or the target holds it."""
    path = source.file or repo / DEFAULT_PATH
    where, top = path.resolve(), repo.resolve()
    if change.merge_request and where.is_relative_to(top):
        inside = where.relative_to(top).as_posix()
        theirs = read_file_at(repo, change.base, inside)
        if theirs is not None:
            return loads(theirs, f"{inside} at {short(change.base)}"), True
        if read_file_at(repo, change.head, inside) is not None:
            raise ReportError(f"{inside} is brought by this merge request; only the target branch's is used")
    if source.file is None and not path.is_file():
        return None, False
    try:
        with path.open("rb") as stream:
            text = stream.read(MAX_BYTES + 1)
    except OSError as error:
        raise ReportError(f"{path}: {error.strerror or error}") from error
    return loads(text, path.name if source.file is None else str(path)), source.file is not None


def _from_history(_repo: Path, change: Change, here: str, source: Source) -> tuple[Calibration | None, bool]:
    text = source.recall(change.project, here) if source.recall else None
    return (loads(text, "the history's calibration"), False) if text is not None else (None, False)
