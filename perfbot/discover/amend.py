"""Thresholds that A/A runs suggest, written into a configuration that belongs to a person.

Text in, text out. Own entries are told by the comment on their first line and by saying still exactly what was written;
they are replaced where they stand, and new ones go to the end, where the last match wins. Nothing else changes by a
byte. Why not by a library: docs/adr/0008-limits-as-text.md.
"""

from __future__ import annotations

import fnmatch
import glob
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from perfbot.config.document import Config
from perfbot.config.fields import check_glob
from perfbot.config.load import PYPROJECT, check_tables
from perfbot.discover.write import toml
from perfbot.errors import ConfigError
from perfbot.model import Limit, Metric, Policy
from perfbot.units import format_percentage

MARK = "# suggested by `perfbot calibrate`:"

_OWN = re.compile(
    r"(?P<gap>(?:(?<=\n)\r?\n)?)^\[\[(?:tool\.perfbot\.)?limit\]\] *"
    + re.escape(MARK)
    + r' "(?P<value>[^"\r\n]+)"\r?\n'
    r'(?P<entry>match = [^\r\n]+\r?\nmetric = [^\r\n]+\r?\nthreshold = "(?P=value)")(?:\r?\n|\Z)',
    re.MULTILINE,
)

Key = tuple[str, str]
"""``suite/benchmark`` (or a pattern that matches it alone) and the metric's name."""


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A threshold for a benchmark and metric; ``match`` is a pattern for it alone. ``threshold``: None without one."""

    name: str
    metric: Metric
    match: str
    threshold: float | None


@dataclass(frozen=True, slots=True)
class Amended:
    """The new text, and what became of each suggestion: sentences for a person."""

    text: str
    written: tuple[str, ...] = ()
    left: tuple[str, ...] = ()


@dataclass(slots=True)
class _Decided:
    entries: dict[Key, str] = field(default_factory=dict)
    written: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)


def amend(text: str, suggestions: Iterable[Suggestion], *, file: str) -> Amended:
    """Write suggestions that are larger than what the policy has, and bring earlier ones up to date.

    Args:
        text: of the configuration.
        suggestions: of every benchmark that was calibrated; own entries of others stay.
        file: its name, for messages; ``pyproject.toml`` holds it in ``[tool.perfbot]``.

    Raises:
        ConfigError: the text cannot hold ``[[limit]]`` entries; nothing is to be written then.
    """
    wanted = tuple(suggestions)
    inside = file == PYPROJECT
    without = _replaced(text, {}, {(one.match, one.metric.name) for one in wanted})
    decided = _decide(wanted, _parsed(without, file, inside=inside).policy)
    header = "[[tool.perfbot.limit]]" if inside else "[[limit]]"
    entries = {key: _entry(header, key, value) for key, value in decided.entries.items()}
    amended = _appended(text, entries, {(one.match, one.metric.name) for one in wanted})
    _check(amended, wanted, decided, file, inside=inside)
    return Amended(amended, tuple(decided.written), tuple(decided.left))


def pattern_for(name: str, names: Iterable[str]) -> str:
    """A pattern that matches this name and none of the others: the name itself, where its brackets do no harm."""
    try:
        harmless = not any(other != name and fnmatch.fnmatchcase(other, name) for other in names)
        return check_glob(name) if harmless else glob.escape(name)
    except ValueError:
        return glob.escape(name)


def _decide(wanted: Iterable[Suggestion], policy: Policy) -> _Decided:
    """What to write, given the policy without own entries."""
    found = _Decided()
    for one in wanted:
        told = one.name if one.metric.name == "time" else f"{one.name} {one.metric.name}"
        if one.threshold is None:
            continue
        now, shown = policy.threshold_for(one.name, one.metric), format_percentage(one.threshold)
        person = _last_limit(policy, one)
        if one.threshold <= now + 1e-9:
            continue
        if person is not None:
            found.left.append(
                f"{told}: {shown} is suggested, but "
                f'your [[limit]] match = "{person.match}" says {format_percentage(now)}'
            )
            continue
        found.entries[one.match, one.metric.name] = f"{one.threshold * 100:.6g}%"
        found.written.append(f"{told}: {shown} (the policy has {format_percentage(now)})")
    return found


def _last_limit(policy: Policy, one: Suggestion) -> Limit | None:
    """The entry of a person that sets the threshold: the last match wins."""
    setting = [limit for limit in policy.limits if limit.threshold is not None]
    return next((limit for limit in reversed(setting) if limit.matches(one.name, one.metric.name)), None)


def _entry(header: str, key: Key, value: str) -> str:
    match, metric = map(toml, key)
    return f'{header} {MARK} "{value}"\nmatch = {match}\nmetric = {metric}\nthreshold = "{value}"\n'


def _replaced(text: str, entries: Mapping[Key, str], known: set[Key]) -> str:
    """Own entries exchanged, and those of ``known`` benchmarks that have none any more taken out."""

    def exchange(found: re.Match[str]) -> str:
        try:
            entry = tomllib.loads(found["entry"].replace("\r\n", "\n"))
        except tomllib.TOMLDecodeError:
            return found[0]
        key = (str(entry["match"]), str(entry["metric"]))
        if key in entries:
            return found["gap"] + entries[key]
        return "" if key in known else found[0]

    return _OWN.sub(exchange, text)


def _appended(text: str, entries: Mapping[Key, str], known: set[Key]) -> str:
    kept = _replaced(text, entries, known)
    new = [entry for entry in entries.values() if entry not in kept]
    if not new:
        return kept
    gap = "" if not kept or kept.endswith("\n") else "\n"
    return kept + gap + "".join(f"\n{entry}" for entry in new)


def _check(text: str, wanted: Iterable[Suggestion], decided: _Decided, file: str, *, inside: bool) -> None:
    """That the file still says what it said, and what was to be added."""
    policy = _parsed(text, file, inside=inside).policy
    for one in wanted:
        value = decided.entries.get((one.match, one.metric.name))
        if value and one.threshold and abs(policy.threshold_for(one.name, one.metric) - one.threshold) > 1e-9:
            raise ConfigError(f"{file}: a threshold for {one.name} would not take effect; nothing was written")


def _parsed(text: str, file: str, *, inside: bool) -> Config:
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(
            f"{file}: entries cannot be added: {error}",
            hint="Write limits as [[limit]] tables, not as limit = [ … ]; nothing was written.",
        ) from error
    return check_tables(tables.get("tool", {}).get("perfbot", {}) if inside else tables, file)
