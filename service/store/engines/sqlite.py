"""Connections to the SQLite file: pragmas, transactions, migrations.

Readers work on snapshots and never wait. Writers of all processes come one at a time: a lock on a
file beside the database queues them fairly, whereas SQLite's own busy handler polls, and lets some
of them wait very long.
"""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from service.errors import ComplianceError, IncompatibleDatabaseError, StorageUnavailableError
from service.store.engines.protocol import Connection

CREATEDB_FOLDER = Path(__file__).resolve().parents[3] / "sql" / "createdb"

_SCRIPT_NAME = re.compile(r"(\d{4})_[a-z0-9_]+\.sql")
_BUSY_TIMEOUT_SECONDS = 10
_IDLE_READERS = 4  # connections kept open between requests
# Of each connection. SQLite's default of 2,000 is too small for the index of reports by time.
_CACHE_KIBIBYTES = 16_384


class SqliteDatabase:
    """One database file, as one process uses it. Connects at the first use."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock_path = path.with_name(path.name + ".lock")
        self._file: tuple[int, int] | None = None  # device and inode that all connections have open
        self._writer: sqlite3.Connection | None = None
        self._writer_turn = threading.Lock()
        self._idle: list[sqlite3.Connection] = []
        self._idle_guard = threading.Lock()

    def migrate(self, folder: Path = CREATEDB_FOLDER) -> None:
        """Creates the database, or brings it to the newest version, script by script.

        Each script commits together with its number, so a crash leaves a whole version.
        Raises IncompatibleDatabaseError for a database that is newer than the scripts.
        """
        scripts = _creation_scripts(folder)
        with self._exclusive(), _storage_errors(self.path):
            connection = _connect(self.path, "rwc")
            try:
                connection.execute("PRAGMA journal_mode = WAL")
                version = _version(connection)
                if version > len(scripts):
                    raise IncompatibleDatabaseError(
                        f"{self.path} has version {version}, this service knows up to"
                        f" {len(scripts)}: run the newer service that wrote it"
                    )
                for number, script in enumerate(scripts[version:], start=version + 1):
                    connection.executescript(
                        f"BEGIN IMMEDIATE;\n{script}\nPRAGMA user_version = {number};\nCOMMIT;"
                    )
            finally:
                connection.close()

    def version(self) -> int:
        """The number of the last creation script that ran on this database."""
        with self.snapshot() as connection:
            return _version(connection)

    @contextmanager
    def snapshot(self) -> Iterator[sqlite3.Connection]:
        """A connection that reads the database at one moment, whatever is written meanwhile."""
        with _storage_errors(self.path):
            connection = self._borrow()
            try:
                connection.execute("BEGIN")
                yield connection
            except ComplianceError:
                # For example an unknown record: the connection is still good. Closing the last one
                # would remove the WAL, which may not fit on a full disk again.
                self._give_back(connection)
                raise
            except BaseException:
                connection.close()
                raise
            self._give_back(connection)

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """A connection for a transaction: all of it is on disk at the end, or none of it."""
        with self._writer_turn, self._exclusive(), _storage_errors(self.path):
            self._ensure_not_replaced()
            if self._writer is None:
                self._writer = self._connect()
            connection = self._writer
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                # SQLite may have rolled back by itself, as it does when the disk is full.
                with suppress(sqlite3.Error):
                    connection.execute("ROLLBACK")
                if connection.in_transaction:  # the rollback failed: the connection is broken
                    self._writer = None
                    connection.close()
                raise

    def find_damage(self, connection: Connection) -> list[str]:
        """As Database.find_damage(): PRAGMA integrity_check, then foreign_key_check."""
        integrity = connection.execute("PRAGMA integrity_check").fetchall()
        foreign_keys = connection.execute("PRAGMA foreign_key_check").fetchall()
        return [text for (text,) in integrity if text != "ok"] + [
            f"a row of {table} refers to a row of {parent} that does not exist"
            for table, _, parent, _ in foreign_keys
        ]

    def close(self) -> None:
        with self._writer_turn, self._idle_guard:
            for connection in self._idle:
                connection.close()
            self._idle.clear()
            if self._writer is not None:
                self._writer.close()
                self._writer = None

    def _borrow(self) -> sqlite3.Connection:
        self._ensure_not_replaced()
        with self._idle_guard:
            if self._idle:
                return self._idle.pop()
        return self._connect()

    def _connect(self) -> sqlite3.Connection:
        connection = _connect(self.path, "rw")
        try:
            if self._file is None:
                self._file = _identity(self.path)
        except BaseException:
            connection.close()
            raise
        return connection

    def _ensure_not_replaced(self) -> None:
        """Raises StorageUnavailableError if the file was removed or replaced.

        Open connections still use the old file, and its content is lost at the next start. Changing
        to the new file is not safe: closing the last connection to the old one removes files by
        name, which belong to the new one.
        """
        if self._file is not None and self._file != _identity(self.path):
            raise StorageUnavailableError(
                f"{self.path} was replaced while the service ran: start the service again"
            )

    def _give_back(self, connection: sqlite3.Connection) -> None:
        try:
            connection.execute("ROLLBACK")
        except BaseException:
            connection.close()
            raise
        with self._idle_guard:
            if len(self._idle) < _IDLE_READERS:
                self._idle.append(connection)
                return
        connection.close()

    @contextmanager
    def _exclusive(self) -> Iterator[None]:
        try:
            descriptor = os.open(self._lock_path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise StorageUnavailableError(f"cannot lock {self._lock_path}: {error}") from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)  # which also unlocks


def _connect(path: Path, mode: str) -> sqlite3.Connection:
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode={mode}",
        uri=True,
        timeout=_BUSY_TIMEOUT_SECONDS,
        isolation_level=None,  # transactions begin and end where we say so
        check_same_thread=False,  # passed between threads, never used by two at a time
    )
    try:
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute(f"PRAGMA cache_size = -{_CACHE_KIBIBYTES}")
    except BaseException:  # a damaged file, say
        connection.close()
        raise
    return connection


def _identity(path: Path) -> tuple[int, int]:
    """Identifies a file, whatever its name. Raises StorageUnavailableError."""
    try:
        status = path.stat()
    except OSError as error:
        raise StorageUnavailableError(f"{path} cannot be used now: {error.strerror}") from error
    return status.st_dev, status.st_ino


def _version(connection: sqlite3.Connection) -> int:
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    return int(version)


def _creation_scripts(folder: Path) -> list[str]:
    paths = sorted(folder.glob("*.sql"))
    for number, path in enumerate(paths, start=1):
        match = _SCRIPT_NAME.fullmatch(path.name)
        if match is None or int(match[1]) != number:
            raise IncompatibleDatabaseError(
                f"{path}: expected the creation script number {number:04d}_….sql"
            )
    return [path.read_text(encoding="utf-8") for path in paths]


@contextmanager
def _storage_errors(path: Path) -> Iterator[None]:
    """Raises StorageUnavailableError for a full disk, and a locked, missing or damaged file."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        # A damaged file is a DatabaseError and none of its subclasses.
        if type(error) not in (sqlite3.OperationalError, sqlite3.DatabaseError):
            raise
        raise StorageUnavailableError(
            f"{path} cannot be used now: {error}{_free_space(path)}"
        ) from error


def _free_space(path: Path) -> str:
    """Added to messages, because SQLite reports some full disks as input/output errors."""
    with suppress(OSError):
        return f" ({shutil.disk_usage(path.parent).free // 1024} KiB free)"
    return ""
