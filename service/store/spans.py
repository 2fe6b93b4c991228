"""What runs, as spans: finds what a new report changes, and writes only that.

sql/createdb/0001_reports.sql explains slots, nodes and sequence numbers.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count

from service.store.multi_row import insert_rows

Thing = tuple[int | None, int]  # pid, id of the program or account
Running = tuple[int | None, int, int, int]  # the same, slot, first_seq
Row = tuple[int, int, int, int, int | None, int | None, int]  # as add_<kind> names them
Slot = int


@dataclass(frozen=True, slots=True)
class Change:
    """What a report changes: which spans end, and what starts in which slot."""

    ended: list[Running]
    started: list[tuple[Slot, Thing]]


def compare(running: Sequence[Running], reported: Sequence[Thing]) -> Change:
    """The change from what runs to what is reported; either may hold the same thing repeatedly."""
    spans: dict[Hashable, Running] = {span[:2]: span for span in running}
    things: Mapping[Hashable, Thing] = dict(zip(reported, reported, strict=True))
    if len(spans) < len(running) or len(things) < len(reported):
        spans = dict(zip(_told_apart([span[:2] for span in running]), running, strict=True))
        things = dict(zip(_told_apart(reported), reported, strict=True))
    ended = [spans[thing] for thing in spans.keys() - things.keys()]
    started = [things[thing] for thing in things if thing not in spans]
    return Change(ended, list(zip(_free_slots(running, ended), started, strict=False)))


def _told_apart(things: Iterable[Thing]) -> Iterator[Hashable]:
    """Each thing with the number of its copy, so that all are distinct."""
    copies: Counter[Thing] = Counter()
    for thing in things:
        copies[thing] += 1
        yield thing, copies[thing]


def _free_slots(running: Iterable[Running], ended: Iterable[Running]) -> Iterator[Slot]:
    """The slots of the spans that end, then the lowest that were not taken."""
    for _, _, slot, _ in ended:
        yield slot
    taken = {slot for _, _, slot, _ in running}
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
    """What a report writes to a span table."""

    ended: list[dict[str, int]]  # the parameters of end_<kind>
    added: list[Row]


class SpanTable:
    """One of the two span tables, by its queries: running_<kind>, end_<kind>, add_<kind>."""

    def __init__(self, queries: Mapping[str, str], kind: str) -> None:
        self._running = queries[f"running_{kind}"]
        self._end = queries[f"end_{kind}"]
        self._add = queries[f"add_{kind}"]

    def plan(
        self,
        connection: sqlite3.Connection,
        server_id: int,
        seq: int,
        reported: Sequence[Thing],
    ) -> SpanWrite:
        """What to write so that report number seq of a server shows this; writes nothing yet."""
        if seq < 0:  # late: spans of that report alone
            alone: list[Row] = [
                (server_id, seq, slot, seq, seq + 1, pid, what)
                for slot, (pid, what) in enumerate(reported)
            ]
            return SpanWrite([], alone)
        running = connection.execute(self._running, {"server_id": server_id}).fetchall()
        change = compare(running, reported)
        closed: list[Row] = [
            (server_id, node_of(first_seq, seq), slot, first_seq, seq, pid, what)
            for pid, what, slot, first_seq in change.ended
        ]
        started: list[Row] = [
            (server_id, 0, slot, seq, None, pid, what) for slot, (pid, what) in change.started
        ]
        ended = [{"server_id": server_id, "slot": slot} for _, _, slot, _ in change.ended]
        return SpanWrite(ended, closed + started)

    def write(self, connection: sqlite3.Connection, planned: SpanWrite) -> None:
        connection.executemany(self._end, planned.ended)
        insert_rows(connection, self._add, planned.added)
