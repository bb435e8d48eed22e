"""Judge a report again, without measuring: the same rounds under another policy.

Several reports of the same two commits, measured on several machines, are joined: a change is one that each of them
shows.

examples:
  perfbot judge perfbot-report.json --threshold 5%
  perfbot judge perfbot-report.json --config perfbot.toml --comment comment.md
  perfbot judge here.json there.json --report both.json
"""

from __future__ import annotations

import argparse

from perfbot.cli.requested import parsed_option
from perfbot.cli.run import EXIT_CODES, add_output_arguments


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of ``perfbot judge``."""
    parser.add_argument(
        "files", metavar="REPORT.json", nargs="+", help="a report that `perfbot run --report` wrote; several are joined"
    )
    parser.add_argument("--threshold", metavar="PERCENT", help='smallest change that matters, such as "5%%"')
    parser.add_argument("--alpha", type=float, metavar="P", help="probability of any false alarm in the run")
    parser.add_argument("--config", metavar="FILE", help="take the policy ([gate], [[limit]]) from this file")
    add_output_arguments(parser)


def execute(args: argparse.Namespace) -> int:
    """Read, judge, tell."""
    from perfbot import api
    from perfbot.cli.artifacts import Artifacts
    from perfbot.units import parse_percentage

    threshold = parsed_option("--threshold", args.threshold, parse_percentage)
    read = api.read_report(args.files[0]) if len(args.files) == 1 else api.join(args.files)
    judged = api.rejudge(read, config=args.config, threshold=threshold, alpha=args.alpha)
    artifacts = Artifacts.from_arguments(args)
    artifacts.check()
    artifacts.write(judged)
    artifacts.show(judged)
    return EXIT_CODES[judged.verdict]
