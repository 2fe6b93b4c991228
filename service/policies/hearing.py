"""Which servers are silent. Nobody was silent while the service itself could not hear.

Such gaps are spans, `deaf_span`: no evaluator ran, or nothing could be stored. Silence counts anew
after them. The evaluator's lock file tells by its time of change when the last evaluator was alive.
"""

from __future__ import annotations

import os
from pathlib import Path

from service.store.engines import Database
from service.store.read.silence import Silence
from service.store.read.unjudged import JudgedServer
from service.store.write.verdicts import VerdictStore
from service.times import SECOND

_NOTICED = 60 * SECOND  # a shorter gap makes nobody silent


class Hearing:
    """heard_from: since when the service hears, without a gap; microseconds."""

    def __init__(
        self, database: Database, store: VerdictStore, silence: Silence, lock: Path
    ) -> None:
        self._database, self._store, self._silence, self._lock = database, store, silence, lock
        self.heard_from = 0

    def begin(self, now: int, alive_at: int | None) -> None:
        """Notes the time without an evaluator. alive_at: when the last one was; null for none."""
        if alive_at is not None and now - alive_at > _NOTICED:
            self.note_gap(alive_at, now)
        with self._database.snapshot() as connection:
            ends = [until for _, until in self._store.deaf_spans(connection, 0) if until]
        self.heard_from = max(ends, default=0)

    def note_gap(self, from_at: int, until_at: int) -> None:
        with self._database.transaction() as connection:
            self._store.add_deaf_span(connection, from_at, until_at)
        self.heard_from = until_at

    def is_alive(self) -> None:
        """Leaves word that the evaluator runs."""
        os.utime(self._lock)

    def limit(self, server: JudgedServer) -> int:
        """How long the server says nothing before it is silent, in microseconds."""
        return self._silence.begins_after(server.usual_interval)

    def silent_from(self, server: JudgedServer) -> int:
        """When the server is silent unless it is heard before."""
        return max(server.heard_at, self.heard_from) + self.limit(server)

    @property
    def shortest_limit(self) -> int:
        return self._silence.minimum


def alive_at(lock: Path) -> int | None:
    """When the last evaluator of a data folder was alive; null if there was none."""
    try:
        return lock.stat().st_mtime_ns // 1000
    except OSError:
        return None
