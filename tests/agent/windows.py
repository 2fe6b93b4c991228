"""Windows, simulated: no POSIX names, and files that a scanner holds for a moment.

os.replace() and os.unlink() refuse what is open in this process or was written less than 100 ms
ago, with the error numbers of Windows.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import sys
import time
import types
from collections.abc import Iterator

import pytest

from agent.state import file_lock

HELD_SECONDS = 0.1
_ERROR_ACCESS_DENIED, _ERROR_SHARING_VIOLATION = 5, 32
_POSIX_NAMES = (
    *("geteuid", "getuid", "getegid", "getgid", "fchmod", "fchown", "chown", "sysconf", "uname"),
    *("O_NOFOLLOW", "O_NONBLOCK", "O_CLOEXEC", "O_DIRECTORY"),
)


class Windows:
    """held_seconds: for how long a scanner holds a new file
    refusals: how often a rename, a delete or an open was refused
    locks: the locks (descriptors) that are held at present
    held: files that a scanner holds until the test removes them from here
    """

    def __init__(self) -> None:
        self.held_seconds = HELD_SECONDS
        self.refusals = 0
        self.locks: list[int] = []
        self.held: set[str] = set()

    def check(self, path: str, number: int) -> None:
        try:
            facts = os.stat(path)  # noqa: PTH116
        except FileNotFoundError:
            return
        is_young = time.time() - facts.st_mtime < self.held_seconds
        if path in self.held or is_young or (facts.st_dev, facts.st_ino) in _open_files():
            self.refuse(path, number)

    def refuse(self, path: str, number: int | None) -> None:
        self.refusals += 1
        error = PermissionError(errno.EACCES, "Permission denied", path)
        if number is not None:
            error.winerror = number  # type: ignore[attr-defined, unused-ignore]
        raise error


def _open_files() -> set[tuple[int, int]]:
    found = set()
    for name in os.listdir("/proc/self/fd"):  # noqa: PTH208
        with contextlib.suppress(OSError):
            facts = os.fstat(int(name))
            found.add((facts.st_dev, facts.st_ino))
    return found


@contextlib.contextmanager
def windows() -> Iterator[Windows]:
    """The agent's modules see Windows. No new pathlib.Path can be made meanwhile."""
    system = Windows()
    replace, unlink, opened, close = os.replace, os.unlink, os.open, os.close

    def checked_replace(source: str, target: str) -> None:
        system.check(source, _ERROR_SHARING_VIOLATION)
        system.check(target, _ERROR_ACCESS_DENIED)
        replace(source, target)

    def checked_unlink(path: str) -> None:
        system.check(path, _ERROR_SHARING_VIOLATION)
        unlink(path)

    def checked_open(path: str, flags: int, mode: int = 0o777) -> int:
        if path in system.held:
            system.refuse(path, None)
        return opened(path, flags, mode)

    def checked_close(descriptor: int) -> None:
        assert descriptor not in system.locks, "closed while locked"
        close(descriptor)

    def locking(descriptor: int, mode: int, _size: int) -> None:
        if mode == msvcrt.LK_UNLCK:
            fcntl.flock(descriptor, fcntl.LOCK_UN)
            system.locks.remove(descriptor)
            return
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise PermissionError(errno.EACCES, "Permission denied") from error
        system.locks.append(descriptor)

    msvcrt = types.SimpleNamespace(LK_NBLCK=2, LK_UNLCK=0, locking=locking)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "replace", checked_replace)
        patch.setattr(os, "unlink", checked_unlink)
        patch.setattr(os, "open", checked_open)
        patch.setattr(os, "close", checked_close)
        for name in _POSIX_NAMES:
            patch.delattr(os, name, raising=False)
        patch.setattr(file_lock, "fcntl", None)
        patch.setitem(sys.modules, "msvcrt", msvcrt)
        patch.setattr(os, "name", "nt")
        yield system
