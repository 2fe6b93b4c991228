"""The history of one server: its records, and the changes from each to the next."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from service import times
from service.errors import RecordNotFoundError, ServerNotFoundError
from service.store.engines import MAX_INTEGER, Connection, Database
from service.store.read.changes import ChangePage, ChangeReader, Lifetimes, Period, RecordRef
from service.store.read.moments import Moment, last_known_place
from service.store.read.records import ServerRow, server_row


@dataclass(frozen=True, slots=True)
class HistoricRecord:
    record: ServerRow
    placed_at: int
    late: bool  # it arrived after its server had gone on


@dataclass(frozen=True, slots=True)
class RecordPage:
    """Records by their places in time, the newest first; `after` is null on the last page."""

    records: list[HistoricRecord]
    after: int | None


@dataclass(frozen=True, slots=True)
class Around:
    """The records in order of a server around a moment."""

    first: RecordRef
    previous: RecordRef | None  # the record before the one shown
    shown: RecordRef | None  # null before the first record
    following: RecordRef | None  # the next record; null where none was known
    last: RecordRef  # the newest record that was known; else the first one


class HistoryStore:
    def __init__(self, database: Database, queries: Mapping[str, str]) -> None:
        self._database = database
        self._queries = queries
        self._changes = ChangeReader(queries)

    def server_of(self, id_serv: int) -> int:
        """Raises RecordNotFoundError."""
        with self._database.snapshot() as connection:
            found = self._one(connection, "server_of_record", id_serv=id_serv)
            if found is None:
                raise RecordNotFoundError(id_serv)
            return int(found[0])

    def place_of(self, server_id: int, id_serv: int) -> int:
        """The place in time of a record of the server. Raises RecordNotFoundError."""
        with self._database.snapshot() as connection:
            found = self._one(connection, "place_of_record", id_serv=id_serv, server_id=server_id)
            if found is None:
                raise RecordNotFoundError(id_serv)
            return int(found[0])

    def records(self, server_id: int, period: Period, after: int, limit: int) -> RecordPage:
        """The records with a place in a period, after the record `after`."""
        with self._database.snapshot() as connection:
            shown_at = times.LAST
            if after:
                row = self._one(connection, "place_of_record", id_serv=after, server_id=server_id)
                if row is None:
                    return RecordPage([], None)
                shown_at = row[0]
            until = shown_at if period.until is None else min(period.until, shown_at)
            rows = connection.execute(
                self._queries["records_newest_first"],
                {
                    "server_id": server_id,
                    "since": period.since or 0,
                    "until": min(until, last_known_place(period.known_at)),
                    "known_at": period.known_at,
                    "shown_at": shown_at,
                    "shown": after or MAX_INTEGER,
                    "limit": limit + 1,
                },
            ).fetchall()
        records = [
            HistoricRecord(server_row(row), placed_at, bool(late))
            for placed_at, late, *row in rows[:limit]
        ]
        return RecordPage(records, records[-1].record.id_serv if len(rows) > limit else None)

    def around(self, server_id: int, moment: Moment | None) -> Around:
        """Raises ServerNotFoundError."""
        last_moment = Moment(times.LAST, moment.known_at if moment else None)
        with self._database.snapshot() as connection:
            first = self._record(connection, "first_record", server_id, last_moment)
            if first is None:
                raise ServerNotFoundError(server_id)
            last = self._record(connection, "record_until", server_id, last_moment) or first
            shown: RecordRef | None = last
            following = None
            if moment is not None:
                shown = self._record(connection, "record_until", server_id, moment)
                following = self._record_after(connection, server_id, moment)
            previous = None
            if shown is not None:
                place = {"server_id": server_id, **shown._asdict()}
                row = connection.execute(self._queries["record_before"], place).fetchone()
                previous = None if row is None else RecordRef(*row)
            return Around(first, previous, shown, following, last)

    def changes(
        self, server_id: int, period: Period, after: int, limit: int, *, newest_first: bool = False
    ) -> ChangePage:
        """The changes that the reports of a period show, each against the report before it."""
        with self._database.snapshot() as connection:
            return self._changes.page(
                connection, server_id, period, after, limit, newest_first=newest_first
            )

    def lifetimes(
        self, server_id: int, period: Period, limit: int, q: str | None = None
    ) -> Lifetimes:
        """The processes that appear or disappear in a period; q: any part of their names."""
        with self._database.snapshot() as connection:
            return self._changes.lifetimes(connection, server_id, period, limit, q)

    def _record(
        self, connection: Connection, query: str, server_id: int, moment: Moment
    ) -> RecordRef | None:
        row = self._one(connection, query, server_id=server_id, **moment.parameters())
        return None if row is None else RecordRef(*row)

    def _record_after(
        self, connection: Connection, server_id: int, moment: Moment
    ) -> RecordRef | None:
        place = moment.parameters()
        row = self._one(connection, "record_after", server_id=server_id, **place)
        if row is None or (moment.known_at is not None and row[0] > moment.known_at):
            return None
        return RecordRef(*row[1:])

    def _one(
        self, connection: Connection, query: str, **parameters: int | None
    ) -> tuple[int, ...] | None:
        row: tuple[int, ...] | None
        row = connection.execute(self._queries[query], parameters).fetchone()
        return row
