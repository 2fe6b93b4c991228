"""Stores reports.

Writers come one at a time, so a write is prepared before its turn where possible: a plan is made
from a snapshot, and carried out if no other report of that server was stored in between.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, NamedTuple

from service.errors import LargeServerError, OutdatedPlanError
from service.report import Report
from service.store.engines import Connection, Database
from service.store.write.interning import (
    account_table,
    login_name_table,
    process_name_table,
    profile_table,
    program_table,
)
from service.store.write.name_index import (
    ReportPosition,
    RunTable,
    login_name_index,
    process_name_index,
)
from service.store.write.placement import (
    INTERVALS,
    NO_HISTORY,
    Arrival,
    History,
    Newest,
    Placement,
    Previous,
    place,
    usual_interval,
)
from service.store.write.plans import NEW_SERVER, Plan, SequenceBounds
from service.store.write.servers import ServerTable
from service.store.write.spans import (
    Place,
    login_rows,
    login_spans,
    process_rows,
    process_spans,
)
from service.times import HOUR

MANY_RUNNING: Final = 5000  # processes
MANY_CHANGES: Final = 2000  # that are not planned again while all other writers wait


@dataclass(frozen=True, slots=True)
class Stored:
    """The record that holds a report; not new if the very same report was stored before."""

    id_serv: int
    new: bool


class NewReport(NamedTuple):
    """A report to store."""

    report: Report
    received_at: int
    plan: Plan | None = None  # of ReportStore.plan(), if there is one
    replayed: bool = False  # from the archive, not from its sender
    number: int | None = None  # the id_serv that another database gave it

    @property
    def arrival(self) -> Arrival:
        report = self.report
        return Arrival(report.taken_at, self.received_at, report.zoned, self.replayed)


class ReportStore:
    """Writes reports. Those that arrive together share a transaction."""

    def __init__(self, database: Database, queries: Mapping[str, str]) -> None:
        self._database = database
        self._queries = queries
        self._servers = ServerTable(queries)
        self._profiles = profile_table(queries)
        programs, accounts = program_table(queries), account_table(queries)
        process_names, login_names = process_name_table(queries), login_name_table(queries)
        self._intern_tables = (self._profiles, programs, accounts, process_names, login_names)
        self._processes = process_spans(queries, programs, process_names)
        self._logins = login_spans(queries, accounts, login_names)
        self._process_names = process_name_index(queries, process_names)
        self._login_names = login_name_index(queries, login_names)
        self._runs = RunTable(queries)
        self._turn = threading.Lock()

    def plan(self, report: Report, received_at: int, *, may_be_large: bool = True) -> Plan:
        """Prepares the write of this report. received_at: about when it arrives.

        Raises LargeServerError, if it may not be large, where many processes run on its server.
        """
        with self._database.snapshot() as connection:
            server_id = self._servers.find(connection, report) or NEW_SERVER
            if not may_be_large and self._running(connection, server_id) > MANY_RUNNING:
                raise LargeServerError
            return self._plan(connection, server_id, NewReport(report, received_at))

    def interned_ahead(self, plan: Plan) -> Plan:
        """The plan, with its texts and names stored already if they are many."""
        processes = self._processes.interned_ahead(self._database, plan.processes)
        logins = self._logins.interned_ahead(self._database, plan.logins)
        return replace(plan, processes=processes, logins=logins)

    def add(
        self,
        report: Report,
        received_at: int,
        plan: Plan | None = None,
        *,
        replayed: bool = False,
    ) -> Stored:
        """Stores a report; on disk when this returns. Raises StorageUnavailableError."""
        return self.add_all([NewReport(report, received_at, plan, replayed)])[0]

    def add_all(self, reports: Sequence[NewReport]) -> list[Stored]:
        """Stores all of the reports or none, in one transaction. Raises StorageUnavailableError."""
        with self._turn:  # the ids that an intern table finds belong to one transaction
            try:
                with self._database.transaction() as connection:
                    written = [self._add(connection, each) for each in reports]
            except BaseException:
                for table in self._intern_tables:
                    table.rolled_back()
                raise
            for table in self._intern_tables:
                table.committed()
            for stored, plan in written:
                if stored.new:
                    self._processes.committed(plan.server_id, plan.seq, plan.processes)
                    self._logins.committed(plan.server_id, plan.seq, plan.logins)
        return [stored for stored, _ in written]

    def _add(self, connection: Connection, new: NewReport) -> tuple[Stored, Plan]:
        report, plan = new.report, new.plan
        if plan is None or not self._is_valid(connection, report, plan):
            if plan is not None and plan.changes > MANY_CHANGES:
                raise OutdatedPlanError
            server_id = self._servers.find(connection, report) or NEW_SERVER
            plan = self._plan(connection, server_id, new)
        if plan.server_id == NEW_SERVER:
            plan = plan.of_server(self._servers.add(connection, report))
        if plan.id_serv is not None:
            return Stored(plan.id_serv, new=False), plan
        placement = place(new.arrival, plan.history)
        if placement.seq != plan.seq:  # the plan was for a somewhat earlier arrival
            plan = self._plan(connection, plan.server_id, new)
        id_serv = self._write_report(connection, new, plan, placement)
        self._note_arrival(connection, new.received_at, plan, placement)
        self._processes.write(connection, plan.processes)
        self._logins.write(connection, plan.logins)
        newest = plan.history.newest
        position = ReportPosition(
            plan.server_id, plan.seq, placement.placed_at, newest and newest.placed_at
        )
        self._login_names.write(connection, position, plan.logins.names)
        runs = self._process_names.write(connection, position, plan.processes.names)
        self._runs.write(connection, position, *runs)
        return Stored(id_serv, new=True), plan

    def _write_report(
        self, connection: Connection, new: NewReport, plan: Plan, placement: Placement
    ) -> int:
        """Returns its id_serv."""
        report = new.report
        profile = (plan.server_id, *report.profile)
        (profile_id,) = self._profiles.ids_of(connection, [profile])
        row = placement._asdict() | {
            "id": new.number,
            "server_id": plan.server_id,
            "taken_at": report.taken_at,
            "received_at": new.received_at,
            "moved_by": placement.placed_at - report.taken_at,
            "profile_id": profile_id,
            "digest": report.digest,
            "discarded": report.discarded,
        }
        (id_serv,) = connection.execute(self._queries["add_report"], row).fetchone()
        if plan.seq > 0:
            connection.execute(self._queries["add_profile_change"], row | {"report_id": id_serv})
        return int(id_serv)

    def _note_arrival(
        self, connection: Connection, received_at: int, plan: Plan, placement: Placement
    ) -> None:
        history, server = plan.history, {"server_id": plan.server_id}
        places = history.latest_places
        if placement.seq > 0:
            places = [placement.placed_at, *places]
        greatest = history.greatest_arrival_at
        first_at, heard_at = history.first_arrival_at, history.heard_at
        if placement.seq > 0 or heard_at is None:
            heard_at = received_at
        known_for = 0 if first_at is None else heard_at - first_at
        hour = received_at // HOUR
        if history.counted_hour is not None and history.counted_hour != hour:
            over = {"hour": history.counted_hour, "reports": history.counted_reports}
            connection.execute(self._queries["keep_counted_hour"], server | over)
        connection.execute(
            self._queries["note_arrival"],
            server
            | {
                "heard_at": heard_at,
                "greatest_arrival_at": max(received_at, greatest or 0),
                "usual_interval": usual_interval(places, known_for),
                "hour": hour,
            },
        )

    def _is_valid(self, connection: Connection, report: Report, plan: Plan) -> bool:
        if plan.server_id == NEW_SERVER:
            return self._servers.find(connection, report) is None
        if self._sequence_bounds(connection, plan.server_id) != plan.bounds:
            return False
        # An address always means the same server. An id may have got another sibling meanwhile.
        return report.id_maquina is None or self._servers.find(connection, report) == plan.server_id

    def _plan(self, connection: Connection, server_id: int, new: NewReport) -> Plan:
        report = new.report
        if server_id == NEW_SERVER:
            return self._changes(connection, new, server_id, SequenceBounds(0, 0), NO_HISTORY)
        bounds = self._sequence_bounds(connection, server_id)
        same = connection.execute(
            self._queries["find_same_report"],
            {
                "server_id": server_id,
                "taken_at": report.taken_at,
                "digest": report.digest,
                "spelled_digest": report.spelled_digest,
            },
        ).fetchone()
        if same is not None:
            return Plan(server_id, bounds, same[0])
        history = self._history(connection, server_id, bounds)
        return self._changes(connection, new, server_id, bounds, history)

    def _changes(
        self,
        connection: Connection,
        new: NewReport,
        server_id: int,
        bounds: SequenceBounds,
        history: History,
    ) -> Plan:
        report = new.report
        seq = place(new.arrival, history).seq
        boots = (history.newest and history.newest.boot_id, report.profile.boot_id)
        at = Place(server_id, bounds.highest, seq, None not in boots and boots[0] != boots[1])
        return Plan(
            server_id,
            bounds,
            None,
            history,
            seq,
            self._processes.plan(connection, at, process_rows(report)),
            self._logins.plan(connection, at, login_rows(report)),
        )

    def _running(self, connection: Connection, server_id: int) -> int:
        """About how many processes run, as of the newest report."""
        row = connection.execute(self._queries["last_slot"], {"server_id": server_id}).fetchone()
        return 0 if row[0] is None else int(row[0]) + 1

    def _history(self, connection: Connection, server_id: int, bounds: SequenceBounds) -> History:
        server = {"server_id": server_id}
        arrivals = connection.execute(self._queries["arrivals_of_server"], server).fetchone()
        latest = connection.execute(
            self._queries["latest_reports"], server | bounds._asdict()
        ).fetchall()
        if not latest:
            return NO_HISTORY
        rows = {row[0]: row[1:] for row in latest}
        placed_at, _, received_at, _, boot_id = rows[bounds.highest]
        places = connection.execute(
            self._queries["latest_places"], server | {"limit": INTERVALS + 1}
        ).fetchall()
        return History(
            Newest(bounds.highest, placed_at, received_at, boot_id),
            Previous(*latest[-1][:5]),
            bounds.lowest,
            [place for (place,) in places],
            *arrivals,
        )

    def _sequence_bounds(self, connection: Connection, server_id: int) -> SequenceBounds:
        query = self._queries["sequence_bounds"]
        return SequenceBounds(*connection.execute(query, {"server_id": server_id}).fetchone())
