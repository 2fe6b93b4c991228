"""Sweeps over the reports of a server in order: what each changes of the tables of the guard.

A copy of every report costs its rows; a sweep costs what changed. After each step the tables of
sql/guard/tables.sql hold what service/store/read/current.py would have copied.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from service import times
from service.store.engines import Connection

Row = tuple[Any, ...]

_TIMES = ("arranque", "visto_desde")


class Changes(NamedTuple):
    """Of one table: the ids that went, then the rows that came."""

    gone: list[int]
    added: list[Row]


class SweepStep(NamedTuple):
    """What a report changes. server: the columns of servidor_vigente, without `estado`.

    processes: id, pid, ppid, the number of the program, start.
    """

    server: dict[str, Any]
    processes: Changes
    logins: Changes


class Sweep:
    """The reports in order of one server. Memory holds what runs at one report, and no more.

    server: the row of servidor_vigente of the report at which it stands, without `estado`.
    """

    def __init__(
        self,
        connection: Connection,
        queries: Mapping[str, str],
        server_id: int,
        processes: Iterable[Row] | None = None,
    ) -> None:
        """processes: the rows of swept_processes that are looked at; null: all."""
        self._connection, self._queries, self._server_id = connection, queries, server_id
        self._reports: Iterator[Row] = iter(())
        self._columns: list[str] = []
        self._seq = 0
        self._row: Row = ()
        parameters = {"server_id": server_id}
        if processes is None:
            processes = connection.execute(queries["swept_processes"], parameters)
        self._processes = _Table(processes)
        self._logins = _Table(connection.execute(queries["swept_logins"], parameters))
        self.server: dict[str, Any] = {}

    def to(self, seq: int) -> SweepStep:
        """Goes on to a report, which has a greater number than the one before."""
        row = self._read(seq)
        if not self._row:
            self._row = (None,) * len(row)
        changed = {
            name: value
            for name, value, former in zip(self._columns, row, self._row, strict=True)
            if value != former
        }
        self._row = row
        for name in _TIMES:
            if changed.get(name) is not None:
                changed[name] = times.to_text(changed[name])
        if not self.server:
            changed = dict.fromkeys(self._columns) | changed
        self.server.update(changed)
        return SweepStep(changed, self._processes.to(seq), self._logins.to(seq))

    def _read(self, seq: int) -> Row:
        if seq != self._seq + 1 or not self._columns:
            parameters = {"server_id": self._server_id, "seq": seq}
            cursor = self._connection.execute(self._queries["swept_reports"], parameters)
            self._columns = [column[0] for column in cursor.description or ()][1:]
            self._reports = iter(cursor)
        self._seq, *row = next(self._reports)
        return tuple(row)

    def all(self) -> SweepStep:
        """All rows of the report at which the sweep stands, as if nothing had been before."""
        return SweepStep(
            dict(self.server),
            Changes([], list(self._processes.running.values())),
            Changes([], list(self._logins.running.values())),
        )

    def programs(self, numbers: Iterable[int]) -> list[Row]:
        """Number, name, username, executable and command line of programs."""
        query = self._queries["swept_program"]
        return [self._connection.execute(query, {"id": number}).fetchone() for number in numbers]


class _Table:
    """Spans in the order of their first report. They end in the order of gone."""

    def __init__(self, spans: Iterable[Row]) -> None:
        self._spans: Iterator[Row] = iter(spans)
        self._next = next(self._spans, None)
        self._gone: dict[int, list[int]] = defaultdict(list)
        self.running: dict[int, Row] = {}
        self._seq = 0

    def to(self, seq: int) -> Changes:
        gone: dict[int, None] = {}
        came: dict[int, Row] = {}
        for passed in range(self._seq + 1, seq):
            span = self._next
            if passed not in self._gone and (span is None or span[0] > passed):
                continue
            ended, started = self._next_one(passed)
            for row_id in ended:
                if came.pop(row_id, None) is None:
                    gone[row_id] = None
            came |= {row[0]: row for row in started}
        ended, started = self._next_one(seq)
        self._seq = seq
        if not (gone or came):
            return Changes(ended, started)
        for row_id in ended:
            if came.pop(row_id, None) is None:
                gone[row_id] = None
        return Changes(list(gone), [*came.values(), *started])

    def _next_one(self, seq: int) -> tuple[list[int], list[Row]]:
        """What ended with a report, and what it was the first to show."""
        spans, running, ends, span = self._spans, self.running, self._gone, self._next
        ended = ends.pop(seq, [])
        for row_id in ended:
            del running[row_id]
        started: list[Row] = []
        while span is not None and span[0] <= seq:
            row = span[2:]
            running[row[0]] = row
            started.append(row)
            if span[1] is not None:
                ends[span[1]].append(row[0])
            span = next(spans, None)
        self._next = span
        return ended, started
