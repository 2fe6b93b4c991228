"""The running processes: id, name, real user, parent, start, program and command line."""

from __future__ import annotations

import logging
import os
import sys
from typing import TYPE_CHECKING, NamedTuple

from agent.collectors import accounts, proc_reader, psutil_reader
from agent.collectors.boot import Boot

if TYPE_CHECKING:
    from agent.collectors.proc_reader import Row
    from agent.collectors.psutil_reader import PsutilRow
    from agent.machine import Machine

_log = logging.getLogger("agent")


class Process(NamedTuple):
    """A process; name and user are None if denied, the other values if unknown.

    started: whole seconds since 1970
    started_ticks: clock ticks (CLK_TCK per second) after the boot
    command_line: with masked secrets
    """

    pid: int
    name: str | None
    user: str | None
    parent: int | None = None
    started: int | None = None
    executable: str | None = None
    command_line: str | None = None
    started_ticks: int | None = None


def collect(
    machine: Machine, *, command_lines: bool = False, boot_note: str | None = None
) -> list[Process]:
    """All processes.

    command_lines: whether to read the command lines
    boot_note: a file that keeps the boot time between runs, see collectors/boot.py
    """
    psutil = None if machine.procfs is not None else _psutil()
    if psutil is not None:
        return _of_psutil(
            list(psutil_reader.read_processes(psutil, command_lines=command_lines)), machine
        )
    procfs = machine.procfs or "/proc"
    rows = list(proc_reader.read_processes(procfs, command_lines=command_lines))
    return _of_procfs(rows, machine, boot_note)


def _of_procfs(rows: list[Row], machine: Machine, boot_note: str | None) -> list[Process]:
    users = accounts.collect(machine, {row.uid for row in rows if row.uid is not None})
    boot = Boot(machine, boot_note)
    return [
        Process(
            pid,
            name,
            None if uid is None else users[uid],
            parent,
            None if ticks is None else boot.moment(ticks),
            executable,
            _command_line(arguments),
            ticks,
        )
        for pid, name, uid, parent, ticks, executable, arguments in rows
    ]


def _of_psutil(rows: list[PsutilRow], machine: Machine) -> list[Process]:
    users = accounts.collect(machine, {row.user for row in rows if isinstance(row.user, int)})
    return [
        Process(
            pid,
            name,
            users[user] if isinstance(user, int) else user,
            parent,
            None if started is None else int(started),
            executable,
            _command_line(arguments),
        )
        for pid, name, user, parent, started, executable, arguments in rows
    ]


def _command_line(arguments: bytes | None) -> str | None:
    """The masked command line.

    Programs that rewrite their arguments leave a single text, followed by many NULs.
    """
    if not arguments:
        return None
    from agent.collectors.masking import masked  # noqa: PLC0415 — rarely needed

    parts = arguments.rstrip(b"\0").decode("utf-8", "surrogateescape").split("\0")
    return masked(parts) or None


def _psutil() -> object | None:
    """The module psutil; None to read /proc instead.

    On Linux /proc is read without psutil: the same rows in a fraction of the time (measured by
    tests.benchmarks.agent_cost), and without native code. COMPLIANCE_AGENT_PSUTIL=1 uses psutil
    there too. Raises PsutilUnavailableError where there is no /proc.
    """
    on_linux = sys.platform.startswith("linux")
    if on_linux and not os.environ.get("COMPLIANCE_AGENT_PSUTIL"):
        return None
    from agent import native  # noqa: PLC0415 — most runs do not need it

    try:
        module: object = native.load_psutil()
    except native.PsutilUnavailableError as error:
        if not on_linux:
            raise
        _log.warning("reading the processes without psutil: %s", error)
        return None
    return module
