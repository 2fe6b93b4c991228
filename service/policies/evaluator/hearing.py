"""Which servers are silent. Nobody was silent while the service itself could not hear.

Such gaps are spans, `deaf_span`: the service did not run, or nothing could be stored. Silence
counts anew after them. A service that has just died is not known to be dead: the evaluator may run
without it. So nobody is silent before the service is known to have been able to store for so long.
"""

from __future__ import annotations

from pathlib import Path

from service import times
from service.store.engines import MAX_INTEGER, Connection, Database
from service.store.read.deafness import NOTICED, heard_at
from service.store.read.silence import Silence
from service.store.read.unjudged import UnjudgedReader
from service.store.write.verdicts import VerdictStore


class Hearing:
    """deaf: the gaps, in order of time. One that goes on has no end yet.

    known_until: until when it is known whether the service could hear.
    """

    def __init__(
        self,
        database: Database,
        reader: UnjudgedReader,
        store: VerdictStore,
        silence: Silence,
        alive: Path,
    ) -> None:
        self._database, self._reader, self._store = database, reader, store
        self._silence, self._alive = silence, alive
        self.deaf: list[tuple[int, int]] = []
        self.known_until = MAX_INTEGER

    def look(self, connection: Connection) -> None:
        """Finds out about gaps, one that goes on now included. connection: of a snapshot."""
        spans = self._store.deaf_spans(connection, 0)
        self.deaf = [(since, until or MAX_INTEGER) for since, until in spans]
        self.known_until = MAX_INTEGER
        alive_at = heard_at(self._alive)
        if alive_at is None:  # no service ever left word
            return
        if times.now() - alive_at > NOTICED:
            self.deaf.append((alive_at, MAX_INTEGER))
        else:
            arrived_at = self._reader.newest_report(connection, MAX_INTEGER).received_at
            self.known_until = max(alive_at, arrived_at)  # whoever stored it could hear

    def note_gap(self, from_at: int, until_at: int) -> None:
        """Nothing could be stored between these times."""
        if until_at - from_at > NOTICED:
            with self._database.transaction() as connection:
                self._store.add_deaf_span(connection, from_at, until_at)

    def limit(self, usual_interval: int | None) -> int:
        """How long a server says nothing before it is silent, in microseconds."""
        return self._silence.begins_after(usual_interval)

    def silent_from(self, heard_at: int, usual_interval: int | None) -> int:
        """When a server is silent that is not heard again, whether that has come or not."""
        return self._silence.begins(heard_at, usual_interval, self.deaf)

    def is_silent(self, heard_at: int, usual_interval: int | None, at: int) -> bool:
        """Whether the silence of a server that is not heard again began before a moment."""
        return self.silent_from(heard_at, usual_interval) < min(at, self.known_until)

    @property
    def shortest_limit(self) -> int:
        return self._silence.minimum
