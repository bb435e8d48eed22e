"""perfbot compares the benchmarks of two commits on the runner you have, and says what changed.

Start here:
  perfbot demo                  see it work, in about a minute, on a small repository made for it
  perfbot init                  find this project's benchmarks and write perfbot.toml
  perfbot run                   compare this branch with its merge base
  perfbot run v1.2..HEAD        compare any two commits
  perfbot ci                    in a pipeline: compare, then comment on the merge request

Exit codes: 0 pass, 1 the gate failed, 2 usage or configuration, 3 could not measure or judge,
4 measured, but could not publish or store, 130 stopped by Ctrl-C.
"""

from __future__ import annotations

import argparse
import gc
import importlib
import os
import re
import sys
from collections.abc import Iterable, Sequence
from types import ModuleType
from typing import NoReturn

from perfbot import __version__
from perfbot.cli.plain import any_encoding
from perfbot.errors import INTERRUPTED, NOT_MEASURED, USAGE, PerfbotError, UsageError

VERBS = {
    "run": "measure head against its merge base, judge, report",
    "bench": "measure one Python statement on two commits, without a suite",
    "watch": "measure the working tree at every save",
    "session": "what was tried at this desk, and what of alpha is spent",
    "why": "measure some benchmarks, and find the functions that a change goes back to",
    "show": "the last run of this repository again: table, comment or report",
    "open": "the page of the last run, in the browser",
    "publish": "put one or more reports into their merge request: comment and status",
    "ci": "run, then publish, in one trusted job",
    "calibrate": "learn how noisy each benchmark is on this runner, from A/A runs",
    "bisect": "which commit did it: the commits of a range measured together",
    "history": "what the database knows: values, drift, change points",
    "site": "write the project's pages: overview, and one for each benchmark",
    "serve": "webhooks, pages and API as a service",
    "rebench": "act on a comment event, or look for commands in comments",
    "init": "find suites and CI, write a commented perfbot.toml",
    "doctor": "what is wrong with this machine or configuration, and what to type",
    "verify": "check a claim about a change: true, false or undecided",
    "mcp": "serve coding agents: measure, verify, read (Model Context Protocol)",
    "judge": "judge a report again, without measuring",
    "harnesses": "the kinds of suites perfbot can run, with an example each",
    "demo": "watch perfbot find a slow commit in a repository made for it",
    "completion": "what makes a shell complete perfbot's verbs and options",
}
"""Every verb and its line of help; a verb is the module of the same name in this package."""

HOLD_A_TOKEN = frozenset({"publish", "ci", "rebench", "serve", "mcp"})


class _Parser(argparse.ArgumentParser):
    """One that says what is wrong in a line, without the whole of its options before it."""

    def error(self, message: str) -> NoReturn:
        """Raises:
        UsageError: with the verb, and where its options are told.
        """
        verb = self.prog.removeprefix("perfbot").strip()
        asked = re.sub(r"^the following arguments are required: (.*)", r"needs \1", message)
        told = f"{verb} {asked}" if asked != message and verb else asked.removeprefix("argument ")
        raise UsageError(told, hint=f"{self.prog} --help")


def main(argv: Sequence[str] | None = None) -> int:
    """Run one verb and return its exit code; every expected error becomes a message and a code here."""
    words = list(sys.argv[1:] if argv is None else argv)
    if "_ARGCOMPLETE" in os.environ:
        _complete()
    code = _ended(words)
    interrupts = sys.modules.get("perfbot.cli.interrupts")  # a verb that cannot be interrupted does not load it
    return int(interrupts.exit_code(code)) if interrupts else code


