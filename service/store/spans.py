"""What runs, as spans: finds what a new report changes, and writes only that.

sql/createdb/0001_reports.sql explains slots, nodes and sequence numbers.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from itertools import count
from typing import Generic, TypeVar

from service.store.multi_row import insert_rows

Slot = int
Thing = TypeVar("Thing", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Change(Generic[Thing]):
    """What a report changes: the slots whose spans end, and what starts in which slot."""

    ended: list[Slot]
    started: list[tuple[Slot, Thing]]


def compare(running: Iterable[tuple[Slot, Thing]], reported: Iterable[Thing]) -> Change[Thing]:
    """The change from what runs to what is reported; either may hold the same thing repeatedly."""
    slots: dict[Thing, list[Slot]] = {}
    used = set()
    for slot, thing in running:
        slots.setdefault(thing, []).append(slot)
        used.add(slot)
    appeared = []
    for thing in reported:
        same = slots.get(thing)
        if same:
            same.pop()
        else:
            appeared.append(thing)
    ended = [slot for left in slots.values() for slot in left]
    used.difference_update(ended)
    free = (slot for slot in count() if slot not in used)
    return Change(ended, list(zip(free, appeared, strict=False)))


def node_of(first: int, gone: int) -> int:
    """Of the numbers first to gone - 1, the one with the most trailing zero bits."""
    last = gone - 1
    # Above the highest bit in which first - 1 and last differ, both agree with every number
    # between them; last with all bits below it cleared is the one that is sought.
    highest = ((first - 1) ^ last).bit_length() - 1
    return last >> highest << highest


class SpanTable:
    """One of the two span tables, by its queries: running_<kind>, end_<kind>, start_<kind>."""

    def __init__(self, queries: Mapping[str, str], kind: str) -> None:
        self._running = queries[f"running_{kind}"]
        self._end = queries[f"end_{kind}"]
        self._start = queries[f"start_{kind}"]

    def advance(
        self,
        connection: sqlite3.Connection,
        server_id: int,
        seq: int,
        reported: Iterable[tuple[int | None, int]],
    ) -> None:
        """Brings the running spans of a server to what its report number seq says.

        reported: (pid, id of the program or account).
        """
        rows = connection.execute(self._running, {"server_id": server_id}).fetchall()
        change = compare(((slot, (pid, what)) for slot, _, pid, what in rows), reported)
        first_seq = {slot: first for slot, first, _, _ in rows}
        connection.executemany(
            self._end,
            [
                {
                    "server_id": server_id,
                    "slot": slot,
                    "node": node_of(first_seq[slot], seq),
                    "gone_seq": seq,
                }
                for slot in change.ended
            ],
        )
        self._insert(connection, (server_id, 0, seq, None), change.started)

    def keep_apart(
        self,
        connection: sqlite3.Connection,
        server_id: int,
        seq: int,
        reported: Iterable[tuple[int | None, int]],
    ) -> None:
        """Writes what a late report says as spans of that report alone."""
        self._insert(connection, (server_id, seq, seq, seq + 1), enumerate(reported))

    def _insert(
        self,
        connection: sqlite3.Connection,
        place: tuple[int, int, int, int | None],
        started: Iterable[tuple[Slot, tuple[int | None, int]]],
    ) -> None:
        server_id, node, first_seq, gone_seq = place
        insert_rows(
            connection,
            self._start,
            [
                (server_id, node, slot, first_seq, gone_seq, pid, what)
                for slot, (pid, what) in started
            ],
        )
