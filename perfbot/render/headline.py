"""A run in one line: what happened, to how many benchmarks, and whether it blocks merging."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from perfbot.model import Report, Result
from perfbot.render import view
from perfbot.units import format_percentage
from perfbot.words import comparative, counted

BLOCKED, NOT_BLOCKED = "merging is blocked", "merging is not blocked"


def icon(report: Report) -> str:
    """The gate at a glance: 🔴 failed, ⚠️ could not tell, 🟢 faster, 🟡 look at it, ⚪ nothing changed."""
    if report.verdict != "pass":
        return "🔴" if report.verdict == "fail" else "⚠️"
    found = view.groups(report.results)
    if found.bad:
        return "🟡"
    if len(found.undecided) > len(found.unchanged):
        return "⚠️"
    if found.improved:
        return "🟢"
    return "🟡" if found.undecided else "⚪"


def headline(report: Report) -> str:
    """What happened, and no more of it than a title bears: "3 of 40 benchmarks are slower, 1 is over its budget"."""
    if not report.results:
        return "nothing to measure" if report.skipped else "nothing was measured"
    if wholes := _wholes(report):
        return wholes
    told = _told(report.results)
    blocking = [item for item in told if item[0] in _blocking(report.results)]
    total = view.benchmarks(report.results)
    if not told:
        return f"no change in {counted(total, 'benchmark')}{_unmeasured(report)}"
    (first, count), *others = blocking or told
    if first is _undecided:
        all_of_them, some = counted(total, "benchmark"), f"{count:,}" if count < total else "any"
        return f"no verdict for {all_of_them if total == 1 else f'{some} of {all_of_them}'}{_unmeasured(report)}"
    of = counted(total, "benchmark") if count == total else f"{count:,} of {counted(total, 'benchmark')}"
    return ", ".join([f"{of} {first(count)}", *(f"{number:,} {words(number)}" for words, number in others)]) + (
        _unmeasured(report)
    )


def _unmeasured(report: Report) -> str:
    """Why it blocks, where no benchmark's words say it."""
    if report.verdict != "error" or any(one.gate == "fail" for one in report.results):
        return ""
    if report.complete and not any(problem.fatal for problem in report.problems):
        return ""
    return ", but not everything could be measured"


def _wholes(report: Report) -> str:
    """Suites that fail as a whole, where no benchmark does by itself."""
    if any(one.gate == "fail" for one in report.results):
        return ""
    failing = [one for one in report.geometric_means if one.gate == "fail"]
    return ", ".join(f"{one.suite} as a whole is {_size(one.change)} slower" for one in failing)


def _size(change: float) -> str:
    return format_percentage(float(f"{change:.1e}"))


def rest(report: Report) -> str:
    """What the headline leaves: "1 is faster, 2 are undecided, 36 unchanged"; empty when there is nothing else."""
    told = _told(report.results)
    blocking = _blocking(report.results)
    others = [f"{count:,} {words(count)}" for words, count in told if blocking and words not in blocking]
    unchanged = view.benchmarks(report.results) - sum(count for _, count in told)
    return ", ".join([*others, *([f"{unchanged:,} unchanged"] if unchanged and told else [])])


def consequence(report: Report) -> str:
    """Whether it blocks; empty where nothing in the headline makes one ask."""
    if report.verdict != "pass":
        return BLOCKED
    found = view.groups(report.results)
    asks = found.bad or found.undecided or any(one.verdict != "added" for one in found.others)
    return NOT_BLOCKED if asks else ""


def sentence(report: Report) -> str:
    """Headline and consequence: "3 of 40 benchmarks are slower: merging is blocked"."""
    return ": ".join(text for text in (headline(report), consequence(report)) if text)


# Which words for how many ---------------------------------------------------------------------------------------

_Words = Callable[[int], str]


def _told(results: Sequence[Result]) -> list[tuple[_Words, int]]:
    """Words and numbers of benchmarks, most important first; each benchmark is told once."""
    found: dict[_Words, int] = {}
    seen: set[tuple[str, str]] = set()
    for wanted in _ORDER:
        for result in sorted(filter(wanted, results), key=lambda one: one.metric != view.MAIN_METRIC):
            place = (result.suite, result.benchmark)
            if place not in seen:
                seen.add(place)
                words = _words(result)
                found[words] = found.get(words, 0) + 1
    return list(found.items())


def _blocking(results: Sequence[Result]) -> frozenset[_Words]:
    """The words of what fails the gate."""
    return frozenset(_words(one) for one in results if one.gate == "fail")


def _words(result: Result) -> _Words:
    if result.verdict == "regressed":
        told = comparative(result.metric, result.unit, result.better, worse=True)
        return _changed(told.predicate, {"fail": "", "accepted": " but accepted"}.get(result.gate, " but tolerated"))
    if result.verdict == "improved" and result.gate == "pass":
        return _changed(comparative(result.metric, result.unit, result.better, worse=False).predicate, "")
    if view.is_about_its_budget(result):
        return {"fail": _over, "accepted": _over_accepted}.get(result.gate, _over_tolerated)
    if result.verdict == "inconclusive" and result.gate == "fail":
        return _must_be_decided
    if result.verdict == "failed" and result.failed_side in _FAILED_ON:
        return _FAILED_ON[result.failed_side]
    plain = _PLAIN[result.verdict]
    return _changed(plain, " but accepted") if result.gate == "accepted" else plain


_CHANGED: dict[tuple[str, str], _Words] = {}


def _changed(predicate: _Words, addition: str) -> _Words:
    """One function for equal words, so that they are counted together."""
    return _CHANGED.setdefault((predicate(1), addition), lambda count: f"{predicate(count)}{addition}")


def _be(words: str) -> _Words:
    return lambda count: f"{'is' if count == 1 else 'are'} {words}"


def _over(count: int) -> str:
    return "is over its budget" if count == 1 else "are over their budgets"


def _over_accepted(count: int) -> str:
    return f"{_over(count)} but accepted"


def _failed(count: int) -> str:
    return "fails" if count == 1 else "fail"


def _over_tolerated(count: int) -> str:
    return f"{_over(count)} but tolerated"


def _must_be_decided(count: int) -> str:
    return f"{_undecided(count)} (the policy wants a verdict)"


def _failed_on_base(count: int) -> str:
    return f"{_failed(count)} on base"


def _failed_on_both(count: int) -> str:
    return f"{_failed(count)} on both sides"


_FAILED_ON: dict[str, _Words] = {"base": _failed_on_base, "both": _failed_on_both}
_undecided = _be("undecided")
_PLAIN: dict[str, _Words] = {
    "failed": _failed, "inconclusive": _undecided, "added": _be("new"), "removed": _be("gone"),
    "incomparable": _be("not comparable"), "unchanged": _be("unchanged"),
}  # fmt: skip

_ORDER: tuple[Callable[[Result], bool], ...] = (
    lambda one: one.gate == "fail" and one.verdict not in ("failed", "removed"),
    lambda one: one.verdict in ("failed", "removed") and one.gate == "fail",
    lambda one: one.gate == "accepted",
    lambda one: one.verdict == "regressed" or view.is_about_its_budget(one),
    lambda one: one.verdict == "improved",
    lambda one: one.verdict == "inconclusive",
    lambda one: one.verdict in ("failed", "added", "removed", "incomparable"),
)
