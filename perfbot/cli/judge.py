"""Judge a report again, without measuring: the same rounds under another policy.

examples:
  perfbot judge perfbot-report.json --threshold 5%
  perfbot judge perfbot-report.json --config perfbot.toml --comment comment.md
"""

from __future__ import annotations

import argparse

from perfbot.cli.run import EXIT_CODES, add_output_arguments, parsed_option


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of ``perfbot judge``."""
    parser.add_argument("file", metavar="REPORT.json", help="a report that `perfbot run --report` wrote")
    parser.add_argument("--threshold", metavar="PERCENT", help='smallest change that matters, such as "5%%"')
    parser.add_argument("--alpha", type=float, metavar="P", help="probability of any false alarm in the run")
    parser.add_argument("--config", metavar="FILE", help="take the policy ([gate], [[limit]]) from this file")
    add_output_arguments(parser)


def execute(args: argparse.Namespace) -> int:
    """Read, judge, tell."""
    from dataclasses import replace
    from pathlib import Path

    from perfbot.cli.artifacts import Artifacts
    from perfbot.errors import UsageError
    from perfbot.judge.verdict import rejudge
    from perfbot.report import read
    from perfbot.units import parse_percentage

    report = read(Path(args.file))
    policy = report.policy
    if args.config:
        from perfbot.config import load

        policy = load(Path(args.config), Path.cwd()).policy
    threshold = parsed_option("--threshold", args.threshold, parse_percentage)
    if threshold is not None:
        policy = replace(policy, threshold=threshold)
    if args.alpha is not None:
        if not 0 < args.alpha <= 0.5:
            raise UsageError(f"--alpha: found {args.alpha}, expected a probability above 0 and at most 0.5")
        policy = replace(policy, alpha=args.alpha)
    judged = rejudge(report, policy)
    artifacts = Artifacts.from_arguments(args)
    artifacts.check()
    artifacts.write(judged)
    artifacts.show(judged)
    return EXIT_CODES[judged.verdict]
