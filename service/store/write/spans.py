"""Processes and logins as spans: writes what a new report changes, and only that.

sql/README.md explains slots, nodes and sequence numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Generic, NamedTuple

from service.report import UNKNOWN_DETAILS, Login, Report
from service.store.engines import Connection, Database
from service.store.write.bounded_cache import BoundedCache
from service.store.write.interning import InternTable, Values
from service.store.write.interning_ahead import intern_ahead
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
    added: Sequence[Columns] = ()  # those of the add query
    texts: Sequence[Values] = ()  # whose ids are the last columns of what is added, if there are
    names: NameChanges = field(default_factory=dict)
    ticks: Sequence[Columns] = ()  # of running processes: the parameters of the query
    running: Running[Key] | None = None  # after the report; null if it must be read again

    @property
    def changes(self) -> int:
        """How many spans it ends and starts."""
        return len(self.ended) + len(self.added)

    def of_server(self, server_id: int) -> SpanWrite[Key]:
        """The same for a new server, which got this id after the plan was made."""
        return replace(self, added=[(server_id, *row[1:]) for row in self.added])


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
        names: InternTable,
        running_row: Callable[[Sequence[Any]], tuple[Key, int | None]],
        name: Callable[[Key], Values],
    ) -> None:
        """running_row: key and start of a row that the query of running rows returns.
        name: the part of a key that the name index knows.
        """
        self._queries = queries
        self._texts = texts
        self._names = names
        self._running_row: Callable[[Sequence[Any]], tuple[Key, int | None]] = running_row
        self._name: Callable[[Key], Values] = name
        # The running rows of the servers that were stored last, each as of a committed report. An
        # entry never becomes wrong, because the rows of a numbered report never change. No mapping
        # in the cache is changed either.
        self._remembered: BoundedCache[int, tuple[int, Running[Key]]] = BoundedCache(
            _MAX_REMEMBERED
        )

    def plan(
        self, connection: Connection, place: Place, reported: ReportedRows[Key]
    ) -> SpanWrite[Key]:
        """Prepares the write of a report."""
        server_id, newest, seq, rebooted = place
        if seq < 0:  # late: spans of that report alone
            late = [reported.stored(at) for at in range(len(reported.keys))]
            alone = [(server_id, seq, n, seq, seq + 1, *own) for n, (own, _) in enumerate(late)]
            return SpanWrite([], alone, [texts for _, texts in late])
        known = self._remembered.get(server_id)
        if known is not None and known[0] == newest:
            running = known[1]
        else:
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
        rows = planned.added
        if planned.texts:
            rows = _with_ids(rows, self._texts.ids_of(connection, planned.texts))
        insert_rows(connection, self._queries.add, rows)

    def committed(self, server_id: int, seq: int, written: SpanWrite[Key]) -> None:
        """The report is on disk: remembers the rows that are running after it."""
        if seq > 0 and written.running is not None:
            self._remembered.put(server_id, (seq, written.running), len(written.running))

    def interned_ahead(self, database: Database, planned: SpanWrite[Key]) -> SpanWrite[Key]:
        """The same with ids in place of texts and of names that are many."""
        text_ids = intern_ahead(database, self._texts, planned.texts)
        if text_ids:
            planned = replace(planned, added=_with_ids(planned.added, text_ids), texts=())
        names = [name for name in planned.names if not isinstance(name, int)]
        name_ids = intern_ahead(database, self._names, names)
        if name_ids:
            changes = zip(name_ids, planned.names.values(), strict=True)
            planned = replace(planned, names=dict(sorted(changes)))  # as the table has them
        return planned


def _with_ids(rows: Sequence[Columns], ids: Sequence[int]) -> list[Columns]:
    return [(*row, text_id) for row, text_id in zip(rows, ids, strict=True)]


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


def process_spans(
    queries: Mapping[str, str], programs: InternTable, names: InternTable
) -> SpanTable[ProcessKey]:
    def running_row(row: Sequence[Any]) -> tuple[ProcessKey, int | None]:
        *process, ticks = row
        return key_of(tuple(process), ticks), row[3]

    own = SpanQueries(
        queries["running_processes"],
        queries["close_process_span"],
        queries["add_process_span"],
        queries["set_process_ticks"],
    )
    return SpanTable(own, programs, names, running_row, lambda key: key[1:3])  # name, username


def login_spans(
    queries: Mapping[str, str], accounts: InternTable, names: InternTable
) -> SpanTable[Login]:
    own = SpanQueries(
        queries["open_logins"], queries["close_login_span"], queries["add_login_span"]
    )
    return SpanTable(own, accounts, names, lambda row: (tuple(row), None), lambda key: key[1:2])
