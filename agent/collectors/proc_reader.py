"""Reads processes from a /proc folder of Linux, without psutil; see proc(5)."""

# pathlib would lengthen the start.
# ruff: noqa: PTH118, PTH208
from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

from agent.collectors.process_name import COMM_BYTES, complete_name

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

_MAX_FILE_BYTES = 1 << 16
DENIED = b""
_DELETED = b" (deleted)"
_FILE = os.O_RDONLY | getattr(os, "O_CLOEXEC", 0)
_FOLDER = _FILE | getattr(os, "O_DIRECTORY", 0)
# What Reader.skipped names for the folder itself, and for a file of every process.
FOLDER = ""
EVERY_PROCESS = -1


class Row(NamedTuple):
    """A process; None for values that are denied or absent.

    uid: the real user id
    started: clock ticks (CLK_TCK per second) after the boot
    executable: the path of the program; kernel threads have none, and only root can read all
    command_line: the arguments, each followed by NUL; None for kernel threads and zombies
    """

    pid: int
    name: str | None
    uid: int | None
    parent: int | None = None
    started: int | None = None
    executable: str | None = None
    command_line: bytes | None = None


def read_processes(procfs: str, *, command_lines: bool = False) -> Iterator[Row]:
    """All processes, in the order of their ids.

    Raises OSError if the folder itself cannot be read.
    """
    reader = Reader(procfs, command_lines=command_lines)
    for pid in process_ids(procfs):
        row = reader.read(pid)
        if row is not None:
            yield row


def process_ids(procfs: str) -> list[int]:
    """In ascending order. Raises OSError."""
    return sorted(int(name) for name in os.listdir(procfs) if name.isdecimal() and name.isascii())


class Reader:
    """Reads processes one by one.

    skipped: files that are not read and count as denied: (process or EVERY_PROCESS, file or FOLDER)
    at: the file that is being read; each step is another object, so that a watching thread sees
        which read does not return
    """

    def __init__(
        self,
        procfs: str,
        *,
        command_lines: bool = False,
        skipped: Collection[tuple[int, str]] = (),
    ) -> None:
        self.at: tuple[int, str] = (0, FOLDER)
        self._procfs = procfs
        self._command_lines = command_lines
        self._skipped = skipped

    def read(self, pid: int) -> Row | None:
        """A process; None if it has ended."""
        if self._skips(pid, FOLDER):
            return Row(pid, None, None)
        # Expected: the process ends at any moment (ENOENT for its folder, ESRCH for its files)
        # and is omitted; or the system hides it (hidepid of proc(5)) and only its id is known.
        try:
            folder = os.open(os.path.join(self._procfs, str(pid)), _FOLDER)
        except (FileNotFoundError, ProcessLookupError, NotADirectoryError):
            return None
        except OSError:
            return Row(pid, None, None)
        # The open folder belongs to this process even if another one reuses its id.
        try:
            return self._read_files(pid, folder)
        except (FileNotFoundError, ProcessLookupError):
            return None
        finally:
            os.close(folder)

    def _read_files(self, pid: int, folder: int) -> Row:
        """Raises FileNotFoundError or ProcessLookupError if the process has ended."""
        stat = self._file(pid, folder, "stat")
        status = self._file(pid, folder, "status")
        found = "status" if stat is None else "stat"
        comm = None if stat is None else parse_stat_name(stat)
        if comm is None:
            text = self._file(pid, folder, "comm")
            if text is not None:
                comm = text[:-1] if text.endswith(b"\n") else text
                found = "comm"
            elif status:
                comm = parse_status_name(status)
        uid = None if status is None else parse_status_uid(status)
        if uid is None and status != DENIED:
            # Copied trees and gVisor lack the file or the line; a folder belongs to the effective
            # user. A live /proc lacks the file if the process has just ended; then the other
            # files are missing too, and this raises.
            os.stat(found, dir_fd=folder)
            uid = os.fstat(folder).st_uid
        parent, started = (None, None) if stat is None else parse_stat_numbers(stat)
        if parent is None and status is not None:
            parent = parse_status_parent(status)
        executable = None if self._skips(pid, "exe") else _executable(folder)
        cmdline = None
        if self._command_lines or (comm is not None and len(comm) >= COMM_BYTES):
            cmdline = self._file(pid, folder, "cmdline")
        name = None if comm is None else complete_name(comm, cmdline or b"", executable)
        if not self._command_lines:
            cmdline = None
        return Row(pid, name, uid, parent, started, executable, cmdline)

    def _file(self, pid: int, folder: int, file: str) -> bytes | None:
        return DENIED if self._skips(pid, file) else _read(folder, file)

    def _skips(self, pid: int, file: str) -> bool:
        """Whether a file is skipped; otherwise it is about to be read."""
        self.at = (pid, file)
        return bool(self._skipped) and (
            self.at in self._skipped or (EVERY_PROCESS, file) in self._skipped
        )


