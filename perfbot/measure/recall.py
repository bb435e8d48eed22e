"""A round under way is called off once nobody needs what it would say."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator


class Recall:
    """How to call off one round, from another thread than the one that measures it.

    Attributes:
        called: it was called off; what is lost from then on is no failure.
    """

    def __init__(self) -> None:
        self.called = False
        self._lock = threading.Lock()
        self._end: Callable[[], None] | None = None

    @contextlib.contextmanager
    def ends(self, end: Callable[[], None]) -> Iterator[None]:
        """Within the block, calling off ends something: at once, where it was called off before. Never after it."""
        with self._lock:
            self._end = end
            if self.called:
                end()
        try:
            yield
        finally:
            with self._lock:
                self._end = None

    def call(self) -> None:
        """Call it off. Twice is once."""
        with self._lock:
            if not self.called and self._end is not None:
                self._end()
            self.called = True
