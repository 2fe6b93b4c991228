"""What runs: every process with its number, its name and its real user."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

from agent.collectors.accounts import Accounts
from agent.collectors.proc_reader import read_processes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from agent.machine import Machine


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


def _local_processes() -> Iterator[tuple[int, str | None, int | str | None]]:
    """Number, name and user (its number; on Windows its name) of every process of this machine.

    Expected, and handled by process_iter itself: a process that vanishes while it is read is
    left out; what the system denies, and what a zombie no longer has, is None.
    """
    import psutil  # noqa: PLC0415 — costs 20 ms, and a tree is read without it

    attributes = ["name", "uids"] if os.name == "posix" else ["name", "username"]
    for process in psutil.process_iter(attributes):
        facts = process.info
        user = facts[attributes[1]]
        yield process.pid, facts["name"], getattr(user, "real", user)
