"""Occurrences of processes and logins over the whole fleet: now, at a moment, and ever."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any, Generic, TypeVar

from service.store.engines import MAX_INTEGER, Connection, Database
from service.store.read.moments import (
    NO_LATE_RECORDS,
    LateRecords,
    Moment,
    MomentReader,
    Standing,
    is_within,
)
from service.store.read.name_filters import LoginFilter, ProcessFilter
from service.store.read.occurrence_rows import (
    LoginHistory,
    LoginOccurrence,
    ProcessHistory,
    ProcessOccurrence,
)
from service.store.read.silence import DEFAULT_SILENCE, Silence
from service.store.slots import SLOT_BITS, SLOTS_PER_RECORD

_NAME_BITS = 31  # of a cursor are the id of a name


Filter = TypeVar("Filter", ProcessFilter, LoginFilter)
Occurrence = TypeVar("Occurrence", ProcessOccurrence, LoginOccurrence)
History = TypeVar("History", ProcessHistory, LoginHistory)
Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class OccurrencePage(Generic[Row]):
    """Rows in the order of servers; `after` is the cursor of the next page, null on the last."""

    at: int  # at which silence is judged
    rows: list[Row]
    after: int | None
    late: LateRecords = NO_LATE_RECORDS  # of the servers up to the last row


@dataclass(frozen=True, slots=True)
class OccurrenceQueries:
    """The queries of an OccurrenceStore."""

    now: str
    at: str
    history: str


class OccurrenceStore(Generic[Filter, Occurrence, History]):
    """Occurrences of processes, or those of logins."""

    def __init__(
        self,
        database: Database,
        queries: OccurrenceQueries,
        occurrence: type[Occurrence],
        history: type[History],
        moments: MomentReader,
    ) -> None:
        self._database = database
        self._queries = queries
        self._occurrence: Callable[[Iterable[Any]], Occurrence] = occurrence._make
        self._history: type[History] = history
        self._moments = moments
        self._silence = moments.silence

    def page(
        self,
        criteria: Filter,
        moment: Moment | None,
        after: int,
        limit: int,
        *,
        silent: bool | None = None,
    ) -> OccurrencePage[Occurrence]:
        """Now or at a moment; silent: occurrences on silent servers only, or on the others."""
        if moment is None:
            return self.now(criteria, after, limit, silent=silent)
        return self.at(criteria, moment, after, limit, silent=silent)

    def now(
        self, criteria: Filter, after: int, limit: int, *, silent: bool | None = None
    ) -> OccurrencePage[Occurrence]:
        """Occurrences in the newest record of each server; silent: of such servers only, or not."""
        now = self._silence.parameters()
        parameters = criteria.parameters() | now | _place(after) | {"limit": limit + 1}
        rows = self._rows(self._queries.now, parameters | {"silent": silent})
        found = [
            (self._occurrence(_columns(row[:-2], bool(row[-2]), True, False)), row[-1])
            for row in rows
        ]
        return _page(now["now"], found, limit, NO_LATE_RECORDS)

    def at(
        self,
        criteria: Filter,
        moment: Moment,
        after: int,
        limit: int,
        *,
        silent: bool | None = None,
    ) -> OccurrencePage[Occurrence]:
        """Occurrences in the record of each server that is shown at the moment."""
        parameters = criteria.parameters() | moment.parameters() | {"limit": limit + 1}
        with self._database.snapshot() as connection:
            if silent is None:
                places = iter([_place(after)])
            else:
                places = self._places_of_servers(connection, moment, after, silent=silent)
            rows = (
                row
                for place in places
                for row in connection.execute(self._queries.at, parameters | place)
            )
            found = list(islice(self._standing_rows(connection, rows, moment), limit + 1))
            last = found[limit - 1][0].server_id if len(found) > limit else MAX_INTEGER
            servers = max(after >> SLOT_BITS, 1), last
            late = self._moments.late_records(connection, moment, *servers)
            at = self._moments.judged_at(moment)
            return _page(at, found, limit, LateRecords.first_of(late))

    def _places_of_servers(
        self, connection: Connection, moment: Moment, after: int, *, silent: bool
    ) -> Iterator[dict[str, int]]:
        """Parameters for each server after a cursor that was silent at a moment, or was not."""
        first = _place(after)
        for server_id in self._moments.servers(
            connection, moment, first["server_id"], silent=silent
        ):
            slot = first["slot"] if server_id == first["server_id"] else -1
            yield {"server_id": server_id, "slot": slot, "last_server_id": server_id}

    def _standing_rows(
        self, connection: Connection, rows: Iterable[Any], moment: Moment
    ) -> Iterator[tuple[Occurrence, int]]:
        """Rows with their slots."""
        of_server, standing = 0, Standing(None, silent=True)
        for row in rows:
            shown_at, next_at, late_at, slot = row[-4:]
            if row[0] != of_server:
                of_server = row[0]
                standing = self._moments.standing(connection, of_server, moment, shown_at)
            is_open, has_late = next_at is None, is_within(late_at, next_at)
            yield self._occurrence(_columns(row[:-4], *standing, is_open, has_late)), slot

    def history(self, criteria: Filter, after: int, limit: int) -> OccurrencePage[History]:
        """The names that servers have ever shown; the pid is ignored."""
        now = self._silence.parameters()
        parameters = criteria.parameters() | now | history_place(after) | {"limit": limit + 1}
        rows = self._rows(self._queries.history, parameters)
        shown = [
            self._history._make((*row, bool(running and not silent), heard_at, bool(silent)))
            for *row, running, heard_at, silent, _ in rows[:limit]
        ]
        last = rows[limit - 1] if len(rows) > limit else None
        following = None if last is None else last[0] << _NAME_BITS | last[-1]
        return OccurrencePage(now["now"], shown, following)

    def _rows(self, query: str, parameters: Mapping[str, Any]) -> list[tuple[Any, ...]]:
        with self._database.snapshot() as connection:
            return connection.execute(query, parameters).fetchall()


ProcessOccurrenceStore = OccurrenceStore[ProcessFilter, ProcessOccurrence, ProcessHistory]
LoginOccurrenceStore = OccurrenceStore[LoginFilter, LoginOccurrence, LoginHistory]


def process_occurrences(
    database: Database, queries: Mapping[str, str], silence: Silence = DEFAULT_SILENCE
) -> ProcessOccurrenceStore:
    own = OccurrenceQueries(
        now=queries["processes_now"],
        at=queries["processes_at"],
        history=queries["process_history"],
    )
    moments = MomentReader(queries, silence)
    return OccurrenceStore(database, own, ProcessOccurrence, ProcessHistory, moments)


def login_occurrences(
    database: Database, queries: Mapping[str, str], silence: Silence = DEFAULT_SILENCE
) -> LoginOccurrenceStore:
    own = OccurrenceQueries(
        now=queries["logins_now"],
        at=queries["logins_at"],
        history=queries["login_history"],
    )
    moments = MomentReader(queries, silence)
    return OccurrenceStore(database, own, LoginOccurrence, LoginHistory, moments)


def _page(
    at: int, found: list[tuple[Occurrence, int]], limit: int, late: LateRecords
) -> OccurrencePage[Occurrence]:
    """found: rows with their slots, one more than a page has if there are more."""
    shown = [row for row, _ in found[:limit]]
    more = len(found) > limit
    following = shown[-1].server_id << SLOT_BITS | found[limit - 1][1] if more else None
    return OccurrencePage(at, shown, following, late)


def _columns(row: tuple[Any, ...], *more: object) -> tuple[Any, ...]:
    return (*row, *more)


def _place(after: int) -> dict[str, int]:
    """The parameters that the queries of occurrences take for a cursor."""
    return {
        "server_id": after >> SLOT_BITS,
        "slot": after & (SLOTS_PER_RECORD - 1),
        "last_server_id": MAX_INTEGER,
    }


def history_place(after: int) -> dict[str, int]:
    """The parameters that the queries of a history take for a cursor."""
    return {"server_id": after >> _NAME_BITS, "name_id": after & ((1 << _NAME_BITS) - 1)}
