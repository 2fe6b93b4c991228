"""A database of SQLite's in memory, in which statements of others run and can harm nothing.

An authorizer with lists of what is allowed decides on each statement: reading the columns of
named relations, with named functions. Limits bound its length, its texts, its rows and its time.
`now` is no time here, whatever the statement makes it from. The process that holds a sandbox has
limits of its own: see service/policies/guard.py for what a single step of SQLite can still cost.

https://www.sqlite.org/security.html, "Untrusted SQL Inputs".
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from service.errors import StatementBrokenError, StatementLimitError, StatementRefusedError
from service.store.engines.pure_dates import PureDates

Cell = str | int | float | None

_STEPS_BETWEEN_CHECKS = 1000  # of SQLite's virtual machine, about 0.1 ms
_MAX_RESULT_BYTES = 16 * 1024 * 1024
_DESCRIBING = 1.0  # seconds of processor

_LIMITS = {
    sqlite3.SQLITE_LIMIT_LENGTH: 1_000_000,  # bytes of a text, and of a row
    sqlite3.SQLITE_LIMIT_SQL_LENGTH: 131_072,
    sqlite3.SQLITE_LIMIT_COLUMN: 100,
    sqlite3.SQLITE_LIMIT_EXPR_DEPTH: 100,
    sqlite3.SQLITE_LIMIT_COMPOUND_SELECT: 50,
    sqlite3.SQLITE_LIMIT_VDBE_OP: 50_000,
    sqlite3.SQLITE_LIMIT_FUNCTION_ARG: 20,
    sqlite3.SQLITE_LIMIT_ATTACHED: 0,
    sqlite3.SQLITE_LIMIT_LIKE_PATTERN_LENGTH: 256,
    sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER: 32,
    sqlite3.SQLITE_LIMIT_TRIGGER_DEPTH: 1,
    sqlite3.SQLITE_LIMIT_WORKER_THREADS: 0,
}
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

    hidden: what the views among the relations read, and no statement.
    """

    relations: frozenset[str]
    hidden: frozenset[str]
    functions: frozenset[str]


@dataclass(frozen=True, slots=True)
class Description:
    """What a statement gives and what it reads: (relation, column) in lower case."""

    columns: tuple[str, ...]
    reads: frozenset[tuple[str, str]]


@dataclass(slots=True)
class _Preparation:
    """What the authorizer saw of the statement that is being prepared."""

    reads: set[tuple[str, str]] = field(default_factory=set)
    denied: str | None = None