def _executable(folder: int) -> str | None:
    # Expected: kernel threads and zombies have no program, and those of other users are denied.
    try:
        path = os.readlink(b"exe", dir_fd=folder)
    except OSError:
        return None
    # The kernel appends this to the path of a program that was replaced while it runs.
    path = path.removesuffix(_DELETED)
    if not path.startswith(b"/"):  # (unreachable)/bin/x: outside the root of this process
        return None
    return path.decode("utf-8", "surrogateescape")


def _read(folder: int, file: str) -> bytes | None:
    """The start of a file in an open folder; None if it is missing or empty, DENIED if denied.

    Raises ProcessLookupError if the process ended between opening and reading.
    """
    try:
        descriptor = os.open(file, _FILE, dir_fd=folder)
    except FileNotFoundError:
        return None
    except ProcessLookupError:
        raise
    except OSError:
        return DENIED
    try:
        return os.read(descriptor, _MAX_FILE_BYTES) or None
    except ProcessLookupError:
        raise
    except OSError:
        return DENIED
    finally:
        os.close(descriptor)


def parse_stat_name(stat: bytes) -> bytes | None:
    """The name in /proc/<pid>/stat, from the first "(" to the last ")".

    A name may contain spaces, parentheses and newlines: `1 (a) b (c) S 0 …` is a process named
    "a) b (c".
    """
    start = stat.find(b"(")
    end = stat.rfind(b")")
    return stat[start + 1 : end] if 0 <= start < end else None


def parse_stat_numbers(stat: bytes) -> tuple[int | None, int | None]:
    """The parent and the start (in clock ticks after the boot) in /proc/<pid>/stat, see proc(5)."""
    fields = stat[stat.rfind(b")") + 1 :].split(None, 20)
    return _number(fields[1:2]), _number(fields[19:20])


def parse_status_uid(status: bytes) -> int | None:
    """The real user id in /proc/<pid>/status: the first of four in `Uid:`.

    The others are the effective, the saved and the file system user id.
    """
    return _number(_status_fields(status, b"\nUid:"))


def parse_status_name(status: bytes) -> bytes | None:
    r"""The name in /proc/<pid>/status, where \n and \\ stand for a newline and a backslash."""
    if not status.startswith(b"Name:\t"):
        return None
    name = status[6:].split(b"\n", 1)[0]
    return name.replace(b"\\\\", b"\0").replace(b"\\n", b"\n").replace(b"\0", b"\\")


def parse_status_parent(status: bytes) -> int | None:
    return _number(_status_fields(status, b"\nPPid:"))


def _status_fields(status: bytes, line: bytes) -> list[bytes]:
    start = status.find(line)
    return status[start + len(line) :].split(None, 1) if start >= 0 else []


def _number(fields: list[bytes]) -> int | None:
    """The first field; None if it is no number of at most 64 bits."""
    return int(fields[0]) if fields and fields[0].isdigit() and len(fields[0]) <= 20 else None
