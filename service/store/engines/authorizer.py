"""Decides what statements of others may do: an authorizer of SQLite's, made of lists.

https://www.sqlite.org/c3ref/set_authorizer.html
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

# The rest is named by its number.
_ACTIONS = {
    sqlite3.SQLITE_PRAGMA: "PRAGMA",
    sqlite3.SQLITE_ATTACH: "ATTACH",
    sqlite3.SQLITE_DETACH: "DETACH",
    sqlite3.SQLITE_INSERT: "INSERT",
    sqlite3.SQLITE_UPDATE: "UPDATE",
    sqlite3.SQLITE_DELETE: "DELETE",
    sqlite3.SQLITE_TRANSACTION: "a transaction",
    sqlite3.SQLITE_SAVEPOINT: "SAVEPOINT",
}


@dataclass(frozen=True, slots=True)
class Allowed:
    """What statements may name, all of it in lower case.

    hidden, functions_of_views: what the views among the relations use, and no statement. A WITH
    clause may take the name of a view and read what the view reads: whoever takes a statement in
    refuses that where it matters, and nothing else follows from it.
    """

    relations: frozenset[str]
    hidden: frozenset[str]
    functions: frozenset[str]
    functions_of_views: frozenset[str]


class Authorizer:
    """Allows all while is_trusted, otherwise what is in the lists; and notes what is read."""

    def __init__(self, allowed: Allowed) -> None:
        self._allowed = allowed
        self.is_trusted = True
        self.columns: dict[str, set[str]] = {}  # of each relation, in lower case
        self.reads: set[tuple[str, str]] = set()  # (relation, column) of the statement at hand
        self.denied: str | None = None  # the first of it that is not allowed
        self._behind_views: set[str] = set()  # tables that the views of it read

    def begin(self) -> None:
        """A statement is going to be prepared."""
        self.reads, self.denied, self._behind_views = set(), None, set()

    def __call__(
        self,
        action: int,
        first: str | None,
        second: str | None,
        database: str | None,
        within: str | None,
    ) -> int:
        if self.is_trusted:
            return sqlite3.SQLITE_OK
        denied = self._denial(action, first, second, database, within)
        if denied is None:
            return sqlite3.SQLITE_OK
        if self.denied is None:
            self.denied = denied
        return sqlite3.SQLITE_DENY

    def _denial(
        self,
        action: int,
        first: str | None,
        second: str | None,
        database: str | None,
        within: str | None,
    ) -> str | None:
        """Why this is denied, or null if it is not. https://www.sqlite.org/c3ref/c_alter_table.html"""
        if action in (sqlite3.SQLITE_SELECT, sqlite3.SQLITE_RECURSIVE):
            return None
        inner = (within or "").lower()
        is_view = inner in self._allowed.relations or inner in self._allowed.hidden
        if action == sqlite3.SQLITE_FUNCTION:
            name = (second or "").lower()
            is_allowed = name in self._allowed.functions or (
                is_view and name in self._allowed.functions_of_views
            )
            return None if is_allowed else f"the function {name}()"
        if action == sqlite3.SQLITE_READ:
            return self._read(first or "", second or "", database, inner if is_view else "")
        return _ACTIONS.get(action, f"action {action}")

    def _read(self, table: str, column: str, database: str | None, view: str) -> str | None:
        table, column = table.lower(), column.lower()
        if column == "":
            # count(*) reads no column; of a view it is one of the tables behind it. Any other name
            # stands for a WITH clause here, but those of SQLite.
            is_hidden = table in self._allowed.hidden and table not in self._behind_views
            is_ours = not table.startswith(("sqlite_", "pragma_"))
            return None if is_ours and not is_hidden else f"the table {table}"
        if database not in ("main", "temp"):
            return f"the table {database}.{table}"
        if view in self._allowed.relations:
            self.reads.add((view, ""))
        if table in self._allowed.hidden and view:
            self._behind_views.add(table)
            return None
        columns = self.columns.get(table)
        if columns is None:
            return f"the table {table}"
        if column not in columns:
            return f"the column {table}.{column}"
        if not view:
            self.reads.add((table, column))
        return None
