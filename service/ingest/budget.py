"""The budget of a source: how much work it may cause on average, and how much at once.

A unit is a process or login that appears or goes, or 4 KiB of a report that are read; a request
costs a few, whatever it holds. A source that has used up its budget is refused until it is full
again, and no other source is. A token bucket by source, kept as the moment at which it is full (the
generic cell rate algorithm).
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from typing import Final

BYTES_A_UNIT: Final = 4096
UNITS_A_REQUEST: Final = 5.0
BURST_SECONDS: Final = 10.0  # of its rate, that a source may use at once
_MAX_FULL = 1000  # sources that are remembered although their budget is full


class Budget:
    """The budgets of all sources in a process. Threads may share it."""

    def __init__(self, rate: float, clock: Callable[[], float] = time.monotonic) -> None:
        """rate: units a second, of each source."""
        self.rate = rate
        self._clock = clock
        self._full_at: dict[str, float] = {}  # by source
        self._forgets_at = _MAX_FULL
        self._guard = threading.Lock()

    def wait_of(self, source: str) -> int:
        """Seconds until the budget of a source is full; 0 while it is not used up."""
        return self.spend(source, 0)

    def spend(self, source: str, units: float, own: float = 0.0) -> int:
        """Takes so many units, and returns 0; nothing if the budget is used up: as wait_of().

        own: units that the same request has taken before, which do not count against it. So a
        request may take more than is left, and any report is possible however small the budget is.
        """
        with self._guard:
            now = self._clock()
            full_at = max(now, self._full_at.get(source, now))
            if full_at - now >= BURST_SECONDS + own / self.rate:
                return math.ceil(full_at - now)
            if units:
                self._full_at[source] = full_at + units / self.rate
                if len(self._full_at) > self._forgets_at:
                    self._full_at = {key: at for key, at in self._full_at.items() if at > now}
                    self._forgets_at = 2 * len(self._full_at) + _MAX_FULL
        return 0
