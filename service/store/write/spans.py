"""Processes and logins as spans: writes what a new report changes, and only that.

sql/README.md explains slots, nodes and sequence numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, NamedTuple

from service.report import UNKNOWN_DETAILS, Login, Report
from service.store.engines import Connection
from service.store.write.interning import InternTable, Values
from service.store.write.multi_row import insert_rows, update_rows
from service.store.write.name_index import NameChanges, name_changes
from service.store.write.process_keys import ProcessKey, key_of, keys_of, ticks_of
from service.store.write.span_changes import Key, Running, Span, StartedAt, by_key, compare

Columns = tuple[int | None, ...]

_MAX_REMEMBERED = 100_000  # rows, of about 400 bytes each


def node_of(first: int, gone: int) -> int:
    """Of the numbers first to gone - 1, the one with the most trailing zero bits."""
    last = gone - 1
    # Above the highest bit in which first - 1 and last differ, both agree with every number
    # between them. So the result is last, with all bits below that one cleared.
    highest = ((first - 1) ^ last).bit_length() - 1
    return last >> highest << highest


@dataclass(frozen=True, slots=True)
class SpanWrite(Generic[Key]):
    """All that a report writes to a span table, prepared before its writer's turn."""

    ended: Sequence[Columns] = ()  # the parameters of the close query, in its order
    added: Sequence[Columns] = ()  # those of the add query, but the last, the id of the texts
    texts: Sequence[Values] = ()
    names: NameChanges = field(default_factory=dict)
    ticks: Sequence[Columns] = ()  # of running processes: the parameters of the query
    running: Running[Key] | None = None  # after the report; null if it must be read again


class SpanQueries(NamedTuple):
    """The queries of a span table."""

    running: str
    close: str
    add: str
    set_ticks: str = ""  # of a running process


class ReportedRows(NamedTuple, Generic[Key]):
    """The processes or the logins of a report."""

    keys: Sequence[Key]  # equal keys in consecutive reports are the same row
    stored: Callable[[int], tuple[Columns, Values]]  # the row at an index: its columns and texts
    started_at: StartedAt | None = None  # null for logins


class Place(NamedTuple):
    """Where a report stands in the history of its server."""

    server_id: int
    newest: int  # the number of the report before it
    seq: int  # its own number
    rebooted: bool = False  # the report before it is of another boot


class SpanTable(Generic[Key]):
    """One of the two span tables."""

    def __init__(
        self,
        queries: SpanQueries,
        texts: InternTable,
        running_row: Callable[[Sequence[Any]], tuple[Key, int | None]],
        name: Callable[[Key], Values],
    ) -> None:
        """running_row: key and start of a row that the query of running rows returns.
        name: the part of a key that the name index knows.
        """
        self._queries = queries
        self._texts = texts
        self._running_row: Callable[[Sequence[Any]], tuple[Key, int | None]] = running_row
        self._name: Callable[[Key], Values] = name
        self._remembered = _RunningCache[Key]()

    def plan(
        self, connection: Connection, place: Place, reported: ReportedRows[Key]
    ) -> SpanWrite[Key]:
        """Prepares the write of a report."""
        server_id, newest, seq, rebooted = place
        if seq < 0:  # late: spans of that report alone
            late = [reported.stored(at) for at in range(len(reported.keys))]
            alone = [(server_id, seq, n, seq, seq + 1, *own) for n, (own, _) in enumerate(late)]
            return SpanWrite([], alone, [texts for _, texts in late])
        running = self._remembered.get(server_id, newest)
        if running is None:
            running = self._read_running(connection, server_id)
        changes = compare(running, reported.keys, seq, reported.started_at, rebooted=rebooted)
        started = [(reported.stored(at), span) for at, span in changes.started]
        return SpanWrite(
            [
                (node_of(span.first_seq, seq), seq, server_id, span.slot)
                for _, span in changes.ended
            ],
            [(server_id, 0, span.slot, seq, None, *own) for (own, _), span in started],
            [texts for (_, texts), _ in started],
            name_changes(
                (self._name(key) for key, _ in changes.ended),
                (self._name(reported.keys[at]) for at, _ in changes.started),
            ),
            [(ticks_of(key), server_id, span.slot) for key, span in changes.renamed],
            # The order of equal rows may be another one after some got new keys.
            None if changes.renamed else changes.running,
        )

    def _read_running(self, connection: Connection, server_id: int) -> Running[Key]:
        rows = connection.execute(self._queries.running, {"server_id": server_id}).fetchall()
        started = [self._running_row(row[2:]) for row in rows]
        spans = [
            Span(row[0], row[1], started_at)
            for row, (_, started_at) in zip(rows, started, strict=True)
        ]
        return by_key([key for key, _ in started], spans)

    def write(self, connection: Connection, planned: SpanWrite[Key]) -> None:
        update_rows(connection, self._queries.close, planned.ended)
        if planned.ticks:
            update_rows(connection, self._queries.set_ticks, planned.ticks)
        ids = self._texts.ids_of(connection, planned.texts)
        rows = [(*row, text_id) for row, text_id in zip(planned.added, ids, strict=True)]
        insert_rows(connection, self._queries.add, rows)

    def committed(self, server_id: int, seq: int, written: SpanWrite[Key]) -> None:
        """The report is on disk: remembers the rows that are running after it."""
        if seq > 0 and written.running is not None:
            self._remembered.put(server_id, seq, written.running)


