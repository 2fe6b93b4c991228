"""The turn of large reports, which come one at a time in all processes of the service.

A lock on a file gives the turn. The file also says until when each source is busy with what it has
sent: one that owes more than its credit has to pause. Threads of a process wait in a queue; whoever
had the turn lets other processes have it next.
"""

from __future__ import annotations

import fcntl
import json
import math
import os
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from service.errors import OthersBusyError, SourceBusyError, StorageUnavailableError

CREDIT_SECONDS: Final = 120.0  # of work that a source may owe: a first report, and its retry
_MAX_PAUSE_SECONDS = 600.0
_MOST_OWED = CREDIT_SECONDS + _MAX_PAUSE_SECONDS
_MAX_SOURCES = 1000  # that owe something
_RETRY_SECONDS = 10
_POLL_SECONDS = 0.02


class LargeTurn:
    """The turn, by a file that all processes share. Times are of the monotonic clock."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._changed = threading.Condition()
        self._queue: deque[object] = deque()  # the first one asks for the lock on the file

    @contextmanager
    def taken(self, source: str, seconds: float) -> Iterator[None]:
        """Waits so long for the turn. Raises SourceBusyError, StorageUnavailableError."""
        ends = time.monotonic() + seconds
        with self._queued(ends):
            descriptor = self._opened()
            try:
                while not _is_locked(descriptor):
                    if time.monotonic() > ends:
                        raise OthersBusyError(_RETRY_SECONDS)
                    time.sleep(_POLL_SECONDS)
                pause = self.pause_of(source)
                if pause:  # a report of this source was stored by another process meanwhile
                    raise SourceBusyError(pause)
                yield
            finally:
                os.close(descriptor)  # which also unlocks
                time.sleep(2 * _POLL_SECONDS)  # the threads of this process come last

    @contextmanager
    def _queued(self, ends: float) -> Iterator[None]:
        """Waits behind the threads of this process that came before. Raises OthersBusyError."""
        place = object()
        with self._changed:
            self._queue.append(place)
        try:
            with self._changed:
                seconds = ends - time.monotonic()
                if not self._changed.wait_for(lambda: self._queue[0] is place, seconds):
                    raise OthersBusyError(_RETRY_SECONDS)
            yield
        finally:
            with self._changed:
                self._queue.remove(place)
                self._changed.notify_all()

    def pause_of(self, source: str) -> int:
        """The seconds until the next large report of this source is handled; 0 for at once."""
        now = time.monotonic()
        pause = self._busy_until(now).get(source, 0.0) - CREDIT_SECONDS - now
        return math.ceil(pause) if pause > 0 else 0

    def charge(self, source: str, seconds: float) -> None:
        """Adds to what a source owes. It has the turn."""
        now = time.monotonic()
        busy = self._busy_until(now)
        busy[source] = min(max(now, busy.get(source, now)) + seconds, now + _MOST_OWED)
        latest = dict(sorted(busy.items(), key=lambda pair: pair[1])[-_MAX_SOURCES:])
        # Other processes read it without a lock, and take what is half written for nothing. On a
        # full disk there is no pause, and no report is stored either.
        with suppress(OSError):
            self._path.write_text(json.dumps(latest), encoding="utf-8")

    def _busy_until(self, now: float) -> dict[str, float]:
        """The sources that owe something. Times beyond all bounds are from before a restart."""
        try:
            busy = json.loads(self._path.read_bytes())
        except (OSError, ValueError):
            return {}
        if not isinstance(busy, dict):
            return {}
        return {each: ends for each, ends in busy.items() if now < ends <= now + _MOST_OWED}

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
