"""Which branch's runs count: whoever runs the service says it, or the forge; how often one was measured does not."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from perfbot.errors import PerfbotError
from perfbot.service.publishing import Connect

VARIABLE = "PERFBOT_MAIN_BRANCH"
FRESH = 3600.0
"""Seconds for which a forge's answer is believed."""

PAUSE = 60.0
"""Seconds after which a forge that gave none is asked again."""


def configured(environ: Mapping[str, str]) -> Mapping[str, str]:
    """``PERFBOT_MAIN_BRANCH``: ``main`` for all projects, or ``group/name=main …``; by project, empty for all."""
    words = [word.rpartition("=") for word in environ.get(VARIABLE, "").split()]
    return {project: branch for project, _, branch in words}


@dataclass(slots=True)
class MainBranches:
    """Knows each project's main branch.

    Attributes:
        said: by project; the empty one stands for all others.
        kinds: forges that may be asked.
    """

    said: Mapping[str, str]
    connect: Connect
    kinds: tuple[str, ...] = ()
    clock: Callable[[], float] = time.monotonic
    _known: dict[str, tuple[float, str]] = field(default_factory=dict, init=False)
    _asking: threading.Lock = field(default_factory=threading.Lock, init=False)

    def __call__(self, project: str) -> str:
        """The branch; empty where nobody says."""
        said = self.said.get(project) or self.said.get("")
        if said or not self.kinds:
            return said or ""
        until, branch = self._known.get(project, (0.0, ""))
        if self.clock() < until or not self._asking.acquire(blocking=False):
            return branch
        try:
            found = self._ask(project)
            self._known[project] = (self.clock() + (FRESH if found else PAUSE), found or branch)
            return found or branch
        finally:
            self._asking.release()

    def _ask(self, project: str) -> str:
        for kind in self.kinds:
            try:
                return self.connect(kind, project).repository.default_branch()
            except PerfbotError:
                continue
        return ""
