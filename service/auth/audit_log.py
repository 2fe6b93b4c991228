"""The audit log: uses of the admin scope, SQL queries, changes of tokens and tags; JSON lines."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

from service import times
from service.errors import StorageUnavailableError


class Entry(Protocol):
    """What an entry tells, beside when it was made and by whom."""

    def facts(self) -> dict[str, str | int | None]: ...


class AuditLog:
    """`audit.jsonl` in the data folder. Several processes may append to it."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def write(self, event: str, **facts: str | int | None) -> None:
        """Appends a line; JSON escapes line ends, so a name cannot forge an entry.

        Raises StorageUnavailableError. Fail closed: no action without an audit entry.
        """
        self._append([{"hecho": event, **facts}], sync=False)

    def write_synced(self, event: str, **facts: str | int | None) -> None:
        """Appends a line; on disk when this returns. Raises StorageUnavailableError."""
        self._append([{"hecho": event, **facts}], sync=True)

    def record(self, entries: Sequence[Entry], by: str | int | None) -> None:
        """Appends changes with one write; on disk when this returns.

        by: the user of the command line, or the number of the token that a request showed. Raises
        StorageUnavailableError.
        """
        self._append([entry.facts() | {"by": by} for entry in entries], sync=True)

    def _append(self, lines: Sequence[Mapping[str, str | int | None]], *, sync: bool) -> None:
        hora = times.to_text(times.now())
        content = b"".join(json.dumps({"hora": hora, **line}).encode() + b"\n" for line in lines)
        flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
        try:
            descriptor = os.open(self.path, flags, 0o600)
            try:
                size = os.fstat(descriptor).st_size
                if size and os.pread(descriptor, 1, size - 1) != b"\n":
                    content = b"\n" + content  # a full disk has left a part of a line
                if os.write(descriptor, content) != len(content):
                    raise OSError("only a part of the line was written")
                if sync:
                    os.fdatasync(descriptor)
                    if not size:
                        _sync_folder(self.path.parent)
            finally:
                os.close(descriptor)
        except OSError as error:
            raise StorageUnavailableError(f"{self.path} cannot be written: {error}") from error


def _sync_folder(folder: Path) -> None:
    """Puts the name of a new file on disk."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
