"""Stores reports.

Writers come one at a time, so what can be worked out before a writer's turn is: a plan is made
from a snapshot, and carried out if no other report of that server came in between.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from service.database import Database
from service.report import Facts, Login, Process, Profile, Report
from service.store.dictionary import Dictionary, Values
from service.store.servers import ServerTable
from service.store.spans import NOTHING, Columns, SpanTable, SpanWrite


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
        self._dictionaries = (self._profiles, programs, accounts)
        self._processes = SpanTable(queries, "process", programs, _stored_process)
        self._logins = SpanTable(queries, "login", accounts, _stored_login)
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
        self, connection: sqlite3.Connection, report: Report, received_at: int, plan: Plan | None
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
        (id_serv,) = connection.execute(
            self._queries["add_report"],
            {
                "server_id": plan.server_id,
                "seq": plan.seq,
                "taken_at": report.taken_at,
                "received_at": received_at,
                "profile_id": profile_id,
                "digest": report.digest,
                "discarded": report.discarded,
            },
        ).fetchone()
        self._processes.write(connection, plan.processes)
        self._logins.write(connection, plan.logins)
        return Stored(id_serv, new=True), plan

    def _still_holds(self, connection: sqlite3.Connection, report: Report, plan: Plan) -> bool:
        if self._numbers(connection, plan.server_id) != plan.numbers:
            return False
        # An address always means the same server. An id may have got another one in between.
        return report.id_maquina is None or self._servers.find(connection, report) == plan.server_id

    def _plan(self, connection: sqlite3.Connection, server_id: int, report: Report) -> Plan:
        numbers = self._numbers(connection, server_id)
        same = connection.execute(
            self._queries["find_same_report"],
            {"server_id": server_id, "taken_at": report.taken_at, "digest": report.digest},
        ).fetchone()
        if same is not None:
            return Plan(server_id, numbers, same[0])
        seq = self._next_seq(connection, server_id, numbers, report.taken_at)
        place = (connection, server_id, numbers.highest, seq)
        return Plan(
            server_id,
            numbers,
            None,
            seq,
            self._processes.plan(*place, report.processes, report.process_facts),
            self._logins.plan(*place, report.logins),
        )

    def _numbers(self, connection: sqlite3.Connection, server_id: int) -> _Numbers:
        row = connection.execute(self._queries["numbers"], {"server_id": server_id}).fetchone()
        return _Numbers(*row)

    def _next_seq(
        self, connection: sqlite3.Connection, server_id: int, numbers: _Numbers, taken_at: int
    ) -> int:
        """1, 2, 3 … in the order of time; -1, -2, -3 … for what is older than the newest."""
        newest = connection.execute(
            self._queries["newest_time"], {"server_id": server_id, "seq": numbers.highest}
        ).fetchone()
        if newest is None or taken_at >= newest[0]:
            return numbers.highest + 1
        return numbers.lowest - 1


def _stored_process(row: Process, facts: Facts) -> tuple[Columns, Values]:
    pid, name, username, started_at = row
    ppid, executable, command_line = facts
    return (pid, started_at, ppid), (name, username, executable, command_line)


def _stored_login(row: Login, _facts: Facts) -> tuple[Columns, Values]:
    pid, username, terminal, origin, since = row
    return (pid, since), (username, terminal, origin)
