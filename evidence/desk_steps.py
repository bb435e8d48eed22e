"""perfbot's command line with a note of when each step of a verdict ended: ``python -m evidence.desk_steps OUT run …``.

A line of JSON a verdict: names of steps, the time of day at which each ended, and processor seconds until then, of this
process and of its children that have ended.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

Mark = tuple[str, float, float]


def used() -> float:
    """Processor seconds of this process and of its children that have ended."""
    both = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in both)


class Marks:
    """What has ended when."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._marks: list[Mark] = [("started", time.time(), used())]

    def at(self, name: str) -> None:
        """A step has ended now."""
        self._marks.append((name, time.time(), used()))

    def after(self, owner: Any, function: str, name: str) -> None:
        """A step ends whenever a function returns."""
        original: Callable[..., Any] = getattr(owner, function)

        def marked(*args: Any, **named: Any) -> Any:
            try:
                return original(*args, **named)
            finally:
                self.at(name)

        setattr(owner, function, marked)

    def end(self) -> None:
        """A verdict is there: write its line, and begin with the next."""
        with self._file.open("a") as file:
            file.write(json.dumps(self._marks) + "\n")
        self._marks = [("started", time.time(), used())]


def follow(marks: Marks) -> None:
    """Note the steps from here on. Loads what they are in, so not before perfbot would."""
    from perfbot.measure import scheduler
    from perfbot.pipeline import story

    marks.at("imported")
    marks.after(story, "understand", "change found")
    marks.after(story, "differing_files", "set up")
    marks.after(scheduler, "discovered", "listed")
    marks.after(scheduler.Scheduler, "_measure", "round")
    marks.after(story, "report_of", "judged")
    original = story.run

    def run(*args: Any, **named: Any) -> Any:
        try:
            return original(*args, **named)
        finally:
            marks.end()

    story.run = run


def main() -> None:
    """Run perfbot, as its console script does, with the rest of the arguments."""
    marks = Marks(Path(sys.argv[1]))
    del sys.argv[1]
    from perfbot.cli.main import run
    from perfbot.runner import load

    if sys.argv[1] != "run":
        follow(marks)
        run()
    lookout_beside = load.lookout_beside

    def watched(*args: Any, **named: Any) -> Any:
        """perfbot begins to watch the machine, and then loads what the steps are in."""
        lookout = lookout_beside(*args, **named)
        follow(marks)
        return lookout

    load.lookout_beside = watched
    run()


if __name__ == "__main__":
    main()
