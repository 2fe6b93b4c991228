"""The lock of the one evaluator of a data folder: flock(2) on a file in it.

It ends with the process that holds it, however that ends. The keeper of a gunicorn worker takes it
and hands the open file to the evaluator that it starts, so nobody comes between the two. The one
process that runs back-tests holds a lock of the same kind.
"""

from __future__ import annotations

import os
import time
from pathlib import Path

from service.errors import StorageUnavailableError
from service.file_lock import try_lock

_PAUSE_SECONDS = 0.5


def hold_lock(path: Path, seconds: float | None = 0) -> int | None:
    """The descriptor that holds the lock; null if another process has it for so many seconds.

    Closing it unlocks. seconds: null waits for ever. Raises StorageUnavailableError.
    """
    ends = None if seconds is None else time.monotonic() + seconds
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            while not try_lock(descriptor, shared=False):
                if ends is not None and time.monotonic() >= ends:
                    os.close(descriptor)
                    return None
                time.sleep(_PAUSE_SECONDS)
        except BaseException:
            os.close(descriptor)
            raise
    except OSError as error:
        raise StorageUnavailableError(f"cannot lock {path}: {error}") from error
    return descriptor
