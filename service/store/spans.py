"""What runs, as spans: finds what a new report changes, and writes only that.

sql/README.md explains slots, nodes and sequence numbers.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from typing import NamedTuple, TypeVar

from service.report import Login, Process
from service.store.dictionary import Dictionary, Values
from service.store.multi_row import insert_rows

Row = Process | Login
Value = TypeVar("Value")

_MOST_REMEMBERED = 100_000  # rows, of about 400 bytes each


class Copy(NamedTuple):
    """The key of a row that stands in a report once more."""

    row: Row
    number: int


class Span(NamedTuple):
    """Of a row that runs."""

    slot: int
    first_seq: int


Running = Mapping[Row | Copy, Span]


@dataclass(frozen=True, slots=True)
class Change:
    """What a report changes, and what runs after it."""

    ended: list[tuple[Row, Span]]
    started: list[tuple[Row, Span]]
    running: Running


def compare(running: Running, reported: Sequence[Row], seq: int) -> Change:
    """The change from what runs to what report number seq shows."""
    shown = _by_key(reported, reported)
    appeared = [key for key in shown if key not in running]
    after = dict(running)
    ended = [
        (key.row if isinstance(key, Copy) else key, after.pop(key))
        for key in running.keys() - shown.keys()
    ]
    free = _free_slots([span.slot for _, span in ended], after.values())
    started = []
    for key in appeared:
        after[key] = Span(next(free), seq)
        started.append((shown[key], after[key]))
    return Change(ended, started, after)


def _by_key(rows: Sequence[Row], values: Sequence[Value]) -> dict[Row | Copy, Value]:
    """The value of each row; the rows may repeat."""
    keyed: dict[Row | Copy, Value] = dict(zip(rows, values, strict=True))
    if len(keyed) < len(rows):
        copies: Counter[Row] = Counter()
        for row, value in zip(rows, values, strict=True):
            copies[row] += 1
            keyed[Copy(row, copies[row]) if copies[row] > 1 else row] = value
    return keyed


def _free_slots(freed: Iterable[int], running: Iterable[Span]) -> Iterator[int]:
    """Slots for what starts: those just freed, then the lowest that nothing has."""
    yield from freed
    taken = {span.slot for span in running}
    yield from (slot for slot in count() if slot not in taken)


def node_of(first: int, gone: int) -> int:
    """Of the numbers first to gone - 1, the one with the most trailing zero bits."""
    last = gone - 1
    # Above the highest bit in which first - 1 and last differ, both agree with every number
    # between them; last with all bits below it cleared is the one that is sought.
    highest = ((first - 1) ^ last).bit_length() - 1
    return last >> highest << highest


@dataclass(frozen=True, slots=True)
class SpanWrite:
    """What a report writes to a span table, worked out before its writer's turn."""

    ended: list[dict[str, int]]  # the parameters of end_<kind>
    added: Sequence[tuple[int | None, ...]]  # those of add_<kind>, but the id of the texts
    texts: Sequence[Values]
    running: Running  # after it


NOTHING = SpanWrite([], [], [], {})


class SpanTable:
    """One of the two span tables, by its queries: running_<kind>, end_<kind>, add_<kind>."""

    def __init__(self, queries: Mapping[str, str], kind: str, texts: Dictionary) -> None:
        self._running = queries[f"running_{kind}"]
        self._end = queries[f"end_{kind}"]
        self._add = queries[f"add_{kind}"]
        self._texts = texts
        self._remembered = _Remembered()

    def plan(
        self,
        connection: sqlite3.Connection,
        server_id: int,
        newest: int,
        seq: int,
        reported: Sequence[Row],
    ) -> SpanWrite:
        """What report number seq writes when report number newest was the last before it."""
        if seq < 0:  # late: spans of that report alone
            alone = [
                (server_id, seq, slot, seq, seq + 1, row[0]) for slot, row in enumerate(reported)
            ]
            return SpanWrite([], alone, [row[1:] for row in reported], {})
        running = self._remembered.get(server_id, newest)
        if running is None:
            rows = connection.execute(self._running, {"server_id": server_id}).fetchall()
            running = _by_key([row[2:] for row in rows], [Span(*row[:2]) for row in rows])
        change = compare(running, reported, seq)
        closed = [
            (server_id, node_of(first_seq, seq), slot, first_seq, seq, row[0])
            for row, (slot, first_seq) in change.ended
        ]
        started = [(server_id, 0, slot, seq, None, row[0]) for row, (slot, _) in change.started]
        return SpanWrite(
            [{"server_id": server_id, "slot": span.slot} for _, span in change.ended],
            [*closed, *started],
            [row[1:] for row, _ in change.ended + change.started],
            change.running,
        )

    def write(self, connection: sqlite3.Connection, planned: SpanWrite) -> None:
        connection.executemany(self._end, planned.ended)
        ids = self._texts.ids_of(connection, planned.texts)
        rows = [(*row, text_id) for row, text_id in zip(planned.added, ids, strict=True)]
        insert_rows(connection, self._add, rows)

    def committed(self, server_id: int, seq: int, written: SpanWrite) -> None:
        """The report is on disk: what runs now may be remembered."""
        if seq > 0:
            self._remembered.put(server_id, seq, written.running)


class _Remembered:
    """What runs on the servers that were stored last, as of a report that was committed.

    It stays true: what ran at a numbered report never changes. No mapping in it is changed either.
    """

    def __init__(self) -> None:
        self._servers: dict[int, tuple[int, Running]] = {}
        self._rows = 0

    def get(self, server_id: int, seq: int) -> Running | None:
        known = self._servers.get(server_id)
        return known[1] if known is not None and known[0] == seq else None

    def put(self, server_id: int, seq: int, running: Running) -> None:
        self._forget(server_id)
        self._servers[server_id] = (seq, running)
        self._rows += len(running)
        while self._rows > _MOST_REMEMBERED:
            self._forget(next(iter(self._servers)))

    def _forget(self, server_id: int) -> None:
        known = self._servers.pop(server_id, None)
        if known is not None:
            self._rows -= len(known[1])
