"""Runs a command of which one process at a time works in a data folder, until it is stopped."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from service.file_lock import hold_lock

_GRACE_SECONDS = 5.0  # when the worker that started it ends
_PAUSE_SECONDS = 0.5


@contextmanager
def alone(path: Path, lock: int | None) -> Iterator[threading.Event | None]:
    """Waits for a lock, and holds it. Gives what SIGTERM and SIGINT set; null if they came first.

    lock: the open file, if the keeper of a worker of gunicorn holds the lock for this process,
    which then ends with that worker. Raises StorageUnavailableError.
    """
    stopped = threading.Event()

    def stop(_signal: int, _frame: FrameType | None) -> None:
        stopped.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    if lock is not None:
        threading.Thread(target=_end_with_worker, args=[stopped], daemon=True).start()
    descriptor = lock
    while descriptor is None and not stopped.is_set():
        descriptor = hold_lock(path, _PAUSE_SECONDS)
    if descriptor is None:
        yield None
        return
    try:
        yield stopped
    finally:
        os.close(descriptor)


def _end_with_worker(stopped: threading.Event) -> None:
    """Ends this process with the worker of gunicorn that holds the other end of its stdin."""
    while os.read(sys.stdin.fileno(), 4096):
        pass
    stopped.set()
    time.sleep(_GRACE_SECONDS)
    os._exit(0)  # what is not stored is done again
