"""What facts mean: states, and what to type."""

from dataclasses import replace

import pytest

from perfbot.runner.diagnosis import Tools, machine_findings, time_finding, tool_findings
from perfbot.runner.machine import Machine

GOOD = Machine(
    cpu="Fast CPU",
    cores=4,
    allowed=(0, 1, 2, 3),
    memory=8 * 1024**3,
    load=0.1,
    pressure=0.0,
    stolen=0.0,
    governors=("performance",),
    boost=False,
    clock="tsc",
    aslr=2,
)
TOOLS = Tools(git="2.39.5", uv="0.5.1", valgrind="3.19.0", python="3.11.7", cache="/cache", cache_free=10**11)


def findings(machine, *, pinned=True, shared_layout=True):
    found = machine_findings(machine, pinned=pinned, shared_layout=shared_layout)
    return {finding.what: finding for finding in found}


def test_a_good_machine_needs_no_advice():
    assert {finding.state for finding in findings(GOOD).values()} == {"ok"}
    assert not any(finding.advice for finding in findings(GOOD).values())


def test_a_machine_that_tells_nothing_is_no_complaint():
    assert {finding.state for finding in findings(Machine(cores=2)).values()} == {"ok"}


@pytest.mark.parametrize(
    ("fact", "what", "message", "advice"),
    [
        ({"allowed": (3,)}, "processor", "1 of 4 cores usable: perfbot itself disturbs", "second core"),
        ({"load": 3.0}, "load", "3.00 on 4 cores: verdicts stay right, and take longer", "`top`"),
        ({"pressure": 0.25}, "load", "waited for one 25 % of the last 10 s", "one job at a time"),
        ({"quota": 1.5}, "quota", "may use 1.5 of 4 cores: it is stopped", "--cpuset-cpus"),
        ({"quota": 1.5, "throttled": 1200}, "quota", "which stopped it 1,200 times so far", "--cpus"),
        ({"stolen": 0.2}, "machine", "bare metal; its host gave 20 % of the time to others", "dedicated cores"),
        ({"governors": ("performance", "powersave")}, "frequency", "governor powersave:", "cpupower frequency-set"),
        ({"clock": "hpet"}, "clock", "hpet is slow to read", "current_clocksource"),
        ({"memory": 10**8}, "memory", "95.4 MiB: two sides may not fit", "more memory"),
    ],
)
def test_each_trouble_is_a_warning_with_advice(fact, what, message, advice):
    finding = findings(replace(GOOD, **fact))[what]
    assert finding.state == "warning"
    assert message in finding.message
    assert advice in finding.advice


def test_refused_pinning_is_a_warning():
    assert findings(GOOD, pinned=False)["pinning"].state == "warning"


def test_layouts_that_cannot_be_shared_are_a_warning_that_names_what_to_allow():
    finding = findings(GOOD, shared_layout=False)["layout"]
    assert finding.state == "warning"
    assert "personality(ADDR_NO_RANDOMIZE)" in finding.advice


def test_without_any_draw_every_round_has_one_layout():
    off = replace(GOOD, aslr=0)
    assert "randomize_va_space=2" in findings(off, shared_layout=False)["ASLR"].advice
    assert "ASLR" not in findings(off)


def test_a_quota_of_all_cores_limits_nothing():
    assert findings(replace(GOOD, quota=4.0))["quota"].state == "ok"


def test_turbo_is_shared_by_both_sides():
    assert findings(replace(GOOD, boost=True))["turbo"].state == "ok"


def tools(facts, *, instructions=False):
    return {finding.what: finding for finding in tool_findings(replace(TOOLS, **facts), instructions=instructions)}


@pytest.mark.parametrize(
    ("facts", "what", "state", "message"),
    [
        ({}, "git", "ok", "2.39.5"),
        ({"git": ""}, "git", "wrong", "was not found on PATH"),
        ({"git": "2.17.1"}, "git", "wrong", "2.17.1 is too old: expected 2.25 or newer"),
        ({}, "environments", "ok", "by uv 0.5.1"),
        ({"uv": ""}, "environments", "ok", "by venv and pip; `pip install uv`"),
        ({"uv": "", "venv": False}, "environments", "wrong", "no side can be set up"),
        ({"cache_free": 10**8}, "cache", "warning", "/cache, 95.4 MiB free"),
    ],
)
def test_tools_that_are_missing(facts, what, state, message):
    finding = tools(facts)[what]
    assert (finding.state, finding.exit_code) == (state, 3)
    assert message in finding.message


def test_valgrind_is_missed_only_where_it_is_needed():
    assert "valgrind" not in tools({"valgrind": ""})
    missing = tools({"valgrind": ""}, instructions=True)["valgrind"]
    assert (missing.state, missing.advice) == ("wrong", "apt-get install valgrind")


@pytest.mark.parametrize(("benchmarks", "state"), [(1, "ok"), (200, "ok"), (201, "warning")])
def test_a_budget_too_small_for_its_benchmarks_is_said_before(benchmarks, state):
    finding = time_finding(benchmarks, 600.0)
    assert finding.state == state
    if state == "warning":
        assert finding.advice == '[run] budget = "10 min", or several shards'
