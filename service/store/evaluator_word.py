"""What the evaluator that runs leaves word of, for other processes, in the file that it locks.

The age of the file tells whether one runs. Its content tells what no table does: which rules the
evaluator judges by, and which moments it has not come to yet.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, astuple, dataclass
from pathlib import Path
from typing import Self

from service.store.engines import MAX_INTEGER

_LENGTH = 512  # of each content, so that one write replaces another as a whole
_LOOKS = 3  # at a file that is written just now


@dataclass(frozen=True, slots=True)
class EvaluatorWord:
    """Times are microseconds.

    files: the hash of the listing of files that are taken up. epoch: the number of their texts.
    held_at: when files were found that are not taken up yet; they count from then on. hours_since,
    days_since: since when rules about one server are judged at whole hours or days; null if none
    is. next_tick: of the fleet, the first that it has not looked at; null if no rule asks for it.
    """

    files: str
    epoch: int
    held_at: int | None = None
    hours_since: int | None = None
    days_since: int | None = None
    next_tick: int | None = None

    def write(self, path: Path) -> None:
        """Replaces the content of the file. Raises OSError."""
        content = json.dumps(asdict(self)).encode().ljust(_LENGTH)
        descriptor = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
        try:
            os.ftruncate(descriptor, os.pwrite(descriptor, content, 0))
        finally:
            os.close(descriptor)

    @classmethod
    def read(cls, path: Path) -> Self | None:
        """Null where none was written, or by an evaluator of another version."""
        for _ in range(_LOOKS):
            try:
                word = cls(**json.loads(path.read_bytes()))
            except (OSError, ValueError, TypeError):
                continue
            if word._is_sound():
                return word
        return None

    def _is_sound(self) -> bool:
        files, epoch, *moments = astuple(self)
        numbers = [epoch, *(at for at in moments if at is not None)]
        return isinstance(files, str) and all(
            type(number) is int and 0 <= number <= MAX_INTEGER for number in numbers
        )
