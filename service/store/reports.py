"""Stores reports."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from service.database import Database
from service.group_commit import GroupCommit
from service.report import Login, Process, Report
from service.store.dictionary import Dictionary
from service.store.identity import identity_of
from service.store.spans import SpanTable, Thing


@dataclass(frozen=True, slots=True)
class Stored:
    """The record that holds a report; not new where the very same report was stored before."""

    id_serv: int
    new: bool


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

    def find_same(self, report: Report) -> int | None:
        """The id_serv of this very report, if it is stored."""
        with self._database.snapshot() as connection:
            return self._find_same(connection, report)

    def add(self, report: Report, received_at: int) -> Stored:
        """Stores a report; on disk when this returns. Raises StorageUnavailableError."""
        return self._commits.submit((report, received_at))

    def add_all(self, reports: Sequence[tuple[Report, int]]) -> list[Stored]:
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

    def _add(self, connection: sqlite3.Connection, report: Report, received_at: int) -> Stored:
        known = self._find_same(connection, report)
        if known is not None:
            return Stored(known, new=False)
        server_id = self._find_or_add(connection, "server", {"identity": identity_of(report)})
        profile_id = self._find_or_add(
            connection, "profile", {"server_id": server_id, **report.profile._asdict()}
        )
        seq = self._next_seq(connection, server_id, report.taken_at)
        (id_serv,) = connection.execute(
            self._queries["add_report"],
            {
                "server_id": server_id,
                "seq": seq,
                "taken_at": report.taken_at,
                "received_at": received_at,
                "profile_id": profile_id,
                "digest": report.digest,
            },
        ).fetchone()
        processes = self._things(connection, self._programs, report.processes)
        logins = self._things(connection, self._accounts, report.logins)
        for spans, reported in ((self._process_spans, processes), (self._login_spans, logins)):
            write = spans.advance if seq > 0 else spans.keep_apart
            write(connection, server_id, seq, reported)
        return Stored(id_serv, new=True)

    def _things(
        self,
        connection: sqlite3.Connection,
        dictionary: Dictionary,
        rows: Sequence[Process] | Sequence[Login],
    ) -> list[Thing]:
        """(pid, id of the texts beside it) of each row."""
        if not rows:
            return []
        pids, *texts = zip(*rows, strict=True)
        return list(zip(pids, dictionary.ids_of(connection, zip(*texts, strict=True)), strict=True))

    def _find_same(self, connection: sqlite3.Connection, report: Report) -> int | None:
        row = connection.execute(
            self._queries["find_same_report"],
            {
                "identity": identity_of(report),
                "taken_at": report.taken_at,
                "digest": report.digest,
            },
        ).fetchone()
        return None if row is None else int(row[0])

    def _find_or_add(
        self, connection: sqlite3.Connection, kind: str, parameters: Mapping[str, object]
    ) -> int:
        row = connection.execute(self._queries[f"find_{kind}"], parameters).fetchone()
        if row is None:
            row = connection.execute(self._queries[f"add_{kind}"], parameters).fetchone()
        return int(row[0])

    def _next_seq(self, connection: sqlite3.Connection, server_id: int, taken_at: int) -> int:
        """1, 2, 3 … in the order of time; -1, -2, -3 … for what is older than the newest."""
        parameters = {"server_id": server_id}
        newest = connection.execute(self._queries["newest_report"], parameters).fetchone()
        if newest is None:
            return 1
        seq, newest_taken_at = newest
        if taken_at >= newest_taken_at:
            return int(seq) + 1
        (lowest,) = connection.execute(self._queries["lowest_seq"], parameters).fetchone()
        return min(int(lowest), 0) - 1
