"""Folders that native code may be loaded from: nobody but this user and root can write there.

A file is laid down whole under its name or not at all, and it is compared with what it should be,
byte for byte, at every run. What anybody else has put in its place is never loaded.
"""

# pathlib would lengthen the start.
# ruff: noqa: PTH102, PTH105, PTH108, PTH111, PTH112, PTH117, PTH118, PTH120, PTH123
from __future__ import annotations

import contextlib
import os
import stat
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH
_ANYTHING_FOR_OTHERS = stat.S_IRWXG | stat.S_IRWXO
_ROOT = 0
# Not on Windows, where O_BINARY is needed instead.
_FLAGS = sum(getattr(os, name, 0) for name in ("O_NOFOLLOW", "O_CLOEXEC", "O_NONBLOCK", "O_BINARY"))


class UnsafePathError(OSError):
    """Somebody else could write there, or has; says where."""


@contextlib.contextmanager
def in_cache(file: str, content: bytes) -> Iterator[str]:
    """The path of a file with this content in this user's cache, written when it is not there.

    Raises OSError (UnsafePathError is one) when there is no folder for it.
    """
    troubles = []
    for base, below in _cache_folders():
        try:
            path = os.path.join(_private_folder(base, below), file)
            _lay_down(path, content)
        except OSError as error:
            troubles.append(str(error))
        else:
            break
    else:
        raise OSError("no cache: " + "; ".join(troubles or ["this user has no home"]))
    yield path


@contextlib.contextmanager
def in_temporary_folder(file: str, content: bytes) -> Iterator[str]:
    """The same in a folder of its own, which is gone afterwards.

    What was loaded stays loaded; only Windows keeps such a file until the program ends.
    """
    import shutil  # noqa: PLC0415 — rarely needed
    import tempfile  # noqa: PLC0415

    folder = tempfile.mkdtemp(
        prefix="compliance-agent-", dir=_safe(os.path.realpath(tempfile.gettempdir()))
    )
    try:
        path = os.path.join(folder, file)
        _lay_down(path, content)
        yield path
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _cache_folders() -> Iterator[tuple[str, tuple[str, ...]]]:
    """Folders that must be there, best first, and what may be made below each.

    systemd.exec(5) gives a service its CacheDirectory=; the XDG Base Directory Specification and
    the systems' own customs give a user one.
    """
    given = os.environ.get("CACHE_DIRECTORY", "").split(":" if os.name == "posix" else ";")[0]
    for folder in (given, os.environ.get("XDG_CACHE_HOME", ""), os.environ.get("LOCALAPPDATA", "")):
        if os.path.isabs(folder):
            yield folder, ("compliance-agent",)
    # HOME, and without it the home of the user database.
    home = os.path.expanduser("~")
    if os.path.isabs(home):
        caches = ("Library", "Caches") if sys.platform == "darwin" else (".cache",)
        yield home, (*caches, "compliance-agent")


def _private_folder(base: str, below: tuple[str, ...]) -> str:
    """A folder below base that only this user enters; it is made when it is not there."""
    if not os.path.isdir(base):
        raise FileNotFoundError(f"there is no folder {base}")
    # Links are followed once, here; what they lead to is then looked at and used.
    path = os.path.realpath(os.path.join(base, *below))
    missing = []
    while not os.path.lexists(path):
        path, name = os.path.split(path)
        missing.append(name)
    _safe(path)
    for name in reversed(missing):
        path = os.path.join(path, name)
        # Another first run may be faster.
        with contextlib.suppress(FileExistsError):
            os.mkdir(path, 0o700)
    _safe(path)
    if os.name == "posix":
        facts = os.lstat(path)
        if facts.st_uid != os.geteuid() or facts.st_mode & _ANYTHING_FOR_OTHERS:
            raise UnsafePathError(f"{path} is not for this user alone")
    return path


def _safe(path: str) -> str:
    """The path itself, a folder without links in it, when nobody else can put anything there.

    Each level belongs to this user or root, and only they can write to it. A sticky folder such as
    /tmp may let everybody make new entries: nobody can touch those of others.
    """
    if os.name != "posix":  # Windows keeps a user's folders by access lists
        return path
    level = path
    while True:
        facts = os.lstat(level)
        if not stat.S_ISDIR(facts.st_mode):
            raise UnsafePathError(f"{level} is no folder")
        if facts.st_uid not in {_ROOT, os.geteuid()}:
            raise UnsafePathError(f"{level} belongs to another user")
        if facts.st_mode & _OTHERS_WRITE and not facts.st_mode & stat.S_ISVTX:
            raise UnsafePathError(f"others can write to {level}")
        if level == os.path.dirname(level):
            return path
        level = os.path.dirname(level)


def _lay_down(path: str, content: bytes) -> None:
    """Leave a file with this content at path, of this user; one that is right already stays."""
    if _is(path, content):
        return
    # Several first runs at once each write one of their own; the last to rename wins.
    partial = f"{path}.{os.urandom(8).hex()}"
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _FLAGS, 0o600)
    try:
        with open(descriptor, "wb") as file:
            file.write(content)
        os.replace(partial, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(partial)
        raise
    if not _is(path, content):
        raise UnsafePathError(f"{path} is not what was written there")


def _is(path: str, content: bytes) -> bool:
    try:
        descriptor = os.open(path, os.O_RDONLY | _FLAGS)
    except OSError:  # not there, or a link
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
