"""The first event that is to be judged, and no rule has judged yet; reports aside.

Time alone makes some of them: silence, whole hours and days, ticks of the fleet. Others are told:
tags, retirements, texts of rules. Each counts from its own moment on, and is judged a little later.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

from service.store.engines import Connection
from service.store.evaluator_word import EvaluatorWord
from service.store.read.deafness import NOTICED, heard_at
from service.store.read.silence import Silence
from service.store.read.unjudged import UnjudgedReader
from service.times import DAY, HOUR


class DueReader:
    """alive: the file by which the service tells that it runs, and can store reports."""

    def __init__(
        self, queries: Mapping[str, str], silence: Silence, alive: Path | None = None
    ) -> None:
        self._queries, self._silence, self._alive = queries, silence, alive
        self._unjudged = UnjudgedReader(queries)

    def first(
        self,
        connection: Connection,
        word: EvaluatorWord | None,
        until: int,
        without: Collection[int],
    ) -> int | None:
        """When the first such event is before a moment; null if none is.

        word: what the evaluator said before the snapshot; without it, the rules in force tell by
        which clocks it judges. without: servers that count for nothing.
        """
        if word is None:
            clocks = connection.execute(self._queries["clocks_in_force"]).fetchone()
            word = EvaluatorWord("", 0, None, *clocks)
        found = [at for at in (word.held_at, word.next_tick) if at is not None]
        before = min([until, *found])
        told = connection.execute(self._queries["told_unjudged"], {"until": before})
        found += [at for server, at in told if server not in without]
        found += self._of_servers(connection, word, min([until, *found]), without)
        first = min(found, default=until)
        return first if first < until else None

    def _of_servers(
        self, connection: Connection, word: EvaluatorWord, until: int, without: Collection[int]
    ) -> Iterator[int]:
        """What time and other texts make of servers. until: later ones need not be found."""
        rows = connection.execute(
            self._queries["due_servers"],
            {
                "until": until,
                "silent_after": self._silence.minimum,
                "silent_intervals": self._silence.intervals,
                "hour": _last(until, HOUR, word.hours_since),
                "day": _last(until, DAY, word.days_since),
                "epoch": word.epoch,
            },
        ).fetchall()
        for server_id, seq, heard, mark, is_last, interval, hour_at, day_at, epoch in rows:
            if server_id in without:
                continue
            if word.epoch not in {0, epoch}:
                yield int(connection.execute(self._queries["rules_changed_at"]).fetchone()[0])
            if (mark or "").startswith("baja "):
                continue
            if word.hours_since is not None:
                yield max(hour_at or 0, word.hours_since // HOUR * HOUR) + HOUR
            if word.days_since is not None:
                yield max(day_at or 0, word.days_since // DAY * DAY) + DAY
            if heard is not None and not (mark or "").startswith("silencio "):
                usual = (
                    interval
                    if is_last
                    else self._unjudged.usual_interval(connection, server_id, seq)
                )
                yield self._silent_at(connection, heard, usual)

    def _silent_at(self, connection: Connection, heard: int, interval: int | None) -> int:
        """When a server that was heard then is silent."""
        deaf = connection.execute(self._queries["deaf_spans"], {"since": heard}).fetchall()
        alive_at = None if self._alive is None else heard_at(self._alive)
        if alive_at is not None and self._silence.clock() - alive_at > NOTICED:
            deaf.append((alive_at, None))
        return self._silence.begins(heard, interval, deaf)


def _last(until: int, length: int, since: int | None) -> int:
    """The last whole hour or day before a moment that is asked for; 0 if there was none."""
    last = (until - 1) // length * length
    return 0 if since is None or since >= last else last
