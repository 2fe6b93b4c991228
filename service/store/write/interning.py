"""Intern tables keep each profile, program or name once, for the many rows that share it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

import orjson

from service.report import Profile
from service.store.engines import Connection

Values = tuple[str | int | None, ...]

_MAX_REMEMBERED = 50_000  # a fleet has a few thousand values, unless names never repeat


class InternTable:
    """One intern table. Its rows never change, so the ids of committed rows are remembered."""

    def __init__(self, find: str, add: str, columns: Sequence[str]) -> None:
        """find, add: the queries that take these columns, and a digest of them, by name."""
        self._find = find
        self._add = add
        self._columns = columns
        self._committed: dict[Values, int] = {}
        self._found: dict[Values, int] = {}

    def ids_of(self, connection: Connection, rows: Sequence[Values]) -> list[int]:
        """The id of each row; new rows are added. Call within a transaction."""
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
        """The transaction is on disk: remembers the ids that were found in it."""
        if len(self._committed) > _MAX_REMEMBERED:
            self._committed.clear()
        self._committed.update(self._found)
        self._found.clear()

    def rolled_back(self) -> None:
        self._found.clear()


def _digest(row: Values) -> bytes:
    """Ignores nulls at the end of the row, so that a new nullable column changes no digest."""
    length = len(row)
    while length and row[length - 1] is None:
        length -= 1
    return hashlib.sha256(orjson.dumps(row[:length])).digest()[:16]


def profile_table(queries: Mapping[str, str]) -> InternTable:
    columns = ("server_id", *Profile._fields)
    return InternTable(queries["find_profile"], queries["add_profile"], columns)


def program_table(queries: Mapping[str, str]) -> InternTable:
    columns = ("name", "username", "executable", "command_line")
    return InternTable(queries["find_program"], queries["add_program"], columns)


def account_table(queries: Mapping[str, str]) -> InternTable:
    columns = ("username", "terminal", "origin")
    return InternTable(queries["find_account"], queries["add_account"], columns)


def process_name_table(queries: Mapping[str, str]) -> InternTable:
    columns = ("name", "username")
    return InternTable(queries["find_process_name"], queries["add_process_name"], columns)


def login_name_table(queries: Mapping[str, str]) -> InternTable:
    return InternTable(queries["find_login_name"], queries["add_login_name"], ("username",))
