"""Reports that were set aside: the API refused them, or their files were damaged."""

# ruff: noqa: PTH103, PTH105, PTH108, PTH116, PTH118, PTH119, PTH123, PTH208
from __future__ import annotations

import contextlib
import os

MOST_REPORTS = 100
MOST_BYTES = 16 << 20
_ANSWER = ".answer"


class Rejected:
    """A folder of reports, each with the answer beside it in NAME.answer; the newest are kept."""

    def __init__(self, folder: str) -> None:
        self._folder = folder

    def add(self, path: str, answer: bytes) -> None:
        """Move a file here. Raises OSError."""
        os.makedirs(self._folder, mode=0o700, exist_ok=True)
        target = os.path.join(self._folder, os.path.basename(path))
        # Without its answer (on a full disk) a report is still set aside.
        with contextlib.suppress(OSError), open(target + _ANSWER, "wb") as file:
            file.write(answer)
        os.replace(path, target)
        self._keep_the_newest()

    def _keep_the_newest(self) -> None:
        reports = bytes_kept = 0
        names = sorted(os.listdir(self._folder), key=_report_of, reverse=True)
        for name in names:
            path = os.path.join(self._folder, name)
            with contextlib.suppress(FileNotFoundError):
                bytes_kept += os.stat(path).st_size
                reports += not name.endswith(_ANSWER)
                if reports > MOST_REPORTS or bytes_kept > MOST_BYTES:
                    os.unlink(path)


def _report_of(name: str) -> tuple[str, bool]:
    """Sorts a report beside its answer, before it when the newest come first."""
    is_answer = name.endswith(_ANSWER)
    return (name[: -len(_ANSWER)] if is_answer else name), not is_answer
