"""Atomic writes: after a kill or a power cut a file is complete or absent."""

# ruff: noqa: PTH101, PTH103, PTH108, PTH116, PTH118
from __future__ import annotations

import contextlib
import errno
import os
import stat

from agent.state import held_files

PARTIAL = ".partial"


def write_file(folder: str, name: str, content: bytes) -> None:
    """Write, sync, rename, and sync the folder. Raises OSError.

    Each write has its own partial file: one that another program holds blocks no other.
    """
    partial = os.path.join(folder, f"{name}.{os.urandom(4).hex()}{PARTIAL}")
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0)
    descriptor = os.open(partial, flags | getattr(os, "O_BINARY", 0), 0o600)
    try:
        try:
            rest = memoryview(content)
            while rest:
                rest = rest[os.write(descriptor, rest) :]
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        held_files.replace(partial, os.path.join(folder, name))
    except OSError:
        with contextlib.suppress(OSError):
            os.unlink(partial)
        raise
    sync_folder(folder)


def private_folder(folder: str) -> None:
    """Create a folder with mode 0700, or set that mode. Raises OSError."""
    os.makedirs(folder, mode=0o700, exist_ok=True)
    facts = os.stat(folder)
    if not hasattr(os, "geteuid"):  # Windows: the profile is private to its user
        return
    if facts.st_uid != os.geteuid():
        raise PermissionError(errno.EPERM, "it belongs to another user", folder)
    if stat.S_IMODE(facts.st_mode) != 0o700:
        os.chmod(folder, 0o700)


def sync_folder(folder: str) -> None:
    if os.name == "nt":  # folders cannot be opened there, and NTFS journals names
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
