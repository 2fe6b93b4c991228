"""What many rows share, each kept once: programs, accounts, and what servers are."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

import orjson

from service.store.engines import Connection

Values = tuple[str | int | None, ...]

MAX_REMEMBERED = 50_000  # a fleet knows a few thousand; names that never come twice may come


class Dictionary:
    """One dictionary table, by its queries: find_<kind> and add_<kind>.

    Rows are never changed or deleted, so an id that was committed stays true and is remembered.
    """

    def __init__(self, queries: Mapping[str, str], kind: str, columns: Sequence[str]) -> None:
        self._find = queries[f"find_{kind}"]
        self._add = queries[f"add_{kind}"]
        self._columns = columns
        self._committed: dict[Values, int] = {}
        self._found: dict[Values, int] = {}

    def ids_of(self, connection: Connection, rows: Sequence[Values]) -> list[int]:
        """The id of each of these rows; the new ones are added. Call within a transaction."""
        known = map(self._committed.get, rows)
        return [
            self._find_or_add(connection, row) if an_id is None else an_id
            for an_id, row in zip(known, rows, strict=True)
        ]

    def _find_or_add(self, connection: Connection, row: Values) -> int:
        known = self._found.get(row)
        if known is None:
            named = dict(zip(self._columns, row, strict=True)) | {"digest": _digest(row)}
            found = connection.execute(self._find, named).fetchone()
            if found is None:
                found = connection.execute(self._add, named).fetchone()
            known = self._found[row] = int(found[0])
        return known

    def committed(self) -> None:
        """The transaction is on disk: what was found in it may be remembered."""
        if len(self._committed) > MAX_REMEMBERED:
            self._committed.clear()
        self._committed.update(self._found)
        self._found.clear()

    def rolled_back(self) -> None:
        self._found.clear()


def _digest(row: Values) -> bytes:
    """Of the row without the nulls at its end, so that a column that comes later changes none."""
    length = len(row)
    while length and row[length - 1] is None:
        length -= 1
    return hashlib.sha256(orjson.dumps(row[:length])).digest()[:16]
