"""The CI files that ``perfbot init`` writes: the shipped ones, beside what the project has.

An existing file is never touched: GitLab's configuration takes an ``include`` of two lines, which is shown.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from perfbot.errors import UsageError
from perfbot.web import docs

GITLAB_FILE = ".gitlab/perfbot.yml"
GITLAB_INCLUDE = f"""\
include:
  - local: {GITLAB_FILE}
"""
GITLAB_WORKFLOW = """\
workflow:
  rules:
    - if: $CI_PIPELINE_SOURCE == "merge_request_event"
    - if: $CI_COMMIT_BRANCH && $CI_OPEN_MERGE_REQUESTS
      when: never
    - if: $CI_COMMIT_BRANCH
"""
"""One pipeline a push: without it, perfbot's jobs would be in one by themselves, and only that one would block."""

GITHUB_FILES = ("perfbot.yml", "perfbot-publish.yml")
_PACKAGE = Path(__file__).resolve().parent.parent
_COMPONENTS = (_PACKAGE / "_templates", _PACKAGE.parent / "templates")
_WORKFLOWS = (_PACKAGE / "_templates" / "github", _PACKAGE.parent / "docs" / "examples" / "github")
"""In an installed wheel, and in the source tree."""


@dataclass(frozen=True, slots=True)
class Shipped:
    """A file to write. ``path`` is relative to the repository."""

    path: str
    text: str


def shipped(ci: Sequence[str]) -> tuple[Shipped, ...]:
    """The files for the CI that a project has.

    Args:
        ci: its configuration files, relative to the repository.
    """
    found = []
    if has_gitlab(ci):
        found.append(Shipped(GITLAB_FILE, _text(_COMPONENTS, "perfbot.yml")))
    if has_github(ci):
        found += [Shipped(f".github/workflows/{name}", _text(_WORKFLOWS, name)) for name in GITHUB_FILES]
    return tuple(found)


def write(root: Path, files: Sequence[Shipped]) -> list[str]:
    """Write those that are not there yet; a line about each.

    Raises:
        UsageError: one cannot be written.
    """
    said = []
    for file in files:
        target = root / file.path
        if target.exists():
            said.append(f"kept {file.path}: it exists already")
            continue
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(file.text, "utf-8")
        except OSError as error:
            raise UsageError(f"{file.path} cannot be written: {error.strerror}") from error
        said.append(f"wrote {file.path}")
    return said


def next_steps(ci: Sequence[str]) -> list[str]:
    """What is left to do by hand, for the CI that a project has."""
    lines = []
    if has_gitlab(ci):
        lines += [
            "",
            "In .gitlab-ci.yml, include the jobs that measure and publish:",
            "",
            *GITLAB_INCLUDE.splitlines(),
            "",
            "and, where it has no `workflow:` of its own (or pushes would make two pipelines, one without your jobs),",
            "",
            *GITLAB_WORKFLOW.splitlines(),
            "",
            f"and give the project the variable PERFBOT_TOKEN, a project access token: {docs('tutorial')}, section 2.",
        ]
    if has_github(ci):
        lines += [
            "",
            "The workflows work once they are on the default branch; no secret is needed. Require the check `perfbot`",
            f"there to block merging: {docs('tutorial')}, section 3.",
        ]
    return lines


def has_gitlab(ci: Sequence[str]) -> bool:
    """Whether GitLab's configuration is among the files."""
    return ".gitlab-ci.yml" in ci


def has_github(ci: Sequence[str]) -> bool:
    """Whether a workflow of GitHub's is among the files."""
    return any(path.startswith(".github/workflows/") for path in ci)


def _text(folders: Sequence[Path], name: str) -> str:
    return next(folder / name for folder in folders if (folder / name).is_file()).read_text("utf-8")
