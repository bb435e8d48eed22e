"""Statements become functions: expressions are returned, names of the preamble are global."""

from __future__ import annotations

import pytest

from perfbot.worker.python import function_of


@pytest.mark.parametrize(
    ("statement", "preamble", "returned"),
    [
        ("1 + 1", "", 2),
        ("json.loads(DATA)", 'import json; DATA = "[1, 2]"', [1, 2]),
        ("x = 1; x += 1", "", None),
        ("for i in range(3): TAKEN.append(i)", "TAKEN = []", None),
        ("[a for a in (1, 2)]  # a comment", "", [1, 2]),
        ("double(21)", "def double(x):\n    return 2 * x\n", 42),
    ],
)
def test_what_it_does(statement: str, preamble: str, returned: object) -> None:
    assert function_of(statement, preamble)() == returned


@pytest.mark.parametrize(("statement", "preamble"), [("1 +", ""), ("return 1) + (2", ""), ("1", "import"), ("x)", "")])
def test_what_is_no_python_says_so(statement: str, preamble: str) -> None:
    with pytest.raises(SyntaxError):
        function_of(statement, preamble)


def test_the_preamble_of_another_statement_is_not_seen() -> None:
    function_of("1", "secret = 1")
    with pytest.raises(NameError):
        function_of("secret", "")()
