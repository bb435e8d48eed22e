"""The grammar of comment commands; pure.

::

    /rebench [GLOB…] [--budget DURATION]     measure again, all or some
    /rebench --base REV --env NAME=VALUE …   the same against another base, with variables; decides nothing
    /perfbot bisect [GLOB…] [--budget …]     measure again, and find the commit that did it
    /perfbot why [GLOB…] [--budget …]        measure again, and look into what changed
    /perfbot bench [--budget …] [STATEMENT]  measure a statement on both sides; a fenced block below it runs before
    /perfbot accept GLOB REASON…             a known cost: let it pass in this merge request
    /perfbot help                            how to use these

A command stands at the very start of a line that its author wrote as plain text: not in code (fences, indented
blocks, spans), not in a quote (``>``, GitLab's ``>>>`` blocks), not in an HTML comment or ``<pre>``. Where markdown
is unclear, a line is no command: a command that is missed is written again, one that was not meant costs a run.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice

from perfbot.model.aside import MOST_SETTINGS, Setting, is_revision, parse_setting, words_of
from perfbot.model.statement import LONGEST, Statement
from perfbot.publish.fences import fenced, is_bench, read_bench
from perfbot.publish.plain_lines import lines_of, plain_lines
from perfbot.units import format_duration, parse_duration

MAX_GLOBS = 20
MAX_GLOB = 300
"""Characters."""

MAX_REASON = 500
MAX_LINE = 8_000
"""Characters of a command."""

MAX_COMMANDS = 5
"""Of one comment; further ones are ignored."""

SHORTEST_BUDGET, LONGEST_BUDGET = 10.0, 7200.0
"""Seconds."""


@dataclass(frozen=True, slots=True)
class Rebench:
    """Measure again. ``budget`` in seconds; 0 for the configured one.

    ``base`` and ``settings`` make it a run that decides nothing; empty for the usual one.
    """

    globs: tuple[str, ...] = ()
    budget: float = 0.0
    base: str = ""
    settings: tuple[Setting, ...] = ()

    @property
    def aside(self) -> str:
        """What is not as usual, in words; empty where all is."""
        return words_of(self.base, self.settings)


@dataclass(frozen=True, slots=True)
class Bisect:
    """Measure again, and find the commit that did it. ``budget`` in seconds; 0 for the configured one."""

    globs: tuple[str, ...] = ()
    budget: float = 0.0


@dataclass(frozen=True, slots=True)
class Why:
    """Measure again, and look into what changed. ``budget`` in seconds; 0 for the configured one."""

    globs: tuple[str, ...] = ()
    budget: float = 0.0


@dataclass(frozen=True, slots=True)
class Bench:
    """Measure a statement on both sides; decides nothing. ``budget`` in seconds; 0 for the configured one."""

    statement: Statement
    budget: float = 0.0


@dataclass(frozen=True, slots=True)
class Accept:
    """Let the benchmarks that match a glob fail no gate, for a reason."""

    glob: str
    reason: str


@dataclass(frozen=True, slots=True)
class Help:
    """Say what there is."""


@dataclass(frozen=True, slots=True)
class Misspelt:
    """Meant for perfbot, but not understood. ``why`` is perfbot's own words, without the author's."""

    why: str


Command = Rebench | Bisect | Why | Bench | Accept | Help | Misspelt

USAGE = """\
| Command | What it does |
|:--|:--|
| `/rebench` | measure this head again |
| `/rebench core/* --budget 10m` | only some benchmarks and what fails, with a time budget |
| `/rebench --base v2.3` | against another commit; shown beside the verdict, decides nothing |
| `/rebench --env head:NAME=VALUE` | with a variable that the target branch allows; decides nothing |
| `/perfbot bisect core/*` | measure again, and find the commit of this merge request that did it |
| `/perfbot why core/*` | measure again, and look into which functions did it |
| `/perfbot bench parse(TEXT)` | a statement on both sides, set up by a fenced block below; decides nothing |
| `/perfbot accept core/parse* REASON` | a known cost: it no longer fails this merge request |
| `/perfbot help` | this table |

