"""The files of the archive: a plain one a UTC day, and a compressed one of a closed day.

A day that was compressed while it still grew has both: its lines are those of the compressed file
followed by those of the plain one.
"""

from __future__ import annotations

import gzip
import re
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO

from service.errors import StorageUnavailableError

COMPRESSED = ".gz"

_DAY = re.compile(r"(\d{4}-\d{2}-\d{2})\.jsonl(\.gz)?")
_BLOCK = 1 << 20  # bytes

# What reading a damaged or unfinished compressed file raises.
UNREADABLE = (EOFError, gzip.BadGzipFile, zlib.error)


def archive_files(folder: Path) -> list[Path]:
    """The files of the archive, in the order of their lines. Raises StorageUnavailableError."""
    require_folder(folder)
    try:
        found = [path for path in folder.iterdir() if _DAY.fullmatch(path.name)]
    except OSError as error:
        raise StorageUnavailableError(f"{folder} cannot be read: {error.strerror}") from error
    return sorted(found, key=lambda path: (day_of(path), path.suffix != COMPRESSED))


def require_folder(folder: Path) -> None:
    """Raises StorageUnavailableError where the archive is a file, say."""
    if not folder.is_dir():
        what = "is no folder" if folder.exists() else "is not there"
        raise StorageUnavailableError(
            f"{folder} {what}, and the archive belongs there: put it back from a backup"
        )


def has_lines(folder: Path) -> bool:
    """Whether the archive holds anything. Where it is a file, it does not."""
    return folder.is_dir() and any(path.stat().st_size for path in archive_files(folder))


def day_of(path: Path) -> str:
    """The day of a file of the archive: 2026-11-23."""
    match = _DAY.fullmatch(path.name)
    assert match is not None  # noqa: S101 — archive_files() gives no other
    return match[1]


def complete_lines(file: Iterable[bytes]) -> Iterator[bytes]:
    """The lines of an open file.

    A last line without its end is being written, or its writer died. It was not acknowledged.
    """
    for line in file:
        if not line.endswith(b"\n"):
            return
        yield line


def open_file(path: Path) -> IO[bytes]:
    return gzip.open(path) if path.suffix == COMPRESSED else path.open("rb")  # type: ignore[return-value]  # a GzipFile is one


def is_beginning(compressed: Path, plain: Path) -> bool:
    """Whether the plain file begins with all that the compressed one holds.

    Then gzip(1) is at work, or was interrupted: it removes the plain file at its end. Raises
    OSError.
    """
    with gzip.open(compressed) as packed, plain.open("rb") as other:
        try:
            while block := packed.read1(_BLOCK):  # read() would lose what stands before the end
                if other.read(len(block)) != block:
                    return False
        except UNREADABLE:
            pass  # it holds no more, and what it holds is in the plain file
    return True
