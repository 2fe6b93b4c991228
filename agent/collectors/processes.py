"""The running processes: id, name, real user, parent, start, program and command line."""

from __future__ import annotations

import logging
import os
import sys
from typing import TYPE_CHECKING, Any, NamedTuple

from agent.collectors.accounts import Accounts
from agent.collectors.boot import Boot
from agent.collectors.proc_reader import Row, read_processes

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from agent.machine import Machine

_log = logging.getLogger("agent")


class Process(NamedTuple):
    """A process; name and user are None if denied, the other values if unknown.

    started: whole seconds since 1970
    command_line: with masked secrets
    """

    pid: int
    name: str | None
    user: str | None
    parent: int | None = None
    started: int | None = None
    executable: str | None = None
    command_line: str | None = None


def collect(
    machine: Machine, *, command_lines: bool = False, boot_note: str | None = None
) -> list[Process]:
    """All processes.

    command_lines: whether to read the command lines
    boot_note: a file that keeps the boot time between runs, see collectors/boot.py
    """
    if machine.procfs is None:
        return list(_local_processes(machine, command_lines, boot_note))
    return list(
        _as_processes(
            read_processes(machine.procfs, command_lines=command_lines), machine, boot_note
        )
    )


def _as_processes(
    rows: Iterable[Row], machine: Machine, boot_note: str | None
) -> Iterator[Process]:
    accounts = Accounts(machine)
    boot = Boot(machine, boot_note)
    for pid, name, uid, parent, ticks, executable, arguments in rows:
        yield Process(
            pid,
            name,
            None if uid is None else accounts.name(uid),
            parent,
            None if ticks is None else boot.moment(ticks),
            executable,
            _command_line(arguments),
        )


def _command_line(arguments: bytes | None) -> str | None:
    """The masked command line.

    Programs that rewrite their arguments leave a single text, followed by many NULs.
    """
    if not arguments:
        return None
    from agent.collectors.masking import masked  # noqa: PLC0415 — rarely needed

    parts = arguments.rstrip(b"\0").decode("utf-8", "surrogateescape").split("\0")
    return masked(parts) or None


def _local_processes(
    machine: Machine, command_lines: bool, boot_note: str | None
) -> Iterable[Process]:
    """The processes of this machine.

    On Linux /proc is read without psutil: the same rows in a fraction of the time (measured by
    tests.benchmarks.agent_cost), and without native code. COMPLIANCE_AGENT_PSUTIL=1 uses psutil
    there too.
    """
    on_linux = sys.platform.startswith("linux")
    if on_linux and not os.environ.get("COMPLIANCE_AGENT_PSUTIL"):
        return _as_processes(
            read_processes("/proc", command_lines=command_lines), machine, boot_note
        )
    from agent import native  # noqa: PLC0415 — most runs do not need it

    try:
        return _psutil_processes(native.load_psutil(), Accounts(machine), command_lines)
    except native.PsutilUnavailableError as error:
        if not on_linux:
            raise
        _log.warning("reading the processes without psutil: %s", error)
        return _as_processes(
            read_processes("/proc", command_lines=command_lines), machine, boot_note
        )


def _psutil_processes(
    psutil: Any,  # noqa: ANN401 — a module
    accounts: Accounts,
    command_lines: bool = False,
) -> Iterator[Process]:
    """The processes by psutil.

    process_iter handles the expected errors: it omits processes that end meanwhile, and gives
    None for values that are denied or that a zombie no longer has.
    """
    attributes = [
        "uids" if os.name == "posix" else "username",
        "name",
        "ppid",
        "create_time",
        "exe",
    ]
    for process in psutil.process_iter([*attributes, *(["cmdline"] if command_lines else [])]):
        facts = process.info
        user = facts[attributes[0]]
        started = facts["create_time"]
        yield Process(
            process.pid,
            facts["name"],
            accounts.name(user.real) if hasattr(user, "real") else user,
            facts["ppid"],
            int(started) if started else None,
            facts["exe"] or None,
            _command_line("\0".join(facts.get("cmdline") or []).encode("utf-8", "surrogateescape")),
        )