def _ended(words: Sequence[str]) -> int:
    try:
        args = _parsed(words)
        if not args.verb:
            _parser("").print_help()
            return USAGE
        return int(_module(args.verb).execute(args))
    except (PerfbotError, ModuleNotFoundError) as error:
        return _told(error, next((word for word in words if word in VERBS), ""))
    except KeyboardInterrupt:
        print("perfbot: interrupted", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return NOT_MEASURED
    except Exception:  # noqa: BLE001 - Python's own exit code for it is 1, which would read as a failed gate
        return _mistake()


def _told(error: PerfbotError | ModuleNotFoundError, verb: str) -> int:
    """What happened, and what to type; a package that is not installed belongs to an extra, or is a mistake."""
    from perfbot.cli.extras import missing

    wanted = error if isinstance(error, PerfbotError) else missing(error, verb)
    if wanted is None:
        return _mistake()
    from perfbot.cli.telling import explain

    explain(wanted)
    return wanted.exit_code


def _mistake() -> int:
    import traceback

    traceback.print_exc()
    print("perfbot: this is a mistake in perfbot; nothing may be concluded from this run", file=sys.stderr)
    return NOT_MEASURED


def _parsed(words: Sequence[str]) -> argparse.Namespace:
    """The command line.

    Raises:
        UsageError: a verb or an option that nobody knows; with the one that was meant.
    """
    verb = next((word for word in words if not word.startswith("-")), "")
    if verb and verb not in VERBS:
        raise UsageError(f"there is no verb {verb!r}{_meant(verb, VERBS)}", hint="perfbot --help")
    parser = _parser(verb)
    args, unknown = parser.parse_known_args(words)
    if unknown:
        raise _no_such_option(unknown[0], verb, parser)
    return args


def _parser(verb: str) -> argparse.ArgumentParser:
    """The parser of all verbs, in which only the named one knows its options."""
    shown = _help_formatter()
    parser = _Parser(prog="perfbot", description=__doc__, formatter_class=shown)
    parser.add_argument("--version", action="version", version=f"perfbot {__version__}")
    verbs = parser.add_subparsers(dest="verb", metavar="VERB", title="verbs")
    for name, line in VERBS.items():
        module = _module(name) if name == verb else None
        description = (module.__doc__ if module is not None else None) or line
        sub = verbs.add_parser(name, help=line, description=description, formatter_class=shown)
        if module is not None:
            module.add_arguments(sub)
    return parser


def _help_formatter() -> type[argparse.HelpFormatter]:
    """Help in colours where a person reads it; it is loaded for nobody else."""
    if not sys.stdout.isatty() or os.environ.get("NO_COLOR") or not {"-h", "--help"} & set(sys.argv[1:]):
        return argparse.RawDescriptionHelpFormatter
    from rich_argparse import RawDescriptionRichHelpFormatter

    class Coloured(RawDescriptionRichHelpFormatter):
        text_markup = help_markup = False

    return Coloured


def _complete() -> None:
    """Answer a shell that asks what could come next, and end."""
    import argcomplete

    typed = os.environ.get("COMP_LINE", "").split()[1:]
    argcomplete.autocomplete(_parser(next((word for word in typed if word in VERBS), "")))


def _no_such_option(word: str, verb: str, parser: argparse.ArgumentParser) -> UsageError:
    """What was typed and nobody knows, with what looks like it."""
    subparsers = (one.choices for one in parser._actions if isinstance(one, argparse._SubParsersAction))  # noqa: SLF001
    of_verb = next(subparsers)[verb] if verb else parser
    options = [option for action in of_verb._actions for option in action.option_strings]  # noqa: SLF001
    what = "option" if word.startswith("-") else "argument"
    return UsageError(
        f"{verb or 'perfbot'} knows no {what} {word!r}{_meant(word.partition('=')[0], options)}",
        hint=" ".join(filter(None, ("perfbot", verb, "--help"))),
    )


def _meant(word: str, known: Iterable[str]) -> str:
    import difflib

    close = difflib.get_close_matches(word, list(known), n=1, cutoff=0.6)
    return f"; did you mean {close[0]}?" if close else ""


def _module(verb: str) -> ModuleType:
    return importlib.import_module(f"perfbot.cli.{verb}")


RARELY = 100_000
"""Objects made between two looks for garbage: by default a command spends a tenth of its start on looking at its own
modules again and again."""


def run() -> NoReturn:
    """The console script."""
    gc.set_threshold(RARELY)
    any_encoding()
    if HOLD_A_TOKEN & set(sys.argv[1:]):
        from perfbot.private import close

        close()
    code = main()
    gc.freeze()  # what is loaded goes with the process: taking it apart first costs a tenth of a second
    sys.exit(code)


if __name__ == "__main__":
    run()