Commands stand at the start of a line, and are obeyed when somebody with write access writes them."""

_COMMAND = re.compile(r"^/(?P<verb>rebench|perfbot)(?:[ \t]+(?P<rest>.*))?$")


def parse(text: str) -> tuple[Command, ...]:
    """The commands of a comment, in order."""
    return tuple(_command(match["verb"], (match["rest"] or "").strip(), below) for match, below in _found(text))


def typed_lines(text: str) -> str:
    """The lines of a comment that are commands, as they were typed, and nothing else of it but what these run."""
    return "\n".join(_typed(match, below) for match, below in _found(text))


def _typed(match: re.Match[str], below: Sequence[str]) -> str:
    block = fenced(below) if is_bench(match["verb"], match["rest"] or "") else None
    shown = f"\n```\n{block[:LONGEST]}\n```" if block else ""
    return match[0][: 2 * MAX_REASON] + shown


def _found(text: str) -> Iterator[tuple[re.Match[str], Sequence[str]]]:
    """Commands, each with the lines below it."""
    lines = lines_of(text)
    found = ((_COMMAND.match(line), below) for line, below in plain_lines(lines))
    return islice(((match, lines[below:]) for match, below in found if match), MAX_COMMANDS)


def _command(verb: str, rest: str, below: Sequence[str]) -> Command:
    if len(rest) > MAX_LINE:
        return Misspelt(f"A command has at most {MAX_LINE} characters.")
    if is_bench(verb, rest):
        return _bench(rest, below)
    return _rebench(rest) if verb == "rebench" else _perfbot(rest)


# What a command line says -----------------------------------------------------------------------------------------


def _rebench(rest: str, kind: type[Rebench | Bisect | Why] = Rebench, name: str = "/rebench") -> Command:
    try:
        words = shlex.split(rest)
    except ValueError:
        return Misspelt("A quotation mark is not closed.")
    globs: list[str] = []
    given: list[tuple[str, str]] = []
    known = ("--budget", "--base", "--env") if kind is Rebench else ("--budget",)
    while words:
        word = words.pop(0)
        option, equals, value = word.partition("=")
        if option in known:
            given.append((option, value if equals else words.pop(0) if words else ""))
        elif word.startswith("-"):
            return Misspelt(f"`{name}` knows {', '.join(f'`{one}`' for one in known)} and no other option.")
        else:
            globs.append(word)
    if len(globs) > MAX_GLOBS:
        return Misspelt(f"At most {MAX_GLOBS} globs; use `*`.")
    return _with_options(kind(tuple(globs)), given) if all(map(_is_glob, globs)) else _bad_glob()


def _with_options(command: Rebench | Bisect | Why, given: Sequence[tuple[str, str]]) -> Command:
    for option, text in given:
        if option == "--budget":
            budget = _budget(text)
            if isinstance(budget, Misspelt):
                return budget
            command = replace(command, budget=budget)
        elif isinstance(command, Rebench):
            changed = _base(command, text) if option == "--base" else _env(command, text)
            if isinstance(changed, Misspelt):
                return changed
            command = changed
    return command


def _base(command: Rebench, text: str) -> Rebench | Misspelt:
    if not is_revision(text):
        return Misspelt("`--base` wants the name of one commit, such as `v2.3`, a branch or an id.")
    return replace(command, base=text)


def _env(command: Rebench, text: str) -> Rebench | Misspelt:
    try:
        settings = (*command.settings, parse_setting(text))
    except ValueError as error:
        return Misspelt(f"`--env`: {error}.")
    if len(settings) > MOST_SETTINGS:
        return Misspelt(f"At most {MOST_SETTINGS} variables.")
    return replace(command, settings=settings)


def _budget(text: str) -> float | Misspelt:
    try:
        seconds = parse_duration(text)
    except ValueError:
        return Misspelt("`--budget` wants a duration, such as `90s` or `10m`.")
    if not SHORTEST_BUDGET <= seconds <= LONGEST_BUDGET:
        low, high = format_duration(SHORTEST_BUDGET), format_duration(LONGEST_BUDGET)
        return Misspelt(f"`--budget` wants between {low} and {high}.")
    return seconds


def _perfbot(rest: str) -> Command:
    verb, _, rest = rest.partition(" ")
    if verb in ("", "help"):
        return Help()
    if verb == "bisect":
        return _rebench(rest, Bisect, "/perfbot bisect")
    if verb == "why":
        return _rebench(rest, Why, "/perfbot why")
    if verb != "accept":
        return Misspelt("There is no such command.")
    return _accept(rest.strip())


def _bench(rest: str, below: Sequence[str]) -> Command:
    found, budget_text = read_bench(rest, below)
    budget = _budget(budget_text) if budget_text else 0.0
    if isinstance(budget, Misspelt):
        return budget
    return Bench(found, budget) if isinstance(found, Statement) else Misspelt(f"`/perfbot bench`: {found}.")


def _accept(rest: str) -> Command:
    match = re.match(r'(?:"(?P<quoted>[^"]+)"|(?P<plain>\S+))(?:\s+(?P<reason>.*))?$', rest)
    if match is None:
        return Misspelt("`/perfbot accept` wants a glob of benchmarks and a reason.")
    glob, reason = match["quoted"] or match["plain"], (match["reason"] or "").strip()
    if not _is_glob(glob):
        return _bad_glob()
    if not reason:
        return Misspelt("`/perfbot accept` wants a reason after the glob: whoever reads this later will ask.")
    return Accept(glob, reason[:MAX_REASON])


def _is_glob(text: str) -> bool:
    return bool(text) and len(text) <= MAX_GLOB and text.isprintable() and not text.startswith("-")


def _bad_glob() -> Misspelt:
    return Misspelt(f"A glob of benchmarks has 1 to {MAX_GLOB} printable characters, such as `core/parse*`.")
