"""The progress of a long command, on a terminal."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import Self

_SECONDS_BETWEEN = 0.5


class Progress:
    """One line on stderr, rewritten as it advances; silent where stderr is no terminal.

    total: what the count will come to; null where that is not known.
    """

    def __init__(self, what: str, total: int | None = None) -> None:
        self._what = what
        self._total = total
        self._count = 0
        self._shown_at = time.monotonic()

    def __enter__(self) -> Self:
        return self

    def step(self) -> None:
        self.show(self._count + 1)

    def show(self, count: int) -> None:
        """Shows a count, if the line is not too new."""
        self._count = count
        now = time.monotonic()
        if now - self._shown_at >= _SECONDS_BETWEEN and sys.stderr.isatty():
            self._shown_at = now
            of = "" if self._total is None else f" of {self._total}"
            sys.stderr.write(f"\r{self._what}: {count}{of}")
            sys.stderr.flush()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if sys.stderr.isatty():
            sys.stderr.write("\r\033[K")
