"""The one filter between what a merge request controls and what a forge renders.

Names, reasons, outputs, file names, branch names and units all come from code under test. In a comment a forge
gives meaning to much more than markdown: ``@people`` are told, ``#12`` and ``!12`` leave traces in other threads, a
line that begins with ``/`` is an order executed with the bot's rights. Escaping each of them differs between
forges; code spans mean the same everywhere, so whatever is not plainly words is shown in one:

- :func:`code` for names: always a code span;
- :func:`prose` for sentences: words stay words, all else goes into code spans;
- :func:`fence` for output: a fenced block that its content cannot close;
- :func:`clean` for terminals and pages: only what would be invisible or would move the cursor.

All of them show characters that hide, reorder or control as ``\\x1b`` or ``\\u202e``, and cut the middle out of what is
too long.
"""

from __future__ import annotations

import re
import unicodedata
from urllib.parse import quote, urlsplit

NAME_LENGTH = 80
"""Characters of a name that are shown: pytest's parametrised ids may have thousands."""

PROSE_LENGTH = 300
OUTPUT_LINES = 40
OUTPUT_LINE_LENGTH = 300

_MOST_MARKS = 3
"""Combining marks allowed on one character: more than any orthography needs, less than a tower."""

_CONTROL = ("Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp")
_BLANK_LETTERS = frozenset("\u115f\u1160\u2800\u3164\uffa0\u034f\u17b4\u17b5")
"""Letters and marks that show nothing although Unicode does not call them format characters."""

_SHORT_ESCAPES = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}

_ANSI = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_])")
"""Colours, cursor movements and window titles, as tools print them into their output."""


def clean(text: str, length: int = 0) -> str:
    """One line in which every character can be seen; the middle cut out when longer than ``length``.

    The opening of an HTML comment is broken up too: comments carry perfbot's marker, and no name may forge one.
    """
    if length and len(text) > 2 * length:
        text = text[:length] + text[-length:]  # the rest would be cut out anyway
    if not (text.isascii() and text.isprintable()):
        text = _visible(text)
    return middle(text.replace("<!--", "<! --"), length)


def middle(text: str, length: int) -> str:
    """Cut the middle out: both ends of a name tell more than its beginning. 0: no limit."""
    if not length or len(text) <= length:
        return text
    tail = (length - 1) // 2
    return f"{text[: length - 1 - tail]}…{text[-tail:]}"


def _visible(text: str) -> str:
    shown, marks = [], 0
    for character in text:
        category = unicodedata.category(character)
        marks = marks + 1 if category in ("Mn", "Me") else 0
        hidden = category in _CONTROL or character in _BLANK_LETTERS or marks > _MOST_MARKS
        if hidden or (category == "Zs" and character != " "):
            shown.append(_escape(character))
        else:
            shown.append(character)
    return "".join(shown)


def _escape(character: str) -> str:
    """The character as a Python literal would have it."""
    point = ord(character)
    if character in _SHORT_ESCAPES:
        return _SHORT_ESCAPES[character]
    return f"\\x{point:02x}" if point < 0x100 else f"\\u{point:04x}" if point < 0x10000 else f"\\U{point:08x}"


def code(text: str, length: int = NAME_LENGTH) -> str:
    """A markdown code span that stays one, inside a table and outside.

    Its delimiter is longer than any run of backticks inside. A pipe is shown as ``\\x7c``: implementations disagree
    about a backslash before it, and outside tables they would show that backslash.
    """
    text = clean(text, length).replace("|", "\\x7c") or '""'
    mark = "`" * (max(map(len, re.findall("`+", text)), default=0) + 1)
    pad = " " if text[0] in "` " or text[-1] in "` " else ""
    return f"{mark}{pad}{text}{pad}{mark}"


_PLAIN = re.compile(
    r"""["'“‘(]*
    (?P<core>[^\W_]+(?:[.,'’/–−-][^\W_]+)* | \[?[+−±×÷-]?\d[\d.,]*\]? | \d\d:\d\d | [–−·×÷≥≤→…+])?
    (?:%[.,;:)]* | [.,;:)?!"'”’…]*)""",
    re.VERBOSE,
)
"""A word or a number with the marks of a sentence around it; ``%`` only where no milestone can follow."""

