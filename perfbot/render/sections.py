"""Parts of a CI log that its viewer can fold: GitLab's and GitHub's marks for them."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field


@dataclass(slots=True)
class Sections:
    """One section at a time; each method gives the text to write, or nothing where the log does not fold.

    Args:
        kind: "gitlab", "github" or empty.
        clock: seconds since the epoch, which GitLab wants.
    """

    kind: str = ""
    clock: Callable[[], float] = time.time
    _name: str = field(default="", init=False)

    @property
    def folds(self) -> bool:
        """Whether what stands in a section is out of sight unless somebody opens it."""
        return bool(self.kind)

    def begin(self, title: str) -> str:
        """Begin a section that is shown folded: https://docs.gitlab.com/ci/jobs/job_logs/#custom-collapsible-sections,
        https://docs.github.com/actions/reference/workflow-commands-for-github-actions#grouping-log-lines.
        """
        if not self.kind:
            return ""
        self._name = "perfbot_" + re.sub(r"[^a-z0-9]+", "_", title.lower()).strip("_")[:60]
        if self.kind == "github":
            return f"::group::{title}\n"
        return f"\x1b[0Ksection_start:{int(self.clock())}:{self._name}[collapsed=true]\r\x1b[0K{title}\n"

    def end(self) -> str:
        """End the section that is open, if one is."""
        if not self._name:
            return ""
        name, self._name = self._name, ""
        return (
            "::endgroup::\n" if self.kind == "github" else f"\x1b[0Ksection_end:{int(self.clock())}:{name}\r\x1b[0K\n"
        )


NO_SECTIONS = Sections()


def sections_of(environ: Mapping[str, str]) -> Sections:
    """The marks that the log of this job understands."""
    if environ.get("GITLAB_CI"):
        return Sections("gitlab")
    return Sections("github") if environ.get("GITHUB_ACTIONS") else Sections()
