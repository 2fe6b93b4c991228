"""Processes straight from a /proc folder of Linux, without psutil; see proc(5).

Used for the tree of another machine. Gives what psutil gives: the same names, the real user.
"""

# pathlib would lengthen the start.
# ruff: noqa: PTH118, PTH208
from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

_COMM_LENGTH = 15  # the kernel keeps 15 bytes of a program's name (TASK_COMM_LEN less its end)
_MAX_FILE_BYTES = 1 << 16
_DELETED = " (deleted)"
_FILE = os.O_RDONLY | getattr(os, "O_CLOEXEC", 0)
_FOLDER = _FILE | getattr(os, "O_DIRECTORY", 0)


class Row(NamedTuple):
    """A process; None for what was denied, and for what it does not have.

    uid: the real user
    started: ticks since the machine started, CLK_TCK a second
    executable: the path of its program; kernel threads have none, and only root may ask for all
    command_line: its arguments, each with a NUL behind it; empty for kernel threads and zombies
    """

    pid: int
    name: str | None
    uid: int | None
    parent: int | None = None
    started: int | None = None
    executable: str | None = None
    command_line: bytes | None = None


def read_processes(procfs: str, *, command_lines: bool = False) -> Iterator[Row]:
    """Every process, by number.

    Raises OSError when the folder itself cannot be read.
    """
    for pid in sorted(int(name) for name in os.listdir(procfs) if name.isdecimal()):
        # Expected: the process vanishes at any moment (ENOENT for its folder, ESRCH for its
        # files), and it is left out then; or the system hides it from us (hidepid of proc(5)),
        # and its number remains.
        try:
            folder = os.open(os.path.join(procfs, str(pid)), _FOLDER)
        except (FileNotFoundError, ProcessLookupError, NotADirectoryError):
            continue
        except OSError:
            yield Row(pid, None, None)
            continue
        # The open folder stays with this process, even when another one takes over its number.
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
    """Name, real user, parent, start and program of the process whose folder is open.

    Raises FileNotFoundError or ProcessLookupError when the process vanished.
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
        # A copied tree may lack this file, and its folders belong to the users (the effective
        # ones). A live /proc lacks it when the process has just vanished; then nothing else is
        # there either, and this raises.
        os.stat(found, dir_fd=folder)
        uid = os.fstat(folder).st_uid
    name = None if raw_name is None else raw_name.decode("utf-8", "surrogateescape")
    if name is not None and len(name) >= _COMM_LENGTH:
        name = whole_name(name, _read(folder, "cmdline") or b"")
    parent, started = (None, None) if stat is None else parse_stat_numbers(stat)
    return name, uid, parent, started, _executable(folder)


def _executable(folder: int) -> str | None:
    # Expected: kernel threads and zombies have none, and those of others are denied.
    try:
        path = os.readlink("exe", dir_fd=folder)
    except OSError:
        return None
    # The kernel's words behind the path of a program that was replaced while it runs.
    return path.removesuffix(_DELETED)


def _read(folder: int, file: str) -> bytes | None:
    """The start of a file in an open folder; None when it is not there, empty when it was denied.

    Raises ProcessLookupError when the process vanished between opening and reading.
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
    """The name in /proc/<pid>/stat: from the first "(" to the last ")", since it may hold anything.

    Spaces, parentheses and newlines are all legal: `1 (a) b (c) S 0 …` is a process named "a) b
    (c".
    """
    start = stat.find(b"(")
    end = stat.rfind(b")")
    return stat[start + 1 : end] if 0 <= start < end else None


def parse_stat_numbers(stat: bytes) -> tuple[int | None, int | None]:
    """Parent and start (in ticks since the machine started) in /proc/<pid>/stat, see proc(5)."""
    fields = stat[stat.rfind(b")") + 1 :].split(None, 20)
    if len(fields) < 20 or not (fields[1].isdigit() and fields[19].isdigit()):
        return None, None
    return int(fields[1]), int(fields[19])


def parse_status_uid(status: bytes) -> int | None:
    """The real user in /proc/<pid>/status: the first of four in `Uid:`.

    The others are the effective, the saved and the file system's.
    """
    start = status.find(b"\nUid:")
    fields = status[start + 5 :].split(None, 1) if start >= 0 else []
    return int(fields[0]) if fields and fields[0].isdigit() else None


def whole_name(name: str, cmdline: bytes) -> str:
    """The name that the kernel has cut, completed from the command line as psutil does it.

    cmdline: the arguments, each with a NUL behind it; programs that rewrite them may use spaces
    instead.
    """
    arguments = cmdline.decode("utf-8", "surrogateescape")
    if arguments.endswith("\0"):
        arguments = arguments[:-1]
        first = arguments.split("\0" if "\0" in arguments else " ", 1)[0]
    else:
        first = arguments.split(" ", 1)[0]
    program = first.rsplit("/", 1)[-1]
    return program if program.startswith(name) else name
