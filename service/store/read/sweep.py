"""Sweeps over the reports of a server in order: what each changes of the tables of the guard.

A copy of every report costs its rows; a sweep costs what changed. What the guard makes of it in
service/policies/guard/running_spans.py is what service/store/read/current.py would have copied.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby
from operator import itemgetter
from typing import Any, NamedTuple

from service import times
from service.store.engines import Connection
from service.store.read.few import FewReader

Row = tuple[Any, ...]

_TIMES = ("arranque", "visto_desde")


class SweepStep(NamedTuple):
    """What a report changes. server: the columns of servidor_vigente, without `estado`.

    processes, logins: spans that begin with it, or did after the report before: rows of
    swept_processes and swept_logins. Each tells when it ends.
    """

    server: dict[str, Any]
    processes: list[Row]
    logins: list[Row]


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
        self._processes = _Spans(processes)
        self._logins = _Spans(connection.execute(queries["swept_logins"], parameters))
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
        row = next(self._reports)
        self._seq = row[0]
        return row[1:]

    def all(self) -> SweepStep:
        """All rows of the report at which the sweep stands, as if nothing had been before."""
        seq = self._seq
        return SweepStep(dict(self.server), self._processes.running(seq), self._logins.running(seq))

    def programs(self, numbers: Iterable[int]) -> list[Row]:
        """Number, name, username, executable and command line of programs."""
        return FewReader(self._queries).programs(self._connection, numbers)


class _Spans:
    """Spans in the order of their first report."""

    def __init__(self, spans: Iterable[Row]) -> None:
        self._groups = groupby(spans, itemgetter(0))
        self._next = next(self._groups, None)
        self._begun: list[Row] = []  # those that run are among them

    def to(self, seq: int) -> list[Row]:
        """Those that begin until a report, and after the one for which they were asked last."""
        found: list[Row] = []
        while self._next is not None and self._next[0] <= seq:
            found += self._next[1]
            self._next = next(self._groups, None)
        self._begun += found
        return found

    def running(self, seq: int) -> list[Row]:
        """Those that began so far, and have not ended with this report."""
        self._begun = [span for span in self._begun if span[1] is None or span[1] > seq]
        return self._begun[:]
