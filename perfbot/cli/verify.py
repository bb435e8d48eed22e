"""Check a claim about a change: true, false, or undecided, with the interval that says so.

  "GLOB is at least 10 % faster"          also: at most, more than, less than; slower, smaller, larger
  "nothing under core/ is slower than 2 %"
  "GLOB is unchanged within 3 %"
  "METRIC of GLOB ≤ 5 MiB"                head's own value; also ≥, "is at most", "is at least"

N % faster means that the cost fell by N per cent. Without a metric a claim is about time.
Exit codes: 0 true, 1 false, 3 undecided or not measured.

examples:
  perfbot verify 'core/parse* is at least 10 % faster'
  perfbot verify 'nothing is slower than 2 %' main..HEAD --budget 5m
  perfbot verify 'memory of load_config <= 5 MiB' --dirty
  perfbot verify 'core/* is faster' --report perfbot-report.json
"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from perfbot.errors import GATE_FAILED, NOT_MEASURED, PASS

if TYPE_CHECKING:
    from perfbot.claims.verdict import Found, Verified

EXIT_CODES = {"true": PASS, "false": GATE_FAILED, "undecided": NOT_MEASURED}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of ``perfbot verify``."""
    parser.add_argument("claim", metavar="CLAIM", help="what is claimed, in quotes")
    parser.add_argument("range", nargs="?", default="", metavar="BASE..HEAD", help="default: this branch")
    parser.add_argument("--dirty", action="store_true", help="head is the working tree, with what is not committed")
    parser.add_argument("--fresh", action="store_true", help="begin a session of tries anew (see `perfbot session`)")
    parser.add_argument("--config", metavar="FILE", help="a perfbot.toml to use instead of the repository's own")
    parser.add_argument("--budget", metavar="DURATION", help='time limit of measuring, such as "2m"')
    parser.add_argument("--seed", type=int, metavar="N", help="of every random choice")
    parser.add_argument("--report", metavar="FILE.json", help="verify a report instead of measuring")
    parser.add_argument("--format", choices=["text", "json"], default="text", help="what stdout shows (default: text)")


def execute(args: argparse.Namespace) -> int:
    """Understand the claim, measure what it is about, hold it against that."""
    from perfbot import api
    from perfbot.cli.watching import watched

    if args.report:
        found = api.verify(args.claim, args.report)
    else:
        with watched(quiet=args.format == "json") as progress:
            report = api.compare(
                args.range,
                dirty=args.dirty,
                fresh=args.fresh,
                config=args.config,
                claim=args.claim,
                budget=args.budget,
                seed=args.seed,
                progress=progress,
            )
        found = api.verify(args.claim, report)
    print(_as_json(found) if args.format == "json" else _as_text(found))
    return EXIT_CODES[found.state]


def _as_json(found: Verified) -> str:
    import dataclasses
    import json
    import math

    from perfbot.reasons import words

    def finite(value: object) -> object:
        if isinstance(value, float) and not math.isfinite(value):
            return None
        if isinstance(value, dict):
            return {name: finite(one) for name, one in value.items()}
        return [finite(one) for one in value] if isinstance(value, (list, tuple)) else value

    told = dataclasses.asdict(found)
    for record, one in zip(told["found"], found.found, strict=True):
        record["why"] = words.text(one.reasons)
    return json.dumps(finite(told), indent=1, ensure_ascii=False)


def _as_text(found: Verified) -> str:
    lines = [f"{found.state}: {found.claim.text}"]
    lines += [f"  {one.state:9}  {one.name}  {_shown(found, one)}" for one in found.found]
    if not found.found:
        lines.append(f"  {found.why}")
    return "\n".join(lines)


def _shown(found: Verified, one: Found) -> str:
    from perfbot.config import unit_of
    from perfbot.reasons import words
    from perfbot.units import format_change, format_interval, format_quantity

    if one.low is None or one.high is None:
        return words.text(one.reasons)
    if found.claim.subject == "value":
        unit = unit_of(found.claim.metric)[0]
        return f"[{format_quantity(one.low, unit)}, {format_quantity(one.high, unit)}]"
    change = "" if one.change is None else f"{format_change(one.change)} "
    why = f"  ({words.text(one.reasons)})" if one.reasons else ""
    return change + (format_interval(*one.interval) if one.interval else "") + why
