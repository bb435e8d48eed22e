"""Words that fit what was measured: times become slower, sizes larger, counts more; and counted nouns.

Whatever tells a change (the comment, the terminal, alerts, pages, the history) takes its words from here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Better = Literal["lower", "higher", "unknown"]


@dataclass(frozen=True, slots=True)
class Comparative:
    """How one says that something changed: ``adjective`` after a form of ``verb``.

    Example: ("be", "slower") → "3 are slower"; ("take", "more instructions") → "3 take more instructions".
    """

    verb: str
    adjective: str

    def became(self, change: str) -> str:
        """As news, with a change in words: "became slower by +5 %", "takes more instructions: +5 %"."""
        return f"became {self.adjective} by {change}" if self.verb == "be" else f"{self.predicate(1)}: {change}"

    @property
    def lately(self) -> str:
        """Of several, over time: "became slower", "take more instructions"."""
        return f"became {self.adjective}" if self.verb == "be" else self.predicate(2)

    def predicate(self, count: int) -> str:
        """ "is slower", "are slower", "takes more instructions"."""
        if self.verb == "be":
            return f"{'is' if count == 1 else 'are'} {self.adjective}"
        return f"{self.verb}{'s' if count == 1 else ''} {self.adjective}"


def comparative(metric: str, unit: str, better: Better, *, worse: bool) -> Comparative:
    """The words for a change of a metric for the worse or for the better.

    Args:
        metric: its name ("time", "instructions", "memory").
        unit: ``s``, ``B``, ``1``, ``1/s`` or the user's own.
        better: which way is good.
        worse: whether it changed for the worse.
    """
    risen = worse == (better == "lower")
    if unit == "s" and better == "lower":
        return Comparative("be", "slower" if worse else "faster")
    if unit == "1/s" and better == "higher":
        return Comparative("be", "slower" if worse else "faster")
    if metric in ("memory", "allocated", "footprint"):
        return Comparative("take", "more memory" if risen else "less memory")
    if unit == "B":
        return Comparative("be", "larger" if risen else "smaller")
    if unit == "1" and metric.endswith("s") and metric.isalpha():
        return Comparative("take", f"{'more' if risen else 'fewer'} {metric}")
    return Comparative("be", "higher" if risen else "lower")


def counted(count: int, noun: str) -> str:
    """ "1 benchmark", "1,024 benchmarks"."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def listed(parts: Sequence[str]) -> str:
    """ "a", "a and b", "a, b and c"."""
    return " and ".join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts)
