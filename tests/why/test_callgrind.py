"""What callgrind writes, as it writes it (shortened)."""

from __future__ import annotations

from perfbot.model import Result
from perfbot.why.callgrind import profile_of
from perfbot.why.edits import Edits
from perfbot.why.explain import explain
from perfbot.why.profile import Observation, Profile

TEXT = """\
# callgrind format
version: 1
creator: callgrind-3.19.0
cmd:  ./a
positions: line
events: Ir
summary: 1744507

ob=(5) /work/project/a
fl=(146) /work/project/src/a.c
fn=(540) fold
2 {fold}

fn=(536) main
4 7
cfn=(538) find
calls=1 -1
* 17312
* 198
cfn=(538)
calls=99 -1
* 1713888
+2 304
cob=(3) /usr/lib/libc.so.6
cfi=(147) ./stdio-common/printf.c
cfn=(548) printf
calls=1 +24
* 2641

fn=(538)
3 1300
cfn=(540)
calls={often} -1
* 16400
-1 49500
fi=(150) /usr/include/x.h
7 10
fe=(146)
3 5

ob=(3)
fl=(147)
fn=(548)
28 2641

fn=(549) walk'2
30 5
fn=(550) walk
30 6
totals: 1744507
"""


def profile(fold: int = 1_640_000, often: int = 10_000) -> Profile:
    return profile_of([TEXT.format(fold=fold, often=often)], "/work/project")


def test_functions_have_their_own_instructions_lines_and_callers() -> None:
    found = profile()
    functions = {one.name: (number, one) for number, one in enumerate(found.calls.functions)}
    own = {found.calls.functions[path[0]].name: cost for path, cost in found.samples.stacks.items()}
    assert own == {"fold": 1_640_000, "main": 509, "find": 50_815, "printf": 2641, "walk": 11}
    find, fold = functions["find"], functions["fold"]
    assert found.calls.edges[find[0], fold[0]] == 10_000
    assert found.calls.edges[functions["main"][0], find[0]] == 100
    assert (find[1].place, find[1].file, find[1].line, find[1].end) == ("own", "src/a.c", 2, 3)
    assert (functions["main"][1].line, functions["main"][1].end) == (4, 6)
    assert (functions["printf"][1].place, functions["printf"][1].file) == ("std", "printf.c")
    assert found.seconds == sum(own.values())


def test_several_processes_are_one_command() -> None:
    one, two = profile(), profile_of([TEXT.format(fold=10, often=1)] * 2, "/work/project")
    assert len(two.calls.functions) == len(one.calls.functions)
    assert sum(two.samples.stacks.values()) == 2 * (one.samples.count - 1_640_000 + 10)


def test_what_callgrind_counted_explains_a_command() -> None:
    sides = {"base": profile(), "head": profile(3_280_000, 20_000)}
    rounds = [Observation("run", sides)] * 4  # type: ignore[arg-type]
    result = Result("s", "run", "time", "s", "lower", "regressed", base=0.010, head=0.0196, change=0.96)
    edits = Edits(head={"src/a.c": ((3, 3),)})
    (part,) = explain(result, rounds, edits, {}, 1.0).parts
    assert (part.function, part.callee, part.callee_calls, part.edited) == ("find", "fold", (10_000, 20_000), True)
    assert 0.009 < part.change < 0.0097


def test_rubbish_is_no_profile() -> None:
    assert profile_of(["", "fn=\ncalls=\n"][:1], "/x").seconds == 0
