"""Sizes of files and folders after set-up; nothing runs."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from perfbot.config import SizeSuite
from perfbot.config.suite_base import expand
from perfbot.harness.base import Effects, SideReady
from perfbot.measure.session import ANYWHERE, Discovery, Failed, Measured, Outcome, Placement
from perfbot.model import SIDES, Benchmark, Metric, Round, Side
from perfbot.reasons import NoSuchFile

SIZE = Metric("size", "B", rule="exact")


def size_of(glob: str, folder: Path) -> float | None:
    """Bytes of all files that a path or glob means, folders with all that is in them; None where nothing is there.

    A link that is meant itself counts as what it leads to within the checkout (``lib.so`` as ``lib.so.1``), once; one
    that leads out of it, or nowhere, is not there. Links inside of folders add nothing.
    """
    top = next((one for one in (folder, *folder.parents) if (one / ".git").exists()), folder).resolve()
    found = {path.resolve() for path in expand(glob, folder) if not path.is_symlink() or _leads_into(path, top)}
    files = {inner for path in found for inner in (path.rglob("*") if path.is_dir() else [path])}
    regular = [path for path in files if path.is_file() and not path.is_symlink()]
    return float(sum(path.stat().st_size for path in regular)) if found else None


def _leads_into(link: Path, top: Path) -> bool:
    with contextlib.suppress(OSError, RuntimeError):  # of links that lead to each other
        return link.resolve(strict=True).is_relative_to(top)
    return False


@dataclass(slots=True)
class SizeSession:
    """Named files on both sides."""

    name: str
    sizes: Mapping[str, str]
    cwd: Mapping[Side, Path]
    startup_seconds: float = 0.0
    alone: bool = False

    def discover(self) -> Discovery:
        """The configuration lists them."""
        return Discovery(tuple(Benchmark(self.name, name) for name in self.sizes), (SIZE,))

    def predicted_seconds(self, name: str) -> float:
        """Nothing worth counting."""
        return 0.0

    def control_round(self, index: int, until: float, place: Placement = ANYWHERE) -> tuple[Round, ...]:
        """None: sizes are not noisy."""
        return ()

    def measure_round(
        self, index: int, names: Sequence[str], until: float, place: Placement = ANYWHERE
    ) -> Iterator[Outcome]:
        """Look once more; set-up made the files, so every round says the same."""
        for name in names:
            yield size_outcome(name, self.sizes[name], self.cwd, index)


def size_outcome(name: str, glob: str, cwd: Mapping[Side, Path], index: int) -> Outcome:
    """One look at both sides."""
    sizes = {side: size_of(glob, cwd[side]) for side in SIDES}
    base, head = sizes["base"], sizes["head"]
    if base is None or head is None:
        side: Side = "base" if base is None else "head"
        return Failed(name, "both" if base is None and head is None else side, (NoSuchFile(glob),))
    return Measured(name, SIZE, Round(index, (base,), (head,), clock="count"))


class SizeHarness:
    """Exact: three looks, compared as they are."""

    requires: tuple[str, ...] = ()
    example = """\
[[suite]]
name = "sizes"
harness = "size"
sizes = { wheel = "dist/*.whl", sources = "src" }
setup = ["pip install build", "python -m build --wheel"]
"""

    def session(self, suite: SizeSuite, sides: Mapping[Side, SideReady], effects: Effects) -> SizeSession:
        """The same paths in both sides' checkouts."""
        return SizeSession(suite.name, suite.sizes, {side: sides[side].tree / suite.directory for side in SIDES})
