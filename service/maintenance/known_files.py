"""The part of a file of the archive that is known to be stored, by the size and end of the file."""

from __future__ import annotations

import os
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from service.archive import files
from service.store.archive_files import KnownFile

TAIL_BYTES = 4096
_GZIP_TRAILER = 8  # bytes: the CRC-32 of the content, and its length (RFC 1952)
_READ_BYTES = 1 << 20


@dataclass(slots=True)
class Place:
    """How far a file is stored, and the checksums of that part."""

    path: Path
    size: int
    modified_at: int
    length: int = 0  # bytes of its first lines; uncompressed
    crc: int = 0
    tail: bytes = b""
    complete: bool = False  # there is nothing left to read

    def advance(self, line: bytes) -> None:
        self.length += len(line)
        self.crc = zlib.crc32(line, self.crc)
        self.tail = (line if len(line) >= TAIL_BYTES else self.tail + line)[-TAIL_BYTES:]

    def known(self, report_id: int) -> KnownFile:
        """As the database remembers it. report_id: reports up to this one were compared."""
        return KnownFile(
            self.path.name,
            self.size,
            self.modified_at,
            self.length,
            self.crc,
            zlib.crc32(self.tail),
            report_id,
        )


def first_unknown(path: Path, known: Mapping[str, KnownFile]) -> Place:
    """The place up to which a file is known to be stored. Raises OSError."""
    status = path.stat()
    begin = Place(path, status.st_size, status.st_mtime_ns)
    before = known.get(path.name)
    unchanged = before is not None and (
        (before.size, before.modified_at) == (status.st_size, status.st_mtime_ns)
    )
    if path.suffix == files.COMPRESSED:
        same = before if unchanged else _compressed_from(path, known)
        if same is None:
            return begin
        return replace(begin, length=same.bytes, crc=same.crc, tail=b"", complete=True)
    if before is None or before.bytes > status.st_size:
        return begin
    tail = _tail(path, before.bytes)
    if zlib.crc32(tail) != before.tail_crc:
        return begin
    if not unchanged and before.size == status.st_size and _crc(path) != before.crc:
        return begin  # changed in its midst
    return replace(
        begin,
        length=before.bytes,
        crc=before.crc,
        tail=tail,
        complete=before.bytes == status.st_size,
    )


def _compressed_from(path: Path, known: Mapping[str, KnownFile]) -> KnownFile | None:
    """The known file whose content this compressed one holds, by its checksum and its length."""
    with path.open("rb") as file:
        if file.seek(0, os.SEEK_END) < _GZIP_TRAILER:
            return None
        file.seek(-_GZIP_TRAILER, os.SEEK_END)
        trailer = file.read(_GZIP_TRAILER)
    crc, length = (int.from_bytes(part, "little") for part in (trailer[:4], trailer[4:]))
    for name in (path.name.removesuffix(files.COMPRESSED), path.name):
        file_before = known.get(name)
        if file_before is not None and (file_before.crc, file_before.bytes % 2**32) == (
            crc,
            length,
        ):
            return file_before
    return None


def _tail(path: Path, end: int) -> bytes:
    with path.open("rb") as file:
        file.seek(max(0, end - TAIL_BYTES))
        return file.read(min(TAIL_BYTES, end))


def _crc(path: Path) -> int:
    crc = 0
    with path.open("rb") as file:
        while block := file.read(_READ_BYTES):
            crc = zlib.crc32(block, crc)
    return crc
