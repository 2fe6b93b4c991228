"""What the evaluator has to judge: reports above the cursors, and what time alone changes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from operator import itemgetter
from typing import Any, NamedTuple

from service.store.engines import Connection, Database
from service.store.verdict_rows import Bound
from service.store.write.multi_row import select_rows
from service.store.write.placement import INTERVALS, usual_interval
from service.times import SECOND

UNDER_WAY = SECOND  # what arrived before a moment may be stored a little later


class UnjudgedReport(NamedTuple):
    """A report as an event. Its moment is its place in time."""

    id: int
    server_id: int
    seq: int
    placed_at: int
    received_at: int
    clock: str | None
    digest: bytes

    @property
    def bound(self) -> Bound:
        return Bound(self.id, self.placed_at, self.received_at, self.clock)


class JudgedServer(NamedTuple):
    """Who a server is. first_at: the place of its first record. heard_at: of its last arrival."""

    id: int
    identity: str
    sibling: int
    first_at: int
    heard_at: int
    usual_interval: int | None


class NewestRecord(NamedTuple):
    """The newest record of a server, for rules about the fleet."""

    server_id: int
    report_id: int
    seq: int
    placed_at: int
    received_at: int
    clock: str | None
    digest: bytes

    @property
    def bound(self) -> Bound:
        return Bound(self.report_id, self.placed_at, self.received_at, self.clock)


class NewestReport(NamedTuple):
    """The report that arrived last, of all."""

    report_id: int = 0
    received_at: int = 0
    server_id: int = 0
    digest: bytes = b""


class Waiting(NamedTuple):
    """How many servers have reports that were not judged, and when the oldest arrived, if any."""

    servers: int
    since: int | None


class UnjudgedReader:
    """Its methods take a snapshot, so that what they say is of one moment."""

    def __init__(self, queries: Mapping[str, str]) -> None:
        self._queries = queries

    def next_reports(self, connection: Connection) -> dict[int, int]:
        """The number of the report that comes next, by server, in the order of arrival.

        It looks at every server, which takes a microsecond for each.
        """
        rows = connection.execute(self._queries["unjudged_servers"]).fetchall()
        return _in_order_of_arrival(rows)

    def next_reports_of(
        self, connection: Connection, servers: Iterable[int]
    ) -> dict[int, int] | None:
        """The same of some servers; null if one of them was never judged."""
        query = self._queries["unjudged_of_servers"]
        rows = select_rows(connection, query, [(server,) for server in sorted(servers)])
        return _in_order_of_arrival(rows) if all(row[3] for row in rows) else None

    def last_report(self, connection: Connection) -> int:
        """The highest number of a report."""
        (number,) = connection.execute(self._queries["last_report_id"]).fetchone()
        return int(number)

    def servers_since(self, connection: Connection, report_id: int) -> set[int]:
        """Servers with reports above this number."""
        query = self._queries["servers_since"]
        return {server for (server,) in connection.execute(query, {"report_id": report_id})}

    def waiting(self, connection: Connection) -> Waiting:
        rows = connection.execute(self._queries["oldest_unjudged"], {"limit": 1}).fetchall()
        return Waiting(*rows[0][:2]) if rows else Waiting(0, None)

    def judged_servers(self, connection: Connection) -> int:
        """How many servers were ever judged."""
        _, judged = connection.execute(self._queries["last_arrival_to_judge"]).fetchone()
        return int(judged)

    def waiting_longest(self, connection: Connection, limit: int) -> list[tuple[int, int]]:
        """The servers that have waited longest, and when the oldest report of each arrived."""
        rows = connection.execute(self._queries["oldest_unjudged"], {"limit": limit})
        return [(server, since) for _, since, server in rows]

    def server_waits_since(self, connection: Connection, server_id: int) -> int | None:
        """When the oldest report of a server arrived that waits; null if none does."""
        place = {"server_id": server_id}
        row = connection.execute(self._queries["oldest_unjudged_of_server"], place).fetchone()
        return None if row is None else int(row[0])

    def is_fleet_unjudged(self, connection: Connection, until: int) -> bool:
        """Whether a tick is to come for what arrived, fell silent or was taken up until then."""
        query = self._queries["is_fleet_unjudged"]
        (is_unjudged,) = connection.execute(query, {"until": until}).fetchone()
        return bool(is_unjudged)

    def newest_report(self, connection: Connection, until: int) -> NewestReport:
        """The newest report that arrived until then; all zero for none."""
        query = self._queries["newest_report_id"]
        row = connection.execute(query, {"until": until}).fetchone()
        return NewestReport() if row is None else NewestReport(*row)

    def begin(self, connection: Connection, server_id: int) -> tuple[int, int]:
        """The last report in order, and late, of a server that needs no judging."""
        query = self._queries["begin_of_server"]
        seq, late_seq = connection.execute(query, {"server_id": server_id}).fetchone()
        return int(seq), int(late_seq)

    def first_text_at(self, connection: Connection) -> int:
        """When there was a rule for the first time, in microseconds; 0 if there never was."""
        ((at,),) = connection.execute(self._queries["first_text_at"]).fetchall()
        return int(at)

    def report(self, connection: Connection, report_id: int) -> UnjudgedReport:
        query = self._queries["report_to_judge"]
        return UnjudgedReport(*connection.execute(query, {"report_id": report_id}).fetchone())

    def report_at_cursor(
        self, connection: Connection, server_id: int, seq: int
    ) -> UnjudgedReport | None:
        query = self._queries["report_at_cursor"]
        row = connection.execute(query, {"server_id": server_id, "seq": seq}).fetchone()
        return None if row is None else UnjudgedReport(*row)

    def neighbours(
        self, connection: Connection, report: UnjudgedReport
    ) -> tuple[Bound | None, Bound | None]:
        """The records in order around a late report: before or at its place, and after it.

        Of those that arrived before it, whatever has arrived since.
        """
        place = {"server_id": report.server_id, "moment": report.placed_at}
        before = connection.execute(self._queries["judged_before"], place).fetchone()
        after = connection.execute(self._queries["judged_after"], place).fetchone()
        return (
            None if before is None else Bound(*before),
            None if after is None or after[0] > report.id else Bound(*after),
        )

    def server(self, connection: Connection, server_id: int) -> JudgedServer:
        query = self._queries["judged_server"]
        return JudgedServer(*connection.execute(query, {"server_id": server_id}).fetchone())

    def usual_interval(self, connection: Connection, server_id: int, seq: int) -> int | None:
        """The usual interval of a server when this report in order was its newest one."""
        rows = self._places(connection, server_id, seq)
        return usual_interval([row[0] for row in rows], rows[0][1] - rows[0][2]) if rows else None

    def interval_before(self, connection: Connection, server_id: int, seq: int) -> int | None:
        """The usual interval of its reports before this one, however late they arrived."""
        return usual_interval([row[0] for row in self._places(connection, server_id, seq - 1)])

    def _places(self, connection: Connection, server_id: int, seq: int) -> list[Any]:
        place = {"server_id": server_id, "seq": seq, "limit": INTERVALS + 1}
        return connection.execute(self._queries["places_until_report"], place).fetchall()

    def of_other_epochs(self, connection: Connection, epoch: int) -> list[int]:
        query = self._queries["servers_of_other_epochs"]
        return [server for (server,) in connection.execute(query, {"epoch": epoch})]

    def heard_before(self, connection: Connection, moment: int) -> list[int]:
        """Servers heard last before then that were not judged in silence yet."""
        query = self._queries["servers_to_fall_silent"]
        return [server for (server,) in connection.execute(query, {"heard_before": moment})]

    def to_tick(self, connection: Connection, hour_at: int, day_at: int) -> list[int]:
        query = self._queries["servers_to_tick"]
        rows = connection.execute(query, {"hour_at": hour_at, "day_at": day_at})
        return [server for (server,) in rows]

    def fleet(self, connection: Connection, heard_since: int, until: int) -> list[NewestRecord]:
        times = {"heard_since": heard_since, "until": until}
        rows = connection.execute(self._queries["servers_of_fleet"], times)
        return [NewestRecord(*row) for row in rows]


def _in_order_of_arrival(rows: Iterable[Sequence[Any]]) -> dict[int, int]:
    """The next report by server. rows: the server, its next report in order, and its next late."""
    found = {row[0]: min(report for report in row[1:3] if report is not None) for row in rows}
    return dict(sorted(found.items(), key=itemgetter(1)))


class LagReader:
    """How far the evaluator is behind."""

    def __init__(self, database: Database, queries: Mapping[str, str]) -> None:
        self._database = database
        self._reader = UnjudgedReader(queries)

    def waiting(self) -> Waiting:
        """Raises StorageUnavailableError."""
        with self._database.snapshot() as connection:
            return self._reader.waiting(connection)
