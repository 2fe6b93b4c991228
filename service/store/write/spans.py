"""What runs, as spans: finds what a new report changes, and writes only that.

sql/README.md explains slots, nodes and sequence numbers.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count, islice
from typing import Any, Generic, NamedTuple, TypeVar

from service.report import UNKNOWN, Facts, Login, Process
from service.store.engines import Connection
from service.store.write.interning import Dictionary, Values
from service.store.write.multi_row import change_rows, insert_rows
from service.store.write.name_index import NameChanges, name_changes

AnyRow = TypeVar("AnyRow", bound=Process | Login)
Value = TypeVar("Value")
Columns = tuple[int | None, ...]

MAX_REMEMBERED = 100_000  # rows, of about 400 bytes each


class Copy(NamedTuple):
    """The key of a row that stands in a report once more."""

    row: Any
    number: int


class Span(NamedTuple):
    """Of a row that runs."""

    slot: int
    first_seq: int


Running = Mapping[Any, Span]  # by row or Copy


@dataclass(frozen=True, slots=True)
class Change(Generic[AnyRow]):
    """What a report changes, and what runs after it."""

    ended: list[tuple[AnyRow, Span]]
    started: list[tuple[AnyRow, Facts, Span]]
    running: Running


def compare(
    running: Running, reported: Sequence[AnyRow], facts: Sequence[Facts], seq: int
) -> Change[AnyRow]:
    """The change from what runs to what report number seq shows.

    Of rows that are alike, the first goes on the longest, whatever their facts are.
    """
    shown = _by_key(reported, facts)
    appeared = [key for key in shown if key not in running]
    after = dict(running)
    ended = [(_row(key), after.pop(key)) for key in running.keys() - shown.keys()]
    # In rising order, so that of rows that are alike the first has the lowest.
    slots = sorted(islice(_free_slots([span.slot for _, span in ended], after), len(appeared)))
    started: list[tuple[AnyRow, Facts, Span]] = []
    for key, slot in zip(appeared, slots, strict=True):
        after[key] = span = Span(slot, seq)
        started.append((_row(key), shown[key], span))
    return Change(ended, started, after)


def _row(key: Any) -> Any:  # noqa: ANN401 — a process or a login
    return key.row if isinstance(key, Copy) else key


def _by_key(rows: Sequence[Hashable], values: Sequence[Value]) -> dict[Any, Value]:
    """The value of each row; the rows may repeat."""
    keyed: dict[Any, Value] = dict(zip(rows, values, strict=True))
    if len(keyed) < len(rows):
        copies: Counter[Hashable] = Counter()
        for row, value in zip(rows, values, strict=True):
            copies[row] += 1
            keyed[Copy(row, copies[row]) if copies[row] > 1 else row] = value
    return keyed


def _free_slots(freed: Sequence[int], running: Running) -> Iterator[int]:
    """Slots for what starts: those just freed, then the lowest that nothing has."""
    yield from sorted(freed)
    taken = {span.slot for span in running.values()}.union(freed)
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

    ended: Sequence[Columns]  # the values that end_<kind> takes, in its order
    added: Sequence[Columns]  # those of add_<kind>, but the last, the id of the texts
    texts: Sequence[Values]
    names: NameChanges
    running: Running  # after it


NOTHING = SpanWrite([], [], [], {}, {})


class SpanTable(Generic[AnyRow]):
    """One of the two span tables, by its queries: running_<kind>, end_<kind>, add_<kind>."""

    def __init__(
        self,
        queries: Mapping[str, str],
        kind: str,
        texts: Dictionary,
        stored: Callable[[AnyRow, Facts], tuple[Columns, Values]],
        name: Callable[[AnyRow], Values],
    ) -> None:
        """stored: what stands of a row in the table itself, and what in its dictionary.
        name: what it is known by, see names.py.
        """
        self._running = queries[f"running_{kind}"]
        self._end = queries[f"end_{kind}"]
        self._add = queries[f"add_{kind}"]
        self._texts = texts
        self._stored: Callable[[AnyRow, Facts], tuple[Columns, Values]] = stored
        self._name: Callable[[AnyRow], Values] = name
        self._remembered = _Remembered()

    def plan(  # noqa: PLR0913, PLR0917 — which report, and what it shows
        self,
        connection: Connection,
        server_id: int,
        newest: int,
        seq: int,
        reported: Sequence[AnyRow],
        facts: Sequence[Facts] = (),
    ) -> SpanWrite:
        """What report number seq writes when report number newest was the last before it."""
        facts = facts or [UNKNOWN] * len(reported)
        if seq < 0:  # late: spans of that report alone
            late = [self._stored(*each) for each in zip(reported, facts, strict=True)]
            alone = [(server_id, seq, n, seq, seq + 1, *own) for n, (own, _) in enumerate(late)]
            names = dict.fromkeys((self._name(row) for row in reported), 0)
            return SpanWrite([], alone, [texts for _, texts in late], names, {})
        running = self._remembered.get(server_id, newest)
        if running is None:
            rows = connection.execute(self._running, {"server_id": server_id}).fetchall()
            running = _by_key([row[2:] for row in rows], [Span(*row[:2]) for row in rows])
        change = compare(running, reported, facts, seq)
        started = [(self._stored(row, its), span) for row, its, span in change.started]
        return SpanWrite(
            [
                (node_of(first_seq, seq), seq, server_id, slot)
                for _, (slot, first_seq) in change.ended
            ],
            [(server_id, 0, span.slot, seq, None, *own) for (own, _), span in started],
            [texts for (_, texts), _ in started],
            name_changes(
                (self._name(row) for row, _ in change.ended),
                (self._name(row) for row, _, _ in change.started),
            ),
            change.running,
        )

    def write(self, connection: Connection, planned: SpanWrite) -> None:
        change_rows(connection, self._end, planned.ended)
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
        while self._rows > MAX_REMEMBERED:
            self._forget(next(iter(self._servers)))

    def _forget(self, server_id: int) -> None:
        known = self._servers.pop(server_id, None)
        if known is not None:
            self._rows -= len(known[1])
