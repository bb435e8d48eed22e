"""Both sides are set up at once: what an interruption leaves of that."""

from __future__ import annotations

import threading
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from perfbot.errors import Interrupted
from perfbot.pipeline import prepare
from perfbot.process import Child


def test_an_interruption_before_both_have_begun_ends_the_one_that_has(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    running = threading.Event()
    children: list[Child] = []

    def ready(tree: Any) -> Any:
        children.append(Child(["/bin/sleep", "600"], cwd=tmp_path, env={}))
        running.set()
        children[0].wait()

    class Stopped(ThreadPoolExecutor):
        """The signal comes between the first side and the second."""

        def submit(self, *args: Any, **named: Any) -> Future[Any]:
            if children or running.is_set():
                raise Interrupted("stopped")
            future = super().submit(*args, **named)
            running.wait(20.0)
            return future

    monkeypatch.setattr(prepare, "ThreadPoolExecutor", Stopped)
    trees: list[Any] = [SimpleNamespace(side=side, overlaid=False) for side in ("base", "head")]
    with pytest.raises(Interrupted):
        prepare._both(ready, trees)
    assert not children[0].alive()
