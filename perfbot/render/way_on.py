"""The box below the comment's table: what can be done about the verdict, as finished markdown."""

from __future__ import annotations

from collections.abc import Sequence

from perfbot.model import Report, Result
from perfbot.render import advice
from perfbot.render.escape import code
from perfbot.render.links import Links
from perfbot.units import format_duration
from perfbot.web import docs

_KINDS = {"fail": "[!CAUTION]", "error": "[!WARNING]"}


WHOLE = 1000
"""Characters of a command: one with its middle cut out would be copied in vain."""


def what_now(report: Report, links: Links, *, alerts: bool) -> tuple[str, ...]:
    """The box's lines, without the ``> `` before them; none where nothing has to be done.

    Args:
        alerts: begin with the forge's sign for an alert.
    """
    failing = [one for one in report.results if one.gate == "fail"]
    lines = _failing(report, failing, links) if failing else []
    if not lines and report.verdict == "error":
        again = " · `/rebench` measures again" if links.commands else ""
        lines = [f"**What now?** Fix what is said above{again}."]
    if not lines:
        lines = why_undecided(report, links)
    sign = _KINDS.get(report.verdict, "") if alerts else ""
    return tuple([sign, *lines] if sign and lines else lines)


def _failing(report: Report, failing: Sequence[Result], links: Links) -> list[str]:
    open_ones = [one for one in failing if one.verdict == "inconclusive"]
    ways = ["**What now?** Fix it" if len(open_ones) < len(failing) else "**What now?** Get a verdict, as said below"]
    acceptable = [one for one in failing if one.verdict != "failed"]
    if acceptable and links.commands:
        ways.append(f"accept a cost that is worth it: {code(advice.accept_command(acceptable, report.results), WHOLE)}")
    if links.commands:
        ways.append(f"doubt it? `/rebench` measures again (about {_about(report.seconds)})")
    ways.append(f"here: {code(advice.local_command(failing, report.results), WHOLE)}")
    return [" · ".join(ways), *(why_undecided(report, links) if open_ones else [])]


def why_undecided(report: Report, links: Links) -> list[str]:
    """Why there is no verdict, and what would bring one; nothing where all have one."""
    total = sum(one.verdict == "inconclusive" for one in report.results)
    if not total:
        return []
    found = advice.undecided(report)
    ways = []
    if report.control is not None and report.control.disturbed:
        ways.append("`/rebench`" if links.commands else "`perfbot run` again")
    elif found.budget:
        command = f"/rebench --budget {found.budget}" if links.commands else f"perfbot run --budget {found.budget}"
        short = total - found.enough_for
        ways.append(f"{code(command)} (should decide {'it' if total == 1 else f'all but {short}' if short else 'all'})")
    if found.threshold and not (report.control is not None and report.control.disturbed):
        ways.append(f"a threshold of {found.threshold} (`perfbot calibrate --write`)")
    ways.append(f"a quieter runner ([how](<{docs('how-to/undecided')}>))")
    known = f" All the same, {found.known}." if found.known else ""
    return [f"**Why undecided?** {found.why}{known} **What would help:** {' · '.join(ways)}"]


def _about(seconds: float) -> str:
    """A duration in whole minutes, from two minutes on."""
    return format_duration(round(seconds / 60) * 60 if seconds >= 120 else round(seconds))