_REFERENCE = re.compile(
    r"""(?:.*[.,'’/–−-])?(?:[0-9a-f]{7,}|gh-\d+|[a-z][a-z0-9]+-\d+)(?:[.,'’/–−-].*)?
    | .+\.[^\W\d_]{2,} | [^/]+/[^/]+/.*""",
    re.IGNORECASE | re.VERBOSE,
)
"""What may become a link without any mark: commits and issues of trackers, also as a part of a word, addresses, and
what looks like one."""


def prose(text: str, length: int = PROSE_LENGTH) -> str:
    """A sentence: plain words stay as they are, neighbouring words that are not plain share a code span.

    What stands between two backticks is a code span of its own. The result has no line break and never stands at
    the beginning of a line: templates see to that.
    """
    parts = re.split(r"(?<!`)`([^`]+)`(?!`)", clean(text, length))
    return " ".join(
        shown for index, part in enumerate(parts) if (shown := code(part, 0) if index % 2 else _plain_and_odd(part))
    )


def _plain_and_odd(text: str) -> str:
    spans: list[str] = []
    odd: list[str] = []
    for word in text.split():
        if _is_plain(word):
            spans += [*_odd(odd), word]
            odd = []
        else:
            odd.append(word)
    return " ".join([*spans, *_odd(odd)])


def _odd(words: list[str]) -> list[str]:
    """Words that are not plain, as one code span; marks of the sentence around it stay outside."""
    text = " ".join(words)
    core = text.rstrip(".,;:") or text
    before = "(" if core[1:] and core[0] == "(" and core.count("(") > core.count(")") else ""
    after = ")" if core[:-1] and core[-1] == ")" and core.count(")") > core.count("(") else ""
    core = core[len(before) : len(core) - len(after)]
    return [f"{before}{code(core, 0)}{text[len(before) + len(core) :]}"] if text else []


def _is_plain(word: str) -> bool:
    found = _PLAIN.fullmatch(word)
    return found is not None and not _REFERENCE.fullmatch(found["core"] or "")


def fence(output: str, lines: int = OUTPUT_LINES, length: int = OUTPUT_LINE_LENGTH) -> str:
    """The end of a process's output as a fenced block, at most ``lines`` long; empty when there is none.

    Every line gets a gutter, so none begins with what could close the block, or with the ``/`` of an order.
    """
    shown = output_lines(output, lines, length)
    if not shown:
        return ""
    mark = "`" * max(3, max(len(run) for line in shown for run in ["", *re.findall("`+", line)]) + 1)
    return "\n".join([f"{mark}text", *(f"│ {line}".rstrip() for line in shown), mark])


def output_lines(output: str, lines: int = OUTPUT_LINES, length: int = OUTPUT_LINE_LENGTH) -> list[str]:
    """The last ``lines`` lines of an output, without colours, each clean and short."""
    if lines <= 0:
        return []
    output = output.strip("\r\n")
    every = _ANSI.sub("", output[-lines * length * 4 :]).replace("\r\n", "\n").split("\n")
    kept = [clean(line.expandtabs(4).rstrip(), length) for line in every[-lines:]]
    hidden = output.count("\n") + 1 - len(kept)
    return [*([f"… {hidden} lines before"] if hidden else []), *kept] if any(kept) else []


_ORDER = re.compile(r"^(\s*):(?=:)", re.MULTILINE)


def logged(text: str) -> str:
    """Lines for the log of a CI's job: none of them is what GitHub's runner takes for an order (``::…``, ``##[…``)."""
    return _ORDER.sub(r"\1: ", text.replace("\r", "\n")).replace("##[", "## [")


def link_target(url: str) -> str:
    """An address fit to stand in ``<…>`` of a markdown link or in an attribute; empty unless http or https."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    if parts.scheme not in ("http", "https") or not parts.hostname:
        return ""
    return quote(url, safe="/:?#[]@!$&'*+,;=%~-._")
