"""Storage engines as tests use them: a migrated database, and a plain SQL client beside it.

Tests look at a database through this module, never through a driver. A second engine is another
class here, and another entry of ENGINES.
"""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from functools import cache
from pathlib import Path
from typing import Any, Protocol

from service.store.engines import Database, open_database

Parameters = Sequence[object] | Mapping[str, object]
Rows = list[tuple[Any, ...]]

_TIMEOUT_SECONDS = 30  # of a client that waits for a writer


class Engine(Protocol):
    """A storage engine with one database, which need not exist yet."""

    @property
    def IntegrityError(self) -> type[Exception]:  # noqa: N802 — named as in PEP 249
        """The driver's error for a row that a table refuses."""

    def open_database(self) -> Database:
        """The database as the service opens it. close() closes it, too."""

    def migrated(self) -> Database:
        """Makes a new database of the newest version, and opens it."""

    def rows(self, sql: str, parameters: Parameters = ()) -> Rows:
        """Runs a query as a plain SQL client would."""

    def execute(self, sql: str, parameters: Parameters = ()) -> None:
        """Changes the database without the service, and commits."""

    def write_locked(self) -> AbstractContextManager[None]:
        """Another client holds a write transaction; it is rolled back at the end."""

    def close(self) -> None: ...


class SqliteEngine:
    IntegrityError = sqlite3.IntegrityError

    def __init__(self, path: Path) -> None:
        self.path = path
        self._client: sqlite3.Connection | None = None
        self._opened: list[Database] = []

    def open_database(self) -> Database:
        self._opened.append(open_database(self.path))
        return self._opened[-1]

    def migrated(self) -> Database:
        self.path.write_bytes(_new_database())
        return self.open_database()

    def rows(self, sql: str, parameters: Parameters = ()) -> Rows:
        return self._connected().execute(sql, parameters).fetchall()

    def execute(self, sql: str, parameters: Parameters = ()) -> None:
        self._connected().execute(sql, parameters)

    @contextmanager
    def write_locked(self) -> Iterator[None]:
        with closing(_connect(self.path)) as other:
            other.execute("BEGIN IMMEDIATE")
            yield
            other.execute("ROLLBACK")

    def close(self) -> None:
        for database in self._opened:
            database.close()
        if self._client is not None:
            self._client.close()

    def _connected(self) -> sqlite3.Connection:
        if self._client is None:
            self._client = _connect(self.path)
        return self._client


ENGINES: Mapping[str, Callable[[Path], Engine]] = {"sqlite": SqliteEngine}


def rows(database: Path, sql: str, parameters: Parameters = ()) -> Rows:
    """Runs a query on the database of a service, with a connection of its own."""
    with closing(SqliteEngine(database)) as engine:
        return engine.rows(sql, parameters)


def execute(database: Path, sql: str, parameters: Parameters = ()) -> None:
    """Changes the database of a service behind its back, and commits."""
    with closing(SqliteEngine(database)) as engine:
        engine.execute(sql, parameters)


def _connect(path: Path) -> sqlite3.Connection:
    # mode=rw: looking at a database never makes one. Without a level each statement commits.
    uri = f"{path.absolute().as_uri()}?mode=rw"
    return sqlite3.connect(uri, uri=True, timeout=_TIMEOUT_SECONDS, isolation_level=None)


@cache
def _new_database() -> bytes:
    """Made once, because migrating takes longer than most tests of a store."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "compliance.db"
        with closing(open_database(path)) as database:
            database.migrate()
        return path.read_bytes()
