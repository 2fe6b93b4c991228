"""A database of SQLite's in memory, in which statements of others run and can harm nothing.

An authorizer with lists of what is allowed decides on each statement: reading the columns of
named relations, with named functions. Limits bound its length, its texts, its rows and its time.
`now` is no time here, whatever the statement makes it from. The process that holds a sandbox has
limits of its own: service/policies/guard/guard.py says what a single step of SQLite can
still cost.

https://www.sqlite.org/security.html, "Untrusted SQL Inputs".
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from itertools import count
from typing import Any, NamedTuple

from service.errors import (
    ComplianceError,
    StatementBrokenError,
    StatementLimitError,
    StatementRefusedError,
)
from service.store.engines.authorizer import Allowed, Authorizer
from service.store.engines.pure_dates import PureDates

Cell = str | int | float | None

_STEPS_BETWEEN_CHECKS = 20_000  # of SQLite's virtual machine, about 1 ms
MAX_CHARACTERS = 16 * 1024 * 1024  # in the rows of a statement
MAX_PATTERN = 256  # bytes of a pattern of LIKE or GLOB
_DESCRIBING = 1.0  # seconds of processor
_REMEMBERED = 1024  # statements, each prepared and with its columns
_FAULTS = (MemoryError, sqlite3.Error, sqlite3.Warning)

_LIMITS = {
    sqlite3.SQLITE_LIMIT_LENGTH: 1_000_000,  # bytes of a text, and of a row
    sqlite3.SQLITE_LIMIT_SQL_LENGTH: 131_072,
    sqlite3.SQLITE_LIMIT_COLUMN: 100,
    sqlite3.SQLITE_LIMIT_EXPR_DEPTH: 100,
    sqlite3.SQLITE_LIMIT_COMPOUND_SELECT: 50,
    sqlite3.SQLITE_LIMIT_VDBE_OP: 50_000,
    sqlite3.SQLITE_LIMIT_FUNCTION_ARG: 20,
    sqlite3.SQLITE_LIMIT_ATTACHED: 1,  # the one from which take() copies
    sqlite3.SQLITE_LIMIT_LIKE_PATTERN_LENGTH: MAX_PATTERN,
    sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER: 32,
    sqlite3.SQLITE_LIMIT_TRIGGER_DEPTH: 1,
    sqlite3.SQLITE_LIMIT_WORKER_THREADS: 0,
}


@dataclass(frozen=True, slots=True)
class Description:
    """What a statement gives and what it reads: (relation, column) in lower case."""

    columns: tuple[str, ...]
    reads: frozenset[tuple[str, str]]


class Rows(NamedTuple):
    """The first rows of a statement. cut: null, or why there are more."""

    columns: tuple[str, ...]
    rows: list[tuple[Cell, ...]]
    cut: str | None


class Sandbox:
    """A database in memory. script: makes its tables, and temporary tables and views over them.

    refusal: why a statement is refused before SQLite sees it, or null.
    """

    def __init__(
        self,
        script: str,
        allowed: Allowed,
        functions: Mapping[str, tuple[int, Callable[..., Cell]]],
        refusal: Callable[[str], str | None],
    ) -> None:
        self._refusal = refusal
        self._authorizer = Authorizer(allowed)
        self._deadline = float("inf")
        self._function_error: str | None = None
        self._described = count()
        self._texts: dict[str, str] = {}  # of statements that ran, as SQLite sees them
        self._columns: dict[str, tuple[str, ...]] = {}  # which they give
        self._connection = sqlite3.connect(
            ":memory:", isolation_level=None, cached_statements=_REMEMBERED, check_same_thread=False
        )
        connection = self._connection
        connection.execute("PRAGMA temp_store = MEMORY")
        connection.execute("PRAGMA trusted_schema = OFF")
        self._dates = PureDates()
        for name, (arity, function) in {**self._dates.functions(), **functions}.items():
            connection.create_function(name, arity, self._told(name, function), deterministic=True)
        connection.execute("ATTACH ':memory:' AS taken")
        connection.executescript(script)
        self._tables = [
            str(name)
            for (name,) in connection.execute(
                "SELECT name FROM main.sqlite_schema WHERE type = 'table'"
            )
        ]
        for relation in allowed.relations:
            columns = connection.execute(f"PRAGMA table_info({relation})")
            self._authorizer.columns[relation] = {str(name).lower() for _, name, *_ in columns}
        connection.set_authorizer(self._authorizer)
        connection.set_progress_handler(self._is_late, _STEPS_BETWEEN_CHECKS)
        for limit, value in _LIMITS.items():
            connection.setlimit(limit, value)
        self._authorizer.is_trusted = False

    @contextmanager
    def trusted(self) -> Iterator[sqlite3.Connection]:
        """The connection, for statements of ours in one transaction."""
        self._authorizer.is_trusted = True
        self._deadline = float("inf")
        try:
            self._connection.execute("BEGIN")
            yield self._connection
            self._connection.execute("COMMIT")
        finally:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            self._authorizer.is_trusted = False

    def take(self, image: bytes) -> None:
        """Replaces the rows of the tables by those of this database, which has the same tables.

        The tables themselves stay, so that statements which are prepared remain so.
        """
        self._authorizer.is_trusted = True  # SQLite attaches it by a statement
        try:
            self._connection.deserialize(image, name="taken")
        finally:
            self._authorizer.is_trusted = False
        with self.trusted() as connection:
            for table in self._tables:
                connection.execute(f"DELETE FROM main.{table}")  # noqa: S608 — names of ours
                # Without columns and conditions SQLite copies rows without a look into them.
                connection.execute(f"INSERT INTO main.{table} SELECT * FROM taken.{table}")  # noqa: S608

    def describe(self, sql: str, parameters: Mapping[str, Cell]) -> Description:
        """What the statement gives and reads. It is started, over the relations of this moment.

        Raises StatementRefusedError, StatementBrokenError, StatementLimitError.
        """
        # Reads are told while a statement is prepared; one that was seen is not prepared again.
        self._refuse(sql)
        cursor = self._execute(f"{sql}\n/* {next(self._described)} */", parameters, _DESCRIBING)
        columns = tuple(str(column[0]) for column in cursor.description or ())
        cursor.close()
        return Description(columns, frozenset(self._authorizer.reads))

    def each(
        self, sql: str, parameters: Mapping[str, Cell], *, seconds: float
    ) -> tuple[tuple[str, ...], Generator[tuple[Cell, ...], None, None]]:
        """The columns of a statement, and its rows one by one, to be closed. seconds: of processor.

        Both raise StatementRefusedError, StatementBrokenError, StatementLimitError.
        """
        self._refuse(sql)
        cursor = self._execute(sql, parameters, seconds)
        return self._columns_of(sql, cursor), self._rows(cursor)

    def _rows(self, cursor: sqlite3.Cursor) -> Generator[tuple[Cell, ...], None, None]:
        try:
            for row in cursor:
                yield tuple(map(_cell, row))
        except _FAULTS as error:
            raise self._told_error(error) from error
        finally:
            with suppress(sqlite3.Error):
                cursor.close()

    def first(
        self,
        sql: str,
        parameters: Mapping[str, Cell],
        *,
        seconds: float,
        max_rows: int,
        max_characters: int = MAX_CHARACTERS,
    ) -> Rows:
        """The first rows of a statement, at most so many. seconds: of processor, for these.

        Raises StatementRefusedError, StatementBrokenError, StatementLimitError.
        """
        columns, found = self.each(sql, parameters, seconds=seconds)
        rows: list[tuple[Cell, ...]] = []
        size = 0
        with closing(found):
            for row in found:
                size += characters(row)
                if len(rows) == max_rows:
                    return Rows(columns, rows, f"more than {max_rows} rows")
                if size > max_characters:
                    return Rows(columns, rows, f"more than {max_characters} characters in its rows")
                rows.append(row)
        return Rows(columns, rows, None)

    def close(self) -> None:
        self._connection.close()
        self._dates.close()

    def _refuse(self, sql: str) -> None:
        reason = self._refusal(sql)
        if reason is not None:
            raise StatementRefusedError(f"not allowed: {reason}")

    def _execute(self, sql: str, parameters: Mapping[str, Cell], seconds: float) -> sqlite3.Cursor:
        self._authorizer.begin()
        self._function_error = None
        self._deadline = time.process_time() + seconds
        try:
            # The comment keeps a statement of ours with the same text, which was prepared while
            # all was allowed, from being taken for it.
            return self._connection.execute(self._marked(sql), parameters)
        except _FAULTS as error:
            raise self._told_error(error) from error

    def _marked(self, sql: str) -> str:
        text = self._texts.get(sql)
        if text is None:
            if len(self._texts) >= _REMEMBERED:
                self._texts.clear()
            text = self._texts[sql] = f"/* sandbox */ {sql}"
        return text

    def _columns_of(self, sql: str, cursor: sqlite3.Cursor) -> tuple[str, ...]:
        """The relations stay as they are, and so do the columns of a statement."""
        columns = self._columns.get(sql)
        if columns is None:
            if len(self._columns) >= _REMEMBERED:
                self._columns.clear()
            columns = tuple(str(column[0]) for column in cursor.description or ())
            self._columns[sql] = columns
        return columns

    def _told_error(self, error: Exception) -> ComplianceError:
        """Our error for one of SQLite's."""
        if isinstance(error, MemoryError):
            return StatementLimitError("more memory than it may use")
        if isinstance(error, sqlite3.DataError):  # SQLITE_TOOBIG
            return StatementLimitError(str(error))
        if isinstance(error, sqlite3.ProgrammingError | sqlite3.Warning):
            # A second statement, a parameter that nobody gives.
            return StatementRefusedError(str(error))
        if self._authorizer.denied is not None:
            return StatementRefusedError(f"not allowed: {self._authorizer.denied}")
        if time.process_time() >= self._deadline:
            return StatementLimitError("more time than it may use")
        return StatementBrokenError(self._function_error or str(error))

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


def characters(row: Iterable[Cell]) -> int:
    return sum(len(cell) for cell in row if isinstance(cell, str))


def _cell(value: Any) -> Cell:  # noqa: ANN401 — whatever SQLite holds
    return value.hex() if isinstance(value, bytes) else value
