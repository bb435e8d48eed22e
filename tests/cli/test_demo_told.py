"""How the demo judges its own verdicts."""

import pytest

from perfbot.cli.demo import _told
from perfbot.cli.demo_project import EXPECTED
from perfbot.errors import NOT_MEASURED, PASS


@pytest.mark.parametrize(
    ("changed", "code", "words"),
    [
        ({}, PASS, "All six verdicts are right"),
        ({"test_group": "inconclusive"}, PASS, "Undecided: test_group"),
        ({"test_group": "regressed"}, NOT_MEASURED, "test_group: regressed, but unchanged would be right"),
        ({"test_render": "inconclusive"}, NOT_MEASURED, "test_render: inconclusive, but improved would be right"),
        ({"test_find_customer": "unchanged"}, NOT_MEASURED, "unchanged, but regressed would be right"),
    ],
)
def test_open_is_not_wrong_where_nothing_changed(
    capsys: pytest.CaptureFixture[str], changed: dict[str, str], code: int, words: str
) -> None:
    assert _told({**EXPECTED, **changed}) == code
    assert words in capsys.readouterr().out


def test_a_missing_benchmark_is_wrong(capsys: pytest.CaptureFixture[str]) -> None:
    assert _told({}) == NOT_MEASURED
    assert capsys.readouterr().out.count("missing, but") == len(EXPECTED)
