"""What an instruction calls, as its source says; and classes by their objects."""

from __future__ import annotations

import dis
import importlib
import sys
from pathlib import Path
from types import CodeType

import pytest

from perfbot.worker.functions import Around, Functions
from perfbot.worker.inside import called_at, classes_alive

SOURCE = """\
import pickle


class Row:
    __slots__ = ("number",)

    def __init__(self, number):
        self.number = number


ROWS = [Row(number) for number in range(1234)]


def calls(names, self=None):
    pickle.dumps(names)
    self.pattern.search(names)
    "ä, ".join(names)
    sorted(
        names,
        key=str.lower,
    )
    names()()
    return names[0] + len(names)
"""
CALLED = ["pickle.dumps", "self.pattern.search", "join", "sorted", "names", "", "len"]

pytestmark = pytest.mark.skipif(sys.version_info < (3, 11), reason="no positions of instructions are known")


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CodeType:
    (tmp_path / "made_inside.py").write_text(SOURCE)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delitem(sys.modules, "made_inside", raising=False)
    code: CodeType = importlib.import_module("made_inside").calls.__code__
    return code


def test_calls_are_named_as_the_source_does_and_nothing_else_is(made: CodeType) -> None:
    instructions = list(dis.get_instructions(made))
    calls = [called_at(made, one.offset) for one in instructions if one.opname.startswith("CALL")]
    assert [name for place, name in enumerate(calls) if not place or name != calls[place - 1]] == CALLED
    others = {called_at(made, one.offset) for one in instructions if "CALL" not in one.opname}
    assert others == {""}


def test_the_caches_behind_a_call_belong_to_it(made: CodeType) -> None:
    call = next(one for one in dis.get_instructions(made) if one.opname == "CALL")
    assert called_at(made, call.offset + 2) == "pickle.dumps"


def test_code_without_source_names_nothing() -> None:
    code = compile("def f(x):\n    return x.y()\n", "<nowhere>", "exec").co_consts[0]
    assert {called_at(code, one.offset) for one in dis.get_instructions(code)} == {""}


def test_classes_are_told_with_their_fields_and_how_many_objects_there_are(made: CodeType, tmp_path: Path) -> None:
    assert ("Row", 1234) in [(kind.__qualname__, count) for kind, count in classes_alive()]
    told = {one["name"]: one for one in Functions(Around(str(tmp_path))).classes()}
    row = told["Row"]
    assert (row["place"], row["file"], row["line"], row["end"], row["count"]) == ("own", "made_inside.py", 4, 6, 1234)
