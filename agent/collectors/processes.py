"""What runs: every process with its number, its name and its real user."""

from __future__ import annotations

import logging
import os
import sys
from typing import TYPE_CHECKING, Any, NamedTuple

from agent.collectors.accounts import Accounts
from agent.collectors.proc_reader import read_processes

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from agent.machine import Machine

_log = logging.getLogger("agent")


class Process(NamedTuple):
    """name and user are None where the system denied them."""

    pid: int
    name: str | None
    user: str | None


def collect(machine: Machine) -> list[Process]:
    accounts = Accounts(machine)
    found = _local_processes() if machine.procfs is None else read_processes(machine.procfs)
    return [Process(pid, name, _user_name(user, accounts)) for pid, name, user in found]


def _user_name(user: int | str | None, accounts: Accounts) -> str | None:
    return accounts.name(user) if isinstance(user, int) else user


def _local_processes() -> Iterable[tuple[int, str | None, int | str | None]]:
    """Number, name and user (its number; on Windows its name) of every process of this machine.

    On Linux /proc is read without psutil: the same rows for a fraction of the time (measured by
    tests.benchmarks.agent_cost), and no native code to load. COMPLIANCE_AGENT_PSUTIL=1 asks psutil
    there too.
    """
    on_linux = sys.platform.startswith("linux")
    if on_linux and not os.environ.get("COMPLIANCE_AGENT_PSUTIL"):
        return read_processes("/proc")
    from agent import native  # noqa: PLC0415 — most runs do without

    try:
        return _psutil_processes(native.load_psutil())
    except native.Unavailable as error:
        if not on_linux:
            raise
        _log.warning("the processes are read without psutil: %s", error)
        return read_processes("/proc")


def _psutil_processes(
    psutil: Any,  # noqa: ANN401 — a module, whose members its own stubs describe
) -> Iterator[tuple[int, str | None, int | str | None]]:
    """Expected, and handled by process_iter itself: a process that vanishes while it is read is
    left out; what the system denies, and what a zombie no longer has, is None.
    """
    attributes = ["name", "uids"] if os.name == "posix" else ["name", "username"]
    for process in psutil.process_iter(attributes):
        facts = process.info
        user = facts[attributes[1]]
        yield process.pid, facts["name"], getattr(user, "real", user)
