"""Which names each server shows, and since when: what questions about the whole fleet start from.

A name is that of a process and its user, or of a user who is logged in. Of the many processes that
come and go, few are the first or the last of their name, so little is written.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from service.store.engines import Connection
from service.store.write.interning import Dictionary, Values
from service.store.write.multi_row import change_rows, insert_rows

# So many more (or fewer) of each name does a report show than the one before. A late report, which
# is compared with none, shows each name with no more and no fewer.
NameChanges = Mapping[Values, int]


class Moment(NamedTuple):
    """Of a report: its server, its number, its time, and the time of the newest one before it."""

    server_id: int
    seq: int
    taken_at: int
    newest_at: int | None


def name_changes(ended: Iterable[Values], started: Iterable[Values]) -> NameChanges:
    more = Counter(started)
    more.subtract(ended)
    return {name: difference for name, difference in more.items() if difference}


class NameTable:
    """The names of one kind, by its queries: sight_<kind> and count_<kind>."""

    def __init__(self, queries: Mapping[str, str], kind: str, dictionary: Dictionary) -> None:
        self._sight = queries[f"sight_{kind}"]
        self._count = queries[f"count_{kind}"]
        self._dictionary = dictionary

    def write(
        self, connection: Connection, moment: Moment, changes: NameChanges
    ) -> tuple[list[int], list[int]]:
        """Returns the ids of the names that the server shows from this report on, and no more."""
        server_id, seq, taken_at, newest_at = moment
        ids = self._dictionary.ids_of(connection, list(changes))
        more_of = dict(zip(ids, changes.values(), strict=True))
        # Of what there is less, there was some in the report before.
        seen_at = {True: taken_at, False: taken_at if newest_at is None else newest_at}
        sighted = [
            (server_id, name_id, more, seen_at[more >= 0], seen_at[more >= 0])
            for name_id, more in more_of.items()
        ]
        running_of = dict(insert_rows(connection, self._sight, sighted))
        counted = [(more, server_id, seq, name_id) for name_id, more in more_of.items()]
        change_rows(connection, self._count, counted)
        appeared = [name_id for name_id, more in more_of.items() if 0 < more == running_of[name_id]]
        gone = [name_id for name_id, more in more_of.items() if more < 0 == running_of[name_id]]
        return appeared, gone


class RunTable:
    """From when to when a server showed the name of a process without a break."""

    def __init__(self, queries: Mapping[str, str]) -> None:
        self._begin = queries["begin_run"]
        self._end = queries["end_run"]

    def write(
        self, connection: Connection, moment: Moment, appeared: list[int], gone: list[int]
    ) -> None:
        server_id, seq = moment.server_id, moment.seq
        insert_rows(connection, self._begin, [(server_id, name_id, seq) for name_id in appeared])
        for name_id in gone:
            place = {"server_id": server_id, "name_id": name_id, "gone_seq": seq}
            connection.execute(self._end, place)
