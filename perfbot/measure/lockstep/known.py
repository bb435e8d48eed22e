"""What the rounds of a suite have shown so far of its benchmarks. Plans rounds; decides nothing."""

from __future__ import annotations

from dataclasses import dataclass, field

from perfbot.measure.lockstep.plan import Speed, ValuePlan
from perfbot.measure.lockstep.spread import Spread
from perfbot.reasons import Note


@dataclass(slots=True)
class Known:
    """By name of a benchmark.

    Attributes:
        startup_seconds: of a pair.
        speeds: what a probe found.
        once: those of which only the first call in a process may be timed.
        exclusive: those of which both sides want something that only one of them can have at a time.
        all_exclusive: all are, for the suite cannot even be read on both sides at a time.
        endured: those of which many calls in one process are like few.
        suspected: the sign of what many calls of one process changed, where that has to be seen once more.
        stretches: how those are measured whose later calls are not like the first ones.
        notes: what a reader should know about them.
    """

    startup_seconds: float = 0.0
    speeds: dict[str, Speed] = field(default_factory=dict)
    once: set[str] = field(default_factory=set)
    exclusive: set[str] = field(default_factory=set)
    all_exclusive: bool = False
    endured: set[str] = field(default_factory=set)
    suspected: dict[str, int] = field(default_factory=dict)
    stretches: dict[str, ValuePlan] = field(default_factory=dict)
    notes: dict[str, tuple[Note, ...]] = field(default_factory=dict)
    _spreads: dict[str, Spread] = field(default_factory=dict)
    _seconds: dict[str, float] = field(default_factory=dict)

    def predicted_seconds(self, name: str) -> float:
        """Measuring time of its last round; 0 before the first one."""
        return self._seconds.get(name, 0.0)

    def speed(self, name: str) -> Speed | None:
        """What a probe found, or None before the first one."""
        return self.speeds.get(name)

    def is_exclusive(self, name: str) -> bool:
        """Whether each side has to be alone for it."""
        return self.all_exclusive or name in self.exclusive

    def spread(self, name: str) -> Spread:
        """What its rounds so far say about their noise."""
        return self._spreads.setdefault(name, Spread())

    def learn(self, name: str, speed: Speed, *, once: bool) -> None:
        """Remember what a probe found."""
        self.speeds[name] = speed
        if once:
            self.once.add(name)

    def took(self, name: str, seconds: float) -> None:
        """Remember how long a round of a benchmark took."""
        self._seconds[name] = seconds

    def started(self, seconds: float) -> None:
        """Remember how long starting a pair took."""
        self.startup_seconds = seconds
