"""Connections to the SQLite file: pragmas, transactions, migrations.

Readers work on snapshots and never wait. Writers of all processes come one at a time: a lock on a
file beside the database queues them fairly, whereas SQLite's own busy handler polls, and lets some
of them wait very long.
"""

from __future__ import annotations

import logging
import os
import secrets
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from service.errors import ComplianceError, IncompatibleDatabaseError, StorageUnavailableError
from service.file_lock import Patience
from service.project import SQL_FOLDER
from service.store.engines import sqlite_connections, sqlite_file
from service.store.engines.protocol import Connection
from service.store.engines.sqlite_connections import Connections, connect, stopping, storage_errors
from service.store.engines.sqlite_migrations import creation_scripts, run_script

CREATEDB_FOLDER = SQL_FOLDER / "createdb"

_IDLE_READERS = 4  # connections kept open between requests
# Free pages are given back to the disk where there are so many, in steps that writers do not feel.
_FREE_PAGES = 16_384
_FREED_AT_ONCE = 1_000
_INCREMENTAL = 2  # of PRAGMA auto_vacuum


class SqliteDatabase:
    """One database file, as one process uses it. Connects at the first use."""

    def __init__(self, path: Path, *, alone: bool = False) -> None:
        """alone: the caller has the file to itself, as sqlite_file.sole_use() gives it."""
        self.path = path
        self._connections = Connections(path, alone=alone)
        self._lock_path = sqlite_file.companion(path, ".lock")
        self._patience = Patience(sqlite_connections.BUSY_TIMEOUT_SECONDS)
        self._writer: sqlite3.Connection | None = None
        self._writer_turn = threading.Lock()
        self._idle: list[sqlite3.Connection] = []
        self._idle_guard = threading.Lock()

    def migrate(self, folder: Path = CREATEDB_FOLDER) -> None:
        """Creates the database, or brings it to the newest version, script by script.

        Each script commits together with its number, so a crash leaves a whole version.
        The log says what runs. Raises IncompatibleDatabaseError for a database that is newer than
        the scripts.
        """
        scripts = creation_scripts(folder)
        with self._exclusive(self._patience.ends()), storage_errors(self.path):
            self._connections.note_use()
            sqlite_file.refuse_foreign_log(self.path)
            sqlite_file.create_private(self.path)
            connection = connect(self.path)
            try:
                if connection.execute("PRAGMA page_count").fetchone() == (0,):
                    connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
                    # Tells this database from one that takes its place.
                    connection.execute(f"PRAGMA application_id = {secrets.randbits(31)}")
                connection.execute("PRAGMA journal_mode = WAL")
                version = _version(connection)
                if version > len(scripts):
                    raise IncompatibleDatabaseError(
                        f"{self.path} has version {version}, this service knows up to"
                        f" {len(scripts)}: run the newer service that wrote it"
                    )
                level = logging.INFO if version else logging.DEBUG  # a new one takes no time
                for number, script in enumerate(scripts[version:], start=version + 1):
                    run_script(connection, script, number, level)
            finally:
                connection.close()

    def is_new(self) -> bool:
        """Whether there is no database yet: no file, or one without a table. Creates nothing."""
        if _size(self.path) == 0:
            return True
        with self.snapshot() as connection:
            query = "SELECT NOT EXISTS (SELECT 1 FROM sqlite_schema WHERE type = 'table')"
            (is_new,) = connection.execute(query).fetchone()
            return bool(is_new)

    def has_journal(self) -> bool:
        """Whether changes wait beside the database file: it was not closed, or is in use."""
        return _size(self._connections.wal_path) > 0

    def version(self) -> int:
        """The number of the last creation script that ran on this database."""
        with self.snapshot() as connection:
            return _version(connection)

    @contextmanager
    def snapshot(self) -> Iterator[sqlite3.Connection]:
        """A connection that reads the database at one moment, whatever is written meanwhile."""
        with storage_errors(self.path):
            connection = self._borrow()
            try:
                connection.execute("BEGIN")
                with stopping(connection):
                    yield connection
            except ComplianceError:
                # For example an unknown record: the connection is still good. Closing the last one
                # would remove the WAL, which may not fit on a full disk again.
                self._give_back(connection)
                raise
            except BaseException:
                self._connections.disconnect(connection)
                raise
            self._give_back(connection)

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """A connection for a transaction: all of it is on disk at the end, or none of it."""
        ends = self._patience.ends()
        with self._turn(ends), self._exclusive(ends), storage_errors(self.path):
            connection = self._ready_writer()
            self._begin(connection, ends)
            try:
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                # SQLite may have rolled back by itself, as it does when the disk is full.
                with suppress(sqlite3.Error):
                    connection.execute("ROLLBACK")
                if connection.in_transaction:  # the rollback failed: the connection is broken
                    self._writer = None
                    self._connections.disconnect(connection)
                raise

    def _ready_writer(self) -> sqlite3.Connection:
        """The connection for writing, in one's turn."""
        self._connections.ensure_not_replaced()
        if self._writer is None:
            self._writer = self._connections.connect()
        return self._writer

    def _begin(self, connection: sqlite3.Connection, ends: float) -> None:
        """Begins the transaction. A client that is none of ours may hold SQLite's own lock."""
        left = max(0.001, ends - time.monotonic())
        connection.execute(f"PRAGMA busy_timeout = {int(left * 1000)}")
        try:
            connection.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode == sqlite3.SQLITE_BUSY:
                raise self._patience.over(self.path) from error
            raise
        self._patience.rewarded()

    def find_damage(self, connection: Connection) -> list[str]:
        """As Database.find_damage(): PRAGMA integrity_check, then foreign_key_check."""
        integrity = connection.execute("PRAGMA integrity_check").fetchall()
        foreign_keys = connection.execute("PRAGMA foreign_key_check").fetchall()
        return [text for (text,) in integrity if text != "ok"] + [
            f"a row of {table} refers to a row of {parent} that does not exist"
            for table, _, parent, _ in foreign_keys
        ]

    def tidy(self) -> list[str]:
        """As Database.tidy(): empties a long write-ahead log, and gives free pages back."""
        return [*self._empty_wal(), *self._free_pages()]

    def _empty_wal(self) -> Iterator[str]:
        wal, ends = self._connections.wal_path, self._patience.ends()
        before = _size(wal)
        if before <= sqlite_connections.WAL_BYTES:
            return
        with self._turn(ends), storage_errors(self.path):
            writer = self._ready_writer()
            # Not at any price: a reader may need the log.
            writer.execute("PRAGMA busy_timeout = 0")
            writer.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        if (after := _size(wal)) < before:
            yield f"{wal.name}: {before:,} bytes, now {after:,}"

    def _free_pages(self) -> Iterator[str]:
        """A database that is older than auto_vacuum keeps its free pages: `compact` is for it."""
        with self.snapshot() as connection:
            (first,) = connection.execute("PRAGMA freelist_count").fetchone()
            (kind,) = connection.execute("PRAGMA auto_vacuum").fetchone()
        if first < _FREE_PAGES or kind != _INCREMENTAL:
            return
        for _ in range(0, first, _FREED_AT_ONCE):
            ends = self._patience.ends()
            with self._turn(ends), self._exclusive(ends), storage_errors(self.path):
                # Each of its steps frees a page, and execute() makes one alone.
                self._ready_writer().executescript(f"PRAGMA incremental_vacuum({_FREED_AT_ONCE})")
        yield f"{self.path.name}: {first:,} free pages given back to the disk"

    def close(self) -> None:
        with self._writer_turn:
            with self._idle_guard:
                idle, self._idle = self._idle, []
            for connection in idle:
                self._connections.disconnect(connection)
            if self._writer is not None:
                self._connections.disconnect(self._writer)
                self._writer = None
            self._connections.close()

    def _borrow(self) -> sqlite3.Connection:
        self._connections.ensure_not_replaced()
        with self._idle_guard:
            if self._idle:
                return self._idle.pop()
        return self._connections.connect()

    def _give_back(self, connection: sqlite3.Connection) -> None:
        try:
            connection.execute("ROLLBACK")
        except BaseException:
            self._connections.disconnect(connection)
            raise
        with self._idle_guard:
            if len(self._idle) < _IDLE_READERS:
                self._idle.append(connection)
                return
        self._connections.disconnect(connection)

    @contextmanager
    def _turn(self, ends: float) -> Iterator[None]:
        """The turn of this thread among those of the process."""
        if not self._writer_turn.acquire(timeout=max(0.0, ends - time.monotonic())):
            raise self._patience.over(self._lock_path)
        try:
            yield
        finally:
            self._writer_turn.release()

    @contextmanager
    def _exclusive(self, ends: float) -> Iterator[None]:
        try:
            descriptor = os.open(self._lock_path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise StorageUnavailableError(f"cannot lock {self._lock_path}: {error}") from error
        try:
            try:
                self._patience.lock(self._lock_path, descriptor, ends)
            except OSError as error:
                raise StorageUnavailableError(f"cannot lock {self._lock_path}: {error}") from error
            yield
        finally:
            os.close(descriptor)  # which also unlocks


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _version(connection: sqlite3.Connection) -> int:
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    return int(version)
