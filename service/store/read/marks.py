"""Where in the past of a server something changed that a rule can read, and the reports there."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from operator import itemgetter
from typing import Any, NamedTuple

from service.store.engines import Connection
from service.store.read.sweep import Row
from service.store.read.unjudged import UnjudgedReport
from service.store.write.multi_row import ROWS_PER_STATEMENT, find_rows
from service.store.write.placement import INTERVALS

_PAGE = 2_000  # programs
_LOOKED_UP = 1_000  # programs, each by itself; to read all processes is faster for more of them
_MOST_PROCESSES = 200_000  # of a server in memory, 50 MB
_FIRST_PIDS = {1, 4}  # of the query first_processes


class Window(NamedTuple):
    """How long reports are looked at one by one after a change. length: microseconds."""

    reports: int
    length: int


class Marks(NamedTuple):
    """seqs: reports at which something changed, in order. processes: rows of swept_processes.

    seqs is null where reports came late or out of order.
    """

    seqs: Sequence[int] | None
    processes: Sequence[Row]


class MarkReader:
    """Its methods take a snapshot."""

    def __init__(self, queries: Mapping[str, str]) -> None:
        self._queries = queries

    def newest_program(self, connection: Connection) -> int:
        (found,) = connection.execute(self._queries["newest_program"]).fetchone()
        return found or 0

    def programs(self, connection: Connection) -> Iterator[list[Row]]:
        """All programs of all servers, in pages: number, name, username, executable, line."""
        after_id = 0
        while True:
            parameters = {"after_id": after_id, "limit": _PAGE}
            page = connection.execute(self._queries["program_page"], parameters).fetchall()
            if page:
                yield page
            if len(page) < _PAGE:
                return
            after_id = page[-1][0]

    def marks(  # noqa: PLR0913 — whose, and what counts as a change
        self,
        connection: Connection,
        server_id: int,
        *,
        last_id: int,
        limit: int,
        programs: frozenset[int],
        unnamed: frozenset[int],
        with_logins: bool,
        others: Iterable[int],
        graces: Iterable[int],
    ) -> Marks | None:
        """Null where reports list processes without a name, or there are too many to hold.

        limit: the shortest silence, in microseconds. programs: those that rules can read. unnamed:
        those without a name. others: reports at which something else changed. graces: after a
        start, in microseconds.
        """
        own = {"server_id": server_id}
        times = own | {"last_id": last_id, "limit": limit}
        marks = connection.execute(self._queries["report_marks"], times).fetchall()
        is_late = connection.execute(self._queries["has_late_reports"], own).fetchone() is not None
        is_odd = is_late or any(is_odd for _, is_odd in marks)
        processes = self._processes(connection, server_id, programs | unnamed)
        if len(processes) > _MOST_PROCESSES or not unnamed.isdisjoint(row[5] for row in processes):
            return None
        logins: list[Row] = []
        if with_logins:
            logins = connection.execute(self._queries["swept_logins"], own).fetchall()
        seqs = {seq for seq, _ in marks}.union(others)
        seqs |= {seq for (seq,) in connection.execute(self._queries["told_marks"], own)}
        for grace in graces:
            times = own | {"last_id": last_id, "grace": grace}
            seqs |= {seq for (seq,) in connection.execute(self._queries["grace_marks"], times)}
        for first_seq, gone_seq, *_ in (*processes, *logins):
            seqs |= {first_seq, gone_seq}
        return Marks(None if is_odd else sorted(seqs - {None}), processes)

    def runs_any(self, connection: Connection, server_id: int, programs: frozenset[int]) -> bool:
        """Whether one of these programs ever ran there."""
        if not programs:
            return False
        if len(programs) > _LOOKED_UP:
            rows = connection.execute(self._queries["swept_processes"], {"server_id": server_id})
            return any(row[5] in programs for row in rows)
        keys = [(number,) for number in programs]
        query = self._queries["processes_of_programs"]
        return bool(find_rows(connection, query, keys, server_id, 1))

    def told(self, connection: Connection, server_id: int) -> Iterator[Row]:
        """All processes: first report, first without it, pid, ppid, program, whether it is called
        kthreadd, and has a user, an executable and a command line.
        """
        return iter(connection.execute(self._queries["told_processes"], {"server_id": server_id}))

    def names_listed(self, connection: Connection, server_id: int, seq: int) -> int:
        """How many different names the processes of a report have."""
        parameters = {"server_id": server_id, "seq": seq}
        (found,) = connection.execute(self._queries["names_listed"], parameters).fetchone()
        return int(found)

    def _processes(
        self, connection: Connection, server_id: int, programs: frozenset[int]
    ) -> list[Row]:
        """The processes of these programs, and those that tell the facts of a report; in order."""
        own = {"server_id": server_id}
        if len(programs) > _LOOKED_UP:
            rows = connection.execute(self._queries["swept_processes"], own)
            few = (row for row in rows if row[5] in programs or row[3] in _FIRST_PIDS)
            return list(islice(few, _MOST_PROCESSES + 1))
        found = set(connection.execute(self._queries["first_processes"], own))
        keys = [(number,) for number in programs]
        query = self._queries["processes_of_programs"]
        for first in range(0, len(keys), ROWS_PER_STATEMENT):
            some = keys[first : first + ROWS_PER_STATEMENT]
            found.update(find_rows(connection, query, some, server_id, _MOST_PROCESSES + 1))
            if len(found) > _MOST_PROCESSES:
                break
        return sorted(found, key=itemgetter(0))

    def reports(  # noqa: PLR0913, PLR0917 — whose, which, until when
        self,
        connection: Connection,
        server_id: int,
        marks: Sequence[int],
        window: Window,
        last_id: int,
        until: int,
    ) -> Iterator[tuple[UnjudgedReport, int | None]]:
        """The reports at marks and in the window after each, in order.

        Of those that are passed over, the last few before the next mark, and at the end, each with
        the number of reports since the one given before it, itself included; others with null.
        """
        own: dict[str, Any] = {"server_id": server_id, "last_id": last_id, "until": until}
        waiting, at = deque(marks), 0
        while waiting:
            for report in self._before(connection, own, waiting[0], at):
                yield report, self._count(connection, server_id, at, report.seq + 1)
                at = report.seq
            query = self._queries["past_from"]
            left, since = 0, 0
            for row in connection.execute(query, own | {"seq": max(at + 1, waiting[0])}):
                report = UnjudgedReport(*row)
                if waiting and waiting[0] <= report.seq:
                    left, since = window.reports, report.placed_at
                while waiting and waiting[0] <= report.seq:
                    waiting.popleft()
                if left <= 0 and report.placed_at - since > window.length:
                    break
                yield report, None
                at, left = report.seq, left - 1
            else:
                return
        for report in self._before(connection, own, None, at):
            yield report, self._count(connection, server_id, at, report.seq + 1)
            at = report.seq

    def _before(
        self, connection: Connection, own: Mapping[str, Any], seq: int | None, at: int
    ) -> list[UnjudgedReport]:
        parameters = {**own, "seq": seq, "limit": INTERVALS + 1}
        rows = connection.execute(self._queries["past_before"], parameters).fetchall()
        reports = [UnjudgedReport(*row) for row in reversed(rows)]
        return [report for report in reports if report.seq > at]

    def _count(self, connection: Connection, server_id: int, after_seq: int, seq: int) -> int:
        parameters = {"server_id": server_id, "after_seq": after_seq, "seq": seq}
        (found,) = connection.execute(self._queries["count_past"], parameters).fetchone()
        return int(found)
