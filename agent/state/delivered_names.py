"""The names of the last delivered reports, for agents whose report another agent has sent.

The file `delivered` has a name per line. A lost or damaged file makes such an agent treat its
report as lost, never as delivered.
"""

# ruff: noqa: PTH118, PTH123
from __future__ import annotations

import contextlib
import os

from agent.machine import read_text

MAX_NAMES = 100
_MAX_BYTES = 1 << 16


class DeliveredNames:
    """The caller of add() holds the lock of the spool."""

    def __init__(self, folder: str) -> None:
        self._path = os.path.join(folder, "delivered")

    def add(self, name: str) -> None:
        names = [*self._read(), name][-MAX_NAMES:]
        # Neither synced nor renamed: the file matters to running agents only.
        with contextlib.suppress(OSError), open(self._path, "w", encoding="utf-8") as file:
            file.write("\n".join(names) + "\n")

    def __contains__(self, name: str) -> bool:
        return name in self._read()

    def _read(self) -> list[str]:
        try:
            return read_text(self._path, _MAX_BYTES).splitlines()
        except OSError:
            return []
