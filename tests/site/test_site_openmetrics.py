"""OpenMetrics text: what GitLab's metrics report reads, and what the reference parser says of it."""

from __future__ import annotations

import dataclasses
import re
import shlex

from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parsed

from perfbot.render.openmetrics import exposition, openmetrics
from tests.builders import a_report, a_result

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


def as_gitlab_reads(text: str) -> dict[str, str]:
    """Its metrics report: what stands behind a ``#`` is dropped, then a line is split as a shell would."""
    words = [shlex.split(re.sub("#.*", "", line)) for line in text.splitlines()]
    return {line[0]: line[1] for line in words if line}


@given(st.text(max_size=40), st.sampled_from(["s", "B", "1", "1/s", "furlong"]))
def test_the_reference_parser_and_gitlab_read_any_name(name: str, unit: str) -> None:
    result = dataclasses.replace(a_result(name, change=0.25), unit=unit, head=1234567.0)
    text = openmetrics(a_report(result))
    samples = [sample for family in parsed(text) for sample in family.samples]
    assert [(len(one.labels), one.value) for one in samples] == [(3, 0.25), (3, 1235000)]
    assert [one.labels["metric"] for one in samples] == ["time"] * 2
    assert list(as_gitlab_reads(text).values()) == ["0.25", "1235000"]


def test_a_plain_name_stays_as_it_is() -> None:
    text = openmetrics(a_report(a_result('parse["C#", \\ x]')))
    labels = {sample.labels["benchmark"] for family in parsed(text) for sample in family.samples}
    assert labels == {'parse["C＃", \\ x]'}


@given(st.text(max_size=40))
def test_names_never_break_a_line(name: str) -> None:
    lines = exposition([("perfbot_x", "gauge", "Help.", [({"benchmark": name}, 1.5)])]).splitlines()
    assert len(lines) == 4
    assert SAMPLE.fullmatch(lines[2])
