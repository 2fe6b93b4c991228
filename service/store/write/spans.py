"""Processes and logins as spans: finds what a new report changes, and writes only that.

sql/README.md explains slots, nodes and sequence numbers.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count, islice
from typing import Generic, NamedTuple, TypeVar

from service.report import UNKNOWN_DETAILS, Login, Process, ProcessDetails
from service.store.engines import Connection
from service.store.write.interning import InternTable, Values
from service.store.write.multi_row import insert_rows, update_rows
from service.store.write.name_index import NameChanges, name_changes

Row = TypeVar("Row", bound=Process | Login)
Value = TypeVar("Value")
Columns = tuple[int | None, ...]

_MAX_REMEMBERED = 100_000  # rows, of about 400 bytes each


class Copy(NamedTuple, Generic[Row]):
    """The key of a row that a report lists more than once; the first has the row as its key."""

    row: Row
    number: int


class Span(NamedTuple):
    """The span of a row that is running."""

    slot: int
    first_seq: int


Running = Mapping[Row | Copy[Row], Span]


@dataclass(frozen=True, slots=True)
class SpanChanges(Generic[Row]):
    """The spans that a report ends and starts, and the rows that are running after it."""

    ended: list[tuple[Row, Span]]
    started: list[tuple[Row, ProcessDetails, Span]]
    running: Running[Row]


def compare(
    running: Running[Row], reported: Sequence[Row], details: Sequence[ProcessDetails], seq: int
) -> SpanChanges[Row]:
    """The changes from the running rows to those of report number seq.

    Of equal rows, the first one goes on the longest, whatever their details are.
    """
    shown = _by_key(reported, details)
    appeared = [key for key in shown if key not in running]
    after = dict(running)
    ended = [(_row(key), after.pop(key)) for key in running.keys() - shown.keys()]
    # In rising order, so that the first of equal rows has the lowest slot.
    slots = sorted(islice(_free_slots([span.slot for _, span in ended], after), len(appeared)))
    started: list[tuple[Row, ProcessDetails, Span]] = []
    for key, slot in zip(appeared, slots, strict=True):
        after[key] = span = Span(slot, seq)
        started.append((_row(key), shown[key], span))
    return SpanChanges(ended, started, after)


def _row(key: Row | Copy[Row]) -> Row:
    return key.row if isinstance(key, Copy) else key


def _by_key(rows: Sequence[Row], values: Sequence[Value]) -> dict[Row | Copy[Row], Value]:
    """The value of each row; the rows may repeat."""
    keyed: dict[Row | Copy[Row], Value] = dict(zip(rows, values, strict=True))
    if len(keyed) < len(rows):
        copies: Counter[Row] = Counter()
        for row, value in zip(rows, values, strict=True):
            copies[row] += 1
            keyed[Copy(row, copies[row]) if copies[row] > 1 else row] = value
    return keyed


def _free_slots(freed: Sequence[int], running: Running[Row]) -> Iterator[int]:
    """Slots for new spans: those just freed, then the lowest free ones."""
    yield from sorted(freed)
    taken = {span.slot for span in running.values()}.union(freed)
    yield from (slot for slot in count() if slot not in taken)


def node_of(first: int, gone: int) -> int:
    """Of the numbers first to gone - 1, the one with the most trailing zero bits."""
    last = gone - 1
    # Above the highest bit in which first - 1 and last differ, both agree with every number
    # between them. So the result is last, with all bits below that one cleared.
    highest = ((first - 1) ^ last).bit_length() - 1
    return last >> highest << highest


@dataclass(frozen=True, slots=True)
class SpanWrite(Generic[Row]):
    """All that a report writes to a span table, prepared before its writer's turn."""

    ended: Sequence[Columns] = ()  # the parameters of the close query, in its order
    added: Sequence[Columns] = ()  # those of the add query, but the last, the id of the texts
    texts: Sequence[Values] = ()
    names: NameChanges = field(default_factory=dict)
    running: Running[Row] = field(default_factory=dict)  # after the report


class SpanQueries(NamedTuple):
    """The queries of a span table."""

    running: str
    close: str
    add: str