class Sandbox:
    """A database in memory. script: makes its tables, and temporary tables and views over them."""

    def __init__(
        self,
        script: str,
        allowed: Allowed,
        functions: Mapping[str, tuple[int, Callable[..., Cell]]],
    ) -> None:
        self._allowed = allowed
        self._is_trusted = True
        self._preparation = _Preparation()
        self._deadline = float("inf")
        self._function_error: str | None = None
        self._described = count()
        self._connection = sqlite3.connect(
            ":memory:", isolation_level=None, cached_statements=1024, check_same_thread=False
        )
        connection = self._connection
        connection.execute("PRAGMA temp_store = MEMORY")
        connection.execute("PRAGMA trusted_schema = OFF")
        for name, (arity, function) in {**PureDates().functions(), **functions}.items():
            connection.create_function(name, arity, self._told(name, function), deterministic=True)
        connection.executescript(script)
        self._columns = {
            relation: {
                str(name).lower()
                for _, name, *_ in connection.execute(f"PRAGMA table_info({relation})")
            }
            for relation in allowed.relations
        }
        connection.set_authorizer(self._authorize)
        connection.set_progress_handler(self._is_late, _STEPS_BETWEEN_CHECKS)
        for limit, value in _LIMITS.items():
            connection.setlimit(limit, value)
        self._is_trusted = False

    @contextmanager
    def trusted(self) -> Iterator[sqlite3.Connection]:
        """The connection, for statements of ours in one transaction."""
        self._is_trusted = True
        self._deadline = float("inf")
        try:
            self._connection.execute("BEGIN")
            yield self._connection
            self._connection.execute("COMMIT")
        finally:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            self._is_trusted = False

    def become(self, image: bytes) -> None:
        """Replaces the tables by those of this database; what is temporary stays."""
        self._is_trusted = True  # SQLite attaches it by a statement
        try:
            self._connection.deserialize(image)
        finally:
            self._is_trusted = False

    def describe(self, sql: str, parameters: Mapping[str, Cell]) -> Description:
        """What the statement gives and reads. It is started, over the relations of this moment.

        Raises StatementRefusedError, StatementBrokenError, StatementLimitError.
        """
        # Reads are told while a statement is prepared; one that was seen is not prepared again.
        cursor = self._execute(f"{sql}\n/* {next(self._described)} */", parameters, _DESCRIBING)
        columns = tuple(str(column[0]) for column in cursor.description or ())
        cursor.close()
        return Description(columns, frozenset(self._preparation.reads))

    def run(
        self, sql: str, parameters: Mapping[str, Cell], *, seconds: float, max_rows: int
    ) -> tuple[tuple[str, ...], list[tuple[Cell, ...]]]:
        """The columns and the rows of a statement. seconds: of processor.

        Raises StatementRefusedError, StatementBrokenError, StatementLimitError.
        """
        cursor = self._execute(sql, parameters, seconds)
        rows: list[tuple[Cell, ...]] = []
        size = 0
        try:
            with self._errors():
                for row in cursor:
                    rows.append(tuple(map(_cell, row)))
                    size += sum(len(cell) for cell in row if isinstance(cell, str | bytes))
                    if len(rows) > max_rows or size > _MAX_RESULT_BYTES:
                        raise StatementLimitError(
                            f"more than {max_rows} rows"
                            if len(rows) > max_rows
                            else f"more than {_MAX_RESULT_BYTES} bytes in its rows"
                        )
        finally:
            with suppress(sqlite3.Error):
                cursor.close()
        return tuple(str(column[0]) for column in cursor.description or ()), rows

    def close(self) -> None:
        self._connection.close()

    def _execute(self, sql: str, parameters: Mapping[str, Cell], seconds: float) -> sqlite3.Cursor:
        self._preparation = _Preparation()
        self._deadline = time.process_time() + seconds
        with self._errors():
            # The comment keeps a statement of ours with the same text, which was prepared while
            # all was allowed, from being taken for it.
            return self._connection.execute(f"/* sandbox */ {sql}", parameters)

    @contextmanager
    def _errors(self) -> Iterator[None]:
        """Raises our errors for those of SQLite."""
        self._function_error = None
        try:
            yield
        except MemoryError as error:
            raise StatementLimitError("more memory than it may use") from error
        except sqlite3.DataError as error:  # SQLITE_TOOBIG
            raise StatementLimitError(str(error)) from error
        except (sqlite3.ProgrammingError, sqlite3.Warning) as error:
            # A second statement, a parameter that nobody gives.
            raise StatementRefusedError(str(error)) from error
        except sqlite3.Error as error:
            if self._preparation.denied is not None:
                raise StatementRefusedError(f"not allowed: {self._preparation.denied}") from error
            if time.process_time() >= self._deadline:
                raise StatementLimitError("more time than it may use") from error
            raise StatementBrokenError(self._function_error or str(error)) from error

    def _is_late(self) -> bool:
        return time.process_time() >= self._deadline

    def _told(self, name: str, function: Callable[..., Cell]) -> Callable[..., Cell]:
        """The same function; SQLite tells of its errors only that there was one."""

        def call(*arguments: Cell) -> Cell:
            try:
                return function(*arguments)
            except ValueError as error:
                self._function_error = f"{name}: {error}"
                raise

        return call

    def _authorize(
        self,
        action: int,
        first: str | None,
        second: str | None,
        database: str | None,
        within: str | None,
    ) -> int:
        if self._is_trusted:
            return sqlite3.SQLITE_OK
        denied = self._denial(action, first, second, database, within)
        if denied is None:
            return sqlite3.SQLITE_OK
        if self._preparation.denied is None:
            self._preparation.denied = denied
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
            # The views use functions that statements may not.
            return None if is_view or name in self._allowed.functions else f"the function {name}()"
        if action == sqlite3.SQLITE_READ:
            return self._read(first or "", second or "", database, inner if is_view else "")
        return _ACTIONS.get(action, f"action {action}")

    def _read(self, table: str, column: str, database: str | None, view: str) -> str | None:
        table, column = table.lower(), column.lower()
        if column == "":
            # count(*) reads no column. Any name stands for a WITH clause here but those of SQLite.
            is_ours = not table.startswith(("sqlite_", "pragma_"))
            return None if is_ours else f"the table {table}"
        if database not in ("main", "temp"):
            return f"the table {database}.{table}"
        if view in self._allowed.relations:
            self._preparation.reads.add((view, ""))
        if table in self._allowed.hidden and view:
            return None
        columns = self._columns.get(table)
        if columns is None:
            return f"the table {table}"
        if column not in columns:
            return f"the column {table}.{column}"
        if not view:
            self._preparation.reads.add((table, column))
        return None


def _cell(value: Any) -> Cell:  # noqa: ANN401 — whatever SQLite holds
    return value.hex() if isinstance(value, bytes) else value
