"""Which servers are silent. Nobody was silent while the service itself could not hear.

Such gaps are spans, `deaf_span`: the service did not run, or nothing could be stored. Silence
counts anew after them.
"""

from __future__ import annotations

from pathlib import Path

from service.store.engines import Database
from service.store.read.deafness import NOTICED, heard_at
from service.store.read.silence import Silence
from service.store.read.unjudged import JudgedServer
from service.store.write.verdicts import VerdictStore


class Hearing:
    """heard_from: since when the service hears, without a gap; microseconds."""

    def __init__(
        self, database: Database, store: VerdictStore, silence: Silence, alive: Path
    ) -> None:
        self._database, self._store, self._silence, self._alive = database, store, silence, alive
        self.heard_from = 0

    def look(self, now: int) -> None:
        """Finds out about gaps, one that goes on now included. Raises StorageUnavailableError."""
        with self._database.snapshot() as connection:
            ends = [until for _, until in self._store.deaf_spans(connection, 0) if until]
        alive_at = heard_at(self._alive)
        if alive_at is not None and now - alive_at > NOTICED:
            ends.append(now)
        self.heard_from = max(ends, default=0)

    def note_gap(self, from_at: int, until_at: int) -> None:
        """Nothing could be stored between these times."""
        if until_at - from_at > NOTICED:
            with self._database.transaction() as connection:
                self._store.add_deaf_span(connection, from_at, until_at)
            self.heard_from = until_at

    def limit(self, server: JudgedServer) -> int:
        """How long the server says nothing before it is silent, in microseconds."""
        return self._silence.begins_after(server.usual_interval)

    def silent_from(self, server: JudgedServer) -> int:
        """When the server is silent unless it is heard before."""
        return max(server.heard_at, self.heard_from) + self.limit(server)

    @property
    def shortest_limit(self) -> int:
        return self._silence.minimum
