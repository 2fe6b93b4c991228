"""Intern tables keep each profile, program or name once, for the many rows that share it."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import orjson

from service.store.engines import Connection
from service.store.write.bounded_cache import BoundedCache
from service.store.write.multi_row import find_rows, insert_rows

Values = tuple[str | int | None, ...]
Key = tuple[bytes | str | int | None, ...]

_MAX_REMEMBERED = 8 * 1024 * 1024  # bytes; a fleet has a few thousand values
_ROW_SIZE = 250  # bytes of a remembered row, beside its texts


class InternTable:
    """One intern table. Its rows never change, so the ids of committed rows are remembered.

    A row is remembered when it is found, not when it is added: names that never come again, of
    which a report may have 100,000, do not displace those that do.
    """

    def __init__(self, find: str, add: str, *, digested: bool = True) -> None:
        """find, add: queries that return the ids and the keys of rows.

        digested: the key of a row is its digest, which comes before its columns in the query that
        adds it. Otherwise a row is its own key.
        """
        self._find = find
        self._add = add
        self._digested = digested
        self._committed: BoundedCache[Values, int] = BoundedCache(_MAX_REMEMBERED)
        self._found: dict[Values, int] = {}  # in this transaction

    def ids_of(self, connection: Connection, rows: Sequence[Values]) -> list[int]:
        """The id of each row; new rows are added. Call within a transaction."""
        known: dict[Values, int] = {}
        unknown: dict[Values, None] = {}
        for row in rows:
            if row not in known:
                an_id = self._committed.get(row)
                if an_id is None:
                    unknown[row] = None
                else:
                    known[row] = an_id
        if unknown:
            keyed = self.keyed(unknown)
            found = self.find(connection, keyed)
            self._found |= found
            known |= found | self.add(connection, keyed, found)
        return [known[row] for row in rows]

    def keyed(self, rows: Iterable[Values]) -> Mapping[Key, Values]:
        """The rows by their keys."""
        return {(_digest(row),) if self._digested else row: row for row in rows}

    def find(self, connection: Connection, keyed: Mapping[Key, Values]) -> dict[Values, int]:
        """The ids of those rows that the table has."""
        return _by_row(keyed, find_rows(connection, self._find, list(keyed)))

    def add(
        self, connection: Connection, keyed: Mapping[Key, Values], found: Mapping[Values, int]
    ) -> dict[Values, int]:
        """Adds the rows that were not found in this transaction; their ids."""
        missing = {key: row for key, row in keyed.items() if row not in found}
        values = [(*key, *row) if self._digested else row for key, row in missing.items()]
        return _by_row(missing, insert_rows(connection, self._add, values))

    def committed(self) -> None:
        """The transaction is on disk: remembers the ids that were found in it."""
        for row, an_id in self._found.items():
            self._committed.put(row, an_id, _size(row))
        self._found.clear()

    def rolled_back(self) -> None:
        self._found.clear()


def _by_row(keyed: Mapping[Key, Values], returned: Iterable[Sequence[Any]]) -> dict[Values, int]:
    return {keyed[tuple(key)]: an_id for an_id, *key in returned}


def _size(row: Values) -> int:
    return _ROW_SIZE + sum(sys.getsizeof(value) for value in row if isinstance(value, str))


def _digest(row: Values) -> bytes:
    """Ignores nulls at the end of the row, so that a new nullable column changes no digest."""
    length = len(row)
    while length and row[length - 1] is None:
        length -= 1
    return hashlib.sha256(orjson.dumps(row[:length])).digest()[:16]


def profile_table(queries: Mapping[str, str]) -> InternTable:
    return InternTable(queries["find_profiles"], queries["add_profiles"])


def program_table(queries: Mapping[str, str]) -> InternTable:
    return InternTable(queries["find_programs"], queries["add_programs"])


def account_table(queries: Mapping[str, str]) -> InternTable:
    return InternTable(queries["find_accounts"], queries["add_accounts"])


def process_name_table(queries: Mapping[str, str]) -> InternTable:
    return InternTable(queries["find_process_names"], queries["add_process_names"], digested=False)


def login_name_table(queries: Mapping[str, str]) -> InternTable:
    return InternTable(queries["find_login_names"], queries["add_login_names"], digested=False)
