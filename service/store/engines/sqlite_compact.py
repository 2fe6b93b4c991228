"""Compacts a SQLite database: writes it anew without free pages, with auto_vacuum=INCREMENTAL."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from service.errors import StorageUnavailableError
from service.store.engines import sqlite_file
from service.store.engines.sqlite_connections import storage_errors

_STEPS = 200_000  # of SQLite's virtual machine between two looks


def compact(path: Path, advance: Callable[[int], None]) -> None:
    """Writes the database anew and puts the new file into place, at once.

    Call within sqlite_file.sole_use(). advance: takes the number of bytes that are written.
    Raises DatabaseInUseError where another program has the file open, and StorageUnavailableError,
    which leaves the database as it was.
    """
    sqlite_file.make_single_file(path)
    new = sqlite_file.companion(path, ".compacting")
    sqlite_file.remove(new)  # of one that was killed
    try:
        sqlite_file.create_private(new)
        with storage_errors(path):
            _write(path, new, advance)
            _require_sound(new)
    except BaseException:
        sqlite_file.remove(new)
        raise
    sqlite_file.replace(path, new, None)


def _write(path: Path, new: Path, advance: Callable[[int], None]) -> None:
    def look() -> int:
        advance(new.stat().st_size)
        return 0

    with closing(sqlite_file.connect_alone(path)) as connection:
        connection.set_progress_handler(look, _STEPS)
        connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
        connection.execute("VACUUM INTO ?", (str(new),))


def _require_sound(new: Path) -> None:
    with closing(sqlite_file.connect_alone(new)) as connection:
        ((text,), *_) = connection.execute("PRAGMA quick_check").fetchall()
    if text != "ok":
        raise StorageUnavailableError(f"{new} is damaged: {text}")
