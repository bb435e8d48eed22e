"""The ``benchmark`` fixture: what suites written for pytest-benchmark and pytest-codspeed call.

It holds inside the call while turns are taken, so fixtures and set-up run once a process.
"""

from __future__ import annotations

import statistics
from typing import Any, Callable, Dict, List, Optional, Sequence, Tuple, Union

from .awaiting import done, in_running_loop
from .session import Session
from .timers import Calls, Timer, WithSetup


class Stats(Dict[str, Any]):
    """Seconds a call on this side, under the names that tests assert on: ``benchmark.stats["mean"]``."""

    def __init__(self, seconds: List[float]) -> None:
        ordered = sorted(seconds) or [0.0]
        mean = statistics.fmean(ordered)
        super().__init__(
            min=ordered[0],
            max=ordered[-1],
            mean=mean,
            median=statistics.median(ordered),
            stddev=statistics.stdev(ordered) if len(ordered) > 1 else 0.0,
            ops=1 / mean if mean else 0.0,
            rounds=len(ordered),
            total=sum(ordered),
            data=seconds,
        )

    def __getattr__(self, name: str) -> Any:
        if name == "stats":
            return self
        try:
            return self[name]
        except KeyError:
            raise AttributeError(name) from None


class BenchmarkFixture:
    """One test's ``benchmark``: call it, or call ``pedantic``, once."""

    def __init__(self, session: Session, name: str, options: Dict[str, Any]) -> None:
        self._session = session
        self._id = name
        self.name = name
        self.fullname = name
        self.group = options.get("group")
        self.options = options
        self.extra_info: Dict[str, Any] = dict(options.get("extra_info") or {})
        self.disabled = False
        self.enabled = True
        self.stats: Optional[Stats] = None
        self.used = False

    def __call__(self, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Measure ``function(*args, **kwargs)`` and return what it returns."""
        calls = Calls(function, args, kwargs, wanted=True)
        self._hold(calls)
        return _returned(calls)

    def pedantic(
        self,
        target: Callable[..., Any],
        args: Sequence[Any] = (),
        kwargs: Optional[Dict[str, Any]] = None,
        setup: Optional[Callable[[], Any]] = None,
        teardown: Optional[Callable[..., Any]] = None,
        rounds: int = 1,
        warmup_rounds: int = 0,
        iterations: int = 1,
    ) -> Any:
        """Measure with ``setup`` before and ``teardown`` after each call.

        How often is perfbot's to decide, with one exception: a single call without set-up (``rounds=1``,
        ``iterations=1``, no warm-up) may be one that cannot be repeated, and is made once a process.
        """
        fixed: Tuple[Sequence[Any], Dict[str, Any]] = (args, kwargs or {})
        if setup is None and teardown is None:
            calls = Calls(target, *fixed, wanted=True)
            self._hold(calls, once=rounds == iterations == 1 and warmup_rounds == 0)
            return _returned(calls)
        if setup is not None and iterations != 1:
            raise ValueError("Can't use more than 1 `iterations` with a `setup` function.")
        if setup is not None and (args or kwargs) and setup() is not None:
            raise TypeError("Can't use `args` or `kwargs` if `setup` returns the arguments.")

        def prepare() -> Tuple[Sequence[Any], Dict[str, Any]]:
            made = setup() if setup is not None else None
            return made if made is not None else fixed

        prepared = WithSetup(target, prepare, teardown, iterations)
        self._hold(prepared, inner=iterations)
        return _returned(prepared)

    def weave(self, *args: Any, **kwargs: Any) -> None:
        """Not supported: says so instead of measuring nothing."""
        raise NotImplementedError("perfbot cannot weave; call benchmark(function) instead")

    patch = weave

    def _hold(self, timer: Timer, once: bool = False, inner: int = 1) -> None:
        if self.used:
            raise RuntimeError("the benchmark fixture can be used once in a test; split the test")
        self.used = True
        self.stats = Stats(self._session.hold(self._id, timer, once, inner))


def _returned(timer: Union[Calls, WithSetup]) -> Any:
    """What the measured function returned; a coroutine that called ``benchmark`` with a coroutine awaits it."""
    result = timer.result()
    return done(result) if timer.awaits and in_running_loop() else result
