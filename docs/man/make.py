"""Makes the man page out of the argument parser: ``python docs/man/make.py``; a test keeps the two equal.

What it prints depends on the parser alone, not on the version of Python or the width of a terminal.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterator
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1]))

from perfbot import __version__  # noqa: E402
from perfbot.cli import main  # noqa: E402
from perfbot.web import docs  # noqa: E402

PAGE = HERE / "perfbot.1"

ENVIRONMENT = {
    "PERFBOT_CACHE": "folder of checkouts and environments",
    "PERFBOT_DATABASE": "the history, where --database is not given",
    "PERFBOT_INSTALLER": "\"pip\": environments are made by venv and pip although there is uv",
    "NO_COLOR": "no colours",
}  # fmt: skip

FILES = {
    "perfbot.toml": "the configuration; or [tool.perfbot] in pyproject.toml",
    ".perfbot/calibration.json": "A/A runs of perfbot calibrate",
}


def page() -> str:
    """The man page, as troff with the macros of man(7)."""
    about, rest = (main.__doc__ or "").strip().split("\n\n", 1)
    body, codes = rest.split("Exit codes: ")
    parts = [
        f'.TH PERFBOT 1 "" "perfbot {__version__}" "User commands"',
        ".SH NAME",
        f"perfbot \\- {text(about.removeprefix('perfbot ').rstrip('.'))}",
        ".SH SYNOPSIS",
        ".B perfbot",
        "\\fIVERB\\fR [\\fIOPTIONS\\fR]",
        ".SH DESCRIPTION",
        *prose(body),
        ".SH VERBS",
    ]
    for verb in main.VERBS:
        parts += verb_lines(verb)
    parts += [".SH EXIT STATUS", *(f".TP\n.B {code}\n{text(what)}" for code, what in exit_codes(codes))]
    parts += [".SH ENVIRONMENT", *(f".TP\n.B {name}\n{text(what)}" for name, what in ENVIRONMENT.items())]
    parts += [".SH FILES", *(f".TP\n.I {text(name)}\n{text(what)}" for name, what in FILES.items())]
    parts += [".SH SEE ALSO", text(docs("index"))]
    return "\n".join(parts) + "\n"


def exit_codes(listed: str) -> list[tuple[str, str]]:
    """``0 pass, 1 the gate failed, …`` as pairs."""
    found = re.findall(r"(?:^|, )(\d+) (.+?)(?=, \d|\.?$)", " ".join(listed.split()))
    return [(code, what) for code, what in found]


def verb_lines(verb: str) -> Iterator[str]:
    """One verb: what it does, how it is typed, its options."""
    parser = parser_of(verb)
    yield f".SS perfbot {verb}"
    yield from prose(parser.description or "")
    yield ".PP"
    yield usage(verb, parser)
    for action in parser._actions:
        if action.help != argparse.SUPPRESS and not isinstance(action, argparse._HelpAction):
            yield from option(action)


def parser_of(verb: str) -> argparse.ArgumentParser:
    """The verb's own parser."""
    actions = main._parser(verb)._actions
    verbs = next(one for one in actions if isinstance(one, argparse._SubParsersAction))
    found: argparse.ArgumentParser = verbs.choices[verb]
    return found


def usage(verb: str, parser: argparse.ArgumentParser) -> str:
    """The verb with its arguments; what may be left out in brackets."""
    words = [f"\\fBperfbot {verb}\\fR", "[\\fIOPTIONS\\fR]"]
    for action in parser._actions:
        if not action.option_strings:
            name = f"\\fI{text(value_of(action))}\\fR" + ("..." if action.nargs in ("*", "+") else "")
            words.append(f"[{name}]" if action.nargs in ("?", "*") else name)
    return " ".join(words)


def option(action: argparse.Action) -> Iterator[str]:
    """An option or argument, with its help."""
    value = "" if action.nargs == 0 or not needs_value(action) else f" \\fI{text(value_of(action))}\\fR"
    named = ", ".join(f"\\fB{text(name)}\\fR" for name in action.option_strings)
    yield ".TP"
    yield f"{named}{value}".strip()
    yield text((action.help or "").replace("%%", "%"))


def needs_value(action: argparse.Action) -> bool:
    """Whether something follows the option's name."""
    return not isinstance(action, argparse.BooleanOptionalAction) and action.nargs != 0


def value_of(action: argparse.Action) -> str:
    """What a value is called: its metavar, the words to choose from, or the option's name."""
    if isinstance(action.metavar, str):
        return action.metavar
    if action.choices is not None:
        return "{" + ",".join(map(str, action.choices)) + "}"
    return action.dest.upper()


def prose(written: str) -> Iterator[str]:
    """Paragraphs filled; lines that are indented, or set in columns, as they stand."""
    for paragraph in re.split(r"\n\s*\n", written.strip("\n")):
        lines = paragraph.splitlines()
        shown = [line for line in lines if line.startswith("  ") or "   " in line]
        yield ".PP"
        if told := " ".join(line.strip() for line in lines if line not in shown):
            yield text(told)
        if shown:
            yield from (".RS 4", ".nf", *(text(line.removeprefix("  ")) for line in shown), ".fi", ".RE")


def text(plain: str) -> str:
    """Words that troff shows as they are."""
    escaped = plain.replace("\\", "\\e").replace("-", "\\-").replace("`", "\\(ga").replace("'", "\\(aq")
    return f"\\&{escaped}" if escaped.startswith(".") else escaped


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
