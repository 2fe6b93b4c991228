"""Reads processes through psutil, where the system has no /proc."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from agent.collectors.process_name import COMM_BYTES, complete_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_T = TypeVar("_T")


class PsutilRow(NamedTuple):
    """A process; None for values that are denied or absent.

    user: the real user id; on Windows the name of the user
    started: seconds since 1970
    command_line: the arguments, each followed by NUL
    """

    pid: int
    name: str | None
    user: int | str | None
    parent: int | None = None
    started: float | None = None
    executable: str | None = None
    command_line: bytes | None = None


def absolute_path(path: str | None) -> str | None:
    r"""The path; None if it is not absolute, as that of Windows' processes Registry and vmmem.

    On Windows a path begins with a drive or with `\\`. `\Device\Volume` needs a drive as well.
    """
    if path is None:
        return None
    start = ("/",) if os.name == "posix" else ("\\\\",)
    has_drive = os.name != "posix" and path[:1].isalpha() and path[1:3] in {":\\", ":/"}
    return path if has_drive or path.startswith(start) else None


class _Ended(Exception):  # noqa: N818 — the state of a process
    pass


def read_processes(
    psutil: Any,  # noqa: ANN401 — a module
    *,
    command_lines: bool = False,
) -> Iterator[PsutilRow]:
    """All processes, in the order of their ids.

    Each report asks for new objects. psutil.process_iter() keeps objects from one call to the
    next, with the executable from before an exec, and with the process that had the id before.
    """
    for pid in sorted(psutil.pids()):
        # Expected: the process ends at any moment and is omitted.
        try:
            process = psutil.Process(pid)
            with process.oneshot():
                yield _read_process(psutil, process, command_lines)
        except (psutil.NoSuchProcess, _Ended):
            continue
        except Exception:  # noqa: BLE001 — an error costs the facts of one process
            yield PsutilRow(pid, None, None)


def _read_process(
    psutil: Any,  # noqa: ANN401 — a module
    process: Any,  # noqa: ANN401 — its class
    command_lines: bool,
) -> PsutilRow:
    def fact(read: Callable[[], _T]) -> _T | None:
        # Expected: access is denied, and a zombie has fewer facts. psutil raises other errors too,
        # such as OSError and RuntimeError of the system's calls.
        try:
            return read()
        except psutil.ZombieProcess:
            return None
        except psutil.NoSuchProcess as error:
            raise _Ended from error
        except Exception:  # noqa: BLE001 — an error costs one fact of one process
            return None

    name: str | None = fact(process.name)
    # process.exe() replaces a denied path by the first argument, which the process chooses itself.
    executable = absolute_path(fact(process._proc.exe))  # noqa: SLF001
    comm = b"" if name is None else name.encode("utf-8", "surrogateescape")
    cut = os.name == "posix" and len(comm) >= COMM_BYTES
    cmdline = b""
    if command_lines or cut:
        arguments: list[str] = fact(process.cmdline) or []
        cmdline = b"".join(
            argument.encode("utf-8", "surrogateescape") + b"\0" for argument in arguments
        )
    if cut:  # psutil compares characters, and splits a name at its blanks
        name = complete_name(comm, cmdline, executable)
    user = fact(lambda: process.uids().real if os.name == "posix" else process.username())
    return PsutilRow(
        process.pid,
        name,
        user,
        fact(process.ppid),
        fact(process.create_time) or None,
        executable,
        (cmdline or None) if command_lines else None,
    )
