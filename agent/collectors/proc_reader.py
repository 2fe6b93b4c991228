"""Reads processes from a /proc folder of Linux, without psutil; see proc(5).

The result equals that of psutil: the same names, and the real user.
"""

# pathlib would lengthen the start.
# ruff: noqa: PTH118, PTH208
from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

_COMM_LENGTH = 15  # the kernel truncates names to 15 bytes (TASK_COMM_LEN - 1)
_MAX_FILE_BYTES = 1 << 16
_DELETED = " (deleted)"
_FILE = os.O_RDONLY | getattr(os, "O_CLOEXEC", 0)
_FOLDER = _FILE | getattr(os, "O_DIRECTORY", 0)


class Row(NamedTuple):
    """A process; None for values that are denied or absent.

    uid: the real user id
    started: clock ticks (CLK_TCK per second) after the boot
    executable: the path of the program; kernel threads have none, and only root can read all
    command_line: the arguments, each followed by NUL; empty for kernel threads and zombies
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
    for pid in sorted(int(name) for name in os.listdir(procfs) if name.isdecimal()):
        # Expected: the process ends at any moment (ENOENT for its folder, ESRCH for its files)
        # and is omitted; or the system hides it (hidepid of proc(5)) and only its id is known.
        try:
            folder = os.open(os.path.join(procfs, str(pid)), _FOLDER)
        except (FileNotFoundError, ProcessLookupError, NotADirectoryError):
            continue
        except OSError:
            yield Row(pid, None, None)
            continue
        # The open folder belongs to this process even if another one reuses its id.
        try:
            facts = _read_process(folder)
            command_line = _read(folder, "cmdline") if command_lines else None
        except (FileNotFoundError, ProcessLookupError):
            continue
        finally:
            os.close(folder)
        yield Row(pid, *facts, command_line)


def _read_process(
    folder: int,
) -> tuple[str | None, int | None, int | None, int | None, str | None]:
    """Name, real user, parent, start and program of the process with this open folder.

    Raises FileNotFoundError or ProcessLookupError if the process has ended.
    """
    stat = _read(folder, "stat")
    status = _read(folder, "status")
    found = "status" if stat is None else "stat"
    raw_name = None if stat is None else parse_stat_name(stat)
    if raw_name is None:
        comm = _read(folder, "comm")
        if comm is not None:
            raw_name = comm[:-1] if comm.endswith(b"\n") else comm
            found = "comm"
    if status is not None:
        uid = parse_status_uid(status)
    else:
        # A copied tree may lack this file; its folders belong to the effective users. A live /proc
        # lacks it if the process has just ended; then the other files are missing too, and
        # this raises.
        os.stat(found, dir_fd=folder)
        uid = os.fstat(folder).st_uid
    name = None if raw_name is None else raw_name.decode("utf-8", "surrogateescape")
    if name is not None and len(name) >= _COMM_LENGTH:
        name = complete_name(name, _read(folder, "cmdline") or b"")
    parent, started = (None, None) if stat is None else parse_stat_numbers(stat)
    return name, uid, parent, started, _executable(folder)


def _executable(folder: int) -> str | None:
    # Expected: kernel threads and zombies have no program, and those of other users are denied.
    try:
        path = os.readlink("exe", dir_fd=folder)
    except OSError:
        return None
    # The kernel appends this to the path of a program that was replaced while it runs.
    return path.removesuffix(_DELETED)


def _read(folder: int, file: str) -> bytes | None:
    """The start of a file in an open folder; None if it is missing, empty if it is denied.

    Raises ProcessLookupError if the process ended between opening and reading.
    """
    try:
        descriptor = os.open(file, _FILE, dir_fd=folder)
    except FileNotFoundError:
        return None
    except ProcessLookupError:
        raise
    except OSError:
        return b""
    try:
        return os.read(descriptor, _MAX_FILE_BYTES)
    except ProcessLookupError:
        raise
    except OSError:
        return b""
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
    if len(fields) < 20 or not (fields[1].isdigit() and fields[19].isdigit()):
        return None, None
    return int(fields[1]), int(fields[19])


def parse_status_uid(status: bytes) -> int | None:
    """The real user id in /proc/<pid>/status: the first of four in `Uid:`.

    The others are the effective, the saved and the file system user id.
    """
    start = status.find(b"\nUid:")
    fields = status[start + 5 :].split(None, 1) if start >= 0 else []
    return int(fields[0]) if fields and fields[0].isdigit() else None


def complete_name(name: str, cmdline: bytes) -> str:
    """A truncated name completed from the command line, as psutil does it.

    cmdline: the arguments, each followed by NUL, or separated by spaces in programs that rewrite
        them
    """
    arguments = cmdline.decode("utf-8", "surrogateescape")
    if arguments.endswith("\0"):
        arguments = arguments[:-1]
        first = arguments.split("\0" if "\0" in arguments else " ", 1)[0]
    else:
        first = arguments.split(" ", 1)[0]
    program = first.rsplit("/", 1)[-1]
    return program if program.startswith(name) else name
