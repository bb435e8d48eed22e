"""OpenMetrics text: what GitLab's metrics report reads."""

from __future__ import annotations

import dataclasses
import re

from hypothesis import given
from hypothesis import strategies as st

from perfbot.render.openmetrics import exposition, openmetrics
from tests.histories import a_report, a_result

SAMPLE = re.compile(r'[a-z_]+(\{([a-z]+="([^"\\\n]|\\.)*",?)+\})? -?[\d.e+-]+')


def test_a_report_is_values_and_changes() -> None:
    memory = dataclasses.replace(a_result("parse", metric="memory"), unit="B", head=2048.0)
    gone = dataclasses.replace(a_result("gone"), verdict="removed", head=None, change=None)
    text = openmetrics(a_report(a_result("parse", change=0.1234567), memory, gone))
    assert 'perfbot_change_ratio{suite="core",benchmark="parse",metric="time"} 0.1235\n' in text
    assert 'perfbot_head_seconds{suite="core",benchmark="parse",metric="time"} 0.01\n' in text
    assert 'perfbot_head_bytes{suite="core",benchmark="parse",metric="memory"} 2048\n' in text
    assert "gone" not in text
    assert text.endswith("# EOF\n")


@given(st.text(max_size=40))
def test_names_never_break_a_line(name: str) -> None:
    lines = exposition([("perfbot_x", "gauge", "Help.", [({"benchmark": name}, 1.5)])]).splitlines()
    assert len(lines) == 4
    assert SAMPLE.fullmatch(lines[2])
