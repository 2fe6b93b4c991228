"""Silence: from when on what a server said last is not now."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from service import times
from service.store.engines import MAX_INTEGER
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

    def begins(
        self,
        heard_at: int,
        usual_interval: int | None,
        deaf: Iterable[tuple[int, int | None]],
    ) -> int:
        """When a server is silent that is not heard again, whether that has come or not.

        deaf: times in which the service could hear nobody, in their order; null while one goes on.
        Silence counts anew after them. It is the same whenever it is asked: one that began after
        the silence changes nothing.
        """
        limit = self.begins_after(usual_interval)
        begins = heard_at + limit
        for since, until in deaf:
            if since <= begins:
                ends = MAX_INTEGER - limit if until is None else min(until, MAX_INTEGER - limit)
                begins = max(begins, ends + limit)
        return begins


DEFAULT_SILENCE = Silence()
