"""Occurrences of processes and logins over the whole fleet: now, at a moment, and ever."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
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
from service.store.read.tags import Told
from service.store.read.walk import OF_A_PAGE, Effort, MomentWalk, NameWalk, Walk, WalkQueries
from service.store.tag_format import WantedTag

Filter = TypeVar("Filter", ProcessFilter, LoginFilter)
Occurrence = TypeVar("Occurrence", ProcessOccurrence, LoginOccurrence)
History = TypeVar("History", ProcessHistory, LoginHistory)
Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class OccurrencePage(Generic[Row]):
    """Rows in the order of servers; `after` is the cursor of the next page, null on the last.

    A page may have fewer rows than were asked for, or none, and yet a next one: see walk.py.
    """

    at: int  # at which silence is judged
    rows: list[Row]
    after: int | None
    late: LateRecords = NO_LATE_RECORDS  # of the servers up to the last row
    names: list[int] = field(default_factory=list)  # of a history: the id of the name of each row


@dataclass(frozen=True, slots=True)
class OccurrenceQueries:
    """The queries of an OccurrenceStore, each with those of the walk that leads to its rows."""

    now: tuple[str, WalkQueries]
    at: tuple[str, WalkQueries]
    history: tuple[str, WalkQueries]


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

    def page(  # noqa: PLR0913 — a question and the bounds of its answer
        self,
        criteria: Filter,
        moment: Moment | None,
        after: int,
        limit: int,
        *,
        silent: bool | None = None,
        tag: WantedTag | None = None,
        effort: Effort = OF_A_PAGE,
    ) -> OccurrencePage[Occurrence]:
        """Now or at a moment; silent: on silent servers only, or on the others. tag: of servers."""
        if moment is None:
            return self.now(criteria, after, limit, silent=silent, tag=tag, effort=effort)
        return self.at(criteria, moment, after, limit, silent=silent, tag=tag, effort=effort)

    def now(  # noqa: PLR0913 — as page()
        self,
        criteria: Filter,
        after: int,
        limit: int,
        *,
        silent: bool | None = None,
        tag: WantedTag | None = None,
        effort: Effort = OF_A_PAGE,
    ) -> OccurrencePage[Occurrence]:
        """Occurrences in the newest record of each server; silent: of such servers only, or not."""
        now = self._silence.parameters()
        query, of_walk = self._queries.now
        parameters = criteria.parameters() | now | {"silent": silent}
        with self._database.snapshot() as connection:
            walk = Walk(connection, of_walk, criteria, parameters, effort)
            walk.of_tag(tag, Told().told_until)
            rows, following = _read(walk, query, after, limit)
        found = [self._occurrence(_columns(row[:-2], bool(row[-2]), True, False)) for row in rows]
        return OccurrencePage(now["now"], found, following)

    def at(  # noqa: PLR0913 — as page()
        self,
        criteria: Filter,
        moment: Moment,
        after: int,
        limit: int,
        *,
        silent: bool | None = None,
        tag: WantedTag | None = None,
        effort: Effort = OF_A_PAGE,
    ) -> OccurrencePage[Occurrence]:
        """Occurrences in the record of each server that is shown at the moment."""
        query, of_walk = self._queries.at
        parameters = criteria.parameters() | moment.parameters() | {"oldest_name": 0}
        with self._database.snapshot() as connection:
            walk = MomentWalk(connection, of_walk, criteria, parameters, effort)
            walk.of_servers(self._moments, moment, silent=silent)
            walk.of_tag(tag, Told.at(moment).told_until)
            rows, following = _read(walk, query, after, limit)
            found = list(self._standing_rows(connection, rows, moment))
            last = MAX_INTEGER if following is None else following >> walk.bits
            servers = (after + 1) >> walk.bits, last
            tagged = walk.tagged(*servers)
            late = LateRecords.first_of(
                record
                for record in self._moments.late_records(connection, moment, *servers)
                if tagged is None or record.server_id in tagged
            )
            return OccurrencePage(self._moments.judged_at(moment), found, following, late)

    def _standing_rows(
        self, connection: Connection, rows: Iterable[Any], moment: Moment
    ) -> Iterator[Occurrence]:
        of_server, standing = 0, Standing(None, silent=True)
        for row in rows:
            shown_at, next_at, late_at, _ = row[-4:]
            if row[0] != of_server:
                of_server = row[0]
                standing = self._moments.standing(connection, of_server, moment, shown_at)
            is_open, has_late = next_at is None, is_within(late_at, next_at)
            yield self._occurrence(_columns(row[:-4], *standing, is_open, has_late))

    def history(
        self,
        criteria: Filter,
        after: int,
        limit: int,
        effort: Effort = OF_A_PAGE,
        tag: WantedTag | None = None,
    ) -> OccurrencePage[History]:
        """The names that servers have ever shown; the pid is ignored. tag: that they have now."""
        now = self._silence.parameters()
        query, of_walk = self._queries.history
        with self._database.snapshot() as connection:
            walk = NameWalk(connection, of_walk, criteria, criteria.parameters() | now, effort)
            walk.of_tag(tag, Told().told_until)
            rows, following = _read(walk, query, after, limit)
        shown = [self._history._make(_told(*row[:-1])) for row in rows]
        return OccurrencePage(now["now"], shown, following, names=[row[-1] for row in rows])


ProcessOccurrenceStore = OccurrenceStore[ProcessFilter, ProcessOccurrence, ProcessHistory]
LoginOccurrenceStore = OccurrenceStore[LoginFilter, LoginOccurrence, LoginHistory]


def process_occurrences(
    database: Database, queries: Mapping[str, str], silence: Silence = DEFAULT_SILENCE
) -> ProcessOccurrenceStore:
    own = OccurrenceQueries(
        now=(queries["processes_now"], WalkQueries.of(queries, "process", "now")),
        at=(queries["processes_at"], WalkQueries.of(queries, "process", "at")),
        history=(queries["process_history"], WalkQueries.of(queries, "process", "ever")),
    )
    moments = MomentReader(queries, silence)
    return OccurrenceStore(database, own, ProcessOccurrence, ProcessHistory, moments)


def login_occurrences(
    database: Database, queries: Mapping[str, str], silence: Silence = DEFAULT_SILENCE
) -> LoginOccurrenceStore:
    own = OccurrenceQueries(
        now=(queries["logins_now"], WalkQueries.of(queries, "login", "now")),
        at=(queries["logins_at"], WalkQueries.of(queries, "login", "at")),
        history=(queries["login_history"], WalkQueries.of(queries, "login", "ever")),
    )
    moments = MomentReader(queries, silence)
    return OccurrenceStore(database, own, LoginOccurrence, LoginHistory, moments)


def _read(walk: Walk, query: str, after: int, limit: int) -> tuple[list[Any], int | None]:
    """Rows up to a limit, and the position after which the next page begins.

    query: gives rows of a range in their order, the server first and the rest of the position last.
    """
    rows: list[Any] = []
    for part in walk.ranges(after):
        place = {**part.parameters(walk.bits), "limit": limit + 1 - len(rows)}
        rows += walk.connection.execute(query, {**walk.parameters, **place}).fetchall()
        if len(rows) > limit:
            server_id, *_, slot = rows[limit - 1]
            return rows[:limit], server_id << walk.bits | slot
    return rows, walk.after


def _told(*columns: Any) -> tuple[object, ...]:  # noqa: ANN401 — a row
    """A row of a history: what a server showed that is silent or retired does not run now."""
    *row, running, heard_at, silent, retired = columns
    is_now = bool(running and not silent and not retired)
    return (*row, is_now, heard_at, bool(silent), bool(retired))


def _columns(row: tuple[Any, ...], *more: object) -> tuple[Any, ...]:
    return (*row, *more)
