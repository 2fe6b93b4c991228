"""All that servers reported, to judge it again: as it arrived, or by its place in time."""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from operator import attrgetter
from typing import NamedTuple

from service.store.engines import Connection, Database
from service.store.read.unjudged import UnjudgedReport
from service.store.write.placement import INTERVALS, usual_interval

_PAGE = 5_000  # reports
_SERVER_PAGE = 200  # of one server


class PastServer(NamedTuple):
    """A server with records. first_received_at: when its oldest record that is kept arrived."""

    id: int
    first_received_at: int
    identity: str
    sibling: int
    ipaddress: str
    host: str | None

    @property
    def name(self) -> str:
        return self.host or self.ipaddress

    @property
    def names(self) -> set[str]:
        """Its number, host name, address and identity."""
        return {str(self.id), self.ipaddress, self.identity} | ({self.host} if self.host else set())

    def is_called(self, name: str) -> bool:
        """Whether that is its number, its name or its address."""
        return name in self.names


class PastReader:
    """Its methods take a snapshot. last_id: no record beyond it, so that all servers end alike."""

    def __init__(self, queries: Mapping[str, str]) -> None:
        self._queries = queries

    def servers(self, connection: Connection) -> list[PastServer]:
        return [PastServer(*row) for row in connection.execute(self._queries["past_servers"])]

    def last_id(self, connection: Connection) -> int:
        """The number of the newest record; 0 for none."""
        row = connection.execute(self._queries["newest_report_id"], {"until": 2**63 - 1}).fetchone()
        return 0 if row is None else int(row[0])

    def arrivals(
        self, connection: Connection, server_id: int, last_id: int, until: int
    ) -> Iterator[UnjudgedReport]:
        """Its reports that arrived until then, in the order of arrival."""
        yield from heapq.merge(
            self._reports(connection, "past_in_order", server_id, last_id, until),
            self._reports(connection, "past_late", server_id, last_id, until),
            key=attrgetter("id"),
        )

    def places(
        self, connection: Connection, server_id: int, last_id: int, until: int
    ) -> Iterator[UnjudgedReport]:
        """Its reports in the order of time, late ones in their place, as if none had been late."""
        reports = heapq.merge(
            self._reports(connection, "past_by_place", server_id, last_id, until),
            self._reports(connection, "past_late_by_place", server_id, last_id, until),
            key=attrgetter("placed_at"),
        )
        for report in reports:
            yield report._replace(received_at=report.placed_at)

    def fleet_arrivals(
        self, database: Database, last_id: int, until: int
    ) -> Iterator[UnjudgedReport]:
        """The reports of all servers that arrived until then, in the order of arrival.

        In pages, each a snapshot, since the caller may take long. Raises StorageUnavailableError.
        """
        after_id = 0
        while True:
            parameters = {"after_id": after_id, "last_id": last_id, "until": until, "limit": _PAGE}
            with database.snapshot() as connection:
                rows = connection.execute(self._queries["past_arrivals"], parameters).fetchall()
            for row in rows:
                yield UnjudgedReport(*row)
            if len(rows) < _PAGE:
                return
            after_id = rows[-1][0]

    def fleet_places(
        self, database: Database, servers: Sequence[int], last_id: int, until: int
    ) -> Iterator[UnjudgedReport]:
        """The reports of servers in the order of time, as places() tells them; in pages, too."""
        pages = [self._pages(database, server_id, last_id, until) for server_id in servers]
        yield from heapq.merge(*pages, key=attrgetter("placed_at"))

    def _pages(
        self, database: Database, server_id: int, last_id: int, until: int
    ) -> Iterator[UnjudgedReport]:
        since, limit = -1, _SERVER_PAGE
        while True:
            parameters = {
                "server_id": server_id, "last_id": last_id, "since": since, "until": until,
                "limit": limit,
            }  # fmt: skip
            with database.snapshot() as connection:
                rows = connection.execute(self._queries["past_places"], parameters).fetchall()
            found = [UnjudgedReport(*row) for row in rows]
            is_last = len(found) < limit
            if not is_last:  # the last place may have more
                since = found[-1].placed_at - 1
                found = [report for report in found if report.placed_at <= since]
                limit = _SERVER_PAGE if found else 2 * limit
            for report in found:
                yield report._replace(received_at=report.placed_at)
            if is_last:
                return

    def _reports(
        self, connection: Connection, query: str, server_id: int, last_id: int, until: int
    ) -> Iterator[UnjudgedReport]:
        parameters = {"server_id": server_id, "last_id": last_id, "until": until}
        for row in connection.execute(self._queries[query], parameters):
            yield UnjudgedReport(*row)


class Intervals:
    """The usual interval of a server, report by report, as UnjudgedReader tells it."""

    def __init__(self) -> None:
        self._places: deque[int] = deque(maxlen=INTERVALS + 1)  # the latest first
        self._first_received_at: int | None = None
        self._known_for = 0

    def add(self, report: UnjudgedReport) -> None:
        if self._first_received_at is None:
            self._first_received_at = report.received_at
        self._known_for = report.received_at - self._first_received_at
        self._places.appendleft(report.placed_at)

    def before(self) -> int | None:
        """For a report that is not added yet: the interval of those before it."""
        return usual_interval(list(self._places))

    def now(self) -> int | None:
        """For silence: no longer than the server is known."""
        return usual_interval(list(self._places), self._known_for) if self._places else None
