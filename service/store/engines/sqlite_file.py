"""The files of a SQLite database: who uses them, and how one takes the place of another.

A process that uses the database holds a shared lock on its folder, and a command that replaces the
file holds an exclusive one. (A lock on a file ends where the file is replaced.)
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from service.errors import DatabaseInUseError, StorageUnavailableError
from service.file_lock import try_lock

COMPANIONS = ("-wal", "-shm", "-journal")

_NOTED = 3  # numbers in the lock file
_SOON_SECONDS = 2  # in which a process that just ended gives its lock back


def real_path(path: Path) -> Path:
    """The file itself, where the path is a link to it: SQLite puts the companions beside it."""
    return path.resolve()


def companion(path: Path, suffix: str) -> Path:
    real = real_path(path)
    return real.with_name(real.name + suffix)


def create_private(path: Path) -> None:
    """Creates the file for its owner alone; SQLite gives its companions the same mode."""
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))


def identity(path: Path) -> tuple[int, int] | None:
    """Identifies a file, whatever its name; null where there is none. Raises OSError."""
    try:
        status = path.stat()
    except FileNotFoundError:
        return None
    return status.st_dev, status.st_ino


def refuse_foreign_log(path: Path) -> None:
    """Raises StorageUnavailableError for a write-ahead log of another database file.

    SQLite would apply it. A database that is put into place by hand leaves it behind.
    """
    log = companion(path, "-wal")
    try:
        status = log.stat()
    except FileNotFoundError:  # who closes the database last takes it away
        return
    if status.st_size == 0:
        return
    try:
        noted = companion(path, ".lock").read_text(encoding="ascii").split()
    except (OSError, UnicodeDecodeError):
        return
    if len(noted) != _NOTED or noted[2] != str(status.st_ino):
        return
    if noted[1] != _number(path) or _id_in_file(path) not in (noted[0], None):
        raise StorageUnavailableError(
            f"{path} was replaced, and {log.name} is of the file before: remove {log} and"
            f" {companion(path, '-shm').name}, and start again; what the archive has of it is"
            " stored anew then"
        )


def note_log(path: Path, connection: sqlite3.Connection) -> None:
    """Notes to which database file the write-ahead log belongs, for refuse_foreign_log()."""
    lock = companion(path, ".lock")
    (application_id,) = connection.execute("PRAGMA application_id").fetchone()
    with suppress(OSError):  # on a full disk
        text = f"{application_id} {_number(path)} {_number(companion(path, '-wal'))}\n"
        if not lock.exists() or lock.read_bytes() != text.encode():
            flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC
            descriptor = os.open(lock, flags, 0o600)
            try:
                os.write(descriptor, text.encode())
            finally:
                os.close(descriptor)


def _id_in_file(path: Path) -> str | None:
    """The random id of a database by its main file alone; null where that is not whole.

    (SQLite reads it, because closing the file would drop the locks that SQLite has in this
    process.)
    """
    uri = f"{real_path(path).as_uri()}?mode=ro&immutable=1"
    try:
        with closing(sqlite3.connect(uri, uri=True)) as connection:
            (application_id,) = connection.execute("PRAGMA application_id").fetchone()
    except sqlite3.DatabaseError:
        return None
    return str(application_id)


def _number(path: Path) -> str:
    return str(path.stat().st_ino)


def lock_shared(path: Path) -> int:
    """Notes that this process uses the database, until the descriptor is closed.

    Raises DatabaseInUseError while a command replaces the file, and OSError.
    """
    descriptor = os.open(real_path(path).parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        locked = try_lock(descriptor, shared=True, seconds=_SOON_SECONDS)
    except BaseException:
        os.close(descriptor)
        raise
    if not locked:
        os.close(descriptor)
        raise DatabaseInUseError(
            f"{path} is being replaced or compacted by another command: try again later"
        )
    return descriptor


@contextmanager
def shared_use(path: Path) -> Iterator[None]:
    """No command replaces the database meanwhile. Raises DatabaseInUseError, OSError."""
    descriptor = lock_shared(path)
    try:
        yield
    finally:
        os.close(descriptor)


@contextmanager
def sole_use(path: Path) -> Iterator[None]:
    """No other process of ours uses the database meanwhile. Raises DatabaseInUseError, OSError."""
    descriptor = os.open(real_path(path).parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        if not try_lock(descriptor, shared=False, seconds=_SOON_SECONDS):
            raise DatabaseInUseError(
                f"{path} is in use by the service or by another command: stop it, and try again"
            )
        yield
    finally:
        os.close(descriptor)


def make_single_file(path: Path) -> None:
    """Moves all of the database into its one file, without companions.

    Raises DatabaseInUseError where any program has it open, and StorageUnavailableError.
    """
    mode = "wal"
    try:
        with closing(connect_alone(path)) as connection:
            (mode,) = connection.execute("PRAGMA journal_mode = DELETE").fetchone()
    except sqlite3.DatabaseError as error:
        if getattr(error, "sqlite_errorcode", 0) != sqlite3.SQLITE_BUSY:
            raise StorageUnavailableError(f"{path} cannot be used now: {error}") from error
    if mode != "delete":
        raise DatabaseInUseError(f"another program has {path} open: end it, and try again")


def connect_alone(path: Path) -> sqlite3.Connection:
    """A connection to a file that nobody else should have open."""
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode=rw", uri=True, timeout=_SOON_SECONDS, isolation_level=None
    )
    connection.execute("PRAGMA synchronous = FULL")
    return connection


def replace(path: Path, new: Path, keep_as: Path | None) -> None:
    """Puts a database into the place of another, at once. Both must be single files.

    keep_as: another name for the replaced file; without one it is removed. Raises
    StorageUnavailableError.
    """
    place = real_path(path)
    try:
        _take_owner(new, place if place.exists() else place.parent)
        _sync(new)
        if keep_as is not None and place.exists():
            try:
                os.link(place, keep_as)
            except OSError:  # a file system without hard links
                place.rename(keep_as)
            for suffix in COMPANIONS:  # of a damaged database
                with suppress(FileNotFoundError):
                    companion(place, suffix).rename(companion(keep_as, suffix))
        for suffix in COMPANIONS:
            companion(place, suffix).unlink(missing_ok=True)
        with suppress(FileNotFoundError):  # what note_log() wrote is over
            os.truncate(companion(place, ".lock"), 0)
        new.replace(place)
        _sync(place.parent)
    except OSError as error:
        raise StorageUnavailableError(f"{new} cannot take its place: {error}") from error
    for suffix in (*COMPANIONS, ".lock"):
        companion(new, suffix).unlink(missing_ok=True)


def _take_owner(new: Path, former: Path) -> None:
    """Gives a new file to the owner of another one, also if root made it, and to its group."""
    status = former.stat()
    if os.geteuid() == 0:
        os.chown(new, status.st_uid, status.st_gid)
    if former.is_file():
        new.chmod(0o600 | status.st_mode & 0o060)


def remove(path: Path) -> None:
    """Removes a database and its companions."""
    for suffix in ("", *COMPANIONS, ".lock"):
        companion(path, suffix).unlink(missing_ok=True)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
