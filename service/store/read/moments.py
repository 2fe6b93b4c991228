"""Answers at a moment of the past: which record of a server is shown, and what lies beside it.

The rules are those of "Time and trust" in sql/README.md. A moment is closed for a server once it
has a later record in order: then its answer never changes. Until then it is open.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import NamedTuple

from service.store.engines import MAX_INTEGER, Connection
from service.store.read.silence import Silence
from service.store.write.placement import INTERVALS, usual_interval
from service.times import MINUTE

MAX_LATE_RECORDS = 100  # named beside an answer
# The place of a report is at most so far after its arrival: our own clock may have been set back.
_PLACED_AFTER_ARRIVAL = MINUTE
# A record's place is at most so far after the arrival at which an end was known.
_ENDED_BEFORE_IT_WAS_KNOWN = 2 * MINUTE


class Moment(NamedTuple):
    """A moment of the past, as it is known now or as it was known at another moment.

    What was known at a moment follows from the times of arrival. It is exact but for the reports
    that were being stored just then, and as long as our own clock was not set back by a minute.
    """

    at: int
    known_at: int | None = None

    def parameters(self) -> dict[str, int | None]:
        """The parameters of the queries at a moment."""
        last_place = last_known_place(self.known_at)
        return {
            "moment": min(self.at, last_place),
            "known_at": self.known_at,
            "known_place": last_place,
        }


def last_known_place(known_at: int | None) -> int:
    """No report that was known at a moment has a later place."""
    return MAX_INTEGER if known_at is None else known_at + _PLACED_AFTER_ARRIVAL


def moment_parameters(moment: Moment | None) -> tuple[int, int | None]:
    """The place in time, and as known when. Now is the end of time."""
    return (MAX_INTEGER, None) if moment is None else (moment.at, moment.known_at)


def ended_after(at: int, known_at: int | None) -> int:
    """Nothing that went on at the moment was known to have ended by then."""
    return max(
        min(at, MAX_INTEGER if known_at is None else known_at) - _ENDED_BEFORE_IT_WAS_KNOWN, 0
    )


def moment_of_verdicts(moment: Moment | None) -> dict[str, str | int | None]:
    """The parameters of queries for verdicts at a moment."""
    at, known_at = moment_parameters(moment)
    return {"moment": at, "known_at": known_at, "ended_after": ended_after(at, known_at)}


class LateRecord(NamedTuple):
    """A record that arrived late, with a time at which another record is shown."""

    server_id: int
    id_serv: int
    taken_at: int
    received_at: int


@dataclass(frozen=True, slots=True)
class LateRecords:
    """The first late records beside an answer, and whether there are more."""

    records: Sequence[LateRecord] = ()
    more: bool = False

    @classmethod
    def first_of(cls, records: Iterator[LateRecord]) -> LateRecords:
        found = list(islice(records, MAX_LATE_RECORDS + 1))
        return cls(found[:MAX_LATE_RECORDS], len(found) > MAX_LATE_RECORDS)


NO_LATE_RECORDS = LateRecords()


class Standing(NamedTuple):
    """When a server was heard last before a moment, and whether it was silent then."""

    heard_at: int | None  # null if nothing in order had arrived
    silent: bool


def is_within(late_at: int | None, next_at: int | None) -> bool:
    """Whether a late record lies before the next record in order, if there is one."""
    return late_at is not None and (next_at is None or late_at < next_at)


class MomentReader:
    def __init__(self, queries: Mapping[str, str], silence: Silence) -> None:
        self._queries = queries
        self.silence = silence

    def late_records(
        self, connection: Connection, moment: Moment, first: int, last: int
    ) -> Iterator[LateRecord]:
        """The late records beside those that are shown of the servers first to last."""
        place = moment.parameters() | {"first": first, "last": last}
        for (server_id,) in connection.execute(
            self._queries["servers_with_late_records"], place
        ).fetchall():
            of_server = place | {"server_id": server_id}
            for row in connection.execute(self._queries["late_records"], of_server):
                yield LateRecord(*row)

    def servers(
        self, connection: Connection, moment: Moment, servers: tuple[int, int], *, silent: bool
    ) -> Iterator[int]:
        """Servers, from the first to the last, that were silent at the moment, or were not."""
        first, last = servers
        parameters = moment.parameters() | {"first": first, "last": last}
        for server_id, shown_at in connection.execute(self._queries["places_at"], parameters):
            if shown_at is not None:
                standing = self.standing(connection, server_id, moment, shown_at)
                if standing.silent == silent:
                    yield server_id

    def judged_at(self, moment: Moment) -> int:
        """The moment at which silence is judged. The future, or what comes after K, is unknown."""
        known_at = MAX_INTEGER if moment.known_at is None else moment.known_at
        return min(moment.at, known_at, self.silence.clock())

    def standing(
        self, connection: Connection, server_id: int, moment: Moment, shown_at: int
    ) -> Standing:
        """shown_at: the place of the record that is shown.

        What was so then is judged by the place of that record, because a spool that came later
        tells of it. What was known then is judged by arrivals.
        """
        at = self.judged_at(moment)
        until, heard_at = moment, shown_at
        if moment.known_at is not None:
            arrived = min(moment.at, moment.known_at)
            until = Moment(arrived + _PLACED_AFTER_ARRIVAL, arrived)
            place = until.parameters() | {"server_id": server_id}
            query = self._queries["last_arrival_until"]
            arrival = connection.execute(query, place).fetchone()
            if arrival is None:
                return Standing(None, silent=True)
            (heard_at,) = arrival
        if at - heard_at <= self.silence.begins_after(None):
            return Standing(heard_at, silent=False)
        interval = self._usual_interval(connection, server_id, until)
        deaf = connection.execute(self._queries["deaf_spans"], {"since": heard_at}).fetchall()
        return Standing(heard_at, self.silence.begins(heard_at, interval, deaf) < at)

    def _usual_interval(self, connection: Connection, server_id: int, until: Moment) -> int | None:
        parameters = until.parameters() | {"server_id": server_id, "limit": INTERVALS + 1}
        rows = connection.execute(self._queries["places_until"], parameters).fetchall()
        places = [place for place, _, _ in rows]
        if not rows or until.at < rows[0][2]:
            return usual_interval(places)  # its first reports told of a time before they came
        return usual_interval(places, rows[0][1] - rows[0][2])
