"""Stores reports.

Writers come one at a time, so what can be worked out before a writer's turn is: a plan is made
from a snapshot, and carried out if no other report of that server came in between.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from service.report import Facts, Login, Process, Profile, Report
from service.store.engines import Connection, Database
from service.store.write.interning import Dictionary, Values
from service.store.write.name_index import Moment, NameTable, RunTable
from service.store.write.servers import ServerTable
from service.store.write.spans import NOTHING, Columns, SpanTable, SpanWrite

_HOUR = 3_600_000_000  # microseconds


@dataclass(frozen=True, slots=True)
class Stored:
    """The record that holds a report; not new where the very same report was stored before."""

    id_serv: int
    new: bool


class _Numbers(NamedTuple):
    """The numbers of a server's newest and latest late report. Every new report changes one."""

    highest: int
    lowest: int


@dataclass(frozen=True, slots=True)
class Plan:
    """What storing a report will write, as long as it is this server's, with these numbers."""

    server_id: int
    numbers: _Numbers
    id_serv: int | None  # where the very same report is stored already; then the rest is empty
    seq: int = 0
    newest_at: int | None = None  # when the newest report before was taken
    processes: SpanWrite = NOTHING
    logins: SpanWrite = NOTHING


class ReportStore:
    """Writes reports, those that arrive together in one transaction."""

    def __init__(self, database: Database, queries: Mapping[str, str]) -> None:
        self._database = database
        self._queries = queries
        self._servers = ServerTable(queries)
        self._profiles = Dictionary(queries, "profile", ("server_id", *Profile._fields))
        programs = Dictionary(
            queries, "program", ("name", "username", "executable", "command_line")
        )
        accounts = Dictionary(queries, "account", ("username", "terminal", "origin"))
        process_names = Dictionary(queries, "process_name", ("name", "username"))
        login_names = Dictionary(queries, "login_name", ("username",))
        self._dictionaries = (self._profiles, programs, accounts, process_names, login_names)
        self._processes = SpanTable(queries, "process", programs, _stored_process, _process_name)
        self._logins = SpanTable(queries, "login", accounts, _stored_login, _login_name)
        self._process_names = NameTable(queries, "process", process_names)
        self._login_names = NameTable(queries, "login", login_names)
        self._runs = RunTable(queries)
        self._turn = threading.Lock()

    def plan(self, report: Report) -> Plan | None:
        """What storing this report will write; null for the first report of a server."""
        with self._database.snapshot() as connection:
            server_id = self._servers.find(connection, report)
            return None if server_id is None else self._plan(connection, server_id, report)

    def add(self, report: Report, received_at: int, plan: Plan | None = None) -> Stored:
        """Stores a report; on disk when this returns. Raises StorageUnavailableError."""
        return self.add_all([(report, received_at, plan)])[0]

    def add_all(self, reports: Sequence[tuple[Report, int, Plan | None]]) -> list[Stored]:
        """Stores reports, all of them or none, in one transaction."""
        with self._turn:  # what a dictionary finds belongs to one transaction
            try:
                with self._database.transaction() as connection:
                    written = [self._add(connection, *item) for item in reports]
            except BaseException:
                for dictionary in self._dictionaries:
                    dictionary.rolled_back()
                raise
            for dictionary in self._dictionaries:
                dictionary.committed()
            for stored, plan in written:
                if stored.new:
                    self._processes.committed(plan.server_id, plan.seq, plan.processes)
                    self._logins.committed(plan.server_id, plan.seq, plan.logins)
        return [stored for stored, _ in written]

    def _add(
        self, connection: Connection, report: Report, received_at: int, plan: Plan | None
    ) -> tuple[Stored, Plan]:
        if plan is None or not self._still_holds(connection, report, plan):
            server_id = self._servers.find(connection, report)
            if server_id is None:
                server_id = self._servers.add(connection, report)
            plan = self._plan(connection, server_id, report)
        if plan.id_serv is not None:
            return Stored(plan.id_serv, new=False), plan
        profile = (plan.server_id, *report.profile)
        (profile_id,) = self._profiles.ids_of(connection, [profile])
        row = {
            "server_id": plan.server_id,
            "seq": plan.seq,
            "taken_at": report.taken_at,
            "received_at": received_at,
            "profile_id": profile_id,
            "digest": report.digest,
            "discarded": report.discarded,
        }
        (id_serv,) = connection.execute(self._queries["add_report"], row).fetchone()
        connection.execute(self._queries["count_arrival"], {"hour": received_at // _HOUR})
        if plan.seq > 0:
            connection.execute(self._queries["add_profile_change"], row | {"report_id": id_serv})
        self._processes.write(connection, plan.processes)
        self._logins.write(connection, plan.logins)
        moment = Moment(plan.server_id, plan.seq, report.taken_at, plan.newest_at)
        self._login_names.write(connection, moment, plan.logins.names)
        runs = self._process_names.write(connection, moment, plan.processes.names)
        self._runs.write(connection, moment, *runs)
        return Stored(id_serv, new=True), plan

    def _still_holds(self, connection: Connection, report: Report, plan: Plan) -> bool:
        if self._numbers(connection, plan.server_id) != plan.numbers:
            return False
        # An address always means the same server. An id may have got another one in between.
        return report.id_maquina is None or self._servers.find(connection, report) == plan.server_id

    def _plan(self, connection: Connection, server_id: int, report: Report) -> Plan:
        numbers = self._numbers(connection, server_id)
        same = connection.execute(
            self._queries["find_same_report"],
            {"server_id": server_id, "taken_at": report.taken_at, "digest": report.digest},
        ).fetchone()
        if same is not None:
            return Plan(server_id, numbers, same[0])
        newest = connection.execute(
            self._queries["newest_time"], {"server_id": server_id, "seq": numbers.highest}
        ).fetchone()
        newest_at = None if newest is None else newest[0]
        # 1, 2, 3 … in the order of time; -1, -2, -3 … for what is older than the newest.
        late = newest_at is not None and report.taken_at < newest_at
        seq = numbers.lowest - 1 if late else numbers.highest + 1
        place = (connection, server_id, numbers.highest, seq)
        return Plan(
            server_id,
            numbers,
            None,
            seq,
            newest_at,
            self._processes.plan(*place, report.processes, report.process_facts),
            self._logins.plan(*place, report.logins),
        )

    def _numbers(self, connection: Connection, server_id: int) -> _Numbers:
        row = connection.execute(self._queries["numbers"], {"server_id": server_id}).fetchone()
        return _Numbers(*row)


def _stored_process(row: Process, facts: Facts) -> tuple[Columns, Values]:
    pid, name, username, started_at = row
    ppid, executable, command_line = facts
    return (pid, started_at, ppid), (name, username, executable, command_line)


def _process_name(row: Process) -> Values:
    return row[1:3]  # name, username


def _login_name(row: Login) -> Values:
    return row[1:2]  # username


def _stored_login(row: Login, _facts: Facts) -> tuple[Columns, Values]:
    pid, username, terminal, origin, since = row
    return (pid, since), (username, terminal, origin)
