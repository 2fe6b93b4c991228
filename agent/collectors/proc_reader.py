"""Processes straight from a /proc folder of Linux, without psutil; see proc(5).

Used for the tree of another machine. Gives what psutil gives: the same names, the real user.
"""

# pathlib costs start-up time that nothing here is worth.
# ruff: noqa: PTH118, PTH208
from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_COMM_LENGTH = 15  # the kernel keeps 15 bytes of a program's name (TASK_COMM_LEN less its end)
_LARGEST_FILE = 1 << 16
_FILE = os.O_RDONLY | getattr(os, "O_CLOEXEC", 0)
_FOLDER = _FILE | getattr(os, "O_DIRECTORY", 0)


def read_processes(procfs: str) -> Iterator[tuple[int, str | None, int | None]]:
    """Number, name and real user's number of every process, by number; None for what was denied.

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
            yield pid, None, None
            continue
        # The open folder stays with this process, even when another one takes over its number.
        try:
            name, uid = _read_process(folder)
        except (FileNotFoundError, ProcessLookupError):
            continue
        finally:
            os.close(folder)
        yield pid, name, uid


def _read_process(folder: int) -> tuple[str | None, int | None]:
    """Name and real user of the process whose folder is open.

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
    return name, uid


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
        return os.read(descriptor, _LARGEST_FILE)
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
