"""Which servers are silent. Nobody was silent while the service itself could not hear.

Such gaps are spans, `deaf_span`: the service did not run, or nothing could be stored. Silence
counts anew after them.
"""

from __future__ import annotations

from pathlib import Path

from service.store.engines import MAX_INTEGER, Database
from service.store.read.deafness import NOTICED, heard_at
from service.store.read.silence import Silence
from service.store.write.verdicts import VerdictStore


class Hearing:
    """deaf: the gaps, in order of time. One that goes on has no end yet."""

    def __init__(
        self, database: Database, store: VerdictStore, silence: Silence, alive: Path
    ) -> None:
        self._database, self._store, self._silence, self._alive = database, store, silence, alive
        self.deaf: list[tuple[int, int]] = []

    def look(self, now: int) -> None:
        """Finds out about gaps, one that goes on now included. Raises StorageUnavailableError."""
        with self._database.snapshot() as connection:
            spans = self._store.deaf_spans(connection, 0)
        self.deaf = [(since, until or MAX_INTEGER) for since, until in spans]
        alive_at = heard_at(self._alive)
        if alive_at is not None and now - alive_at > NOTICED:
            self.deaf.append((alive_at, MAX_INTEGER))

    def note_gap(self, from_at: int, until_at: int) -> None:
        """Nothing could be stored between these times."""
        if until_at - from_at > NOTICED:
            with self._database.transaction() as connection:
                self._store.add_deaf_span(connection, from_at, until_at)
            self.deaf.append((from_at, until_at))

    def limit(self, usual_interval: int | None) -> int:
        """How long a server says nothing before it is silent, in microseconds."""
        return self._silence.begins_after(usual_interval)

    def silent_from(self, heard_at: int, usual_interval: int | None) -> int:
        """When a server is silent that is not heard again, whether that has come or not.

        It is the same whenever it is asked: a gap that began after that moment changes nothing.
        """
        limit = self.limit(usual_interval)
        begins = heard_at + limit
        for since, until in self.deaf:
            if since <= begins:
                begins = max(begins, min(until, MAX_INTEGER - limit) + limit)
        return begins

    @property
    def shortest_limit(self) -> int:
        return self._silence.minimum
