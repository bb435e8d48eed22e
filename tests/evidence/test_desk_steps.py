"""The steps that the desk's evidence follows are still there."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from evidence import desk_steps
from perfbot.measure import scheduler
from perfbot.pipeline import story


def test_steps_are_followed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for owner, name in (
        (story, "understand"),
        (story, "differing_files"),
        (story, "report_of"),
        (story, "run"),
        (scheduler, "discovered"),
        (scheduler.Scheduler, "_measure"),
    ):
        monkeypatch.setattr(owner, name, lambda *_, **__: None)  # and as it was, afterwards
    file = tmp_path / "marks"
    desk_steps.follow(desk_steps.Marks(file))
    story.understand()  # type: ignore[call-arg]
    story.report_of()  # type: ignore[call-arg, attr-defined]
    story.run()  # type: ignore[call-arg]
    assert [mark[0] for mark in json.loads(file.read_text())] == ["started", "imported", "change found", "judged"]
