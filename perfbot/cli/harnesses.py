"""The kinds of suites that perfbot can run, with an example each.

examples:
  perfbot harnesses             all of them, a line each
  perfbot harnesses go          one, with a table for perfbot.toml that works
  perfbot harnesses --examples  all of them with their examples
"""

from __future__ import annotations

import argparse


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of ``perfbot harnesses``."""
    parser.add_argument("name", nargs="?", default="", metavar="NAME", help="show only this one, with its example")
    parser.add_argument("--examples", action="store_true", help="show every example")


def execute(args: argparse.Namespace) -> int:
    """List them, or one."""
    from perfbot.config.suites import harness_meant
    from perfbot.errors import PASS, UsageError
    from perfbot.harness.registry import HARNESSES, about

    if args.name and args.name not in HARNESSES:
        meant = harness_meant(args.name)
        hint = f"Type `perfbot harnesses {meant}`." if meant else "Type `perfbot harnesses` for a line about each."
        fits = f'; "{meant}" fits' if meant else f"; expected one of {', '.join(HARNESSES)}"
        raise UsageError(f'there is no harness "{args.name}"{fits}', hint=hint)
    shown = [args.name] if args.name else list(HARNESSES)
    width = max(map(len, shown))
    for name in shown:
        print(f"{name:<{width}}  {about(HARNESSES[name])}")
        if args.name or args.examples:
            print("\n" + HARNESSES[name].example)
    return PASS
