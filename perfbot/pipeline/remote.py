"""A run on another machine, by ssh: commits go there by git, and the report comes back by git.

The other machine needs git and perfbot. It measures in its own cache, with its own environments; who may log in there
may run code there, and that is all this does. What stays is a clone in ``~/.cache/perfbot-on`` and perfbot's cache.
"""

from __future__ import annotations

import hashlib
import os
import re
import secrets
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from perfbot.errors import MeasureError, ReportError, UsageError
from perfbot.git.command import NETWORK_SECONDS, Git, short
from perfbot.judge.verdict import rejudge
from perfbot.model import Change, Report
from perfbot.pipeline.job import Job, Request
from perfbot.pipeline.understand import understand
from perfbot.process import run
from perfbot.render.progress import Progress
from perfbot.report import MAX_BYTES, loads

HOST = re.compile(r"(?:[A-Za-z0-9_][\w.-]*@)?[A-Za-z0-9_][\w.-]*")
"""A name of ~/.ssh/config, or user@host: nothing that ssh or a shell could take for something else."""

COMMAND = "PERFBOT_ON_COMMAND"
"""Variable: how perfbot is called on the other machine, where it is not on the PATH of a plain login."""

SPARE_SECONDS = 3600.0
"""For set-up, beyond the time limit of measuring."""

NOT_FOUND = 127


@dataclass(frozen=True, slots=True)
class Machine:
    """Another machine, and a clone's place on it, relative to the home there."""

    host: str
    place: str
    ssh: tuple[str, ...]
    command: str

    def script(self, options: Sequence[str], change: Change, token: str) -> str:
        """What a shell there does: one run at a time of one clone, in a work tree of its own."""
        words = shlex.join(["run", "--base", change.base, "--head", change.head, "--report", "report.json", *options])
        return f"""\
cd {shlex.quote(self.place)} || exit 1
exec 9>lock
if command -v flock >/dev/null; then flock 9; fi
[ -d work ] || git clone --quiet --no-checkout repo.git work || exit 1
cd work && git fetch --quiet --update-shallow origin '+refs/perfbot/*:refs/perfbot/*' || exit 1
git checkout --quiet --force --detach {change.head} && rm -f report.json || exit 1
{self.command} {words} 9>&- 2>&1 | cat
[ -f report.json ] || exit 1
blob=$(git --git-dir ../repo.git hash-object -w report.json) && rm -f report.json
git --git-dir ../repo.git update-ref refs/perfbot/report-{token} "$blob"
"""


def machine_of(host: str, repo: Path, environ: Mapping[str, str]) -> Machine:
    """The machine that is meant.

    Raises:
        UsageError: no name of one.
    """
    if not HOST.fullmatch(host):
        raise UsageError(f"--on: found {host!r}, expected a host of your ssh configuration, or user@host")
    clone = hashlib.sha256(str(Git(repo).common_folder()).encode("utf-8", "surrogateescape")).hexdigest()[:12]
    ssh = tuple(shlex.split(environ.get("GIT_SSH_COMMAND") or "ssh -oBatchMode=yes"))
    return Machine(host, f".cache/perfbot-on/{clone}", ssh, environ.get(COMMAND) or "perfbot")


def measure_on(host: str, request: Request, options: Sequence[str], progress: Progress) -> Report:
    """Measure a change on another machine.

    Args:
        options: of ``perfbot run`` there.

    Raises:
        MeasureError: it cannot be reached, or there came no report.
    """
    progress.stage("finding the change")
    job = understand(request)
    there = machine_of(host, job.repo, request.environ)
    token = secrets.token_hex(6)
    progress.stage(f"sending {short(job.change.base)} and {short(job.change.head)} to {host}")
    _send(there, job)
    progress.stage(f"measuring on {host}")
    lines = _Lines(progress)
    done = run(
        [*there.ssh, "-tt", host, there.script(options, job.change, token)],
        cwd=job.repo,
        env=dict(request.environ),
        timeout=job.budget + SPARE_SECONDS,
        on_line=lines.take,
    )
    if not done.ok:
        missing = f"{there.command}: " in done.output and "not found" in done.output
        hint = f"Install perfbot there, or say how it is called: {COMMAND}=~/.venv/bin/perfbot" if missing else ""
        raise MeasureError(f"{host}: there came no report, the run there {done.ending}", hint=hint, output=done.output)
    return _told(_fetch(there, job, token), job, host)


@dataclass(slots=True)
class _Lines:
    """What the run there says, as progress here."""

    progress: Progress

    def take(self, line: str) -> None:
        self.progress.log(line.rstrip("\r"))


def _send(there: Machine, job: Job) -> None:
    place, clone = shlex.quote(there.place), shlex.quote(f"{there.place}/repo.git")
    # A clone whose history is cut off sends what it has: two commits are all that a run needs.
    shallow = f"git --git-dir {clone} config receive.shallowUpdate true"
    make = f"mkdir -p {place} && git init --quiet --bare {clone} && {shallow}"
    done = run([*there.ssh, there.host, make], cwd=job.repo, env=dict(os.environ), timeout=NETWORK_SECONDS)
    if not done.ok:
        raise MeasureError(
            f"{there.host}: cannot be reached, ssh {done.ending}",
            hint=f"Try: ssh {there.host} true",
            output=done.output,
        )
    address = f"{there.host}:{there.place}/repo.git"
    for commit in (job.change.base, job.change.head):  # one by one: git loses one of two histories that are cut off
        ref = f"+{commit}:refs/perfbot/{commit}"
        Git(job.repo).text("push", "--quiet", address, ref, timeout=NETWORK_SECONDS)


def _fetch(there: Machine, job: Job, token: str) -> Report:
    """The report; its name on both machines is gone afterwards."""
    git, ref = Git(job.repo), f"refs/perfbot/report-{token}"
    address = f"{there.host}:{there.place}/repo.git"
    git.text(
        "fetch", "--quiet", "--no-tags", "--no-write-fetch-head", address, f"+{ref}:{ref}", timeout=NETWORK_SECONDS
    )
    try:
        if int(git.text("cat-file", "-s", ref)) > MAX_BYTES:
            raise ReportError(f"{there.host}: the report has more than {MAX_BYTES} bytes")
        return loads(git.run("cat-file", "blob", ref).stdout, f"the report of {there.host}")
    finally:
        git.run("update-ref", "-d", ref)
        git.run("push", "--quiet", address, f":{ref}", timeout=NETWORK_SECONDS)


def _told(report: Report, job: Job, host: str) -> Report:
    """The report, about the change as it was asked for here; tries of a session are judged by their own alpha."""
    if (report.change.base, report.change.head) != (job.change.base, job.change.head):
        raise ReportError(f"{host}: the report is about other commits")
    kind = ", ".join(filter(None, (report.runner.cpu, f"{report.runner.cores} cores")))
    notes = (*job.change.notes, f"Measured on {host}: {kind}.")
    report = replace(report, change=replace(job.change, notes=notes))
    if job.counted.number:
        report = rejudge(report, replace(report.policy, alpha=job.policy.alpha))
        job.counted.end(report)
    return report
