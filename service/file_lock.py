"""Locks on files and folders, between processes: flock(2) with a bound on the waiting.

A lock ends with its process, however that ends. A process that hangs, or a foreign one, may hold a
lock for ever, and flock(2) itself waits as long.
"""

from __future__ import annotations

import fcntl
import os
import queue
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from service.errors import StorageUnavailableError

BOUND_SECONDS = 10.0
# Of a wait for a lock that others have waited for in vain: not everybody waits for all of it.
_SHORT_SECONDS = 0.5
_PAUSE_SECONDS = 0.005
_ALONE_PAUSE_SECONDS = 0.5


class Patience:
    """Exclusive locks, and how long a wait for one may take.

    After a wait that was in vain the next ones are shorter, until one is not. A thread of its own
    waits in the kernel, where the waiting cost nothing and are served in their order.
    """

    def __init__(self, seconds: float = BOUND_SECONDS) -> None:
        self._seconds = seconds
        self._in_vain = False
        self._helper: _Helper | None = None
        self._guard = threading.Lock()

    def ends(self) -> float:
        """When a wait that begins now has taken too long, by time.monotonic()."""
        return time.monotonic() + (
            min(self._seconds, _SHORT_SECONDS) if self._in_vain else self._seconds
        )

    def lock(self, path: Path, descriptor: int, ends: float) -> None:
        """Locks an open file; closing it unlocks.

        Raises OSError, and StorageUnavailableError once the wait has taken too long.
        """
        while not _is_locked_by(descriptor):
            left = ends - time.monotonic()
            if left <= 0:
                raise self.over(path)
            with self._guard:
                if self._helper is None:
                    self._helper = _Helper()
                waiting = self._helper.wait_for(descriptor)
            if waiting is None:  # it still waits for others, who have given up
                time.sleep(min(left, _PAUSE_SECONDS))
            else:
                waiting.acquire(timeout=left)

    def over(self, path: Path) -> StorageUnavailableError:
        """The error of a wait that has taken too long."""
        self._in_vain = True
        return StorageUnavailableError(f"{path} is locked, and stays so: another process holds it")

    def rewarded(self) -> None:
        """A wait was not in vain."""
        self._in_vain = False


class _Helper:
    """A thread that waits for one lock at a time."""

    def __init__(self) -> None:
        self._jobs: queue.SimpleQueue[tuple[int, threading.Lock]] = queue.SimpleQueue()
        self._busy = False
        threading.Thread(target=self._run, name="file-lock", daemon=True).start()

    def wait_for(self, descriptor: int) -> threading.Lock | None:
        """A lock that is released when the file is locked, or cannot be; null if it is busy."""
        if self._busy:
            return None
        self._busy = True
        ended = threading.Lock()
        ended.acquire()
        # Both descriptors are of one open file, which has the lock until both are closed.
        self._jobs.put((os.dup(descriptor), ended))
        return ended

    def _run(self) -> None:
        while True:
            descriptor, ended = self._jobs.get()
            with suppress(OSError):  # which the one who waits sees, too
                fcntl.flock(descriptor, fcntl.LOCK_EX)
            os.close(descriptor)
            self._busy = False
            ended.release()


def _is_locked_by(descriptor: int) -> bool:
    """Locks the file, if nobody else has it locked."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@contextmanager
def folder_lock(folder: Path, *, shared: bool = False, seconds: float = 0) -> Iterator[bool]:
    """A lock on a folder; whether it could be had within so many seconds. Raises OSError."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield try_lock(descriptor, shared=shared, seconds=seconds)
    finally:
        os.close(descriptor)


def try_lock(descriptor: int, *, shared: bool, seconds: float = 0) -> bool:
    """Whether the lock of an open file could be had within so many seconds. Raises OSError."""
    ends = time.monotonic() + seconds
    while True:
        try:
            fcntl.flock(descriptor, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= ends:
                return False
            time.sleep(_PAUSE_SECONDS)
        else:
            return True


@contextmanager
def one_place(files: Sequence[Path]) -> Iterator[int | None]:
    """One of the places, each a lock on a file: its descriptor; null if all are taken.

    Nobody waits for one. A child process may inherit it: the place is free once both have ended.
    Raises StorageUnavailableError.
    """
    for file in files:
        try:
            descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise StorageUnavailableError(f"cannot lock {file}: {error}") from error
        try:
            if try_lock(descriptor, shared=False):
                yield descriptor
                return
        finally:
            os.close(descriptor)  # which also unlocks, once no child has it
    yield None


def hold_lock(path: Path, seconds: float | None = 0) -> int | None:
    """The lock of the one process of its kind in a data folder; it ends with its process.

    The descriptor that holds it; null if another process has it for so many seconds. Closing it
    unlocks; a child process may inherit it. seconds: null waits for ever. Raises
    StorageUnavailableError.
    """
    ends = None if seconds is None else time.monotonic() + seconds
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            while not try_lock(descriptor, shared=False):
                if ends is not None and time.monotonic() >= ends:
                    os.close(descriptor)
                    return None
                time.sleep(_ALONE_PAUSE_SECONDS)
        except BaseException:
            os.close(descriptor)
            raise
    except OSError as error:
        raise StorageUnavailableError(f"cannot lock {path}: {error}") from error
    return descriptor
