"""Locks between processes, released when their holder ends, even by kill -9."""

from __future__ import annotations

import contextlib
import errno
import os
import time
from typing import TYPE_CHECKING

from agent.state import held_files

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

if TYPE_CHECKING:
    from collections.abc import Iterator

_POLL_SECONDS = 0.02


@contextlib.contextmanager
def locked(path: str, wait_seconds: float) -> Iterator[None]:
    """Hold the lock of this file, which is created if it is missing.

    Raises BlockingIOError if another process holds it for longer than wait_seconds, and OSError
    if the file cannot be opened.
    """
    flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NOFOLLOW", 0)
    descriptor = held_files.open_descriptor(path, flags)
    try:
        end = time.monotonic() + wait_seconds
        while not _try_to_lock(descriptor):
            if time.monotonic() >= end:
                raise BlockingIOError(errno.EWOULDBLOCK, "another agent holds it", path)
            time.sleep(_POLL_SECONDS)
        try:
            yield
        finally:
            _unlock(descriptor)
    finally:
        os.close(descriptor)  # releases the lock of flock(2)


def _try_to_lock(descriptor: int) -> bool:
    try:
        if fcntl is not None:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        else:
            import msvcrt  # noqa: PLC0415 — only exists there

            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
    except OSError as error:
        if error.errno in {errno.EWOULDBLOCK, errno.EAGAIN, errno.EACCES, errno.EDEADLK}:
            return False
        raise
    return True


def _unlock(descriptor: int) -> None:
    """Windows releases the lock of a closed file at some later time, see LockFile()."""
    if fcntl is None:
        import msvcrt  # noqa: PLC0415 — only exists there

        with contextlib.suppress(OSError):
            msvcrt.locking(descriptor, msvcrt.LK_UNLCK, 1)
