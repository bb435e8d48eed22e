"""``[[limit]]``: exceptions for some benchmarks, and absolute budgets with their units."""

from __future__ import annotations

import re

from pydantic import Field, StrictBool, field_validator, model_validator

from perfbot import model, units
from perfbot.config.fields import NameGlob, Percentage, Table, no_entries
from perfbot.config.record import Record
from perfbot.model import Better

METRICS: dict[str, tuple[str, Better]] = {
    "time": ("s", "lower"),
    "cpu": ("s", "lower"),
    "time_p95": ("s", "lower"),
    "time_p99": ("s", "lower"),
    "memory": ("B", "lower"),
    "allocated": ("B", "lower"),
    "footprint": ("B", "lower"),
    "size": ("B", "lower"),
    "objects": ("1", "lower"),
    "instructions": ("1", "lower"),
    "throughput": ("1/s", "higher"),
}
"""Base unit and direction of the metrics that perfbot knows by name; ``latency_pNN`` is in seconds."""

LATENCY = re.compile(r"latency_p\d{1,2}(?:\.\d+)?")

_BOUND = re.compile(
    r"\s*(?P<sign>>=|<=|≥|≤|at least\b|at most\b)?\s*(?P<quantity>.*?)(?:\s+(?P<quantile>p\d{1,2}(?:\.\d+)?))?\s*"
)
_AT_LEAST = (">=", "≥", "at least")


def unit_of(metric: str) -> tuple[str, Better | None]:
    """Base unit and direction of a metric; ``("", None)`` for one of the user's own."""
    if LATENCY.fullmatch(metric) or metric == "latency":
        return "s", "lower"
    return METRICS.get(metric, ("", None))


def parse_budget(metric: str, text: str) -> model.Budget:
    """An absolute limit: ``time = "0.5 ms"``, ``throughput = ">= 5000 ops/s"``, ``latency = "200 ms p95"``.

    Raises:
        ValueError: the quantity is not in the metric's unit, or the sign contradicts its direction.
    """
    found = _BOUND.fullmatch(text)
    assert found is not None  # noqa: S101 - every part of the pattern may be empty
    metric, quantile = _quantile(metric, found["quantile"])
    unit, direction = unit_of(metric)
    quantity = found["quantity"] if quantile or not found["quantile"] else f"{found['quantity']} {found['quantile']}"
    bound = units.parse_quantity(quantity, unit)
    asked: Better | None = None if found["sign"] is None else "higher" if found["sign"] in _AT_LEAST else "lower"
    if direction and asked and asked != direction:
        word = "at most (<=)" if direction == "lower" else "at least (>=)"
        raise ValueError(f'found "{text}", but of {metric} {direction} is better: a budget is {word} something')
    return model.Budget(metric, bound, " ".join(text.split()), direction or asked or "lower")


def _quantile(metric: str, quantile: str | None) -> tuple[str, bool]:
    """``latency`` with ``p95`` is the metric ``latency_p95``."""
    if metric == "latency":
        if quantile is None:
            raise ValueError('which quantile? Write "200 ms p95", or latency_p95 = "200 ms"')
        return f"latency_{quantile}", True
    return metric, False


class LimitSection(Record):
    """``[[limit]]``: policy for the benchmarks that match; the last match wins, key by key."""

    match: NameGlob
    """Pattern for ``suite/benchmark``: ``core/parse*``, ``*/test_model_creation``."""

    metric: str = ""
    """Only this metric (time, memory, …); empty for all."""

    threshold: Percentage | None = None
    """The smallest change that matters here."""

    budget: Table = Field(default_factory=no_entries, min_length=1, examples=[{"time": "0.5 ms", "memory": "2 KiB"}])
    """Absolute limits on head by metric: ``{ time = "0.5 ms", throughput = ">= 5000 ops/s" }``."""

    gate: StrictBool | None = None
    """false: shown, but never fails the merge request."""

    @field_validator("budget")
    @classmethod
    def _budgets_parse(cls, budget: Table) -> Table:
        wrong = []
        for metric, text in budget.items():
            try:
                parse_budget(metric, text)
            except ValueError as error:
                wrong.append(f"{metric}: {error}")
        if wrong:
            raise ValueError("; ".join(wrong))
        return budget

    @model_validator(mode="after")
    def _says_something(self) -> LimitSection:
        if self.threshold is None and not self.budget and self.gate is None:
            raise ValueError("says nothing: expected `threshold`, `budget` or `gate`")
        other = [metric for metric in self.budget if self.metric not in ("", metric)]
        if other:
            raise ValueError(f"is about {self.metric} alone, so its budget for {other[0]} would never be used")
        return self

    def limit(self) -> model.Limit:
        """The record that judging uses."""
        budgets = tuple(parse_budget(metric, text) for metric, text in self.budget.items())
        return model.Limit(self.match, self.metric, self.threshold, budgets, self.gate)

    def can_match(self, suite: str) -> bool:
        """Whether any name ``suite/…`` could match: the part before the first wildcard decides."""
        literal, name = re.split(r"[*?[]", self.match, maxsplit=1)[0], f"{suite}/"
        whole = literal == self.match
        return literal.startswith(name) or (not whole and name.startswith(literal))
