"""The history of one server: its records, and the changes from each to the next."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from service import times
from service.errors import RecordNotFoundError, ServerNotFoundError
from service.store.engines import MAX_INTEGER, Connection, Database
from service.store.read.changes import ChangePage, ChangeReader, Lifetimes, RecordRef
from service.store.read.records import ServerRow, server_row


@dataclass(frozen=True, slots=True)
class HistoricRecord:
    record: ServerRow
    received_at: int
    late: bool  # its server had a newer record when it arrived


@dataclass(frozen=True, slots=True)
class RecordPage:
    """Records, the newest first; `after` is null on the last page."""

    records: list[HistoricRecord]
    after: int | None


@dataclass(frozen=True, slots=True)
class Around:
    """The records of a server around a moment."""

    first: RecordRef
    shown: RecordRef | None  # the newest record up to the moment; null before the first one
    following: RecordRef | None  # the oldest record after the moment
    last: RecordRef


class HistoryStore:
    def __init__(self, database: Database, queries: Mapping[str, str]) -> None:
        self._database = database
        self._queries = queries
        self._changes = ChangeReader(queries)

    def server_of(self, id_serv: int) -> int:
        """Raises RecordNotFoundError."""
        with self._database.snapshot() as connection:
            found = self._one(connection, self._queries["server_of_record"], id_serv=id_serv)
            if found is None:
                raise RecordNotFoundError(id_serv)
            return int(found[0])

    def records(
        self, server_id: int, since: int | None, until: int | None, after: int, limit: int
    ) -> RecordPage:
        """The records taken in a period, after the record `after`."""
        with self._database.snapshot() as connection:
            shown_at = times.LAST
            if after:
                query = self._queries["time_of_record"]
                row = self._one(connection, query, id_serv=after, server_id=server_id)
                if row is None:
                    return RecordPage([], None)
                shown_at = row[0]
            rows = connection.execute(
                self._queries["records_newest_first"],
                {
                    "server_id": server_id,
                    "since": 0 if since is None else since,
                    "until": shown_at if until is None else min(until, shown_at),
                    "shown_at": shown_at,
                    "shown": after or MAX_INTEGER,
                    "limit": limit + 1,
                },
            ).fetchall()
        records = [
            HistoricRecord(server_row(row), received_at, bool(late))
            for received_at, late, *row in rows[:limit]
        ]
        return RecordPage(records, records[-1].record.id_serv if len(rows) > limit else None)

    def around(self, server_id: int, moment: int | None) -> Around:
        """Raises ServerNotFoundError."""
        with self._database.snapshot() as connection:
            first = self._record(connection, self._queries["first_record"], server_id, None)
            record_until = self._queries["record_until"]
            last = self._record(connection, record_until, server_id, times.LAST)
            if first is None or last is None:
                raise ServerNotFoundError(server_id)
            if moment is None:
                return Around(first, last, None, last)
            shown = self._record(connection, record_until, server_id, moment)
            record_after = self._queries["record_after"]
            following = self._record(connection, record_after, server_id, moment)
            return Around(first, shown, following, last)

    def changes(  # noqa: PLR0913 — a server, a period and a page
        self,
        server_id: int,
        since: int | None,
        until: int | None,
        after: int,
        limit: int,
        *,
        newest_first: bool = False,
    ) -> ChangePage:
        """The changes that the reports of a period show, each against the report before it."""
        with self._database.snapshot() as connection:
            return self._changes.page(
                connection,
                server_id,
                _period(since, until),
                after,
                limit,
                newest_first=newest_first,
            )

    def lifetimes(
        self, server_id: int, since: int | None, until: int | None, limit: int, q: str | None = None
    ) -> Lifetimes:
        """The processes that appear or disappear in a period; q: any part of their names."""
        with self._database.snapshot() as connection:
            return self._changes.lifetimes(connection, server_id, _period(since, until), limit, q)

    def _record(
        self, connection: Connection, query: str, server_id: int, moment: int | None
    ) -> RecordRef | None:
        row = self._one(connection, query, server_id=server_id, moment=moment)
        return None if row is None else RecordRef(*row)

    def _one(
        self, connection: Connection, query: str, **parameters: int | None
    ) -> tuple[int, ...] | None:
        row: tuple[int, ...] | None = connection.execute(query, parameters).fetchone()
        return row


def _period(since: int | None, until: int | None) -> tuple[int, int]:
    return 0 if since is None else since, times.LAST if until is None else until
