"""The machine to report: this one, or the file tree of another one."""

# pathlib would lengthen the start.
# ruff: noqa: PTH115, PTH118, PTH208
from __future__ import annotations

import os
import stat
from typing import NamedTuple

_MAX_LINKS = 40  # the limit of the kernel; see path_resolution(7)


class Machine(NamedTuple):
    """Where the facts are read from; None means this machine.

    procfs: a mounted or copied /proc: processes, processor, kernel
    rootfs: a root folder: operating system, user names, logins
    """

    procfs: str | None = None
    rootfs: str | None = None

    def proc(self, path: str) -> str:
        """The path of a file in /proc, such as proc("cpuinfo")."""
        return os.path.join(self.procfs or "/proc", path)

    def root(self, path: str) -> str:
        """The path of a file such as root("/etc/passwd"), with links resolved inside the root."""
        return path if self.rootfs is None else resolve_inside(self.rootfs, path)


def machine_at(procfs: str | None, rootfs: str | None) -> Machine:
    """The machine in these two folders.

    For a root folder alone, its own /proc is used if that shows processes. It shows none if / was
    mounted into a container without the mounts below it. The processes are then those of this
    kernel: such a container shares the processes of the host.
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
    """Resolve the symbolic links in path as a machine with this root folder would.

    An absolute link starts again at root (NixOS has such an /etc/os-release), and ".." never
    leaves it. A missing part is kept, so that opening the path reports it.
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
        if links < _MAX_LINKS and _is_link(here):
            links += 1
            target = os.readlink(here)
            if target.startswith("/"):
                done = []
            pending.extend(_parts(target))
        else:
            done.append(part)
    return os.path.join(root, *done)


def _parts(path: str) -> list[str]:
    """The parts of a path in reverse, so that pop() gives the next one."""
    return [part for part in reversed(path.split("/")) if part not in {"", "."}]


def _is_link(path: str) -> bool:
    try:
        return stat.S_ISLNK(os.lstat(path).st_mode)
    except OSError:
        return False


def read_bytes(path: str, limit: int) -> bytes:
    """The first limit bytes of a file.

    A named pipe in place of the file does not block the agent (O_NONBLOCK). Raises OSError.
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
    """The first limit bytes as text; bytes that are not UTF-8 become lone surrogates.

    Raises OSError.
    """
    return read_bytes(path, limit).decode("utf-8", "surrogateescape")
