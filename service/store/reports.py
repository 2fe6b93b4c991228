"""Stores reports.

Writers come one at a time, so what can be worked out before a writer's turn is: a plan is made
from a snapshot, and carried out if no other report of that server came in between.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from service.database import Database
from service.group_commit import GroupCommit
from service.report import Login, Process, Report
from service.store.dictionary import Dictionary
from service.store.identity import identity_of
from service.store.spans import SpanTable, SpanWrite, Thing


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
    """What storing a report will write, as long as the server's numbers are these."""

    id_serv: int | None  # where the very same report is stored already
    server_id: int
    numbers: _Numbers
    seq: int = 0
    profile_id: int = 0
    processes: SpanWrite | None = None
    logins: SpanWrite | None = None


class ReportStore:
    """Writes reports, those that arrive together in one transaction."""

    def __init__(self, database: Database, queries: Mapping[str, str]) -> None:
        self._database = database
        self._queries = queries
        self._programs = Dictionary(queries, "program", ("name", "username"))
        self._accounts = Dictionary(queries, "account", ("username",))
        self._process_spans = SpanTable(queries, "process")
        self._login_spans = SpanTable(queries, "login")
        self._commits = GroupCommit(self.add_all)

    def plan(self, report: Report) -> Plan | None:
        """What storing this report will write; null where something in it was never seen."""
        with self._database.snapshot() as connection:
            server_id = self._find(connection, "server", identity=identity_of(report))
            if server_id is None:
                return None
            profile = {"server_id": server_id, **report.profile._asdict()}
            profile_id = self._find(connection, "profile", **profile)
            programs = self._programs.known(connection, _texts(report.processes))
            accounts = self._accounts.known(connection, _texts(report.logins))
            if profile_id is None or programs is None or accounts is None:
                return None
            return self._plan(connection, report, server_id, profile_id, programs, accounts)

    def add(self, report: Report, received_at: int, plan: Plan | None = None) -> Stored:
        """Stores a report; on disk when this returns. Raises StorageUnavailableError."""
        return self._commits.submit((report, received_at, plan))

    def add_all(self, reports: Sequence[tuple[Report, int, Plan | None]]) -> list[Stored]:
        """Stores reports in one transaction; not for several threads at a time."""
        try:
            with self._database.transaction() as connection:
                stored = [self._add(connection, *item) for item in reports]
        except BaseException:
            self._programs.rolled_back()
            self._accounts.rolled_back()
            raise
        self._programs.committed()
        self._accounts.committed()
        return stored

    def _add(
        self, connection: sqlite3.Connection, report: Report, received_at: int, plan: Plan | None
    ) -> Stored:
        if plan is None or self._numbers(connection, plan.server_id) != plan.numbers:
            plan = self._plan_with_all_known(connection, report)
        if plan.id_serv is not None:
            return Stored(plan.id_serv, new=False)
        (id_serv,) = connection.execute(
            self._queries["add_report"],
            {
                "server_id": plan.server_id,
                "seq": plan.seq,
                "taken_at": report.taken_at,
                "received_at": received_at,
                "profile_id": plan.profile_id,
                "digest": report.digest,
            },
        ).fetchone()
        if plan.processes:
            self._process_spans.write(connection, plan.processes)
        if plan.logins:
            self._login_spans.write(connection, plan.logins)
        return Stored(id_serv, new=True)

    def _plan_with_all_known(self, connection: sqlite3.Connection, report: Report) -> Plan:
        """A plan for now, after what was never seen has been added."""
        server_id = self._find_or_add(connection, "server", identity=identity_of(report))
        profile = {"server_id": server_id, **report.profile._asdict()}
        return self._plan(
            connection,
            report,
            server_id,
            self._find_or_add(connection, "profile", **profile),
            self._programs.ids_of(connection, _texts(report.processes)),
            self._accounts.ids_of(connection, _texts(report.logins)),
        )

    def _plan(  # noqa: PLR0913, PLR0917 — the report, and the ids of all that it names
        self,
        connection: sqlite3.Connection,
        report: Report,
        server_id: int,
        profile_id: int,
        programs: Sequence[int],
        accounts: Sequence[int],
    ) -> Plan:
        numbers = self._numbers(connection, server_id)
        same = self._find(
            connection,
            "same_report",
            server_id=server_id,
            taken_at=report.taken_at,
            digest=report.digest,
        )
        if same is not None:
            return Plan(same, server_id, numbers)
        seq = self._next_seq(connection, server_id, numbers, report.taken_at)
        processes = _things(report.processes, programs)
        logins = _things(report.logins, accounts)
        return Plan(
            None,
            server_id,
            numbers,
            seq,
            profile_id,
            self._process_spans.plan(connection, server_id, seq, processes),
            self._login_spans.plan(connection, server_id, seq, logins),
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

    def _find(self, connection: sqlite3.Connection, kind: str, **parameters: object) -> int | None:
        row = connection.execute(self._queries[f"find_{kind}"], parameters).fetchone()
        return None if row is None else int(row[0])

    def _find_or_add(self, connection: sqlite3.Connection, kind: str, **parameters: object) -> int:
        known = self._find(connection, kind, **parameters)
        if known is None:
            row = connection.execute(self._queries[f"add_{kind}"], parameters).fetchone()
            known = int(row[0])
        return known


def _texts(rows: Sequence[Process] | Sequence[Login]) -> list[tuple[str | None, ...]]:
    """What stands beside the pid in each row."""
    _, *columns = zip(*rows, strict=True) if rows else ((),)
    return list(zip(*columns, strict=True))


def _things(rows: Sequence[Process] | Sequence[Login], ids: Sequence[int]) -> list[Thing]:
    """(pid, id of the texts beside it) of each row."""
    pids: list[int | None] = [row[0] for row in rows]
    return list(zip(pids, ids, strict=True))
