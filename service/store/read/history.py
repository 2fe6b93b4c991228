"""The history of one server: its records, and what changed from each to the next."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from service import times
from service.errors import RecordNotFoundError, ServerNotFoundError
from service.store.engines import Connection, Database
from service.store.read.changes import ChangePage, ChangeReader, Lifetimes, Seen
from service.store.read.records import ServerRow, server_row

_NEWER_THAN_ALL = 2**63 - 1


@dataclass(frozen=True, slots=True)
class HistoricRecord:
    record: ServerRow
    received_at: int
    late: bool  # a newer one of its server was stored before it


@dataclass(frozen=True, slots=True)
class RecordPage:
    """Records, the newest first; `after` is null on the last page."""

    records: list[HistoricRecord]
    after: int | None


@dataclass(frozen=True, slots=True)
class Around:
    """What is known of a server around a moment."""

    first: Seen
    shown: Seen | None  # the newest record not after the moment; null before the first one
    following: Seen | None  # the first one after it
    last: Seen


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

    def records(
        self, server_id: int, since: int | None, until: int | None, after: int, limit: int
    ) -> RecordPage:
        """The records taken in that time, from the one after the record `after` on."""
        with self._database.snapshot() as connection:
            shown_at = times.LAST
            if after:
                row = self._one(connection, "time_of_record", id_serv=after, server_id=server_id)
                if row is None:
                    return RecordPage([], None)
                shown_at = row[0]
            rows = connection.execute(
                self._queries["newest_first"],
                {
                    "server_id": server_id,
                    "since": 0 if since is None else since,
                    "until": shown_at if until is None else min(until, shown_at),
                    "shown_at": shown_at,
                    "shown": after or _NEWER_THAN_ALL,
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
            first = self._seen(connection, "first_record", server_id, None)
            last = self._seen(connection, "record_until", server_id, times.LAST)
            if first is None or last is None:
                raise ServerNotFoundError(server_id)
            if moment is None:
                return Around(first, last, None, last)
            shown = self._seen(connection, "record_until", server_id, moment)
            following = self._seen(connection, "record_after", server_id, moment)
            return Around(first, shown, following, last)

    def changes(  # noqa: PLR0913 — whose, of when, and which page
        self,
        server_id: int,
        since: int | None,
        until: int | None,
        after: int,
        limit: int,
        *,
        newest_first: bool = False,
    ) -> ChangePage:
        """What the reports taken in that time show to have changed since the one before each."""
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
        """The processes that came or went in that time; q: any part of their names."""
        with self._database.snapshot() as connection:
            return self._changes.lifetimes(connection, server_id, _period(since, until), limit, q)

    def _seen(
        self, connection: Connection, query: str, server_id: int, moment: int | None
    ) -> Seen | None:
        row = self._one(connection, query, server_id=server_id, moment=moment)
        return None if row is None else Seen(*row)

    def _one(
        self, connection: Connection, query: str, **parameters: int | None
    ) -> tuple[int, ...] | None:
        row: tuple[int, ...] | None = connection.execute(
            self._queries[query], parameters
        ).fetchone()
        return row


def _period(since: int | None, until: int | None) -> tuple[int, int]:
    return 0 if since is None else since, times.LAST if until is None else until
