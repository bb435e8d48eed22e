"""What the trends of a branch come to, in one line for a merge request's comment. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from perfbot.history.records import Trend
from perfbot.units import format_change
from perfbot.words import comparative


def describe(trends: Sequence[Trend]) -> str:
    """The line, from trends with the greatest loss first; empty when nothing became worse by as much as matters.

    Example: "Since v2.3, 2 of 40 became slower, core/parse most: +6.4 %."
    """
    lost = [(trend.subject, trend.since) for trend in trends if trend.since is not None and trend.lost()]
    if not lost:
        return ""
    worst, first = lost[0]
    since = f"Since {first.name}" if first.name else f"Since {first.moment[:10]}"
    words = {comparative(one.metric, one.unit, one.better, worse=True).lately for one, _ in lost}
    count, total = len({one.full_name for one, _ in lost}), len({trend.subject.full_name for trend in trends})
    most = f"{worst.full_name} most" if len(lost) > 1 else worst.full_name
    became = words.pop() if len(words) == 1 else "became worse"
    return f"{since}, {count} of {total} {became}, {most}: {format_change(first.change)}."
