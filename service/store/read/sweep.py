"""Sweeps over the reports of a server in order: what each changes of the tables of the guard.

A copy of every report costs its rows; a sweep costs what changed. After each step the tables of
sql/guard/tables.sql hold what service/store/read/current.py would have copied.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from service.store.engines import Connection
from service.store.read.current import read_server

Row = tuple[Any, ...]


class Changes(NamedTuple):
    """Of one table: the ids that went, then the rows that came."""

    gone: list[int]
    added: list[Row]


class SweepStep(NamedTuple):
    """What a report changes."""

    processes: Changes
    logins: Changes


class Sweep:
    """The reports in order of one server. Memory holds what runs at one report, and no more.

    server: the row of servidor_vigente of the report at which it stands, without `estado`.
    """

    def __init__(self, connection: Connection, queries: Mapping[str, str], server_id: int) -> None:
        self._connection, self._queries, self._server_id = connection, queries, server_id
        self._processes = _Table(connection, queries["swept_processes"], server_id)
        self._logins = _Table(connection, queries["swept_logins"], server_id)
        self.server: dict[str, Any] = {}

    def to(self, seq: int) -> SweepStep:
        """Goes on to a report, which has a greater number than the one before."""
        self.server = read_server(self._connection, self._queries, self._server_id, seq).row
        return SweepStep(self._processes.to(seq), self._logins.to(seq))

    def all(self) -> tuple[list[Row], list[Row]]:
        """All rows of the report at which the sweep stands: processes and logins."""
        return list(self._processes.running.values()), list(self._logins.running.values())


class _Table:
    """Spans in the order of their first report. They end in the order of gone."""

    def __init__(self, connection: Connection, query: str, server_id: int) -> None:
        self._spans: Iterator[Any] = iter(connection.execute(query, {"server_id": server_id}))
        self._next = next(self._spans, None)
        self._gone: dict[int, list[int]] = defaultdict(list)
        self.running: dict[int, Row] = {}
        self._seq = 0

    def to(self, seq: int) -> Changes:
        gone: dict[int, None] = {}
        came: dict[int, Row] = {}
        for passed in range(self._seq + 1, seq + 1):
            for row_id in self._gone.pop(passed, ()):
                del self.running[row_id]
                if came.pop(row_id, None) is None:
                    gone[row_id] = None
            while self._next is not None and self._next[0] <= passed:
                _, gone_seq, *row = self._next
                self.running[row[0]] = came[row[0]] = tuple(row)
                if gone_seq is not None:
                    self._gone[gone_seq].append(row[0])
                self._next = next(self._spans, None)
        self._seq = seq
        return Changes(list(gone), list(came.values()))
