"""The machine that a report speaks of: this one, or another one's tree."""

# pathlib costs start-up time that nothing here is worth.
# ruff: noqa: PTH115, PTH118, PTH208
from __future__ import annotations

import os
import stat
from typing import NamedTuple

_MOST_LINKS = 40  # as many as the kernel follows; see path_resolution(7)


class Machine(NamedTuple):
    """Where the facts are read from; None stands for this machine.

    procfs: a mounted or copied /proc of the machine: processes, processor, kernel
    rootfs: its root folder: operating system, names of users, logins
    """

    procfs: str | None = None
    rootfs: str | None = None

    def proc(self, path: str) -> str:
        """Path of a file of /proc, such as proc("cpuinfo")."""
        return os.path.join(self.procfs or "/proc", path)

    def root(self, path: str) -> str:
        """Path of a file of the system, such as root("/etc/passwd"), all links resolved inside."""
        return path if self.rootfs is None else resolve_inside(self.rootfs, path)


def this_machine() -> Machine:
    return Machine()


def machine_at(procfs: str | None, rootfs: str | None) -> Machine:
    """The machine of these two folders.

    A root folder alone brings its own /proc along, when it has one that shows processes. It has
    none when / was mounted into a container without what is mounted below it; then the processes
    are those that this kernel shows, which is what such a container (sharing the host's
    processes) means.
    """
    if rootfs is not None and procfs is None:
        own_proc = os.path.join(rootfs, "proc")
        if shows_processes(own_proc):
            procfs = own_proc
    return Machine(procfs=procfs, rootfs=rootfs)


def shows_processes(procfs: str) -> bool:
    try:
        return any(name.isdecimal() for name in os.listdir(procfs))
    except OSError:
        return False


def resolve_inside(root: str, path: str) -> str:
    """Resolve every symbolic link of path as the machine itself would, whose / is root.

    An absolute link starts again at root (NixOS has such an /etc/os-release) and ".." never
    leaves it. What does not exist is kept as it is named, so that opening it says so.
    """
    pending = _parts(path)
    done: list[str] = []
    links = 0
    while pending:
        part = pending.pop()
        if part == "..":
            if done:
                done.pop()
            continue
        here = os.path.join(root, *done, part)
        if links < _MOST_LINKS and _is_link(here):
            links += 1
            target = os.readlink(here)
            if target.startswith("/"):
                done = []
            pending.extend(_parts(target))
        else:
            done.append(part)
    return os.path.join(root, *done)


def _parts(path: str) -> list[str]:
    """The names of a path, last one first, so that the next one is popped."""
    return [part for part in reversed(path.split("/")) if part not in {"", "."}]


def _is_link(path: str) -> bool:
    try:
        return stat.S_ISLNK(os.lstat(path).st_mode)
    except OSError:
        return False


def read_bytes(path: str, limit: int) -> bytes:
    """The first limit bytes of a file.

    O_NONBLOCK: a named pipe that stands where a file was expected must not stop the agent.

    Raises OSError.
    """
    flags = os.O_RDONLY | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NONBLOCK", 0)
    descriptor = os.open(path, flags)
    try:
        chunks = []
        while limit > 0:
            chunk = os.read(descriptor, min(limit, 1 << 16))
            if not chunk:
                break
            chunks.append(chunk)
            limit -= len(chunk)
    finally:
        os.close(descriptor)
    return b"".join(chunks)


def read_text(path: str, limit: int = 1 << 20) -> str:
    """As read_bytes, as text; bytes that are not UTF-8 become lone surrogates.

    Raises OSError.
    """
    return read_bytes(path, limit).decode("utf-8", "surrogateescape")