class _RunningCache(Generic[Key]):
    """The running rows of the servers that were stored last, each as of a committed report.

    An entry never becomes wrong, because the rows of a numbered report never change. No mapping in
    the cache is changed either.
    """

    def __init__(self) -> None:
        self._servers: dict[int, tuple[int, Running[Key]]] = {}
        self._rows = 0

    def get(self, server_id: int, seq: int) -> Running[Key] | None:
        known = self._servers.get(server_id)
        return known[1] if known is not None and known[0] == seq else None

    def put(self, server_id: int, seq: int, running: Running[Key]) -> None:
        self._forget(server_id)
        self._servers[server_id] = (seq, running)
        self._rows += len(running)
        while self._rows > _MAX_REMEMBERED:
            self._forget(next(iter(self._servers)))

    def _forget(self, server_id: int) -> None:
        known = self._servers.pop(server_id, None)
        if known is not None:
            self._rows -= len(known[1])


def process_rows(report: Report) -> ReportedRows[ProcessKey]:
    details = report.process_details or [UNKNOWN_DETAILS] * len(report.processes)
    ticks = report.process_ticks or [None] * len(report.processes)

    def stored(at: int) -> tuple[Columns, Values]:
        pid, name, username, started_at = report.processes[at]
        ppid, executable, command_line = details[at]
        return (pid, started_at, ticks[at], ppid), (name, username, executable, command_line)

    return ReportedRows(keys_of(report), stored, lambda at: report.processes[at][3])


def login_rows(report: Report) -> ReportedRows[Login]:
    def stored(at: int) -> tuple[Columns, Values]:
        pid, username, terminal, origin, since = report.logins[at]
        return (pid, since), (username, terminal, origin)

    return ReportedRows(report.logins, stored)


def process_spans(queries: Mapping[str, str], programs: InternTable) -> SpanTable[ProcessKey]:
    def running_row(row: Sequence[Any]) -> tuple[ProcessKey, int | None]:
        *process, ticks = row
        return key_of(tuple(process), ticks), row[3]

    own = SpanQueries(
        queries["running_processes"],
        queries["close_process_span"],
        queries["add_process_span"],
        queries["set_process_ticks"],
    )
    return SpanTable(own, programs, running_row, lambda key: key[1:3])  # name, username


def login_spans(queries: Mapping[str, str], accounts: InternTable) -> SpanTable[Login]:
    own = SpanQueries(
        queries["open_logins"], queries["close_login_span"], queries["add_login_span"]
    )
    return SpanTable(own, accounts, lambda row: (tuple(row), None), lambda key: key[1:2])
