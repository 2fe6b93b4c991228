"""Folders from which native code may be loaded: only this user and root can write there.

Files are written atomically and compared byte for byte at every run, so a file that somebody else
put there is never loaded.
"""

# pathlib would lengthen the start.
# ruff: noqa: PTH102, PTH108, PTH111, PTH112, PTH117, PTH118, PTH120, PTH123, PTH208
from __future__ import annotations

import contextlib
import os
import stat
import sys
import time
from typing import TYPE_CHECKING

from agent.state import held_files

if TYPE_CHECKING:
    from collections.abc import Iterator

_OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH
_ANYTHING_FOR_OTHERS = stat.S_IRWXG | stat.S_IRWXO
_ROOT = 0
_TEMPORARY = "compliance-agent-"
_LEFT_SECONDS = 3600
# Not on Windows, where O_BINARY is needed instead.
_FLAGS = sum(getattr(os, name, 0) for name in ("O_NOFOLLOW", "O_CLOEXEC", "O_NONBLOCK", "O_BINARY"))


class UnsafePathError(OSError):
    """Another user could write there, or has written there."""


@contextlib.contextmanager
def in_cache(file: str, content: bytes) -> Iterator[str]:
    """The path of a file with this content in the cache of this user, written if necessary.

    Raises OSError (UnsafePathError is one) if no folder is safe.
    """
    errors = []
    for base, below in _cache_folders():
        try:
            path = os.path.join(_private_folder(base, below), file)
            _write(path, content)
        except OSError as error:
            errors.append(str(error))
        else:
            break
    else:
        raise OSError("no cache: " + "; ".join(errors or ["this user has no home"]))
    yield path


@contextlib.contextmanager
def in_temporary_folder(file: str, content: bytes) -> Iterator[str]:
    """The same in a new temporary folder, which is removed afterwards.

    Loaded code stays loaded. Windows keeps the file until the program ends, so there the folders
    of earlier runs are removed as well.
    """
    import shutil  # noqa: PLC0415 — rarely needed
    import tempfile  # noqa: PLC0415

    base = _safe(os.path.realpath(tempfile.gettempdir()))
    if os.name == "nt":
        for left in _left_folders(base):
            shutil.rmtree(left, ignore_errors=True)  # fails while a program uses it
    folder = tempfile.mkdtemp(prefix=_TEMPORARY, dir=base)
    try:
        path = os.path.join(folder, file)
        _write(path, content)
        yield path
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _left_folders(base: str) -> list[str]:
    """The temporary folders of earlier runs; a younger one may not be in use yet."""
    oldest = time.time() - _LEFT_SECONDS
    found = []
    for name in os.listdir(base):
        path = os.path.join(base, name)
        with contextlib.suppress(OSError):
            if name.startswith(_TEMPORARY) and os.lstat(path).st_mtime < oldest:
                found.append(path)
    return found


def _cache_folders() -> Iterator[tuple[str, tuple[str, ...]]]:
    """Existing folders in order of preference, and the folders to create below each.

    A service has the CacheDirectory= of systemd.exec(5); a user has the folder of the XDG Base
    Directory Specification or of the system.
    """
    given = os.environ.get("CACHE_DIRECTORY", "").split(":" if os.name == "posix" else ";")[0]
    for folder in (given, os.environ.get("XDG_CACHE_HOME", ""), os.environ.get("LOCALAPPDATA", "")):
        if os.path.isabs(folder):
            yield folder, ("compliance-agent",)
    # HOME, or the home in the user database.
    home = os.path.expanduser("~")
    if os.path.isabs(home):
        caches = ("Library", "Caches") if sys.platform == "darwin" else (".cache",)
        yield home, (*caches, "compliance-agent")


def _private_folder(base: str, below: tuple[str, ...]) -> str:
    """A folder below base that only this user can enter, created if necessary."""
    if not os.path.isdir(base):
        raise FileNotFoundError(f"there is no folder {base}")
    # Links are resolved once, here; the checks and the use then concern the same path.
    path = os.path.realpath(os.path.join(base, *below))
    missing = []
    while not os.path.lexists(path):
        path, name = os.path.split(path)
        missing.append(name)
    _safe(path)
    for name in reversed(missing):
        path = os.path.join(path, name)
        # Another agent may create it at the same time.
        with contextlib.suppress(FileExistsError):
            os.mkdir(path, 0o700)
    _safe(path)
    if os.name == "posix":
        facts = os.lstat(path)
        if facts.st_uid != os.geteuid() or facts.st_mode & _ANYTHING_FOR_OTHERS:
            raise UnsafePathError(f"{path} is not private to this user")
    return path


def _safe(path: str) -> str:
    """The path, a folder without links, if no other user can change it.

    Each level belongs to this user or root, and only they can write to it. In a sticky folder
    such as /tmp everybody may create entries, but not change those of others.
    """
    if os.name != "posix":  # Windows protects the folders of a user by access lists
        return path
    level = path
    while True:
        facts = os.lstat(level)
        if not stat.S_ISDIR(facts.st_mode):
            raise UnsafePathError(f"{level} is not a folder")
        if facts.st_uid not in {_ROOT, os.geteuid()}:
            raise UnsafePathError(f"{level} belongs to another user")
        if facts.st_mode & _OTHERS_WRITE and not facts.st_mode & stat.S_ISVTX:
            raise UnsafePathError(f"others can write to {level}")
        if level == os.path.dirname(level):
            return path
        level = os.path.dirname(level)


def _write(path: str, content: bytes) -> None:
    """Write a file with this content, unless it exists and is correct."""
    if _is(path, content):
        return
    # Several agents may do this at once; each writes its own file, and the last rename wins.
    partial = f"{path}.{os.urandom(8).hex()}"
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _FLAGS, 0o600)
    try:
        with open(descriptor, "wb") as file:
            file.write(content)
        held_files.replace(partial, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(partial)
        raise
    if not _is(path, content):
        raise UnsafePathError(f"{path} has other content than was written")


def _is(path: str, content: bytes) -> bool:
    try:
        descriptor = held_files.open_descriptor(path, os.O_RDONLY | _FLAGS)
    except OSError:  # missing, or a link
        return False
    try:
        facts = os.fstat(descriptor)
        if not stat.S_ISREG(facts.st_mode):
            return False
        if os.name == "posix" and (facts.st_uid != os.geteuid() or facts.st_mode & _OTHERS_WRITE):
            return False
        with open(descriptor, "rb", closefd=False) as file:
            return file.read(len(content) + 1) == content
    finally:
        os.close(descriptor)
