"""The folder of rejected reports: refused by the API, or damaged."""

# ruff: noqa: PTH103, PTH116, PTH118, PTH119, PTH123, PTH208
from __future__ import annotations

import contextlib
import os

from agent.state import held_files

MAX_REPORTS = 100
MAX_BYTES = 16 << 20
_ANSWER = ".answer"


class DeadLetters:
    """The newest reports, each with the reason beside it in NAME.answer."""

    def __init__(self, folder: str) -> None:
        self._folder = folder

    def add(self, path: str, reason: bytes) -> None:
        """Move a file here. Raises OSError."""
        os.makedirs(self._folder, mode=0o700, exist_ok=True)
        target = os.path.join(self._folder, os.path.basename(path))
        # If the reason cannot be written (on a full disk), the report is moved all the same.
        with contextlib.suppress(OSError), open(target + _ANSWER, "wb") as file:
            file.write(reason)
        held_files.replace(path, target)
        self._remove_oldest()

    def holds(self, name: str) -> bool:
        return os.path.lexists(os.path.join(self._folder, name))

    def _remove_oldest(self) -> None:
        reports = bytes_kept = 0
        names = sorted(os.listdir(self._folder), key=_sort_key, reverse=True)
        for name in names:
            path = os.path.join(self._folder, name)
            with contextlib.suppress(FileNotFoundError):
                bytes_kept += os.stat(path).st_size
                reports += not name.endswith(_ANSWER)
                if reports > MAX_REPORTS or bytes_kept > MAX_BYTES:
                    held_files.unlink_if_free(path)


def _sort_key(name: str) -> tuple[str, bool]:
    """Sorts each report next to its reason, and before it in descending order."""
    is_answer = name.endswith(_ANSWER)
    return (name[: -len(_ANSWER)] if is_answer else name), not is_answer