class SpanTable(Generic[Row]):
    """One of the two span tables."""

    def __init__(
        self,
        queries: SpanQueries,
        texts: InternTable,
        stored: Callable[[Row, ProcessDetails], tuple[Columns, Values]],
        name: Callable[[Row], Values],
    ) -> None:
        """stored: splits a row into its columns in the span table and those in its intern table.
        name: the part of a row that the name index knows.
        """
        self._queries = queries
        self._texts = texts
        self._stored: Callable[[Row, ProcessDetails], tuple[Columns, Values]] = stored
        self._name: Callable[[Row], Values] = name
        self._remembered = _RunningCache[Row]()

    def plan(  # noqa: PLR0913, PLR0917 — the place of the report, and its rows
        self,
        connection: Connection,
        server_id: int,
        newest: int,
        seq: int,
        reported: Sequence[Row],
        details: Sequence[ProcessDetails] = (),
    ) -> SpanWrite[Row]:
        """Prepares the write of report number seq, which follows report number newest."""
        details = details or [UNKNOWN_DETAILS] * len(reported)
        if seq < 0:  # late: spans of that report alone
            late = [self._stored(*each) for each in zip(reported, details, strict=True)]
            alone = [(server_id, seq, n, seq, seq + 1, *own) for n, (own, _) in enumerate(late)]
            names = dict.fromkeys((self._name(row) for row in reported), 0)
            return SpanWrite([], alone, [texts for _, texts in late], names)
        running = self._remembered.get(server_id, newest)
        if running is None:
            query = self._queries.running
            rows = connection.execute(query, {"server_id": server_id}).fetchall()
            running = _by_key([row[2:] for row in rows], [Span(*row[:2]) for row in rows])
        changes = compare(running, reported, details, seq)
        started = [(self._stored(row, its), span) for row, its, span in changes.started]
        return SpanWrite(
            [
                (node_of(first_seq, seq), seq, server_id, slot)
                for _, (slot, first_seq) in changes.ended
            ],
            [(server_id, 0, span.slot, seq, None, *own) for (own, _), span in started],
            [texts for (_, texts), _ in started],
            name_changes(
                (self._name(row) for row, _ in changes.ended),
                (self._name(row) for row, _, _ in changes.started),
            ),
            changes.running,
        )

    def write(self, connection: Connection, planned: SpanWrite[Row]) -> None:
        update_rows(connection, self._queries.close, planned.ended)
        ids = self._texts.ids_of(connection, planned.texts)
        rows = [(*row, text_id) for row, text_id in zip(planned.added, ids, strict=True)]
        insert_rows(connection, self._queries.add, rows)

    def committed(self, server_id: int, seq: int, written: SpanWrite[Row]) -> None:
        """The report is on disk: remembers the rows that are running after it."""
        if seq > 0:
            self._remembered.put(server_id, seq, written.running)


class _RunningCache(Generic[Row]):
    """The running rows of the servers that were stored last, each as of a committed report.

    An entry never becomes wrong, because the rows of a numbered report never change. No mapping in
    the cache is changed either.
    """

    def __init__(self) -> None:
        self._servers: dict[int, tuple[int, Running[Row]]] = {}
        self._rows = 0

    def get(self, server_id: int, seq: int) -> Running[Row] | None:
        known = self._servers.get(server_id)
        return known[1] if known is not None and known[0] == seq else None

    def put(self, server_id: int, seq: int, running: Running[Row]) -> None:
        self._forget(server_id)
        self._servers[server_id] = (seq, running)
        self._rows += len(running)
        while self._rows > _MAX_REMEMBERED:
            self._forget(next(iter(self._servers)))

    def _forget(self, server_id: int) -> None:
        known = self._servers.pop(server_id, None)
        if known is not None:
            self._rows -= len(known[1])


def process_spans(queries: Mapping[str, str], programs: InternTable) -> SpanTable[Process]:
    def stored(row: Process, details: ProcessDetails) -> tuple[Columns, Values]:
        pid, name, username, started_at = row
        ppid, executable, command_line = details
        return (pid, started_at, ppid), (name, username, executable, command_line)

    def name(row: Process) -> Values:
        return row[1:3]  # name, username

    own = (queries["running_processes"], queries["close_process_span"], queries["add_process_span"])
    return SpanTable(SpanQueries(*own), programs, stored, name)


def login_spans(queries: Mapping[str, str], accounts: InternTable) -> SpanTable[Login]:
    def stored(row: Login, _: ProcessDetails) -> tuple[Columns, Values]:
        pid, username, terminal, origin, since = row
        return (pid, since), (username, terminal, origin)

    def name(row: Login) -> Values:
        return row[1:2]  # username

    own = (queries["open_logins"], queries["close_login_span"], queries["add_login_span"])
    return SpanTable(SpanQueries(*own), accounts, stored, name)
