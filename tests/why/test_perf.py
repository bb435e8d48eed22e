"""What perf says, as it says it: samples by run, and the same functions as callgrind's."""

from __future__ import annotations

import pytest

from perfbot.model import SIDES, Result
from perfbot.why.callgrind import Counted
from perfbot.why.edits import Edits
from perfbot.why.explain import explain
from perfbot.why.perf import met_between, profile_of, together
from perfbot.why.profile import Calls, Function, Observation, Profile, Samples

LINES = """\
   4321  100.100000000:      5581ab0d8178 inner (/work/project/prog)
   4321  100.200000000:      5581ab0d8178 inner (/work/project/prog)
   4322  100.300000000:      7f80c1182ce7 operator new(unsigned long) (/usr/lib/libstdc++.so.6)
     77  100.350000000:      7f80c1182ce7 main (/usr/bin/python3.11)
   4322  100.400000000:  ffffffff8168fd92 charge_memcg ([kernel.kallsyms])
   4323  102.500000000:      5581ab0d8178 main (/work/project/prog)
   4323  102.500000001:      5581ab0d8199 [unknown] (/work/project/prog)
   4399  103.500000000:      5581ab0d8178 inner (/work/project/prog)
some words of perf's own
""".splitlines()


def test_samples_belong_to_the_run_in_which_they_were_taken() -> None:
    first, second, third = met_between(LINES, [(100.0, 101.0), (102.0, 103.0), (104.0, 105.0)], starter=77)
    assert dict(first.times) == {
        ("prog", "inner"): 2,
        ("libstdc++.so.6", "operator new(unsigned long)"): 1,
        ("[kernel.kallsyms]", "charge_memcg"): 1,
    }
    assert (second.count, third.count) == (2, 0)
    assert together([first, second]).count == 6


def test_functions_are_the_projects_own_or_not_and_all_have_a_name() -> None:
    (met,) = met_between(LINES, [(100.0, 104.0)], starter=77)
    profile = profile_of(met, 0.1, "/work/project")
    told = {one.name: (one.place, one.file) for one in profile.samples.functions}
    assert told["inner"] == ("own", "prog")
    assert told["operator new(unsigned long)"] == ("std", "libstdc++.so.6")
    assert told["of prog, without a name"] == ("own", "prog")


def counted(often: float) -> Counted:
    functions = (
        Function("main", "", "own", "src/a.c", 10, 20), Function("inner", "", "own", "src/a.c", 3, 8),
        Function("inner", "", "std", "other.c", 5, 6),
    )  # fmt: skip
    calls = Calls(functions, {(-1, 0): 1.0, (0, 1): often, (0, 2): 1.0})
    profile = Profile(100.0, calls, Samples(functions, {(0,): 10, (1,): 80, (2,): 10}))
    return Counted(profile, ("/work/project/prog", "/work/project/prog", "/usr/lib/libother.so"))


def test_where_callgrind_counted_its_functions_lines_and_calls_are_taken() -> None:
    (met,) = met_between(LINES, [(100.0, 104.0)], starter=77)
    profile = profile_of(met, 0.1, "/work/project", counted(4))
    (inner,) = (one for one in profile.samples.functions if one.name == "inner")
    assert (inner.file, inner.line) == ("src/a.c", 3)
    assert profile.calls.edges[0, 1] == 4


def lines(slow: int) -> list[str]:
    return [f"1 {1 + n / 1e4:.9f}: 5 inner (/work/project/prog)" for n in range(100 * slow)] + [
        f"1 {2 + n / 1e4:.9f}: 5 main (/work/project/prog)" for n in range(100)
    ]


def test_time_that_instructions_do_not_show_is_told_by_samples() -> None:
    def side(slow: int) -> Profile:
        (met,) = met_between(lines(slow), [(0.0, 9.0)], starter=0)
        return profile_of(met, 0.01 * (slow + 1), "/work/project", counted(4))

    rounds = [Observation("b", {"base": side(1 + n % 2), "head": side(7 + n % 2)}) for n in range(6)]
    told = Result("s", "b", "time", "s", "lower", "regressed", base=0.025, head=0.085, change=2.4)
    found = explain(told, rounds, Edits(head={"src/a.c": ((4, 4),)}), {}, 1.0)
    assert (found.parts[0].function, found.parts[0].edited) == ("inner", True)

    alike = [Observation("b", {one: counted(4).profile for one in SIDES}, other_unit=True) for _ in range(4)]
    blind = explain(told, alike, Edits(), {}, 1.0)
    assert not blind.parts
    assert "does not follow from the instructions" in blind.reason
    assert blind.head == pytest.approx(0.085)
