"""Silence: from when on what a server said last is not now."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from service import times
from service.times import MINUTE


@dataclass(frozen=True, slots=True)
class Silence:
    """When a server is silent: after so many of its usual intervals without a report."""

    minimum: int = 15 * MINUTE  # never sooner than that, in microseconds
    intervals: int = 3
    clock: Callable[[], int] = times.now

    def parameters(self) -> dict[str, int]:
        """The parameters of the fragment is_silent, now."""
        return {
            "now": self.clock(),
            "silent_after": self.minimum,
            "silent_intervals": self.intervals,
        }

    def begins_after(self, usual_interval: int | None) -> int:
        """How long a server says nothing before it is silent, in microseconds."""
        return max(self.minimum, self.intervals * (usual_interval or 0))


DEFAULT_SILENCE = Silence()
