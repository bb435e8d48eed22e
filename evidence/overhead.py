"""Where a run's wall time goes, from the trace that ``perfbot run --trace FILE`` wrote.

    perfbot run --trace trace.jsonl && python -m evidence.overhead trace.jsonl

Prints seconds and shares of: start-up (interpreters, imports, collection, both sides at once), values (calls that were
timed and kept), discarded calls (after each switch of turns, and the first round's probes), switching (handing over
the turn, clocks, loops), tests (the suite's own fixtures and framework, before and after each benchmark), and perfbot
itself: ending the processes, and the rest of each pair's life (deciding, planning, messages).
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Iterable
from typing import Any

SIDES = ("base", "head")


def account(events: Iterable[dict[str, Any]]) -> Counter[str]:
    """Seconds by where they went; ``total`` is the life of all pairs, which may overlap on several cores."""
    seconds: Counter[str] = Counter()
    for event in events:
        if event["event"] == "pair":
            seconds["start-up"] += event["startup"]
        elif event["event"] == "end":
            seconds["total"] += event["seconds"]
            seconds["tests"] += event["tests"]
            seconds["ending"] += event["ending"]
        elif event["event"] == "round" and "discarded" in event:
            together = event["mode"] == "together"
            values = [sum(event["walls"][side]) / 1e9 for side in SIDES]
            discarded = [event["discarded"][side] / 1e9 for side in SIDES]
            inside = max(values) if together else sum(values)
            seconds["values"] += inside
            seconds["discarded"] += max(discarded) if together else sum(discarded)
            seconds["in rounds"] += event["seconds"]
    seconds["switching"] = seconds["in rounds"] - seconds["values"] - seconds["discarded"]
    named = ("in rounds", "start-up", "tests", "ending")
    seconds["rest"] = seconds["total"] - sum(seconds[name] for name in named)
    return seconds


def main() -> int:
    """Print the account of one trace."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("trace", type=argparse.FileType())
    seconds = account(json.loads(line) for line in parser.parse_args().trace)
    for name in ("start-up", "values", "discarded", "switching", "tests", "ending", "rest", "total"):
        print(f"{name:10} {seconds[name]:8.2f} s {seconds[name] / seconds['total']:7.1%}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
