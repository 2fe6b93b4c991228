"""Copies of rows as a database of SQLite's in bytes, for service/store/engines/sandbox.py."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from service.store.engines.protocol import Connection
from service.store.engines.sqlite_connections import stopping


class ImageBuilder:
    """Fills tables in memory with rows, again and again. script: makes the tables.

    source: a database file of ours, whose tables the statements of filled() may read.
    """

    def __init__(self, script: str, source: Path | None = None) -> None:
        self._connection = sqlite3.connect(
            ":memory:", uri=True, isolation_level=None, check_same_thread=False
        )
        self._connection.executescript(script)
        self._tables = [
            name
            for (name,) in self._connection.execute(
                "SELECT name FROM main.sqlite_schema WHERE type = 'table'"
            )
        ]
        if source is not None:
            self._connection.execute(
                "ATTACH ? AS source", (f"{source.absolute().as_uri()}?mode=rw",)
            )

    @contextmanager
    def filled(self) -> Iterator[Connection]:
        """The tables, empty, in a transaction that sees the source at one moment.

        Raises QuestionStoppedError where the question of this thread ends.
        """
        connection = self._connection
        connection.execute("BEGIN")
        try:
            for table in self._tables:
                connection.execute(f"DELETE FROM main.{table}")  # noqa: S608
            with stopping(connection):
                yield connection
        except BaseException:
            connection.execute("ROLLBACK")
            raise
        connection.execute("COMMIT")

    def image(self) -> bytes:
        """The tables as they were filled last."""
        return self._connection.serialize()

    def image_of(self, tables: Mapping[str, Sequence[Sequence[Any]]]) -> bytes:
        """These rows, in the order of the columns. Raises ValueError for one that does not fit."""
        try:
            with self.filled() as connection:
                for table, rows in tables.items():
                    insert_rows(connection, table, rows)
        except sqlite3.Error as error:
            raise ValueError(str(error)) from error
        return self.image()

    def close(self) -> None:
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


def insert_rows(connection: Connection, table: str, rows: Sequence[Sequence[Any]]) -> None:
    """Inserts rows with a value for each column. table: a name of ours."""
    if rows:
        places = ", ".join("?" * len(rows[0]))
        connection.executemany(f"INSERT INTO {table} VALUES ({places})", rows)  # noqa: S608
