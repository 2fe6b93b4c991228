"""The turn of large reports, which come one at a time in all processes of the service.

A lock on a file gives the turn. The file also says until when each source has to pause.
"""

from __future__ import annotations

import fcntl
import json
import math
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from service.errors import SourceBusyError, StorageUnavailableError

_MAX_PAUSE_SECONDS = 600.0
_MAX_SOURCES = 1000  # that pause
_RETRY_SECONDS = 10
_POLL_SECONDS = 0.02


class LargeTurn:
    """The turn, by a file that all processes share. Times are of the monotonic clock."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._own = threading.Lock()  # one thread at a time asks for the lock on the file

    @contextmanager
    def taken(self, source: str, seconds: float) -> Iterator[None]:
        """Waits so long for the turn. Raises SourceBusyError, StorageUnavailableError."""
        ends = time.monotonic() + seconds
        if not self._own.acquire(timeout=seconds):
            raise SourceBusyError(_RETRY_SECONDS)
        try:
            descriptor = self._opened()
            try:
                while not _is_locked(descriptor):
                    if time.monotonic() > ends:
                        raise SourceBusyError(_RETRY_SECONDS)
                    time.sleep(_POLL_SECONDS)
                pause = self.pause_of(source)
                if pause:  # a report of this source was stored by another process meanwhile
                    raise SourceBusyError(pause)
                yield
            finally:
                os.close(descriptor)  # which also unlocks
                time.sleep(2 * _POLL_SECONDS)  # the threads of this process come last
        finally:
            self._own.release()

    def pause_of(self, source: str) -> int:
        """The seconds until the next large report of this source is handled; 0 for at once."""
        left = self._pauses().get(source, 0.0) - time.monotonic()
        return math.ceil(left) if 0 < left <= _MAX_PAUSE_SECONDS else 0

    def charge(self, source: str, seconds: float) -> None:
        """Sets the pause of a source, which has the turn."""
        now = time.monotonic()
        pauses = {each: ends for each, ends in self._pauses().items() if now < ends}
        pauses[source] = now + min(_MAX_PAUSE_SECONDS, seconds)
        latest = dict(sorted(pauses.items(), key=lambda pair: pair[1])[-_MAX_SOURCES:])
        # Other processes read it without a lock, and take what is half written for nothing. On a
        # full disk there is no pause, and no report is stored either.
        with suppress(OSError):
            self._path.write_text(json.dumps(latest), encoding="utf-8")

    def _pauses(self) -> dict[str, float]:
        try:
            pauses = json.loads(self._path.read_bytes())
        except (OSError, ValueError):
            return {}
        return pauses if isinstance(pauses, dict) else {}

    def _opened(self) -> int:
        try:
            return os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise StorageUnavailableError(f"cannot lock {self._path}: {error}") from error


def _is_locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
