"""Notes that the evaluator lags, and that it caught up. The sender does: a dead one cannot."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from service.store.engines import Connection
from service.store.read.unjudged import UnjudgedReader
from service.store.server_event import ServerEvent
from service.store.verdict_rows import event_bound
from service.store.write.notices import NoticeStore
from service.store.write.server_events import RESOLVED, ServerEventStore
from service.times import MINUTE

LAGS_AFTER = 15 * MINUTE


class LagWatch:
    """Looks how old the oldest report is that no rule has judged, and whether an evaluator runs.

    word: the file that the evaluator touches while it runs. began_at: only what it saw itself
    counts, so the time in which the whole service was off is nobody's lag. Microseconds.
    """

    def __init__(self, queries: Mapping[str, str], word: Path, began_at: int) -> None:
        self._reader = UnjudgedReader(queries)
        self._events = ServerEventStore(queries, NoticeStore(queries))
        self._word, self._began_at = word, began_at

    def change(self, connection: Connection, now: int) -> ServerEvent | None:
        """The lag that begins or is over now, to be stored; null if nothing changed."""
        lag = self._events.open_of_evaluator(connection)
        behind_since = self._behind_since(connection, now)
        if lag is None:
            if behind_since is None or now - max(behind_since, self._began_at) < LAGS_AFTER:
                return None
            judged, since = (
                event_bound("evaluado", behind_since, now),
                event_bound("retraso", now, now),
            )
            return ServerEvent.of_evaluator(judged, since)
        if behind_since is not None and now - behind_since >= MINUTE:
            return None
        lag.ended, lag.ended_as = event_bound("al_dia", now, now), RESOLVED
        return lag

    def store(self, connection: Connection, lag: ServerEvent) -> None:
        """connection: of a transaction."""
        self._events.save(connection, [lag])

    def _behind_since(self, connection: Connection, now: int) -> int | None:
        """Until when everything is judged; null if all is, and an evaluator runs."""
        moments = [self._reader.waiting(connection).since]
        try:
            heard_at = self._word.stat().st_mtime_ns // 1000
        except OSError:
            heard_at = 0  # none ever ran
        if now - heard_at >= MINUTE:
            moments.append(heard_at)
        return min((each for each in moments if each is not None), default=None)
