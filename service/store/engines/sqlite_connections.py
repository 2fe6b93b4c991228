"""Connections of one process to a SQLite file, and whether the file is still the same."""

from __future__ import annotations

import os
import shutil
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from service.errors import DatabaseDamagedError, StorageUnavailableError
from service.file_lock import BOUND_SECONDS
from service.store.engines import question, sqlite_file

BUSY_TIMEOUT_SECONDS = BOUND_SECONDS
# Of each connection. SQLite's default of 2,000 is too small for the index of reports by time.
_CACHE_KIBIBYTES = 16_384
# Of the write-ahead log, once its content is in the database. A long reader may let it grow.
WAL_BYTES = 32 * 1024 * 1024
# Of SQLite's virtual machine: some tenths of a millisecond.
_STEPS_BETWEEN_LOOKS = 20_000

_DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


class Connections:
    """Opens and closes connections, and remembers which files they have open."""

    def __init__(self, path: Path, *, alone: bool) -> None:
        """alone: the caller has the file to itself, as sqlite_file.sole_use() gives it."""
        self.path = path
        self.wal_path = sqlite_file.companion(path, "-wal")
        self._alone = alone
        self._use: int | None = None  # the lock that says that this process uses the database
        self._file: tuple[int, int] | None = None  # device and inode that all connections have open
        self._wal: tuple[int, int] | None = None  # likewise, while any is open
        self._open = 0  # connections
        self._guard = threading.Lock()

    def connect(self) -> sqlite3.Connection:
        """Raises DatabaseInUseError while a command replaces the file."""
        self.note_use()
        with self._guard:
            if self._open == 0:
                sqlite_file.refuse_foreign_log(self.path)
            connection = connect(self.path)
            self._open += 1
        try:
            connection.execute("SELECT 1 FROM sqlite_schema").fetchone()  # opens the WAL
            if self._file is None:
                self._file = _identity(self.path)
            with self._guard:
                if self._wal is None:
                    self._wal = sqlite_file.identity(self.wal_path)
                    sqlite_file.note_log(self.path, connection)
        except BaseException:
            self.disconnect(connection)
            raise
        return connection

    def disconnect(self, connection: sqlite3.Connection) -> None:
        with self._guard:
            connection.close()
            self._open -= 1
            if self._open == 0:  # the last connection of all processes removes the WAL
                self._wal = None

    def note_use(self) -> None:
        """Locks the folder for as long as this process uses the database.

        Raises DatabaseInUseError while a command replaces the file.
        """
        with self._guard:
            if self._use is None and not self._alone:
                try:
                    self._use = sqlite_file.lock_shared(self.path)
                except OSError as error:
                    raise StorageUnavailableError(
                        f"{self.path} cannot be used now: {error.strerror}"
                    ) from error

    def ensure_not_replaced(self) -> None:
        """Raises StorageUnavailableError if the file or its WAL was removed or replaced.

        Open connections still use the old files, and their content is lost at the next start.
        Changing to the new file is not safe: closing the last connection to the old one removes
        files by name, which belong to the new one.
        """
        if self._file is not None and self._file != _identity(self.path):
            raise StorageUnavailableError(
                f"{self.path} was replaced while the service ran: start the service again"
            )
        with self._guard:
            replaced = self._wal is not None and self._wal != sqlite_file.identity(self.wal_path)
        if replaced:
            raise StorageUnavailableError(
                f"{self.wal_path} was removed while the service ran: start the service again,"
                " which stores what was in it anew from the archive"
            )

    def close(self) -> None:
        """Ends the use of the database. All connections are closed by then."""
        with self._guard:
            if self._use is not None:
                os.close(self._use)
                self._use = None


def connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode=rw",
        uri=True,
        timeout=BUSY_TIMEOUT_SECONDS,
        isolation_level=None,  # transactions begin and end where we say so
        check_same_thread=False,  # passed between threads, never used by two at a time
    )
    try:
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute(f"PRAGMA cache_size = -{_CACHE_KIBIBYTES}")
        connection.execute(f"PRAGMA journal_size_limit = {WAL_BYTES}")
    except BaseException:  # a damaged file, say
        connection.close()
        raise
    return connection


@contextmanager
def stopping(connection: sqlite3.Connection) -> Iterator[None]:
    """Lets the question of this thread stop what it reads. Raises QuestionStoppedError."""
    asked = question.current()
    if asked is None:
        yield
        return
    if asked.stops() and asked.stopped is not None:
        raise asked.stopped
    connection.set_progress_handler(asked.stops, _STEPS_BETWEEN_LOOKS)
    try:
        yield
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode == sqlite3.SQLITE_INTERRUPT and asked.stopped is not None:
            raise asked.stopped from error
        raise
    finally:
        connection.set_progress_handler(None, 0)


@contextmanager
def storage_errors(path: Path) -> Iterator[None]:
    """Raises StorageUnavailableError for a full disk, and a locked, missing or damaged file."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        # A damaged file is a DatabaseError and none of its subclasses.
        if type(error) not in (sqlite3.OperationalError, sqlite3.DatabaseError):
            raise
        damaged = getattr(error, "sqlite_errorcode", 0) & 0xFF in _DAMAGED
        kind = DatabaseDamagedError if damaged else StorageUnavailableError
        raise kind(f"{path} cannot be used now: {error}{_free_space(path)}") from error


def _free_space(path: Path) -> str:
    """Added to messages, because SQLite reports some full disks as input/output errors."""
    with suppress(OSError):
        return f" ({shutil.disk_usage(path.parent).free // 1024} KiB free)"
    return ""


def _identity(path: Path) -> tuple[int, int]:
    """Identifies a file, whatever its name. Raises StorageUnavailableError."""
    try:
        status = path.stat()
    except OSError as error:
        raise StorageUnavailableError(f"{path} cannot be used now: {error.strerror}") from error
    return status.st_dev, status.st_ino
