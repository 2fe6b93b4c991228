"""The running processes: id, name, real user, parent, start, program and command line."""

from __future__ import annotations

import logging
import os
import sys
import time
from typing import TYPE_CHECKING, NamedTuple

from agent.collectors import accounts, command_line, process_watch, psutil_reader
from agent.collectors.boot import Boot
from agent.collectors.deadline import answer

if TYPE_CHECKING:
    from agent.collectors.psutil_reader import PsutilRow
    from agent.machine import Machine

_SECONDS = 16.0
_BOOT_SECONDS = 2.0
_log = logging.getLogger("agent")


class NoProcessesError(Exception):
    """Not one process can be read. A report would say that nothing runs."""


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
    machine: Machine,
    *,
    command_lines: bool = False,
    boot_note: str | None = None,
    deadline: float | None = None,
) -> list[Process]:
    """All processes; at least one, because this agent runs.

    command_lines: whether to read the command lines
    boot_note: a file that keeps the boot time between runs, see collectors/boot.py
    deadline: by time.monotonic(); what is unknown by then is left out

    Raises NoProcessesError.
    """
    if deadline is None:
        deadline = time.monotonic() + _SECONDS
    try:
        psutil = None if machine.procfs is not None else _psutil()
        if psutil is not None:
            found = _by_psutil(psutil, machine, command_lines, deadline)
        else:
            found = _by_procfs(machine, command_lines, boot_note, deadline)
    except Exception as error:
        reason = str(error) or type(error).__name__
        raise NoProcessesError(f"no processes can be read: {reason}") from error
    if not found:
        raise NoProcessesError(f"no processes can be read: {machine.proc('')} shows none")
    return found


def _by_procfs(
    machine: Machine, command_lines: bool, boot_note: str | None, deadline: float
) -> list[Process]:
    rows, limit = process_watch.read_all(
        machine.procfs or "/proc",
        command_lines=command_lines,
        deadline=deadline - accounts.LOOKUP_SECONDS,
    )
    users = _users(machine, {row.uid for row in rows if row.uid is not None}, deadline)
    boot = _boot(machine, boot_note)
    shown = _CommandLines(limit, deadline)
    found = [
        Process(
            pid,
            name,
            None if uid is None else users[uid],
            parent,
            None if ticks is None or boot is None else boot.moment(ticks),
            executable,
            shown.of(arguments),
            ticks,
        )
        for pid, name, uid, parent, ticks, executable, arguments in rows
    ]
    shown.log_omitted()
    return found


def _by_psutil(
    psutil: object, machine: Machine, command_lines: bool, deadline: float
) -> list[Process]:
    limit = command_line.CommandLineLimit()

    def read() -> list[PsutilRow]:
        rows: list[PsutilRow] = []
        for row in psutil_reader.read_processes(psutil, command_lines=command_lines):
            limit.add(row, rows)
        return rows

    seconds = deadline - accounts.LOOKUP_SECONDS - time.monotonic()
    rows = answer("the processes", read, seconds)
    users = _users(machine, {row.user for row in rows if isinstance(row.user, int)}, deadline)
    shown = _CommandLines(limit.bytes, deadline)
    found = [
        Process(
            pid,
            name,
            users[user] if isinstance(user, int) else user,
            parent,
            None if started is None else int(started),
            executable,
            shown.of(arguments),
        )
        for pid, name, user, parent, started, executable, arguments in rows
    ]
    shown.log_omitted()
    return found


def _users(machine: Machine, uids: set[int], deadline: float) -> dict[int, str]:
    seconds = min(accounts.LOOKUP_SECONDS, deadline - time.monotonic())
    try:
        return accounts.collect(machine, uids, seconds)
    except Exception as error:  # noqa: BLE001 — no error loses the processes
        _log.warning("the names of users are unknown: %s: %s", type(error).__name__, error)
        return {uid: str(uid) for uid in uids}


def _boot(machine: Machine, note: str | None) -> Boot | None:
    try:
        return answer("the boot time", lambda: Boot(machine, note), _BOOT_SECONDS)
    except Exception as error:  # noqa: BLE001 — no error loses the processes
        _log.warning("the starts of processes are unknown: %s: %s", type(error).__name__, error)
        return None


class _CommandLines:
    """Masks command lines, until the deadline; later ones are omitted, never shown unmasked."""

    def __init__(self, limit: int, deadline: float) -> None:
        self._limit = limit
        self._deadline = deadline
        self._omitted = 0

    def of(self, arguments: bytes | None) -> str | None:
        if not arguments:
            return None
        if time.monotonic() > self._deadline:
            self._omitted += 1
            return None
        try:
            return command_line.shown(arguments, self._limit)
        except Exception:  # noqa: BLE001 — an error costs one fact of one process
            self._omitted += 1
            return None

    def log_omitted(self) -> None:
        if self._omitted:
            _log.warning("%d command lines could not be masked and are omitted", self._omitted)


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
