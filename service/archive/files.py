"""The plain-text archive: one JSON Lines file a UTC day, one line a report, only ever appended.

A line is {"recibido":"<when it was received>","reporte":<the document as it was sent>}. A closed
day may be compressed with gzip; it is read all the same.
"""

from __future__ import annotations

import errno
import fcntl
import gzip
import os
import re
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from service import times
from service.errors import StorageUnavailableError

_ENVELOPE = b'{"recibido":"%s","reporte":%s}\n'
_TAIL_BLOCK = 64 * 1024
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}\.jsonl")

# JSON strings hold no raw line ends, so these stand between tokens only.
_ON_ONE_LINE = bytes.maketrans(b"\r\n", b"  ")


@dataclass(frozen=True, slots=True)
class ArchivedReport:
    """One line of the archive."""

    path: Path
    line_number: int
    received_at: int  # microseconds since 1970, UTC
    raw: bytes  # the document as it was sent


@dataclass(frozen=True, slots=True)
class DamagedLine:
    """A line that holds no whole report."""

    path: Path
    line_number: int


class Archive:
    """The files of one folder. Several processes may append to it at the same time."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._entered: Path | None = None  # a file whose name is on disk, as this process knows

    def append(self, raw: bytes, received_at: int) -> None:
        """Keeps a document; on disk when this returns. Raises StorageUnavailableError."""
        self.append_all([raw], received_at)

    def append_all(self, documents: Sequence[bytes], received_at: int) -> None:
        """Keeps documents, all of them or none, with one write and one sync."""
        time = times.to_text(received_at).replace(" ", "T") + "Z"
        lines = [
            _ENVELOPE % (time.encode(), raw.strip().translate(_ON_ONE_LINE)) for raw in documents
        ]
        try:
            self._write(self._folder / f"{time[:10]}.jsonl", b"".join(lines))
        except OSError as error:
            raise StorageUnavailableError(f"the archive cannot be written now: {error}") from error

    def read(self) -> Iterator[ArchivedReport | DamagedLine]:
        """Every line, oldest first. Raises StorageUnavailableError."""
        names = (path.name.removesuffix(".gz") for path in self._folder.iterdir())
        for day in sorted({name for name in names if _DAY.fullmatch(name)}):
            path, number = self._folder / day, 0
            try:
                with _open_day(path) as lines:
                    path = Path(str(lines.name))  # as it was found
                    for number, line in enumerate(lines, start=1):
                        # A last line without its end is being written, or its writer died. It was
                        # not acknowledged.
                        if line.endswith(b"\n"):
                            yield _parse(path, number, line)
            except (EOFError, gzip.BadGzipFile, zlib.error):
                yield DamagedLine(path, number + 1)  # and whatever came after it
            except OSError as error:
                raise StorageUnavailableError(f"{path} cannot be read: {error}") from error

    def _write(self, path: Path, content: bytes) -> None:
        """Appends the content and syncs, or leaves the file unchanged and raises OSError."""
        descriptor = self._open(path)
        try:
            self._enter(path)
            # The lock makes undoing a short write safe: the bytes cut off are ours alone.
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            try:
                if os.fstat(descriptor).st_nlink == 0:
                    raise FileNotFoundError(errno.ENOENT, "removed while it was waited for")
                end = _end_of_whole_lines(descriptor)
                written = os.write(descriptor, content)
                if written != len(content):
                    os.ftruncate(descriptor, end)
                    raise OSError(errno.ENOSPC, f"{written} of {len(content)} bytes written")
            finally:
                fcntl.flock(descriptor, fcntl.LOCK_UN)
            os.fdatasync(descriptor)
        finally:
            os.close(descriptor)

    def _open(self, path: Path) -> int:
        flags = os.O_RDWR | os.O_APPEND | os.O_CLOEXEC
        try:
            return os.open(path, flags)
        except FileNotFoundError:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._entered = None
            return os.open(path, flags | os.O_CREAT, 0o600)

    def _enter(self, path: Path) -> None:
        """Syncs the name of the file: the process that created it may have died before doing so."""
        if path != self._entered:
            _sync_folder(self._folder)
            _sync_folder(self._folder.parent)
            self._entered = path


def _open_day(path: Path) -> BinaryIO | gzip.GzipFile:
    """The plain file of a day, or its compressed one; while gzip runs, both exist."""
    try:
        return path.open("rb")
    except FileNotFoundError:
        return gzip.open(path.with_name(path.name + ".gz"))


def _end_of_whole_lines(descriptor: int) -> int:
    """The offset of the next line; truncates a partial line of a writer that died.

    No such line was acknowledged, so nothing is lost with it.
    """
    end = size = os.fstat(descriptor).st_size
    while end:
        start = max(0, end - _TAIL_BLOCK)
        newline = os.pread(descriptor, end - start, start).rfind(b"\n")
        if newline >= 0:
            end = start + newline + 1
            break
        end = start
    if end != size:
        os.ftruncate(descriptor, end)
    return end


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _parse(path: Path, number: int, line: bytes) -> ArchivedReport | DamagedLine:
    before, _, rest = line.partition(b'","reporte":')
    try:
        received_at = times.parse(before.removeprefix(b'{"recibido":"').decode("ascii"))
    except ValueError:
        return DamagedLine(path, number)
    if not rest.endswith(b"}\n"):
        return DamagedLine(path, number)
    return ArchivedReport(path, number, received_at, rest[:-2])
