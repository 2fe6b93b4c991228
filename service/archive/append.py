"""Appends to the archive: one JSON Lines file a UTC day, one line a report.

A line is {"recibido":"<time of arrival>","reporte":<the document as it was sent>}.
"""

from __future__ import annotations

import errno
import fcntl
import os
from collections.abc import Sequence
from pathlib import Path

from service import times
from service.errors import StorageUnavailableError
from service.file_lock import Patience

_ENVELOPE = b'{"recibido":"%s","reporte":%s}\n'
_TAIL_BLOCK = 64 * 1024
_MAX_ATTEMPTS = 10

# JSON strings hold no raw line ends, so these stand between tokens only.
_ON_ONE_LINE = bytes.maketrans(b"\r\n", b"  ")


class ArchiveWriter:
    """The files of one folder. Several processes may append to it at the same time."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._entered: Path | None = None  # a file whose name is on disk, as this process knows
        self._patience = Patience()

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

    def _write(self, path: Path, content: bytes) -> None:
        """Appends the content and syncs, or leaves the file unchanged and raises OSError."""
        # A file that lost its name was compressed or removed; the lines belong into a new one.
        for _ in range(_MAX_ATTEMPTS):
            if self._write_to_named(path, content):
                return
        raise FileNotFoundError(errno.ENOENT, f"{path.name} is removed again and again")

    def _write_to_named(self, path: Path, content: bytes) -> bool:
        """Appends the content and syncs; whether the file still has its name then."""
        descriptor = self._open(path)
        try:
            self._enter(path)
            # The lock makes undoing a short write safe: the bytes cut off are ours alone.
            self._patience.lock(path, descriptor, self._patience.ends())
            self._patience.rewarded()
            try:
                if os.fstat(descriptor).st_nlink == 0:
                    return False
                end = _end_of_complete_lines(descriptor)
                written = os.write(descriptor, content)
                if written != len(content):
                    os.ftruncate(descriptor, end)
                    raise OSError(errno.ENOSPC, f"{written} of {len(content)} bytes written")
            finally:
                fcntl.flock(descriptor, fcntl.LOCK_UN)
            os.fdatasync(descriptor)
            return os.fstat(descriptor).st_nlink > 0
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


def _end_of_complete_lines(descriptor: int) -> int:
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
