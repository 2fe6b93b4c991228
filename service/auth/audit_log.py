"""Who used power, and who gave it: a plain-text file of JSON lines beside the database."""

from __future__ import annotations

import json
import os
from pathlib import Path

from service import times
from service.errors import StorageUnavailableError


class AuditLog:
    def __init__(self, path: Path) -> None:
        self._path = path

    def write(self, what: str, **facts: str | int | None) -> None:
        """Appends a line; who reads it later cannot be deceived by names with line ends in them.

        Raises StorageUnavailableError: what cannot be told of must not be done.
        """
        line = {"hora": times.to_text(times.now()), "hecho": what, **facts}
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
