"""How a run was measured, as pairs of a name and a text: the runner, its state, time, policy."""

from __future__ import annotations

from dataclasses import replace

from perfbot.model import Machine, Report, Runner
from perfbot.render import view
from perfbot.render.policy import rule
from perfbot.render.whole import whole_suites
from perfbot.units import format_change, format_duration, format_quantity


def measured_facts(report: Report) -> tuple[tuple[str, str], ...]:
    """How the run was measured, as pairs of a name and a text."""
    if report.machines:
        each = tuple((f"Machine {number}", _of_machine(one)) for number, one in enumerate(report.machines, 1))
        return (*each, *_measured_facts(replace(report, runner=Runner(), control=None, seed=0, machines=())))
    return _measured_facts(report)


def _of_machine(machine: Machine) -> str:
    """One of several: what it is, and how it was disturbed."""
    control, runner = machine.control, machine.runner
    moved = f"base against itself {format_change(control.change)}" if control else ""
    disturbed = ", disturbed" if control and control.disturbed else ""
    facts = (view.kind_of(runner), runner.system, f"load {runner.load:.2g} at the start", moved + disturbed)
    return ", ".join(text for text in (*facts, f"seed {machine.seed}" if machine.seed else "") if text)


def _measured_facts(report: Report) -> tuple[tuple[str, str], ...]:
    runner, policy = report.runner, report.policy
    state = [
        "pinned" if runner.pinned else "not pinned to a core",
        "shared address-space layout" if runner.shared_layout else "address-space layout shared by Python suites alone",
        f"load {runner.load:.2g} at the start",
        f"governor {runner.governor}" if runner.governor else "",
        f"virtual: {runner.virtual}" if runner.virtual else "",
    ]
    memory = format_quantity(float(runner.memory), "B") if runner.memory else ""
    facts = (
        ("Runner", ", ".join(text for text in (view.machine(report), memory, runner.system) if text)),
        ("State", ", ".join(text for text in state if text) if view.machine(report) else ""),
        ("Control", f"base against itself: {view.control(report)}" if report.control else ""),
        ("Time", _time(report)),
        ("Geometric mean", "; ".join(whole_suites(report))),
        ("Policy", f"{rule(policy)}, from {policy.origin}"),
        ("Python", runner.python),
        ("perfbot", runner.perfbot),
        ("Seed", str(report.seed) if report.seed else ""),
        ("Started", view.moment(report.started)),
    )
    return tuple((name, text) for name, text in facts if text)


def _time(report: Report) -> str:
    given = f"; time limit {format_duration(report.budget_seconds)}" if report.budget_seconds else ""
    inside = sum(result.seconds for result in report.results)
    return f"{format_duration(report.seconds)} in all, {format_duration(inside)} of it inside benchmarks{given}"
