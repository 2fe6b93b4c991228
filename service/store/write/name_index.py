"""The index of names: which servers show a name, and since when.

Queries over the whole fleet start here. A name is the name of a process with its user, or the name
of a user who is logged in. Few of the processes that come and go are the first or the last of their
name, so little is written.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from service.store.engines import Connection
from service.store.write.interning import InternTable, Values
from service.store.write.multi_row import change_rows, insert_rows

# How many more (or fewer) of each name a report shows than the one before it. Empty for a late
# report, which counts for nothing.
NameChanges = Mapping[Values, int] | Mapping[int, int]  # by names, or by their ids


class ReportPosition(NamedTuple):
    """A report in the order of its server."""

    server_id: int
    seq: int
    placed_at: int
    newest_at: int | None  # the place of the newest report before it


def name_changes(ended: Iterable[Values], started: Iterable[Values]) -> NameChanges:
    more = Counter(started)
    more.subtract(ended)
    return {name: difference for name, difference in more.items() if difference}


class NameIndex:
    """The names of processes, or those of logins, and the servers that show them."""

    def __init__(self, names: InternTable, upsert_sighting: str, set_first_report: str) -> None:
        self._names = names
        self._upsert_sighting = upsert_sighting
        self._set_first_report = set_first_report

    def write(
        self, connection: Connection, position: ReportPosition, changes: NameChanges
    ) -> tuple[list[int], list[int]]:
        """Returns the ids of the names that appear on the server, and of those that disappear."""
        server_id, seq, placed_at, newest_at = position
        more_of = self._by_id(connection, changes)
        # A name of which there are fewer was shown by the report before.
        seen_at = {True: placed_at, False: placed_at if newest_at is None else newest_at}
        sightings = [
            (server_id, name_id, more, seen_at[more > 0], seen_at[more > 0])
            for name_id, more in more_of.items()
        ]
        running_of = dict(insert_rows(connection, self._upsert_sighting, sightings))
        appeared = [name_id for name_id, more in more_of.items() if 0 < more == running_of[name_id]]
        gone = [name_id for name_id, more in more_of.items() if more < 0 == running_of[name_id]]
        keys = [(name_id,) for name_id in appeared]
        change_rows(connection, self._set_first_report, keys, server_id, seq)
        return appeared, gone

    def _by_id(self, connection: Connection, changes: NameChanges) -> Mapping[int, int]:
        names = [name for name in changes if not isinstance(name, int)]
        if not names:
            return changes  # type: ignore[return-value]  # its keys are ids
        ids = self._names.ids_of(connection, names)
        return dict(zip(ids, changes.values(), strict=True))


class RunTable:
    """The runs of a process name on a server: consecutive reports that show it."""

    def __init__(self, queries: Mapping[str, str]) -> None:
        self._begin = queries["begin_process_runs"]
        self._end = queries["end_process_runs"]

    def write(
        self, connection: Connection, position: ReportPosition, appeared: list[int], gone: list[int]
    ) -> None:
        server_id, seq = position.server_id, position.seq
        insert_rows(connection, self._begin, [(server_id, name_id, seq) for name_id in appeared])
        keys = [(name_id,) for name_id in gone]
        change_rows(connection, self._end, keys, seq, server_id, server_id)


def process_name_index(queries: Mapping[str, str], names: InternTable) -> NameIndex:
    return NameIndex(names, queries["upsert_process_sighting"], queries["set_first_process_report"])


def login_name_index(queries: Mapping[str, str], names: InternTable) -> NameIndex:
    return NameIndex(names, queries["upsert_login_sighting"], queries["set_first_login_report"])
