"""The protocol of a storage engine: all that the store knows of a database.

An engine is a module of this folder, and the only importer of its driver. The store opens no
connection and catches no exception of a driver: an engine raises the errors of service/errors.py.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol

MAX_INTEGER = 2**63 - 1  # the largest that a column holds


Parameters = Mapping[str, Any] | Sequence[Any]


class Result(Protocol):
    """The rows of one statement, each a tuple in the order of its columns."""

    @property
    def description(self) -> Sequence[Sequence[Any]] | None:
        """A sequence for each column, headed by its name (PEP 249)."""

    def fetchone(self) -> Any: ...  # noqa: ANN401 — the columns are those of the query

    def fetchall(self) -> list[Any]: ...

    def __iter__(self) -> Iterator[Any]: ...


class Connection(Protocol):
    """A snapshot or a transaction, as Database hands it out."""

    def execute(self, query: str, parameters: Parameters = ..., /) -> Result: ...

    def executemany(self, query: str, rows: Sequence[Sequence[Any]], /) -> Result: ...


class Database(Protocol):
    """One database, as one process uses it. Threads may share it."""

    def migrate(self) -> None:
        """Creates the database, or migrates it to the newest version.

        The log names each creation script that runs.
        Raises IncompatibleDatabaseError, StorageUnavailableError.
        """

    def is_new(self) -> bool:
        """Whether there is no database yet, or an empty one. Raises StorageUnavailableError."""

    def has_journal(self) -> bool:
        """Whether changes wait beside the database: it was not closed, or is in use."""

    def version(self) -> int:
        """The number of the last creation script that ran on this database."""

    def snapshot(self) -> AbstractContextManager[Connection]:
        """Reads the database at one moment. Raises StorageUnavailableError."""

    def transaction(self) -> AbstractContextManager[Connection]:
        """All of a transaction is on disk at its end, or none. Raises StorageUnavailableError."""

    def find_damage(self, connection: Connection) -> list[str]:
        """Damaged pages, indexes and references, in the engine's words; empty if there are none."""

    def tidy(self) -> list[str]:
        """Gives disk space back that is not needed, at a quiet moment; what it did, in words.

        Raises StorageUnavailableError.
        """

    def close(self) -> None: ...
