"""The audit log: uses of the admin scope and changes of tokens, one JSON line each."""

from __future__ import annotations

import json
import os
from pathlib import Path

from service import times
from service.errors import StorageUnavailableError


class AuditLog:
    """`audit.jsonl` in the data folder. Several processes may append to it."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def write(self, event: str, **facts: str | int | None) -> None:
        """Appends a line; JSON escapes line ends, so a name cannot forge an entry.

        Raises StorageUnavailableError. Fail closed: no action without an audit entry.
        """
        line = {"hora": times.to_text(times.now()), "hecho": event, **facts}
        content = json.dumps(line).encode() + b"\n"
        try:
            descriptor = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
            try:
                if os.write(descriptor, content) != len(content):
                    raise OSError("only a part of the line was written")
            finally:
                os.close(descriptor)
        except OSError as error:
            raise StorageUnavailableError(f"{self._path} cannot be written: {error}") from error
