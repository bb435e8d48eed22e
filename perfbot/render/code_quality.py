"""What regressed as GitLab's code quality report, which merge requests show beside their changes.

The format: https://docs.gitlab.com/ci/testing/code_quality/#code-quality-report-format.
"""

from __future__ import annotations

import hashlib
import json

from perfbot.model import Report, Result
from perfbot.render.escape import clean
from perfbot.render.remarks import Remark, Severity, where_it_goes_back_to

CHECK = "perfbot"

SEVERITIES: dict[Severity, str] = {"error": "major", "warning": "minor", "info": "info"}

LONGEST = 1000


def code_quality(report: Report) -> str:
    """An entry for each line that something slower goes back to: the function's, or else the benchmark's."""
    slower = sorted(filter(_is_told, report.results), key=lambda one: one.gate != "fail")
    return json.dumps([_entry(one) for one in where_it_goes_back_to(report, slower)], ensure_ascii=False, indent=1)


def _is_told(result: Result) -> bool:
    return result.gate == "fail" or result.verdict == "regressed"


def _entry(said: Remark) -> dict[str, object]:
    """Its fingerprint is that of the place: whether the same is still there is told by it."""
    return {
        "description": clean(": ".join(filter(None, (said.title, said.message))), LONGEST),
        "check_name": CHECK,
        "fingerprint": hashlib.sha256(f"{CHECK}:{said.path}:{said.title}".encode()).hexdigest(),
        "severity": SEVERITIES[said.severity],
        "location": {"path": said.path, "lines": {"begin": said.line}},
    }
