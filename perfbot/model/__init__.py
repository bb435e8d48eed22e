"""The records that flow through the house: change → measured comparisons → judged results → report.

All are frozen, hold tuples, and know nothing of files, processes or clocks. Quantities are in base units
(seconds, bytes, counts, operations a second) unless a name says otherwise; changes are fractions:
head/base − 1.
"""

from perfbot.model.metric import MEMORY, TIME, Better, Metric, Rule
from perfbot.model.policy import Acceptance, Budget, Confirm, Limit, OnGate, Policy
from perfbot.model.records import (
    SCHEMA,
    SIDES,
    Benchmark,
    BudgetState,
    Change,
    Comparison,
    Control,
    ForgeKind,
    Gate,
    Machine,
    Problem,
    Report,
    Result,
    Round,
    Runner,
    RunVerdict,
    Shard,
    Side,
    Startup,
    Status,
    Verdict,
    full_name,
    machine_class,
)

__all__ = [
    "MEMORY",
    "SCHEMA",
    "SIDES",
    "TIME",
    "Acceptance",
    "Benchmark",
    "Better",
    "Budget",
    "BudgetState",
    "Change",
    "Comparison",
    "Confirm",
    "Control",
    "ForgeKind",
    "Gate",
    "Limit",
    "Machine",
    "Metric",
    "OnGate",
    "Policy",
    "Problem",
    "Report",
    "Result",
    "Round",
    "Rule",
    "RunVerdict",
    "Runner",
    "Shard",
    "Side",
    "Startup",
    "Status",
    "Verdict",
    "full_name",
    "machine_class",
]
