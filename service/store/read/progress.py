"""How far servers are judged. One that sends more than can be judged holds no other back."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import NamedTuple

from service import times
from service.store.engines import Connection
from service.store.evaluator_word import EvaluatorWord
from service.store.read import deafness
from service.store.read.due import DueReader
from service.store.read.moments import Moment
from service.store.read.unjudged import UNDER_WAY, UnjudgedReader

# Violations are there within ten seconds. Servers that wait longer, one in ten at most, are slow.
_SLOW_AFTER = 10 * times.SECOND
_SLOW_ONE_IN = 10


def few_of(servers: int) -> int:
    """How many of so many servers hold no others back."""
    return max(min(servers - 1, max(servers // _SLOW_ONE_IN, 1)), 0)


class Progress(NamedTuple):
    """How far servers are judged.

    until: all that was so until then is judged; null before the first report. behind_since: when
    the first report arrived that is not, or since when no evaluator runs, which would notice
    silence; null where all is judged. has_begun: anything was ever judged. slow, slow_since:
    servers of which all this is not said, since they send more than is judged, and when the first
    of their reports arrived that waits.
    """

    until: int | None
    behind_since: int | None
    has_begun: bool
    slow: int = 0
    slow_since: int | None = None


class _Arrivals(NamedTuple):
    """When the last report of all arrived, and how many servers were ever judged."""

    heard_at: int | None
    judged: int


class ProgressReader:
    """evaluator: the file by which an evaluator tells that it runs."""

    def __init__(
        self,
        queries: Mapping[str, str],
        evaluator: Path | None,
        clock: Callable[[], int],
        due: DueReader,
    ) -> None:
        self._queries, self._evaluator, self._clock = queries, evaluator, clock
        self._unjudged, self._due = UnjudgedReader(queries), due

    def of_all(self, connection: Connection) -> Progress:
        arrivals = self._arrivals(connection)
        return self._progress(arrivals, self._unjudged.waiting(connection).since)

    def of_server(self, connection: Connection, server_id: int) -> Progress:
        waits_since = self._unjudged.server_waits_since(connection, server_id)
        return self._progress(self._arrivals(connection), waits_since)

    def word(self) -> EvaluatorWord | None:
        """What the evaluator says of itself."""
        return None if self._evaluator is None else EvaluatorWord.read(self._evaluator)

    def settled(
        self, connection: Connection, now: int, word: EvaluatorWord | None
    ) -> tuple[Progress, Moment]:
        """How far servers are judged but for slow ones, and the newest second that is settled.

        It lies before everything that is known or due and not judged yet. now, word: from before
        the snapshot, which then holds all that was so until then, but what is stored just now.
        """
        progress, slow = self._but_slow(connection, now)
        until = now - UNDER_WAY
        if progress.behind_since is not None:
            until = min(until, progress.behind_since - 1)
        first = self._due.first(connection, word, until + 1, slow)
        if first is not None:
            until = first - 1
        if self._unjudged.is_fleet_unjudged(connection, until):
            (judged_at,) = connection.execute(self._queries["fleet_settled_at"]).fetchone()
            until = min(until, judged_at)
        second = until // times.SECOND * times.SECOND
        return progress, Moment(second, second)

    def _but_slow(self, connection: Connection, now: int) -> tuple[Progress, Collection[int]]:
        """Without the few that wait for long while the reports of the others are judged.

        And which these are.
        """
        arrivals = self._arrivals(connection)
        most = few_of(arrivals.judged)
        waiting = self._unjudged.waiting_longest(connection, most + 1)
        slow = {server: since for server, since in waiting[:most] if since < now - _SLOW_AFTER}
        progress = self._progress(arrivals, next((at for _, at in waiting[len(slow) :]), None))
        until = progress.behind_since
        slow = {server: at for server, at in slow.items() if until is None or at < until}
        slow_since = min(slow.values(), default=None)
        return progress._replace(slow=len(slow), slow_since=slow_since), slow.keys()

    def _arrivals(self, connection: Connection) -> _Arrivals:
        return _Arrivals(*connection.execute(self._queries["last_arrival_to_judge"]).fetchone())

    def _progress(self, arrivals: _Arrivals, waiting_since: int | None) -> Progress:
        since = [at for at in (waiting_since, self._stopped_at()) if at is not None]
        behind_since = min(since, default=None)
        until = arrivals.heard_at if behind_since is None else behind_since - 1
        has_begun = bool(arrivals.judged)
        return Progress(until if has_begun else None, behind_since, has_begun)

    def _stopped_at(self) -> int | None:
        """When the evaluator was heard last, if it does not run now."""
        heard_at = None if self._evaluator is None else deafness.heard_at(self._evaluator)
        is_running = heard_at is None or self._clock() - heard_at <= deafness.NOTICED
        return None if is_running else heard_at
