"""The pairs of workers that a run will want, started while perfbot itself is still loading.

What the last run in a place started its workers from is kept in the user's cache. It is a guess: a pair counts only
where the run, once everything is set up, asks for exactly that; see :mod:`perfbot.measure.lockstep.waiting`.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from perfbot.measure.lockstep.link import WorkerSpec
from perfbot.measure.lockstep.waiting import Specs, Waiting, can_wait
from perfbot.model import SIDES


@contextlib.contextmanager
def started_ahead(cache: Path, place: Sequence[str]) -> Iterator[Waiting]:
    """Pairs of the kind that the last run in a place used, starting; what is left of them is ended with the block.

    Args:
        cache: perfbot's, of this user.
        place: the folder, and the options that choose suites.
    """
    digest = hashlib.sha256("\0".join(place).encode("utf-8", "surrogateescape")).hexdigest()[:24]
    file = cache / "local" / f"ahead-{digest}.json"
    waiting = Waiting(specs=_read(file))
    waiting.fill()
    with contextlib.closing(waiting):
        yield waiting
        if waiting.specs is not None and can_wait(waiting.specs):
            _write(waiting.specs, file)


def _read(file: Path) -> Specs | None:
    """None where nothing is known, or what is there makes no sense."""
    try:
        kept = json.loads(file.read_text("utf-8"))
        return {side: _spec(**kept[side]) for side in SIDES}
    except (OSError, ValueError, TypeError, KeyError, RecursionError):
        return None


def _spec(*, python: str, cwd: str, tree: str, env: dict[str, str], **rest: Any) -> WorkerSpec:
    return WorkerSpec(python=Path(python), cwd=Path(cwd), tree=Path(tree), env=env, **rest)


def _write(specs: Specs, file: Path) -> None:
    kept = {
        side: {
            "side": side,
            "python": str(spec.python),
            "cwd": str(spec.cwd),
            "tree": str(spec.tree),
            "env": dict(spec.env),
            "adapter": spec.adapter,
        }
        for side, spec in specs.items()
    }
    part = file.with_suffix(".part")
    with contextlib.suppress(OSError):
        part.unlink(missing_ok=True)
        part.touch(0o600)
        part.write_text(json.dumps(kept), "utf-8")
        part.replace(file)
