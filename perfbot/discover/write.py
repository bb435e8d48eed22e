"""The text of a first perfbot.toml, with comments where a person will want to change something."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Mapping, Sequence

from perfbot.config.suites import Suite
from perfbot.discover.detect import Found, Survey

_HEAD = """\
# perfbot measures the benchmarks of a change against those of the commit it started from.
# docs/configuration.md explains every key; `perfbot doctor` checks this file.

[run]
budget = "10m"                  # wall clock for measuring, all suites together
# when_changed = ["src/**"]     # measure only changes that touch one of these (patterns as in .gitignore)

[gate]                          # obeyed as it stands in the target branch: a change cannot soften its own
threshold = "2%"                # the smallest change that matters
alpha = 0.01                    # probability of any false alarm in a run, all benchmarks together
"""

_NO_SUITE = """
# No benchmarks were found. A suite looks like this:
# [[suite]]
# name = "core"                 # the benchmarks are called core/…
# harness = "pytest"            # tests that use the benchmark fixture, or are marked with it
# paths = ["benchmarks/"]
#
# [[suite]]
# name = "cli"
# harness = "command"           # any command line
# commands = { help = "mytool --help" }
"""

_OPTIONS = """\
# files = "each"                # each side's own benchmark files; by default head's run on both
# metrics = ["time", "memory"]
"""

MOST_SHOWN = 5
"""Scripts that are named in the file."""

_LIMIT = """
# [[limit]]                     # exceptions for some benchmarks; the last match wins
# match = "{suite}/*"
# threshold = "5%"
# budget = {{ time = "0.5 ms" }}  # an absolute limit on head
# gate = false                  # shown, but never fails the merge request
"""


def document(survey: Survey) -> str:
    """The whole file for what was found, ready to be read by :func:`perfbot.config.parse`."""
    parts = [_HEAD, *map(_suite, survey.found), *([] if survey.found else [_NO_SUITE])]
    parts += [_command_hint(script) for script in survey.scripts[:1] if survey.found]
    parts += [_foreign(survey)] if survey.foreign else []
    parts += [_loose(survey.loose)] if survey.loose else []
    parts.append(_LIMIT.format(suite=survey.found[0].suite.name if survey.found else "core"))
    return "".join(parts)


def _suite(found: Found) -> str:
    count = f"{count_of(found.benchmarks, 'benchmark')} found, parameters not counted"
    comments = [f"# {comment}" for comment in (count, *found.notes)]
    lines = [f"{key} = {toml(value)}" for key, value in _keys(found.suite)]
    return "\n".join(["", *comments, "[[suite]]", *lines, ""]) + _OPTIONS


def _keys(suite: Suite) -> list[tuple[str, object]]:
    """Name and harness, then what differs from the default, in the order of the class."""
    given = {name: getattr(suite, name) for name in type(suite).model_fields if name in suite.model_fields_set}
    defaults = {name: field.default for name, field in type(suite).model_fields.items()}
    shown = {name: value for name, value in given.items() if value and value != defaults[name]}
    return [("name", suite.name), ("harness", suite.harness), *((k, v) for k, v in shown.items() if k not in _FIRST)]


_FIRST = ("name", "harness")


def _command_hint(script: str) -> str:
    return (
        "\n# The start of a command line can be watched too:\n# [[suite]]\n"
        f'# name = "cli"\n# harness = "command"\n# setup = ["pip install ."]\n'
        f"# commands = {{ help = {toml(f'{script} --help')} }}\n"
    )


def _foreign(survey: Survey) -> str:
    lines = [f"#   {entry.tool}: {entry.benchmarks} in {json.dumps(entry.file)} …" for entry in survey.foreign]
    return "\n".join(["", "# Seen, and not configured here:", *lines, ""])


def _loose(scripts: Sequence[str]) -> str:
    """A suite of scripts, to be uncommented: what they do without arguments, only a person knows."""
    first = scripts[0]
    name = re.sub(r"\W+", "_", first.removesuffix(".py").rpartition("/")[2])
    lines = [
        f"# {count_of(len(scripts), 'script')} may be a benchmark, measured as a whole by:",
        "# [[suite]]",
        '# name = "scripts"',
        '# harness = "command"           # or "regex", which reads the numbers that they print',
        '# setup = ["pip install ."]',
        f"# commands = {toml({name: f'python {shlex.quote(first)}'})}",
        *(f"# also seen: {json.dumps(script)}" for script in scripts[1:MOST_SHOWN]),
        *(["# …"] if len(scripts) > MOST_SHOWN else []),
    ]
    return "\n".join(["", *lines, ""])


def count_of(number: int, noun: str) -> str:
    """``1 script``, ``2 scripts``."""
    return f"{number} {noun}{'s' * (number != 1)}"


def toml(value: object) -> str:
    """A text, list of texts or table of texts as TOML."""
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{toml(key)} = {toml(text)}" for key, text in value.items()) + " }"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return f"[{', '.join(map(toml, value))}]"
    text = str(value)
    if '"' in text and "'" not in text and text.isprintable():
        return f"'{text}'"
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
